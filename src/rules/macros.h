/*
 * macros: expands the named parts of regexes from [define], and knows "<ADDR>" and the others that compile.c expands.
 *
 * Names are compared without case, except those of the compiler, which are in capitals. Pure.
 */
#ifndef WFS_RULES_MACROS_H
#define WFS_RULES_MACROS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/ini.h"
#include "rules/errors.h"

enum {
	MACROS_MAX = 256,            /* per file, including the shared ones */
	MACROS_EXPANDED_MAX = 16384, /* bytes of a regex after its macros were expanded */
};

#define MACROS_UNANSWERED "unanswered" /* with this macro, rules skip replies of a blocklist that refuses to answer */

/* An empty set is zeroed. The strings are borrowed from the ini files. */
struct macros {
	size_t n;
	struct macro {
		const char *name, *value;
	} list[MACROS_MAX];
};

/* Returns true for the section of macros. */
bool macros_is_section(const struct ini_entry *entry);

/* Adds the macros of a file; appends errors to errors. */
void macros_read(struct macros *macros, const struct ini *ini, struct rulefile_errors *errors);

/* Returns the value of the last macro of that name, or NULL. */
const char *macros_value(const struct macros *macros, const char *name);

/*
 * Expands the macros in a regex. "<name>" is a macro unless it belongs to "(?<name>", "\k<name>" or the like; a
 * "<word>" that is no macro is literal text ("from=<a>" is common in logs). out: NUL-ended. *ret_unanswered:
 * MACROS_UNANSWERED is one of them. Returns false after an error, which is appended to errors with place in front.
 */
bool macros_expand(const struct macros *macros, const char *place, const char *regex,
                   char out[static MACROS_EXPANDED_MAX], bool *ret_unanswered, struct rulefile_errors *errors);

/* Returns the length of "<ADDR>", "<QUEUE>" or another one of compile.c's at p, or 0. */
size_t macros_builtin_len(const char *p);

/* Returns true for letters, digits, "-" and "_", at least one: the form of names of macros, rules, events and logs. */
bool macros_is_name(const char *text, size_t len);

#endif
