/*
 * backup: a consistent copy of the database in one file, while others read and write it.
 *
 * Source: SQLite's page "SQLite Backup API": one step copies the state of one moment.
 */
#ifndef WFS_STORE_BACKUP_H
#define WFS_STORE_BACKUP_H

#include <stdbool.h>

#include "store/store.h"

/*
 * Copies it to path, with the mode of the database: complete and on the disk, or not at all. replace: also when path
 * exists, else -EEXIST. Errors: as of store.h, of mkstemp(3) and of rename(2).
 */
int store_backup(struct store *store, const char *path, bool replace, struct why *why);

#endif
