/*
 * regex: fail2ban-regex, fail2ban's own program that tries a filter on a log, as a child process: which lines does it
 * match?
 *
 * Knows the program's arguments and what it prints; never what a line means. No shell: the arguments are passed as they
 * are, and those of the configuration come behind "--". The log is a descriptor of a regular file, which the child
 * opens for itself as /dev/fd/N. It is killed when it takes too long or prints more than REGEX_OUTPUT_MAX. The program
 * removes blanks at the end of a line (span_trim), and passes over lines that begin with "#". Errors: 0 or -errno with
 * a sentence. Source: fail2ban-regex(1) of fail2ban 1.0 and 1.1; client/fail2banregex.py, printLines.
 */
#ifndef WFS_IMPORT_REGEX_H
#define WFS_IMPORT_REGEX_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "base/why.h"

enum { REGEX_OUTPUT_MAX = 64 << 20 };

/* Lines, sorted by span_order, each once. list points into bytes. */
struct regex_lines {
	char *bytes;
	size_t n;
	struct span *list;
};

struct regex_order {
	const char *dir;                 /* of fail2ban */
	const char *filter, *parameters; /* "postfix", "mode=auth" or "" */
	int log;                         /* a descriptor; its position is not used */
	int64_t until_ms;                /* on the clock of clock_steady_ms */
};

/*
 * Errors: -ENOENT it is not installed; -ETIMEDOUT; -E2BIG; -EINVAL it ended with an error, which is in why. ret is the
 * caller's, to regex_done, also after an error.
 */
int regex_run(const struct regex_order *order, struct regex_lines *ret, struct why *why);
void regex_done(struct regex_lines *lines);

/* The lines in what it printed, len bytes, which become ret's. */
void regex_parse(char *bytes, size_t len, struct regex_lines *ret);

#endif
