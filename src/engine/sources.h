/*
 * sources: all that lines come from: the logs (followed.h), the journal (journal_source.h) and the sockets (sockets.h), in turns.
 *
 * Order: sources_look at the beginning of a turn; sources_next until false; when a file waits, sources_begin_file once no hits are
 * pending, or they cannot be written; then poll.
 */
#ifndef WFS_ENGINE_SOURCES_H
#define WFS_ENGINE_SOURCES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/why.h"
#include "config/config.h"
#include "admin/problems.h"
#include "pipeline/pending.h"
#include "pipeline/scan.h"
#include "store/store.h"

struct sources;

/* Follows the logs of config; all are borrowed; problems has what cannot be read. Errors: of follow_add, and of the database. */
int sources_new(const struct config *config, struct store *store, struct pending *pending, struct problems *problems,
             struct sources **ret, struct why *why);

/* NULL is allowed. */
void sources_free(struct sources *logs);

int sources_fd(const struct sources *logs);
int sources_globs_fd(const struct sources *logs); /* -1: no section is a pattern */

/* The journal's, -1: there is none; and after it was readable. */
int sources_journal_fd(const struct sources *logs);
void sources_journal_turn(struct sources *logs, int64_t now_ms);

/* After the last sources_next of a turn, and before pending is written: the journal's position becomes pending. */
void sources_settle(struct sources *logs, int64_t now_ms);

int sources_timeout_ms(const struct sources *logs, int64_t now_ms); /* as follow_timeout_ms; 0: there was more to read */

/* In each turn: begins to follow new files that match a pattern, and forgets those that are gone. What becomes of them is logged. */
void sources_look(struct sources *logs);

/* Of the i-th [socket] section, for poll(2); -1: there is none. */
int sources_socket_fd(const struct sources *logs, size_t i);

/* Writes what "status" shows of the sockets, in a transaction of the caller. */
int sources_store(const struct sources *logs, struct store *store, struct why *why);

/* As follow_check; new files are looked for as well. */
void sources_check(struct sources *logs);

/*
 * The next line, or entry of the journal (its record has_fields), borrowed until the next call; its file (NULL: it came by a socket), and how it is to be scanned but for the rules. False when there is none, or a file waits.
 * What becomes of a log (missing, back) is logged.
 */
bool sources_next(struct sources *logs, int64_t now_ms, struct pending_file **ret_file, struct scan **ret_scan, struct record *ret);

/* After a line was scanned that was appended while we watched: says when its stamps are not the clock's. scan: of sources_next. */
void sources_stamped(struct sources *logs, struct scan *scan, int64_t now_s);

bool sources_file_waits(const struct sources *logs);

/* The file that waits could not be begun when it was last tried, since the database cannot be read or too many files wait for it: no line is read until it is. */
bool sources_file_is_held(const struct sources *logs);

/* Begins the file that waits, or holds it. Errors: of the database; it is held. */
int sources_begin_file(struct sources *logs, struct why *why);

#endif
