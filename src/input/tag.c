#include "input/tag.h"

#include <stddef.h>
#include <stdint.h>

#include "input/cursor.h"

/* What a character may be part of. ':' is not part of a tag: otherwise the address "2001:db8::" would be one. */
enum {
	HOST = 1,
	TAG = 2,
	DIGIT = 4,
};

static const uint8_t class_of[256] = {
	['!' ... '$'] = TAG,
	['%'] = HOST | TAG,
	['&' ... ','] = TAG,
	['-' ... '.'] = HOST | TAG,
	['/'] = TAG,
	['0' ... '9'] = HOST | TAG | DIGIT,
	[':'] = HOST,
	[';' ... '@'] = TAG,
	['A' ... 'Z'] = HOST | TAG,
	['\\'] = TAG,
	['^'] = TAG,
	['_'] = HOST | TAG,
	['`'] = TAG,
	['a' ... 'z'] = HOST | TAG,
	['{' ... '~'] = TAG,
};

static const char *skip_class(const char *p, const char *end, uint8_t class)
{
	while (p < end && (class_of[(unsigned char)*p] & class))
		p++;
	return p;
}

static bool is_all(struct span span, uint8_t class)
{
	for (size_t i = 0; i < span.len; i++)
		if (!(class_of[(unsigned char)span.p[i]] & class))
			return false;
	return true;
}

const char *tag_host(const char *p, const char *end)
{
	return skip_class(p, end, HOST);
}

const char *tag_name(const char *p, const char *end)
{
	return skip_class(p, end, TAG);
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
	return name.len > 0 && is_all(name, TAG) ? name : (struct span){NULL, 0};
}

struct span tag_allowed_pid(struct span pid)
{
	return pid.len > 0 && pid.len <= CURSOR_PID_MAX && is_all(pid, DIGIT) ? pid : (struct span){NULL, 0};
}
