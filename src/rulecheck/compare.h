/*
 * compare: compares which lines of a log our rules match as hostile with those that another program matched.
 *
 * Both need not name the same address, or count the same: only the match of a line is compared. Rules that only note
 * something about a session, and those for good evidence, do not count. Lines count as only ours if a rule of one
 * certain file matches them, since the other program serves one purpose; a line that the other program matched is ours
 * as well if any rule matches it. Pure apart from the rules. No limit on the number of lines.
 */
#ifndef WFS_RULECHECK_COMPARE_H
#define WFS_RULECHECK_COMPARE_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "rules/rules.h"

struct compare_options {
	const struct rules *rules;
	const char *file; /* the name of the rule file without directories: "postfix.rules" */
	char *text;       /* lines with LF, len bytes and a NUL; only read */
	size_t len;
	int64_t end_s;   /* when the log was last written */
	size_t n_theirs; /* lines that the other program matched, sorted by span_order and trimmed by span_trim */
	const struct span *theirs;
};

struct compare_result {
	int64_t lines, both, only_theirs, only_ours;
	/* The first line of each kind; points into text; p is NULL if there is none. */
	struct span first_theirs, first_ours;
	const struct rule *rule; /* the rule that matched first_ours */
};

void compare_run(const struct compare_options *options, struct compare_result *ret);

#endif
