#include "input/frame.h"

#include <string.h>

#include "input/cursor.h"

enum {
	NAME_MAX_LEN = 128,  /* bytes of a service name with its replica and node */
	PADDING_MAX = 128,   /* blanks that align the names */
	COLOUR_MAX_LEN = 12, /* "ESC[1;36m" */
};

/* Returns the end of "ESC[36m", or p if there is none. */
static const char *skip_colour(const char *p, const char *end)
{
	const char *q = p;

	if (end - p < 3 || p[0] != '\033' || p[1] != '[')
		return p;
	for (q += 2; q < end && q - p < COLOUR_MAX_LEN && (cursor_is_digit(*q) || *q == ';'); q++)
		;
	return q < end && *q == 'm' ? q + 1 : p;
}

static bool is_name(char c)
{
	return cursor_is_lower(c) || cursor_is_upper(c) || cursor_is_digit(c) || c == '-' || c == '_' || c == '.' ||
	       c == '@';
}

/* Returns the end of "postfix-1  | ", or NULL. */
static const char *compose_end(const char *p, const char *end)
{
	const char *const name = skip_colour(p, end), *q = name, *bar;

	while (q < end && is_name(*q))
		q++;
	if (q == name || q - name > NAME_MAX_LEN)
		return NULL;
	bar = cursor_blanks(q, end);
	if (bar - q < 1 || bar - q > PADDING_MAX || bar == end || *bar != '|')
		return NULL;
	q = skip_colour(bar + 1, end);
	if (q == end || *q != ' ')
		return NULL;
	return skip_colour(q + 1, end);
}

/* Returns the end of "[pod/mail-0/postfix] ", or NULL. */
static const char *pod_end(const char *p, const char *end)
{
	const char *const name = cursor_word(p, end, "[pod/");
	const char *q = name;

	if (name == NULL)
		return NULL;
	while (q < end && (is_name(*q) || *q == '/'))
		q++;
	return q - name > 2 * NAME_MAX_LEN ? NULL : cursor_word(q, end, "] ");
}

const char *frame_name(const char *p, const char *end)
{
	return p < end && *p == '[' ? pod_end(p, end) : compose_end(p, end);
}

const char *frame_stream(const char *p, const char *end, bool *ret_part)
{
	const char *q = cursor_word(p, end, "stdout ");

	if (q == NULL && (q = cursor_word(p, end, "stderr ")) == NULL)
		return NULL;
	if (end - q < 2 || (*q != 'F' && *q != 'P') || q[1] != ' ')
		return NULL;
	*ret_part = *q == 'P';
	return q + 2;
}

static bool is_id(struct span word)
{
	if (word.len != FRAME_ID_MIN && word.len != FRAME_ID_MAX)
		return false;
	for (size_t i = 0; i < word.len; i++)
		if (!cursor_is_digit(word.p[i]) && !(word.p[i] >= 'a' && word.p[i] <= 'f'))
			return false;
	return true;
}

bool frame_is_container(struct span program)
{
	static const char *const runtimes[] = {"docker", "podman", "conmon"};

	if (is_id(program))
		return true;
	for (size_t i = 0; i < sizeof runtimes / sizeof *runtimes; i++) {
		const size_t len = strlen(runtimes[i]);

		if (program.len >= len && memcmp(program.p, runtimes[i], len) == 0)
			return program.len == len || program.p[len] == '/' || program.p[len] == '-';
	}
	return false;
}
