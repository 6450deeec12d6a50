/*
 * migrate: creates the tables and views of schema.sql in a new database, or in one of an older version.
 *
 * Private to the folder. A kill at any time leaves either the old version or the new one. Errors and transactions: see
 * store.h.
 */
#ifndef WFS_STORE_MIGRATE_H
#define WFS_STORE_MIGRATE_H

#include "base/why.h"
#include "store/store.h"

/*
 * Creates every missing table, index, trigger and view, and sets the version. Also restores the indexes and triggers
 * that a replay left out. With or without a transaction of the caller.
 */
int migrate_complete(struct store *store, struct why *why);

/* Converts an older database, unless another process has done so meanwhile. Must not be called within a transaction. */
int migrate(struct store *store, struct why *why);

#endif
