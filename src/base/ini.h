/*
 * ini: the files a person edits, as a list of entries in file order.
 *
 * Reads with libini_config: "[section]", "key = value", comments from "#" or ";" in the first column.
 * Values are raw to the end of the line: no quoting, no escapes, no continuation lines, no length
 * limit, any byte but NUL; blanks at both ends are trimmed. Keys and sections are printable ASCII and compare
 * without case. A key may appear several times; a section may not; no key appears before the first section.
 * Knows nothing of what the keys mean; the caller reports errors with the line of each entry.
 */
#ifndef WFS_INI_H
#define WFS_INI_H

#include <stddef.h>

#include "base/why.h"

struct ini_entry {
	char *section;
	char *key;     /* NULL: the section's own entry, which comes before its keys */
	char *value;   /* NULL when key is */
	unsigned line; /* 1... */
};

struct ini {
	char *path;
	size_t n;
	struct ini_entry *entries;
};

/*
 * Reads the file whole. *ret is the caller's, freed with ini_free.
 * Errors: -ENOENT and the like from open(2); -EINVAL with "path:line: reason" for the first error.
 */
int ini_read(const char *path, struct ini **ret, struct why *why);

/* The same of what is open as fd, from its first byte; path is only the name for messages. fd: borrowed. */
int ini_read_fd(const char *path, int fd, struct ini **ret, struct why *why);

/*
 * The same, but of a file with errors the rest: lines that have one are left out. Returns as ini_read, the first error
 * in why; *ret is NULL only when nothing could be read, or more than 100 lines have an error.
 */
int ini_read_rest(const char *path, struct ini **ret, struct why *why);

/* The same as ini_read from memory; path is only the name for messages. data: len bytes, any content. */
int ini_parse(const char *path, const char *data, size_t len, struct ini **ret, struct why *why);

/* Accepts NULL. */
void ini_free(struct ini *ini);

#endif
