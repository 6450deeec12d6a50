/*
 * compare: which lines of a log do our rules match as hostile, and which did another program?
 *
 * A line that both match need not name the same address, nor count as much: what is compared is what is seen. Rules
 * that only note something of a session, and those of good evidence, match no line here. Only ours are the matches of
 * one rule file, since the other program was asked for one purpose; a line that it matches is ours as well if any rule
 * matches it. Pure but for the rules. No limits of its own: as many lines as the text has.
 */
#ifndef WFS_RULECHECK_COMPARE_H
#define WFS_RULECHECK_COMPARE_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "rules/rules.h"

struct compare_options {
	const struct rules *rules;
	const char *file; /* the name of the rule file, without directories: "postfix.rules" */
	char *text;       /* lines with LF, len bytes and a NUL; only read */
	size_t len;
	int64_t end_s;   /* when the log was last written */
	size_t n_theirs; /* lines that the other program matched: sorted by span_order, and trimmed by span_trim */
	const struct span *theirs;
};

struct compare_result {
	int64_t lines, both, only_theirs, only_ours;
	struct span first_theirs, first_ours; /* the first line of each; into text; p NULL: none */
	const struct rule *rule;              /* of first_ours */
};

void compare_run(const struct compare_options *options, struct compare_result *ret);

#endif
