#include "import/banjson.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"

enum {
	DEPTH_MAX = 32, /* of nested JSON */
	NUMBER_MAX = 24,
};

struct job {
	int64_t now_s;
	struct banlist *list;
	struct why *why;
};

static struct span span_of(const char *text)
{
	return (struct span){text, strlen(text)};
}

/*
 * Returns the first of these members as text, if it is a string or a whole number (into number); NULL if there is
 * none.
 */
static const char *member_of(const json_t *object, const char *const names[], char number[static NUMBER_MAX])
{
	for (; *names != NULL; names++) {
		const json_t *const member = json_object_get(object, *names);

		if (json_is_string(member))
			return json_string_value(member);
		if (json_is_integer(member)) {
			(void)snprintf(number, NUMBER_MAX, "%lld", (long long)json_integer_value(member));
			return number;
		}
	}
	return NULL;
}

/* Returns the time left of object; outer if it has none. */
static int64_t left_of(const struct job *job, const json_t *object, int64_t outer_s)
{
	char number[NUMBER_MAX];
	const char *const left = member_of(object, banlist_left_names, number);
	const char *const until = left == NULL ? member_of(object, banlist_until_names, number) : NULL;

	if (left != NULL)
		return banlist_left(span_of(left));
	return until != NULL ? banlist_left_until(span_of(until), job->now_s) : outer_s;
}

/* Returns whether CrowdSec does not block it: another type, or simulated. */
static bool is_no_ban(const json_t *object)
{
	const char *const type = json_string_value(json_object_get(object, "type"));

	return (json_object_get(object, "scenario") != NULL && type != NULL && strcmp(type, "ban") != 0) ||
	       json_is_true(json_object_get(object, "simulated"));
}

/* Adds text if it denotes addresses. object: the object that contains it, or NULL. left_s: the time left. */
static int add_string(const struct job *job, const char *text, const json_t *object, int64_t left_s)
{
	const json_t *const len = json_object_get(object, "len");
	struct banlist_entry entry = {.left_s = left_s};
	char joined[NET_TEXT_MAX + 8], number[NUMBER_MAX];
	const char *const reason = member_of(object, banlist_reason_names, number);

	if (json_is_integer(len) && strlen(text) < NET_TEXT_MAX) {
		(void)snprintf(joined, sizeof joined, "%s/%d", text, (int)(json_integer_value(len) & 0xFF));
		text = joined;
	}
	if (is_no_ban(object))
		return 0;
	if (reason != NULL)
		banlist_set_reason(&entry, span_of(reason));
	return banlist_add_word(job->list, span_of(text), &entry, job->why);
}

/* Adds nft's range, an array of the first and the last address. */
static int add_range(const struct job *job, const json_t *range, const json_t *object, int64_t left_s)
{
	const char *const first = json_string_value(json_array_get(range, 0));
	const char *const last = json_string_value(json_array_get(range, 1));
	char joined[2 * NET_TEXT_MAX];

	if (first == NULL || last == NULL ||
	    snprintf(joined, sizeof joined, "%s-%s", first, last) >= (int)sizeof joined)
		return 0;
	return add_string(job, joined, object, left_s);
}

static bool may_be_address(const char *key)
{
	for (size_t i = 0; banlist_address_names[i] != NULL; i++)
		if (strcmp(banlist_address_names[i], key) == 0)
			return true;
	return false;
}

static int parse_json(const struct job *job, json_t *json, const json_t *object, int64_t left_s, int depth)
{
	const char *key;
	json_t *member;
	size_t i;
	int rc = 0;

	if (depth == DEPTH_MAX)
		return why_set(job->why, EINVAL, "JSON nested deeper than %d levels", DEPTH_MAX);
	if (json_is_string(json))
		return add_string(job, json_string_value(json), object, left_s);
	json_array_foreach(json, i, member) if (rc == 0) rc = parse_json(job, member, NULL, 0, depth + 1);
	if ((member = json_object_get(json, "decisions")) !=
	    NULL) /* an alert of CrowdSec; other addresses in it are its causes */
		return parse_json(job, member, NULL, 0, depth + 1);
	left_s = left_of(job, json, left_s); /* nft has the timeout beside a prefix or range */
	json_object_foreach(json, key, member)
	{
		if (rc == 0 && strcmp(key, "range") == 0 && json_is_array(member))
			rc = add_range(job, member, json, left_s);
		else if (rc == 0 && (!json_is_string(member) || may_be_address(key)))
			rc = parse_json(job, member, json, left_s, depth + 1);
	}
	return rc;
}

int banjson_parse(struct span text, int64_t now_s, struct banlist *list, struct why *why)
{
	const struct job job = {now_s, list, why};

	for (;;) {
		json_error_t error;
		json_t *json;
		int rc;

		while (text.len > 0 && (unsigned char)*text.p <= ' ') {
			text.p++;
			text.len--;
		}
		if (text.len == 0)
			return 0;
		json = json_loadb(text.p, text.len, JSON_DISABLE_EOF_CHECK, &error);
		if (json == NULL)
			return why_set(why, EINVAL, "line %d of the JSON: %s", error.line, error.text);
		rc = parse_json(&job, json, NULL, 0, 0);
		json_decref(json);
		if (rc < 0)
			return rc;
		if (error.position <= 0 || (size_t)error.position > text.len)
			return why_set(why, EINVAL, "the JSON cannot be read to its end");
		text.p += error.position;
		text.len -= (size_t)error.position;
	}
}
