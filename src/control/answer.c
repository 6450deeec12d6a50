#include "control/answer.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "base/text.h"

enum {
	DEPTH_MAX = 4,
	END_MAX = DEPTH_MAX + 3, /* closing brackets, newline and NUL always fit */
};

/* What was begun does not fit: it is taken back, and nothing more is taken. */
static void put(struct answer *a, const char *bytes, size_t len)
{
	if (a->full || a->len + len > sizeof a->text - END_MAX) {
		a->full = true;
		return;
	}
	memcpy(a->text + a->len, bytes, len);
	a->len += len;
}

static void put_string(struct answer *a, const char *text)
{
	char safe[ANSWER_TEXT_MAX + 8];
	const size_t len = text_escape((struct span){text, strlen(text)}, safe, ANSWER_TEXT_MAX);

	/* Without control characters, these two are all that JSON wants escaped. */
	put(a, "\"", 1);
	for (size_t i = 0, from = 0; i <= len; i++) {
		if (i < len && safe[i] != '"' && safe[i] != '\\')
			continue;
		put(a, safe + from, i - from);
		if (i < len)
			put(a, "\\", 1);
		from = i;
	}
	put(a, "\"", 1);
}

static void put_key(struct answer *a, const char *key)
{
	if (!a->first)
		put(a, ",", 1);
	a->first = false;
	if (key == NULL)
		return;
	put_string(a, key);
	put(a, ":", 1);
}

/* A member stays as a whole or not at all. */
static void settle(struct answer *a, size_t before, bool first)
{
	if (!a->full)
		return;
	a->len = before;
	a->first = first;
}

void answer_begin(struct answer *a)
{
	a->ok = true;
	a->full = false;
	a->first = true;
	a->depth = 0;
	a->len = 0;
	put(a, "{", 1);
	answer_bool(a, "ok", true);
}

static void put_member(struct answer *a, const char *key, const char *value)
{
	const size_t before = a->len;
	const bool first = a->first;

	if (a->full)
		return;
	put_key(a, key);
	put(a, value, strlen(value));
	settle(a, before, first);
}

void answer_text(struct answer *a, const char *key, const char *text)
{
	const size_t before = a->len;
	const bool first = a->first;

	if (text == NULL) {
		put_member(a, key, "null");
		return;
	}
	if (a->full)
		return;
	put_key(a, key);
	put_string(a, text);
	settle(a, before, first);
}

void answer_number(struct answer *a, const char *key, int64_t number)
{
	char value[24];

	(void)snprintf(value, sizeof value, "%" PRId64, number);
	put_member(a, key, value);
}

void answer_bool(struct answer *a, const char *key, bool yes)
{
	put_member(a, key, yes ? "true" : "false");
}

void answer_time(struct answer *a, const char *key, int64_t time_s)
{
	char text[TIME_TEXT_MAX];

	if (time_s != 0)
		time_text(time_s, text);
	answer_text(a, key, time_s != 0 ? text : NULL);
}

static void open_one(struct answer *a, const char *key, const char *bracket, char closing)
{
	assert(a->depth < DEPTH_MAX);
	put_member(a, key, bracket);
	/* One that did not fit is not closed either. */
	a->closing[a->depth++] = a->full ? '\0' : closing;
	if (!a->full)
		a->first = true;
}

void answer_array(struct answer *a, const char *key)
{
	open_one(a, key, "[", ']');
}

void answer_object(struct answer *a, const char *key)
{
	open_one(a, key, "{", '}');
}

void answer_close(struct answer *a)
{
	assert(a->depth > 0);
	if (a->closing[--a->depth] != '\0')
		a->text[a->len++] = a->closing[a->depth]; /* END_MAX keeps its place */
	a->first = false;
}

bool answer_has_room(const struct answer *a)
{
	return !a->full && a->len + ANSWER_ROW_MAX <= sizeof a->text - END_MAX;
}

void answer_end(struct answer *a)
{
	assert(a->depth == 0);
	a->text[a->len++] = '}';
	a->text[a->len++] = '\n';
	a->text[a->len] = '\0';
}

void answer_error(struct answer *a, const char *sentence)
{
	answer_begin(a);
	a->ok = false;
	a->first = true;
	a->len = 1; /* behind the bracket */
	answer_bool(a, "ok", false);
	answer_text(a, "error", sentence);
	answer_end(a);
}
