/*
 * examples: checks that rules match their "hit" lines and do not match their "miss" lines.
 *
 * Combines input/line and rules for "check", a start and a reload: a rule file is only used if every example in it
 * passes.
 */
#ifndef WFS_RULECHECK_EXAMPLES_H
#define WFS_RULECHECK_EXAMPLES_H

#include <stddef.h>

#include "rules/rules.h"

/*
 * Tests every example of every rule, as if the directories after the rule's own were empty. Adds each one that fails to
 * errors as "file:line: ...", with the line below it and a caret under the place. notes: receives the cases in which a
 * rule of a later directory matches an example of an earlier one first, which is allowed; or NULL. Returns how many
 * examples were tested.
 */
size_t examples_try(const struct rules *rules, struct rulefile_errors *errors, struct rulefile_errors *notes);

/* Checks rules that pass for other problems: see lint.h, also for the other parameters. Takes seconds. */
void examples_lint(const struct rules *rules, size_t stretch_from, struct rulefile_errors *errors,
                   struct rulefile_errors *warnings, struct rulefile_errors *notes);

/* Loads rules like rules_load, and tests their examples. */
int examples_load(const char *const dirs[], size_t n_dirs, const char *const extra[], size_t n_extra,
                  struct rules **ret, struct rulefile_errors *errors, struct why *why);

/*
 * Like examples_load, for a start, which one error must not prevent. Leaves out a file with an error, and reads the
 * file of the same name in an earlier directory instead. If two rules have the same name, leaves out the file in the
 * later directory. errors: one sentence for each file left out, with the consequence; the caller frees it with
 * rulefile_errors_done. Always returns a set, which may be empty.
 */
void examples_load_good(const char *const dirs[], size_t n_dirs, struct rules **ret, struct rulefile_errors *errors);

#endif
