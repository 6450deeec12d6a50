/*
 * mend: a database that is damaged, or whose file is gone, and the new one in its place.
 *
 * The damaged file is moved aside with its -wal and -shm, never changed or removed. What is still readable and useful
 * is copied into the new one: active blocks, row by row from both ends up to the damage, and how far logs were read.
 * The new database keeps a record of this under "database_fault", for "status", for a week (see retention.h).
 * Damaged means: SQLite reports corruption, or a row makes no sense. A full disk, an I/O error, another program's
 * database or a newer version is not damage: those files stay as they are.
 * Source: SQLite's pages "How To Corrupt An SQLite Database File" and "PRAGMA writable_schema".
 */
#ifndef WFS_STORE_MEND_H
#define WFS_STORE_MEND_H

#include "store/store.h"

enum store_health {
	STORE_FINE,
	STORE_DAMAGED,  /* a read or a write met damage */
	STORE_DELETED,  /* the file has no name any more: writes are lost */
	STORE_REPLACED, /* another file has its name */
};

/* Checks where the file is; STORE_FINE for a database in memory. Cheap. */
enum store_health store_health(const struct store *store);

/*
 * Begins a new database at path. open: the store that has the old one, for STORE_DAMAGED and STORE_DELETED, which can
 * then only be closed; or NULL when store_open returned -EUCLEAN. reason: the cause in a few words, such as SQLite's.
 * ret_done: a sentence that reports what was done. Errors: those of store_open, and of rename(2).
 */
int store_mend(const char *path, struct store *open, const char *reason, int64_t now_s, struct why *ret_done,
               struct why *why);

/* For STORE_REPLACED, before store_close: removes the old file's -wal and -shm, which do not belong to the new one. */
void store_leave(struct store *store);

#endif
