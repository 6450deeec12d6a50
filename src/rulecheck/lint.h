/*
 * lint: finds problems in rules that compile and pass their examples.
 *
 * Private to the folder. Knows rules and example. The caller parses the lines, see example.h. Slow (seconds for the
 * whole catalogue): for "check", not for loading.
 *
 * Errors: an example that no glob of "program" matches; a regex that reaches the match limit on its own examples with a
 * part repeated to 8 KiB (a client that can lengthen a word could hide its line, or waste time).
 * Warnings: text from a client may come before <ADDR> and nothing fixes the end of the line; no hit or no miss; a hit
 * of one file that a rule of another file in the same directory matches too; category dnsbl without the macro
 * <unanswered>. Notes: a rule that costs time on every line.
 */
#ifndef WFS_RULECHECK_LINT_H
#define WFS_RULECHECK_LINT_H

#include "rulecheck/example.h"
#include "rules/rulefile.h"
#include "rules/rules.h"

enum { LINT_STRETCHED = 8192 }; /* bytes of a stretched message */

/*
 * Checks all rules of the set; but repeats parts of examples, which is what takes seconds, only for rules of directory
 * stretch_from (rulefile.h) and later ones. lines[i][j]: example j of rule i, parsed. Appends to the three lists; the
 * caller frees them with rulefile_errors_done.
 */
void lint_rules(const struct rules *rules, size_t stretch_from, struct rules_scratch *scratch,
                const struct example_line *const *lines, struct rulefile_errors *errors,
                struct rulefile_errors *warnings, struct rulefile_errors *notes);

/*
 * The check that needs no examples. Returns true if the regex, with its macros expanded, allows text from a client
 * before <ADDR>: it has a wide repeat (".*", "\S+", "[^,]*" not followed by its own end), and no "$" at the end.
 * *ret_at: the position of that repeat.
 */
bool lint_is_loose(const char *regex, size_t *ret_at);

#endif
