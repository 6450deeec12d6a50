/*
 * missed: reads what was written to a log and rotated away while no daemon read it, compressed or not.
 *
 * Private to the folder. These files are read before the log itself, oldest first, with the reader of replay. A file
 * that the database knows completely is not read again; only the newest compressed file that it knows must be unpacked,
 * to see that nothing in it is unread. If a file cannot be read to its end, that is logged, and the next one is read.
 * Call order: missed_check for each log; then, while missed_waits, missed_begin and missed_next until it returns false.
 */
#ifndef WFS_ENGINE_MISSED_H
#define WFS_ENGINE_MISSED_H

#include <stdbool.h>

#include "base/why.h"
#include "input/record.h"
#include "pipeline/pending.h"
#include "pipeline/scan.h"
#include "store/store.h"

struct missed;

/* Borrows store and pending. */
struct missed *missed_new(struct store *store, struct pending *pending);

/* Accepts NULL. */
void missed_free(struct missed *missed);

/*
 * Finds the rotated files of a log that have to be read. *ret_last: the path of the newest one if it is not compressed,
 * otherwise NULL. It should be followed, because its writer may not know of the rotation yet. The caller frees it.
 * Errors: of the database, and of rotated_list.
 */
int missed_check(struct missed *missed, const char *path, char **ret_last, struct why *why);

/* Returns true if a file is waiting to be begun. */
bool missed_waits(const struct missed *missed);

/*
 * Begins the file, or logs why it cannot be read and skips it. pending must have room for a file. After an error of the
 * database the file still waits.
 */
int missed_begin(struct missed *missed, struct why *why);

/* Returns the next line, borrowed until the next call. Returns false if there is none; another file may be waiting. */
bool missed_next(struct missed *missed, struct pending_file **ret_file, struct scan **ret_scan, struct record *ret);

#endif
