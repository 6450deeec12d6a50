/*
 * followed: the logs being followed, and what the database remembers of each.
 *
 * Private to the folder. A part of sources. Joins follow and store. Reading resumes at the position in the database.
 * Files that were rotated away while no daemon ran, compressed or not, are read first (missed.h). A new file waits for
 * the end of the turn, when pending has been written and the database knows everything that was read. While the
 * database cannot be written, the file is begun anyway, from what pending knows. If a section is a pattern (globs.h),
 * every matching file is followed. Files that appear later are read from their beginning. A file that is removed is
 * read to its end and then forgotten.
 */
#ifndef WFS_ENGINE_FOLLOWED_H
#define WFS_ENGINE_FOLLOWED_H

#include <stdbool.h>
#include <stdint.h>

#include "admin/problems.h"
#include "base/why.h"
#include "config/config.h"
#include "pipeline/pending.h"
#include "pipeline/scan.h"
#include "store/store.h"

struct followed;

/*
 * Follows the logs of config. Borrows all arguments; problems gets the logs that cannot be read. Errors: those of
 * follow_add, and of the database.
 */
int followed_new(const struct config *config, struct store *store, struct pending *pending, struct problems *problems,
                 struct followed **ret, struct why *why);

/* Accepts NULL. */
void followed_free(struct followed *logs);

/* For poll(2). */
int followed_fd(const struct followed *logs);
int followed_globs_fd(const struct followed *logs);                   /* -1: no section is a pattern */
int followed_timeout_ms(const struct followed *logs, int64_t now_ms); /* see follow_timeout_ms */

/* See sources_look. */
void followed_look(struct followed *logs);

/* Like follow_check; also looks for new files. */
void followed_check(struct followed *logs);

/*
 * Call after scanning a line that was appended while we watched: reports if the log's time stamps differ from the
 * clock. scan: from followed_next.
 */
void followed_stamped(struct followed *logs, struct scan *scan, int64_t now_s);

/* Returns true if a file waits to be begun: no line is read before that. */
bool followed_waits(const struct followed *logs);

/* Returns true if the last attempt to begin it failed: the database cannot be read, or pending has too many files. */
bool followed_is_held(const struct followed *logs);

/* Begins the file that waits. If that fails, the file is held. Errors: of the database. */
int followed_begin_file(struct followed *logs, struct why *why);

/*
 * Returns the next line, borrowed until the next call, with its file and how to scan it (except for the rules). Returns
 * false if there is none, or if a file waits. Logs when a log goes missing or comes back.
 */
bool followed_next(struct followed *logs, int64_t now_ms, struct pending_file **ret_file, struct scan **ret_scan,
                   struct record *ret);

#endif
