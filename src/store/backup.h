/*
 * backup: makes a consistent copy of the database in one file, while other processes read and write it.
 *
 * Source: SQLite's page "SQLite Backup API": a single step copies the state of one moment.
 */
#ifndef WFS_STORE_BACKUP_H
#define WFS_STORE_BACKUP_H

#include <stdbool.h>

#include "store/store.h"

/*
 * Copies the database to path, with its mode. The copy appears complete and synced, or not at all. replace: overwrite
 * an existing file; otherwise returns -EEXIST if path exists. Errors: see store.h, mkstemp(3) and rename(2).
 */
int store_backup(struct store *store, const char *path, bool replace, struct why *why);

#endif
