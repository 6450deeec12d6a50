/*
 * follow: returns the complete lines of logs that are being written, in order, each once.
 *
 * Knows files and inotify; does not know what a line means. The engine pulls: there are no callbacks.
 * Keeps one permanent watch per directory, also on the directory that a symlinked log points into. Handles rotation by
 * rename (the old file is read to its end first), copytruncate, deletion and re-creation with the same inode number,
 * logs that do not exist yet or cannot be read, and overflow of the event queue (everything is checked again).
 * After a rotation the old file is followed for another minute or until the next rotation, because its writer may not
 * have been notified yet. Files that appeared and were renamed between two checks are found among the rotated files.
 * Follows regular files only; refuses FIFOs and devices without opening them. Two changes are noticed by follow_check
 * only: a renamed parent of a log's directory, and a file system that is mounted or unmounted over it.
 * Only one instance per process: libinotifytools keeps its state in file-static variables.
 *
 * A "file" is one incarnation of a log's path, from its first line to its last. Its identity is its first complete
 * line: follow returns that line, and the engine looks it up in the database and answers with the position to continue
 * from. After copytruncate the log is a new file, and the rest of the old one is read from the copy, with the same
 * number and the same offsets but another path.
 *
 * Order: follow_new; follow_add for each log; then repeatedly follow_next until it returns FOLLOW_NONE, and poll the fd
 * until it is readable or follow_timeout_ms has passed.
 * Time: now_ms is the caller's monotonic clock.
 * Errors: 0 or positive results as listed, -errno with a sentence in why; the instance stays usable.
 */
#ifndef WFS_INPUT_FOLLOW_H
#define WFS_INPUT_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/position.h"
#include "base/why.h"
#include "input/record.h"

enum {
	FOLLOW_LOGS_MAX = 256,   /* at the same time */
	FOLLOW_SAFETY_MS = 5000, /* interval for checking missing files and those without events (NFS) */
};

/*
 * Results of follow_next. If a followed log disappears, it is reported missing only after FOLLOW_SAFETY_MS: until then
 * it may be a rotation. If reads of a log fail, it counts as back only when it was read to its end. If reads of a
 * rotated file fail, the result is -errno and the rest of the file is skipped.
 */
enum {
	FOLLOW_LINE = 0, /* *ret has a line */
	FOLLOW_NONE = 1, /* nothing more now; poll for follow_timeout_ms */
	FOLLOW_FILE = 2, /* a file was identified: answer with follow_resume before the next call */
	/* A log cannot be read, with the reason in why; returned once until the log can be read again. */
	FOLLOW_MISSING = 3,
	FOLLOW_BACK = 4, /* a log that was missing is being read again */
};

struct follow_line {
	size_t log;       /* index of the log, as returned by follow_add */
	uint64_t file;    /* number of the file, counted from 1; never reused */
	const char *path; /* the path of the open file ("mail.log.1" while catching up); borrowed */

	struct record record; /* FOLLOW_LINE: the members that a source sets; text is borrowed until the next call */

	/* FOLLOW_FILE: the first complete line, at most POSITION_FIRST_MAX bytes, and the mtime of the file. */
	const char *first;
	size_t first_len;
	int64_t mtime_s;
};

struct follow;

/* Opens inotify; its descriptor is CLOEXEC. Errors: -EMFILE at inotify's limit, -EBUSY for a second instance. */
int follow_new(struct follow **ret, struct why *why);

/* Frees follow; accepts NULL. */
void follow_free(struct follow *follow);

/*
 * Begins to follow path, which must be absolute; neither it nor its directory needs to exist yet. *ret_log is the log's
 * index, the lowest that is free. Errors: -ENOSPC at inotify's limits (the sentence names the sysctl), -E2BIG if there
 * are more than FOLLOW_LOGS_MAX logs, -EINVAL if the path is not absolute.
 */
int follow_add(struct follow *follow, const char *path, size_t *ret_log, struct why *why);

/*
 * Stops following a log: closes its files and frees its index. Must not be called while a FOLLOW_FILE of this log is
 * unanswered. Its directories stay watched, which does no harm.
 */
void follow_remove(struct follow *follow, size_t log);

/* Returns true if an open file has this device and inode: the file may have been renamed. */
bool follow_has_open(const struct follow *follow, dev_t dev, ino_t ino);

/*
 * Returns the descriptor to poll for reading. It does not signal everything: call follow_next until FOLLOW_NONE first.
 */
int follow_fd(const struct follow *follow);

/*
 * Returns how long poll may sleep: -1, forever, as usual for readable local logs; otherwise until something must be
 * checked that raises no event (a missing log, NFS, a symlink among the directories of its path, the minute after a
 * rotation). Returns 0 if FOLLOW_NONE only gave the caller a turn within an endless line.
 */
int follow_timeout_ms(const struct follow *follow, int64_t now_ms);

/* Makes the next follow_next check every log for changes that raise no event. Costs one stat per log. */
void follow_check(struct follow *follow);

/*
 * Returns the next line or event in *ret, as the result requires. Logs take turns, so that a busy one does not starve
 * others; the lines of one log come in order.
 */
int follow_next(struct follow *follow, int64_t now_ms, struct follow_line *ret, struct why *why);

/*
 * Answers FOLLOW_FILE before the next follow_next: read this file from position.
 * position: an offset from a record's next, or 0. last: the beginning of the line that ended there (at most
 * POSITION_LAST_MAX bytes), which is compared with the file; NULL with position 0.
 * Returns 0, or FOLLOW_NONE if the file does not have that line there. Then it is a different file with the same first
 * line, and is read from 0 (the engine must treat it as new).
 * file: the number from the last FOLLOW_FILE; anything else is a caller bug and aborts.
 */
int follow_resume(struct follow *follow, uint64_t file, int64_t position, const char *last, size_t last_len);

/*
 * Reads path (a rotated file) before the log's own file; it is returned as FOLLOW_FILE like any other. Several files
 * are read in the order in which they were queued. Call it only before the first line of the log was returned.
 * Errors: those of open(2), -EISDIR and -EINVAL if it is no regular file, -E2BIG if there are more than ROTATED_MAX.
 */
int follow_queue(struct follow *follow, size_t log, const char *path, int64_t now_ms, struct why *why);

/* Statistics of one log, for status. */
struct follow_stat {
	const char *path;
	bool readable;
	int64_t bytes_read; /* since the start, over all files of the log */
	int64_t lag_bytes;  /* bytes written but not returned yet */
	bool dry;           /* all complete lines were returned */
	uint64_t lines, cut;
};
void follow_stat(const struct follow *follow, size_t log, struct follow_stat *ret);

#endif
