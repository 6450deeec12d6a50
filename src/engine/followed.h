/*
 * followed: the logs being followed, and what the database remembers of each.
 *
 * Private to the folder. Joins follow and store. Reading resumes at the position in the database; what was rotated away
 * while no daemon ran, compressed or not, is read first (missed.h). A file that begins waits for the end of the turn,
 * and so for pending to be written: then the database knows all that was read. While it cannot be written the file is
 * begun all the same, from what pending knows. A section that is a pattern (globs.h) is followed in every file that
 * matches, also those that come while we run: they are read from their beginning. One that is removed is read to its
 * end, and forgotten. A part of sources, which the engine asks for its lines.
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

/* Follows the logs of config; all are borrowed; problems has what cannot be read. Errors: of follow_add, and of the
 * database. */
int followed_new(const struct config *config, struct store *store, struct pending *pending, struct problems *problems,
                 struct followed **ret, struct why *why);

/* NULL is allowed. */
void followed_free(struct followed *logs);

/* For poll(2). */
int followed_fd(const struct followed *logs);
int followed_globs_fd(const struct followed *logs);                   /* -1: no section is a pattern */
int followed_timeout_ms(const struct followed *logs, int64_t now_ms); /* as follow_timeout_ms */

/* As sources_look. */
void followed_look(struct followed *logs);

/* As follow_check; new files are looked for as well. */
void followed_check(struct followed *logs);

/* After a line was scanned that was appended while we watched: says when its stamps are not the clock's. scan: of
 * followed_next. */
void followed_stamped(struct followed *logs, struct scan *scan, int64_t now_s);

/* A file waits to be begun: no line of the logs is read before. */
bool followed_waits(const struct followed *logs);

/* It could not be begun when that was last tried, since the database cannot be read or too many files wait for it. */
bool followed_is_held(const struct followed *logs);

/* Begins the file that waits, or holds it. Errors: of the database; it is held. */
int followed_begin_file(struct followed *logs, struct why *why);

/*
 * The next line, borrowed until the next call; its file, and how it is to be scanned but for the rules. False when
 * there is none, or a file waits. What becomes of a log (missing, back) is logged.
 */
bool followed_next(struct followed *logs, int64_t now_ms, struct pending_file **ret_file, struct scan **ret_scan,
                   struct record *ret);

#endif
