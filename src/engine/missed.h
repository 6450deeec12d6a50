/*
 * missed: what was written to a log and rotated away while no daemon read it, compressed or not.
 *
 * Private to the folder. Read before the log itself, oldest first, by the reader of replay. What the database holds
 * completely is not read again; only the newest compressed file that it knows must be unpacked to see that nothing is
 * left in it. A file that cannot be read to its end is logged, and the next one read. Order: missed_check for each log;
 * then, while missed_waits: missed_begin, and missed_next until false.
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

/* store and pending are borrowed. */
struct missed *missed_new(struct store *store, struct pending *pending);

/* NULL is allowed. */
void missed_free(struct missed *missed);

/*
 * Finds the rotated files of a log that have to be read. *ret_last: the path of the newest one when it is not
 * compressed and the log is known: to be followed, for its writer may not know of the rotation yet. The caller frees
 * it; or NULL. Errors: of the database, and of rotated_list.
 */
int missed_check(struct missed *missed, const char *path, char **ret_last, struct why *why);

/* True when a file is to be begun. */
bool missed_waits(const struct missed *missed);

/* Begins it, while pending has room for another file, or logs why it cannot be read and leaves it out. Errors: of the
 * database; it waits on. */
int missed_begin(struct missed *missed, struct why *why);

/* The next line, borrowed until the next call. False: there is none; another file may wait. */
bool missed_next(struct missed *missed, struct pending_file **ret_file, struct scan **ret_scan, struct record *ret);

#endif
