#include "input/tag.h"

#include <stdbool.h>
#include <stddef.h>

#include "input/cursor.h"
#include "input/run8.h"

/* The characters of host names and addresses. */
static const bool is_of_host[256] = {
	['%'] = true,         ['-' ... '.'] = true, ['0' ... ':'] = true,
	['A' ... 'Z'] = true, ['_'] = true,         ['a' ... 'z'] = true,
};

const char *tag_host(const char *p, const char *end)
{
	while (p < end && is_of_host[(unsigned char)*p])
		p++;
	return p;
}

/* ':' is none of its characters: otherwise the address "2001:db8::" would be a name. */
const char *tag_name(const char *p, const char *end)
{
	return run8_skip(p, end, run8_name, run8_is_of_name);
}

const char *tag_read(struct line *line, const char *p, const char *end, bool bare)
{
	const char *const name_end = tag_name(p, end);
	const char *q = name_end;
	struct span pid = {NULL, 0};

	if (name_end == p || name_end == end)
		return NULL;
	if (*q == '[' && (q = cursor_pid(q, end, &pid)) == NULL)
		return NULL;
	if (q < end && *q == ':') {
		if (++q < end && *q != ' ')
			return NULL;
	} else if (!bare || pid.p == NULL || q == end || *q != ' ') {
		return NULL;
	}
	line->program = cursor_span(p, name_end);
	line->pid = pid;
	return q;
}

struct span tag_allowed_name(struct span name)
{
	if (name.len > 0 && tag_name(name.p, name.p + name.len) == name.p + name.len)
		return name;
	return (struct span){NULL, 0};
}

struct span tag_allowed_pid(struct span pid)
{
	if (pid.len > 0 && pid.len <= CURSOR_PID_MAX && cursor_digits(pid.p, pid.p + pid.len) == pid.p + pid.len)
		return pid;
	return (struct span){NULL, 0};
}
