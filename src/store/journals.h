/*
 * journals: how far a journal was read, and what was counted of it.
 *
 * A journal is a log of its own in table log, with a first line that no file can have; table journal has what files do
 * not have. Its position is a cursor, opaque here. Errors and transactions as of store.h.
 */
#ifndef WFS_STORE_JOURNALS_H
#define WFS_STORE_JOURNALS_H

#include "base/position.h"
#include "store/logs.h"
#include "store/store.h"

enum {
	STORE_CURSOR_MAX = 256, /* bytes, with the NUL */
	STORE_UNIT_MAX = 136,   /* bytes of a unit's name, escaped, with the NUL */
};

struct store_journal {
	char cursor[STORE_CURSOR_MAX];
	int64_t forged;     /* lines that their user may not have written */
	int64_t damaged;    /* entries that could not be read */
	int64_t gaps, lost; /* times that entries were gone before they were read, and how many at most (where known) */
	int64_t suppressed; /* messages that journald dropped, of units; the last of them: */
	char unit[STORE_UNIT_MAX]; /* escaped; "": none */
};

/* The first line that a journal of this name ("": this machine's) has in table log, and the path people see. */
struct span store_journal_first(const char *name, char out[static POSITION_FIRST_MAX]);
void store_journal_path(const char *name, char *out, size_t cap);

/* The journal of this name; STORE_NONE: never read. */
int store_journal_find(struct store *store, const char *name, struct store_log *ret_log, struct store_journal *ret,
                       struct why *why);

/* Of the log of this id. */
int store_journal_put(struct store *store, int64_t log, const struct store_journal *journal, struct why *why);

#endif
