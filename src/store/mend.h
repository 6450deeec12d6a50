/*
 * mend: a database that is damaged, or whose file is gone, and the new one in its place.
 *
 * The damaged file is moved aside with its -wal and -shm, never changed or removed. What can still be read of it and is
 * of use goes into the new one: blocks that run, row by row from both ends up to where it is damaged, and how far logs
 * were read. What was done stands there under "database_fault", for "status", for a week (see retention.h).
 * Damaged is what SQLite calls so, and a row that makes no sense. A full disk, an I/O error, another's database or a
 * newer one are not: they stay as they are.
 * Source: SQLite's pages "How To Corrupt An SQLite Database File" and "PRAGMA writable_schema".
 */
#ifndef WFS_STORE_MEND_H
#define WFS_STORE_MEND_H

#include "store/store.h"

enum store_health {
	STORE_FINE,
	STORE_DAMAGED,  /* something that was read or written met it */
	STORE_DELETED,  /* the file has no name any more: what is written is lost */
	STORE_REPLACED, /* another file has its name */
};

/* Looks where the file is; STORE_FINE for a database in memory. Cheap. */
enum store_health store_health(const struct store *store);

/*
 * Begins a new database at path. open: the store that has the old one, for STORE_DAMAGED and STORE_DELETED, which can
 * then only be closed; or NULL when store_open said -EUCLEAN. reason: a word of why, such as SQLite's.
 * ret_done: the sentence of what was done. Errors: those of store_open, and of rename(2).
 */
int store_mend(const char *path, struct store *open, const char *reason, int64_t now_s, struct why *ret_done,
               struct why *why);

/* For STORE_REPLACED, before store_close: takes the old file's -wal and -shm away, which are no part of the new one. */
void store_leave(struct store *store);

#endif
