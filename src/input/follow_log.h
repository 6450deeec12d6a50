/*
 * follow_log: one log that is followed, and the files that it consists of just now: rotated ones that are not read to
 * their end, and the one that has its path.
 *
 * Decides which files these are, and in which order they are read; follow.c reads them, and takes care that logs take
 * turns. Private to follow.c. Positive outcomes are those of follow.h.
 */
#ifndef WFS_INPUT_FOLLOW_LOG_H
#define WFS_INPUT_FOLLOW_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/why.h"
#include "input/follow_dirs.h"
#include "input/logfile.h"

enum { FOLLOW_LOG_FILES_MAX = 80 }; /* open at a time: queued, missed, the one before, its own */

/*
 * Events only set check. What happened is then read from the files themselves, so that an extra
 * event, a late one or one of an old directory does no harm.
 */
struct follow_log {
	char *path;
	int64_t now_ms; /* of the call that works on it */
	struct follow_names names;

	bool check;      /* stat the path and read all files again */
	bool opened;     /* the last of files is the path's own, or was until the path went away */
	bool there;      /* the path can be read */
	bool missing;    /* FOLLOW_MISSING was returned */
	bool failing;    /* because a read failed: opening it again proves nothing */
	int64_t gone_ms; /* since when it is not there; 0 when it is */

	/* In the order they are read. A file before the last is closed at its end when its grace period has passed. */
	struct logfile *files[FOLLOW_LOG_FILES_MAX];
	size_t n_files;

	int64_t bytes;
	uint64_t lines, cut;
};

/* Opens a file, watched before it is read: what is written after a read raises an event. Errors: those of logfile_open.
 */
int follow_log_open_file(const struct follow_dirs *dirs, const char *path, struct logfile **ret, struct why *why);

/* Puts an open file in front of the one that is at that place. At most FOLLOW_LOG_FILES_MAX. */
void follow_log_insert(struct follow_log *log, size_t at, struct logfile *file);

/* Takes it out; it is the caller's to close. */
struct logfile *follow_log_remove(struct follow_log *log, size_t at);

/* The one that has the log's path, or NULL. */
struct logfile *follow_log_own(const struct follow_log *log);

/* Whether that file is open, and at which place. */
bool follow_log_has_open(const struct follow_log *log, dev_t dev, ino_t ino, size_t *ret_at);

/* Whether it was read to its end, and is not written to any more. */
bool follow_log_is_finished(const struct follow_log *log, size_t at);

/* All its files are to be read again: what happened to one may explain what happened to another (copytruncate). */
void follow_log_wake(struct follow_log *log);

/* Is the path's file still the one we have? FOLLOW_NONE, FOLLOW_MISSING with why set, or FOLLOW_BACK. */
int follow_log_check(struct follow_dirs *dirs, struct follow_log *log, struct why *why);

/* A file was truncated: copytruncate, or it is being destroyed. */
void follow_log_replaced(const struct follow_dirs *dirs, struct follow_log *log, size_t at);

/*
 * A file cannot be read: of a disk or a server that fails. Its own is missing until it can be opened and read to its
 * end again; the rest of another is not read: -errno with a sentence.
 */
int follow_log_failed(struct follow_log *log, size_t at, int err, struct why *why);

/* Its own file was read to its end after that. FOLLOW_NONE or FOLLOW_BACK. */
int follow_log_works(struct follow_log *log);

/* Whether there may be something to read. */
bool follow_log_is_busy(const struct follow_log *log);

/* Do events cover everything? Not when it is missing, or an old file is in an unknown place. */
bool follow_log_is_settled(const struct follow_log *log);

#endif
