#include "input/rfc5424.h"

#include <stdbool.h>
#include <stddef.h>

#include "input/cursor.h"
#include "input/stamp.h"
#include "input/tag.h"

/* Reads one word of the header, "-" as p NULL. Advances *p from the blank before the word to its end. */
static bool read_field(const char **p, const char *end, struct span *ret)
{
	const char *start = *p, *q;

	if (start == end || *start != ' ')
		return false;
	for (q = ++start; q < end && *q >= '!' && *q <= '~'; q++)
		;
	if (q == start)
		return false;
	*p = q;
	*ret = cursor_span(start, q);
	if (span_is(*ret, "-"))
		*ret = (struct span){NULL, 0};
	return true;
}

/* Returns the end of the structured data, or NULL: "-", or elements [id name="value"] with \ before \, " and ]. */
static const char *skip_structured_data(const char *p, const char *end)
{
	bool quoted = false;

	if (p == end || *p++ != ' ' || p == end)
		return NULL;
	if (*p == '-')
		return p + 1;
	while (p < end && *p == '[') {
		for (p++; p < end && (quoted || *p != ']'); p++) {
			if (*p == '"')
				quoted = !quoted;
			else if (*p == '\\' && quoted && ++p == end)
				return NULL;
		}
		if (p++ == end)
			return NULL;
	}
	return p[-1] == ']' ? p : NULL;
}

const char *rfc5424_read(struct line_clock *clock, struct line *line, const char *p, const char *end)
{
	struct span program, pid, msgid;
	struct stamp stamp;

	if (p == end || *p++ != ' ' || p == end)
		return NULL;
	if (*p == '-') {
		p++;
	} else {
		p = stamp_read(clock, p, end, &stamp);
		if (p == NULL || stamp.form != STAMP_RFC3339)
			return NULL;
		line->time_s = stamp.time_s;
		line->has_time = true;
	}
	if (!read_field(&p, end, &line->host) || !read_field(&p, end, &program) || !read_field(&p, end, &pid) ||
	    !read_field(&p, end, &msgid))
		return NULL;
	p = skip_structured_data(p, end);
	if (p == NULL || (p < end && *p != ' '))
		return NULL;
	/* Names and ids may be anything here; keep only those that a tag may have. */
	line->program = tag_allowed_name(program);
	line->pid = tag_allowed_pid(pid);
	for (int blanks = 0; blanks < 2 && p < end && *p == ' '; blanks++)
		p++;
	return p;
}
