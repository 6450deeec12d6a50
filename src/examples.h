/*
 * examples: do the rules take the lines that stand beside them, and leave the others?
 *
 * Where input/line and rules meet for "check" and for a reload: a rule file is only taken when every
 * example in it comes true.
 */
#ifndef WFS_EXAMPLES_H
#define WFS_EXAMPLES_H

#include <stddef.h>

#include "rules/rules.h"

/*
 * Tries every example of every rule. Each that fails is added to faults as "file:line: ...", with the line
 * below it and a caret under the place.
 * Returns how many were tried.
 */
size_t examples_try(const struct rules *rules, struct rulefile_faults *faults);

/* Looks for what is wrong with rules that pass: see lint.h, and there for the two lists. Takes seconds. */
void examples_lint(const struct rules *rules, struct rulefile_faults *faults, struct rulefile_faults *warnings);

/* Loads rules as rules_load does and tries their examples: the one way to a set of rules that may be used. */
int examples_load(const char *const dirs[], size_t n_dirs, const char *const extra[], size_t n_extra,
                  struct rules **ret, struct rulefile_faults *faults, struct why *why);

#endif
