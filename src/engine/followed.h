/*
 * followed: the logs being followed, and what the database remembers of each.
 *
 * Joins follow and store. Reading resumes at the position in the database; what was rotated away while
 * no daemon ran, compressed or not, is read first (missed.h). A file that begins waits for the end of the turn, and so for
 * pending to be written: then the database knows all that was read. While it cannot be written the file is begun all the same, from
 * what pending knows.
 * A section that is a pattern (globs.h) is followed in every file that matches, also those that come while we run: they are read
 * from their beginning. One that is removed is read to its end, and forgotten.
 * A part of sources: for sources.c alone.
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

/* Follows the logs of config; all are borrowed; problems has what cannot be read. Errors: of follow_add, and of the database. */
int followed_new(const struct config *config, struct store *store, struct pending *pending, struct problems *problems,
                 struct followed **ret, struct why *why);

/* NULL is allowed. */
void followed_free(struct followed *logs);

int followed_fd(const struct followed *logs);
int followed_globs_fd(const struct followed *logs); /* -1: no section is a pattern */
int followed_timeout_ms(const struct followed *logs, int64_t now_ms); /* as follow_timeout_ms */

/* As sources_look, sources_check, sources_stamped, sources_file_waits, sources_file_is_held and sources_begin_file. */
void followed_look(struct followed *logs);
void followed_check(struct followed *logs);
void followed_stamped(struct followed *logs, struct scan *scan, int64_t now_s);
bool followed_waits(const struct followed *logs);
bool followed_is_held(const struct followed *logs);
int followed_begin_file(struct followed *logs, struct why *why);

/*
 * The next line, borrowed until the next call; its file, and how it is to be scanned but for the rules. False when there is none, or a
 * file waits. What becomes of a log (missing, back) is logged.
 */
bool followed_next(struct followed *logs, int64_t now_ms, struct pending_file **ret_file, struct scan **ret_scan, struct record *ret);

#endif
