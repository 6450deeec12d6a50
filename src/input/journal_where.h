/*
 * journal_where: which journal is meant, and where its files are.
 *
 * Looks at names and rights of files alone; never opens a journal.
 * Source: systemd.journal-fields(7), machinectl(1); journald writes to /var/log/journal/ID, or to /run/log/journal/ID
 * while it is not there, ID being the machine's or the container's.
 */
#ifndef WFS_INPUT_JOURNAL_WHERE_H
#define WFS_INPUT_JOURNAL_WHERE_H

#include <limits.h>
#include <stddef.h>

#include "base/why.h"

/* Which journal; "" each: this machine's. At most one is set. */
struct journal_where {
	const char *namespace; /* as LogNamespace= of a unit names it */
	const char *machine;   /* a container: its name, or its machine id */
	const char *directory; /* a path: all journal files in it */
};

/* "namespace mail", "machine web", "directory /x", or "" for this machine's: the name of the journal. */
void journal_where_name(const struct journal_where *where, char *out, size_t cap);

/* The directory with the journal of a container. Errors: -ENOENT it has none, or there is no such container. */
int journal_where_machine(const char *machine, char ret[static PATH_MAX], struct why *why);

/* Which of the directories that journald writes to are there, a bit each. */
unsigned journal_where_roots(void);

/* Whether this machine's journal is there and may not be read: -EACCES with the remedy. */
int journal_where_rights(struct why *why);

#endif
