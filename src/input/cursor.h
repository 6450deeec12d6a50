/*
 * cursor: steps through a text from left to right; for parsers of headers.
 *
 * Private to the folder. Each function receives its position and the end, and returns the position that it reached.
 * Pure; no allocation.
 */
#ifndef WFS_INPUT_CURSOR_H
#define WFS_INPUT_CURSOR_H

#include <stdbool.h>
#include <string.h>

#include "base/text.h"
#include "input/run8.h"

enum { CURSOR_PID_MAX = 10 }; /* digits of a process id */

static inline bool cursor_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool cursor_is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static inline bool cursor_is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static inline const char *cursor_digits(const char *p, const char *end)
{
	return run8_skip(p, end, run8_digits, cursor_is_digit);
}

static inline const char *cursor_lower(const char *p, const char *end)
{
	while (p < end && cursor_is_lower(*p))
		p++;
	return p;
}

static inline const char *cursor_upper(const char *p, const char *end)
{
	while (p < end && cursor_is_upper(*p))
		p++;
	return p;
}

static inline const char *cursor_blanks(const char *p, const char *end)
{
	while (p < end && *p == ' ')
		p++;
	return p;
}

/* Returns the byte after word if p begins with it, else NULL. */
static inline const char *cursor_word(const char *p, const char *end, const char *word)
{
	const size_t len = strlen(word);

	return (size_t)(end - p) >= len && memcmp(p, word, len) == 0 ? p + len : NULL;
}

static inline struct span cursor_span(const char *p, const char *end)
{
	return (struct span){p, (size_t)(end - p)};
}

/* Returns a constant as a span. */
static inline struct span cursor_constant(const char *word)
{
	return (struct span){word, strlen(word)};
}

/* Returns the position after "[pid]", or NULL. */
static inline const char *cursor_pid(const char *p, const char *end, struct span *ret)
{
	const char *digits_end;

	if (p == end || *p != '[')
		return NULL;
	digits_end = cursor_digits(++p, end);
	if (digits_end == p || digits_end - p > CURSOR_PID_MAX || digits_end == end || *digits_end != ']')
		return NULL;
	*ret = cursor_span(p, digits_end);
	return digits_end + 1;
}

#endif
