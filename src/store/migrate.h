/*
 * migrate: the tables and views of schema.sql in a database that is new, or of an older version.
 *
 * Private to the folder. A kill at any time leaves the old version or the new one. Errors and transactions as of
 * store.h.
 */
#ifndef WFS_STORE_MIGRATE_H
#define WFS_STORE_MIGRATE_H

#include "base/why.h"
#include "store/store.h"

/*
 * Creates every table, index and view that is missing, and sets the version. Also for the index and the triggers that a
 * replay left out. In a transaction of the caller, or without one.
 */
int migrate_complete(struct store *store, struct why *why);

/* Converts an older database, unless another process did meanwhile. Not within a transaction. */
int migrate(struct store *store, struct why *why);

#endif
