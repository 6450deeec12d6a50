/*
 * macros: pieces of regexes that have a name: those of [define], which are put in here, and "<ADDR>" and its like,
 * which the compiler of rules puts in.
 *
 * Names are the same whatever their case, but for those of the compiler, which are in capitals. Pure.
 */
#ifndef WFS_RULES_MACROS_H
#define WFS_RULES_MACROS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/ini.h"
#include "rules/errors.h"

enum {
	MACROS_MAX = 256,            /* per file, the shared ones included */
	MACROS_EXPANDED_MAX = 16384, /* bytes of a regex after its macros were put in */
};

#define MACROS_UNANSWERED "unanswered" /* the one by which rules pass over a blocklist that refuses to answer */

/* Zeroed: none. The strings are borrowed from the ini files that were read. */
struct macros {
	size_t n;
	struct macro {
		const char *name, *value;
	} list[MACROS_MAX];
};

/* True for the section of macros. */
bool macros_is_section(const struct ini_entry *entry);

/* Adds those of a file; an error is added to errors. */
void macros_read(struct macros *macros, const struct ini *ini, struct rulefile_errors *errors);

/* The value of the last one of that name, or NULL. */
const char *macros_value(const struct macros *macros, const char *name);

/*
 * Puts macros into a regex. "<name>" is one unless it belongs to "(?<name>", "\k<name>" or the like; a "<word>" that is
 * none is literal text ("from=<a>" is common in logs). out: NUL-ended. *ret_unanswered: MACROS_UNANSWERED is among
 * them, or false. False after an error, which is added to errors with place in front.
 */
bool macros_expand(const struct macros *macros, const char *place, const char *regex,
                   char out[static MACROS_EXPANDED_MAX], bool *ret_unanswered, struct rulefile_errors *errors);

/* The length of the "<ADDR>", "<QUEUE>" or the like that p begins with, which the compiler of rules puts in; 0: of
 * none. */
size_t macros_builtin_len(const char *p);

/* Letters, digits, "-" and "_", at least one: the name of a macro, a rule, an event or a log. */
bool macros_is_name(const char *text, size_t len);

#endif
