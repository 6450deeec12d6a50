/*
 * follow_log: one followed log and its current files: rotated ones that are not read to their end, and the file at its
 * path.
 *
 * Decides which files these are and in which order they are read; follow.c reads them, and makes logs take turns.
 * Private to follow.c. Positive results are those of follow.h.
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

enum { FOLLOW_LOG_FILES_MAX = 80 }; /* open at the same time: queued, missed, the previous one, its own */

/*
 * Events only set check. What happened is then determined from the files themselves, so that extra events, late ones
 * and those of old directories do no harm.
 */
struct follow_log {
	char *path;
	int64_t now_ms; /* the time of the current call */
	struct follow_names names;

	bool check;      /* stat the path and read all files again */
	bool opened;     /* the last of files is the one at the path, or was until it disappeared */
	bool there;      /* the path can be read */
	bool missing;    /* FOLLOW_MISSING was returned */
	bool failing;    /* a read failed: opening it again proves nothing */
	int64_t gone_ms; /* since when it is missing; 0 if it is not */

	/*
	 * In the order in which they are read. A file before the last is closed when it is read to its end and its
	 * grace period has passed.
	 */
	struct logfile *files[FOLLOW_LOG_FILES_MAX];
	size_t n_files;

	int64_t bytes;
	uint64_t lines, cut;
};

/*
 * Opens a file and watches it before it is read, so that everything written after a read raises an event. Errors: those
 * of logfile_open.
 */
int follow_log_open_file(const struct follow_dirs *dirs, const char *path, struct logfile **ret, struct why *why);

/* Inserts an open file before the one at this index. There may be at most FOLLOW_LOG_FILES_MAX. */
void follow_log_insert(struct follow_log *log, size_t at, struct logfile *file);

/* Removes the file at this index and returns it; the caller closes it. */
struct logfile *follow_log_remove(struct follow_log *log, size_t at);

/* Returns the file at the log's path, or NULL. */
struct logfile *follow_log_own(const struct follow_log *log);

/* Returns true if this file is open, and sets *ret_at to its index. */
bool follow_log_has_open(const struct follow_log *log, dev_t dev, ino_t ino, size_t *ret_at);

/* Returns true if the file was read to its end and is no longer written. */
bool follow_log_is_finished(const struct follow_log *log, size_t at);

/* Makes all its files be read again: what happened to one may explain what happened to another (copytruncate). */
void follow_log_wake(struct follow_log *log);

/*
 * Checks whether the file at the path is still the one that is open. Returns FOLLOW_NONE, FOLLOW_MISSING with why set,
 * or FOLLOW_BACK.
 */
int follow_log_check(struct follow_dirs *dirs, struct follow_log *log, struct why *why);

/* Handles a truncated file: copytruncate, or it is being destroyed. */
void follow_log_replaced(const struct follow_dirs *dirs, struct follow_log *log, size_t at);

/*
 * Handles a read error of a disk or a server. The log's own file is missing until it can be opened and read to its end
 * again; of any other file the rest is skipped, and the result is -errno with a sentence.
 */
int follow_log_failed(struct follow_log *log, size_t at, int err, struct why *why);

/* Call this when the log's own file was read to its end after such an error. Returns FOLLOW_NONE or FOLLOW_BACK. */
int follow_log_works(struct follow_log *log);

/* Returns true if there may be something to read. */
bool follow_log_is_busy(const struct follow_log *log);

/* Returns true if events report every change; false if the log is missing, or an old file is in an unknown place. */
bool follow_log_is_settled(const struct follow_log *log);

#endif
