/*
 * journal_where: identifies a journal, and finds its files.
 *
 * Looks at names and permissions of files only; never opens a journal.
 * Source: systemd.journal-fields(7), machinectl(1). journald writes to /var/log/journal/ID, or to /run/log/journal/ID
 * if the former does not exist; ID is that of the machine or the container.
 */
#ifndef WFS_INPUT_JOURNAL_WHERE_H
#define WFS_INPUT_JOURNAL_WHERE_H

#include <limits.h>
#include <stddef.h>

#include "base/why.h"

/* Identifies a journal; if all members are "", this machine's. At most one may be set. */
struct journal_where {
	const char *namespace; /* as in LogNamespace= of a unit */
	const char *machine;   /* a container: its name or its machine id */
	const char *directory; /* a path: all journal files in it */
};

/* Writes the journal's name: "namespace mail", "machine web", "directory /x", or "" for this machine's. */
void journal_where_name(const struct journal_where *where, char *out, size_t cap);

/*
 * Finds the directory with the journal of a container. Errors: -ENOENT if it has none, or there is no such container.
 */
int journal_where_machine(const char *machine, char ret[static PATH_MAX], struct why *why);

/* Returns which of the directories that journald writes to exist, one bit each. */
unsigned journal_where_roots(void);

/* Returns -EACCES with the remedy if this machine's journal exists but may not be read, else 0. */
int journal_where_rights(struct why *why);

#endif
