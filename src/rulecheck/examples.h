/*
 * examples: do the rules match their "hit" lines, and not their "miss" lines?
 *
 * Where input/line and rules meet for "check", a start and a reload: a rule file is only used when every
 * example in it passes.
 */
#ifndef WFS_RULECHECK_EXAMPLES_H
#define WFS_RULECHECK_EXAMPLES_H

#include <stddef.h>

#include "rules/rules.h"

/*
 * Tries every example of every rule, as if the directories after the rule's own were empty. Each that fails is added to
 * errors as "file:line: ...", with the line below it and a caret under the place. notes: where a rule of a later
 * directory matches an example of an earlier one first, as it may; or NULL. Returns how many were tried.
 */
size_t examples_try(const struct rules *rules, struct rulefile_errors *errors, struct rulefile_errors *notes);

/* Finds what is wrong with rules that pass: see lint.h, and there for the three lists. Needs seconds. */
void examples_lint(const struct rules *rules, struct rulefile_errors *errors, struct rulefile_errors *warnings,
                   struct rulefile_errors *notes);

/* Loads rules as rules_load does and tries their examples. */
int examples_load(const char *const dirs[], size_t n_dirs, const char *const extra[], size_t n_extra,
                  struct rules **ret, struct rulefile_errors *errors, struct why *why);

/*
 * The same for a start, which one error must not prevent: a file with an error is left out, and the file of the same
 * name in an earlier directory is read instead. Of two rules with one name, the file in the later directory is left
 * out. errors: one sentence for each file left out, with what became of it; the caller's to rulefile_errors_done.
 * Always returns a set, which may be empty.
 */
void examples_load_good(const char *const dirs[], size_t n_dirs, struct rules **ret, struct rulefile_errors *errors);

#endif
