/*
 * regex: runs fail2ban-regex, fail2ban's program for testing a filter on a log, and returns the lines it matches.
 *
 * It knows the program's arguments and output, but not what a line means. There is no shell: the arguments are passed
 * unchanged, and those from the configuration follow "--". The log is a descriptor of a regular file, which the child
 * opens by itself as /dev/fd/N. The child is killed if it takes too long or prints more than REGEX_OUTPUT_MAX.
 * fail2ban-regex strips blanks at the end of lines (span_trim), and skips lines that begin with "#". Errors: 0 or
 * -errno with a sentence. Source: fail2ban-regex(1) of fail2ban 1.0 and 1.1; client/fail2banregex.py, printLines.
 */
#ifndef WFS_IMPORT_REGEX_H
#define WFS_IMPORT_REGEX_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "base/why.h"

enum { REGEX_OUTPUT_MAX = 64 << 20 };

/* Distinct lines, sorted by span_order. list points into bytes. */
struct regex_lines {
	char *bytes;
	size_t n;
	struct span *list;
};

struct regex_order {
	const char *dir;                 /* fail2ban's configuration directory */
	const char *filter, *parameters; /* "postfix"; "mode=auth" or "" */
	int log;                         /* a descriptor; its file position is ignored */
	int64_t until_ms;                /* deadline, by clock_steady_ms */
};

/*
 * Runs it. Errors: -ENOENT if it is not installed; -ETIMEDOUT; -E2BIG; -EINVAL if it failed, with its error in why.
 * The caller releases ret with regex_done, also after an error.
 */
int regex_run(const struct regex_order *order, struct regex_lines *ret, struct why *why);
void regex_done(struct regex_lines *lines);

/* Parses the program's output of len bytes; ret takes ownership of bytes. */
void regex_parse(char *bytes, size_t len, struct regex_lines *ret);

#endif
