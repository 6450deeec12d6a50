/*
 * mend: replaces a database that is damaged, or whose file is gone, with a new one.
 *
 * The damaged file is moved aside with its -wal and -shm, and never changed or removed. What is readable and useful is
 * copied into the new one: active blocks, row by row from both ends up to the damage, and how far logs were read. The
 * new database keeps a record of this under the key "database_error" for a week, for "status" (see retention.h).
 * Damaged means: SQLite reports corruption, or a row is invalid. A full disk, an I/O error, another program's database
 * or one of a newer version is not damage: such files stay as they are. Source: SQLite's pages "How To Corrupt An
 * SQLite Database File" and "PRAGMA writable_schema".
 */
#ifndef WFS_STORE_MEND_H
#define WFS_STORE_MEND_H

#include "store/store.h"

enum store_health {
	STORE_FINE,
	STORE_DAMAGED,  /* a read or write found damage */
	STORE_DELETED,  /* the file has been unlinked: writes are lost */
	STORE_REPLACED, /* another file has its name */
};

/* Checks whether the file is where it should be. Always STORE_FINE for a database in memory. Cheap. */
enum store_health store_health(const struct store *store);

/*
 * Creates a new database at path. open: the store of the old one, for STORE_DAMAGED and STORE_DELETED, which may only
 * be closed afterwards; NULL after store_open returned -EUCLEAN. reason: the cause in a few words, such as SQLite's.
 * ret_done: a sentence that reports what was done. Errors: those of store_open and rename(2).
 */
int store_mend(const char *path, struct store *open, const char *reason, int64_t now_s, struct why *ret_done,
               struct why *why);

/* For STORE_REPLACED, before store_close: removes the old file's -wal and -shm, which do not belong to the new file. */
void store_leave(struct store *store);

#endif
