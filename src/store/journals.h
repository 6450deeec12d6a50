/*
 * journals: how far each journal was read, and what was counted in it.
 *
 * A journal is a log of its own in table log, with a first line that no file can have; table journal holds what only
 * journals have. Its position is a cursor, opaque here. Errors and transactions: see store.h.
 */
#ifndef WFS_STORE_JOURNALS_H
#define WFS_STORE_JOURNALS_H

#include "base/position.h"
#include "store/logs.h"
#include "store/store.h"

enum {
	STORE_CURSOR_MAX = 256, /* bytes, including the NUL */
	STORE_UNIT_MAX = 136,   /* bytes of an escaped unit name, including the NUL */
};

struct store_journal {
	char cursor[STORE_CURSOR_MAX];
	int64_t forged;     /* lines that their user may not write */
	int64_t damaged;    /* entries that could not be read */
	int64_t gaps, lost; /* times that entries vanished before they were read, and how many at most (where known) */
	int64_t suppressed; /* messages that journald suppressed; unit: the last unit affected */
	char unit[STORE_UNIT_MAX]; /* escaped; "" if none */
};

/* Return a journal's first line in table log, and the path shown to people. name "": this machine's journal. */
struct span store_journal_first(const char *name, char out[static POSITION_FIRST_MAX]);
void store_journal_path(const char *name, char *out, size_t cap);

/* Finds the journal of this name; STORE_NONE if it was never read. */
int store_journal_find(struct store *store, const char *name, struct store_log *ret_log, struct store_journal *ret,
                       struct why *why);

/* Stores the journal state of the log with this id. */
int store_journal_put(struct store *store, int64_t log, const struct store_journal *journal, struct why *why);

#endif
