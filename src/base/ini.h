/*
 * ini: reads the files that a person edits into a list of entries in file order.
 *
 * Uses libini_config: "[section]", "key = value", comments from "#" or ";" in the first column. Values are raw to the
 * end of the line: no quoting, no escapes, no continuation lines, no length limit, any byte but NUL; blanks at both
 * ends are trimmed. Keys and sections are printable ASCII and compare without case. A key may appear several times; a
 * section may not; no key may appear before the first section.
 * The module does not know what the keys mean; the caller reports errors with the line of each entry.
 */
#ifndef WFS_BASE_INI_H
#define WFS_BASE_INI_H

#include <stddef.h>

#include "base/why.h"

struct ini_entry {
	char *section;
	char *key;     /* NULL for the section's own entry, which comes before its keys */
	char *value;   /* NULL if key is */
	unsigned line; /* from 1 */
};

struct ini {
	char *path;
	size_t n;
	struct ini_entry *entries;
};

/*
 * Reads the whole file. The caller frees *ret with ini_free.
 * Errors: -ENOENT and others of open(2); -EINVAL with "path:line: reason" for the first error.
 */
int ini_read(const char *path, struct ini **ret, struct why *why);

/* Like ini_read, but reads the open file fd from its first byte; path is only for messages. fd stays the caller's. */
int ini_read_fd(const char *path, int fd, struct ini **ret, struct why *why);

/*
 * Like ini_read, but leaves out lines with errors and returns the rest. Returns the result of ini_read, with the first
 * error in why. *ret is NULL only if nothing could be read or more than 100 lines have an error.
 */
int ini_read_rest(const char *path, struct ini **ret, struct why *why);

/* Like ini_read, but parses len bytes of memory, any content; path is only for messages. */
int ini_parse(const char *path, const char *data, size_t len, struct ini **ret, struct why *why);

/* Frees ini; accepts NULL. */
void ini_free(struct ini *ini);

#endif
