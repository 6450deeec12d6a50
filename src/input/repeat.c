#include "input/repeat.h"

#include <string.h>

#include "input/cursor.h"

static const char last[] = "last message repeated ", last_ng[] = "Last message '",
		  suppressed[] = " times, suppressed by syslog-ng on ";

/* Reads a number; 0 if there is none. */
static unsigned read_times(const char *p, const char *end)
{
	unsigned times = 0;

	for (; p < end && cursor_is_digit(*p); p++)
		if (times < REPEAT_TIMES_MAX)
			times = times * 10 + (unsigned)(*p - '0');
	return times < REPEAT_TIMES_MAX ? times : REPEAT_TIMES_MAX;
}

/* Returns the last occurrence of word, or NULL. */
static const char *find_last(const char *p, const char *end, const char *word)
{
	const size_t len = strlen(word);
	size_t at = (size_t)(end - p);

	if (at < len)
		return NULL;
	for (at = at - len + 1; at > 0; at--)
		if (memcmp(p + at - 1, word, len) == 0)
			return p + at - 1;
	return NULL;
}

static unsigned read_syslog_ng(const char *p, const char *end)
{
	static const char repeated[] = "' repeated ";
	const char *const tail = find_last(p, end, suppressed);
	const char *const head = tail == NULL ? NULL : find_last(p, tail, repeated);
	const char *const digits = head == NULL ? NULL : head + sizeof repeated - 1;

	return digits != NULL && cursor_digits(digits, end) == tail ? read_times(digits, tail) : 0;
}

unsigned repeat_times(struct span message)
{
	const char *end, *p;

	if (message.p == NULL)
		return 0;
	end = message.p + message.len;
	p = cursor_word(message.p, end, last_ng);
	if (p != NULL)
		return read_syslog_ng(p, end);
	p = cursor_word(message.p, end, last);
	if (p == NULL || !span_is(cursor_span(cursor_digits(p, end), end), " times"))
		return 0;
	return read_times(p, end);
}

static bool is_same(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

bool repeat_is_of(const struct line *line, const struct line *before)
{
	if (!is_same(line->host, before->host))
		return false;
	if (line->program.p == NULL)
		return true;
	return is_same(line->program, before->program) && (line->pid.p == NULL || is_same(line->pid, before->pid));
}

bool repeat_may_be(struct span text)
{
	return memmem(text.p, text.len, last, sizeof last - 1) != NULL ||
	       memmem(text.p, text.len, last_ng, sizeof last_ng - 1) != NULL;
}
