/*
 * follow: the complete lines of logs that are being written, in order, each once.
 *
 * Knows files and inotify; never what a line means. The engine pulls: nothing here calls back.
 * One watch per directory, for ever, plus the directory a symlinked log points into. Survives rename rotation
 * (the old file is read to its end first), copytruncate, delete and re-create with the same inode number,
 * a log that does not exist yet or is unreadable, queue overflow (everything is checked again).
 * After a rotation the old file is read on for a minute or until the next one, because its writer may not
 * have been notified yet; files that came and went between two checks are found among the rotated files beside it.
 * Only regular files; FIFOs and devices are refused unopened. Noticed by follow_check only: a parent directory of a
 * log's directory that is renamed, or a file system mounted or unmounted over it.
 * One instance per process: libinotifytools keeps its state in file-static variables.
 *
 * A "file" is one incarnation of a log's path: the thing from its first line to its last. Its identity is
 * its first complete line; follow returns that, the engine looks up what the database knows of it and
 * answers with the position to continue from. After copytruncate the log is a new file, and the old one is
 * finished in the copy beside it: same number, same offsets, other path.
 *
 * Order: follow_new; follow_add for each log; then follow_next until it returns FOLLOW_NONE, then poll the
 * fd until it is readable or follow_timeout_ms has passed, and again.
 * Time: now_ms is a steady clock's, from the caller.
 * Errors: 0 or positive outcomes as listed, -errno with a sentence in why; the instance stays usable.
 */
#ifndef WFS_FOLLOW_H
#define WFS_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/position.h"
#include "base/why.h"
#include "input/record.h"

enum {
	FOLLOW_LOGS_MAX = 256,   /* at a time */
	FOLLOW_SAFETY_MS = 5000, /* check files that raise no events (NFS), and for missing ones */
};

/*
 * What follow_next returns. A log that goes away while it is followed is missing only after FOLLOW_SAFETY_MS:
 * until then it may be a rotation. One whose reads fail is back when it was read to its end. A rotated file whose
 * reads fail is -errno: the rest of it is not read.
 */
enum {
	FOLLOW_LINE = 0,    /* *ret has a line */
	FOLLOW_NONE = 1,    /* nothing more now; poll for follow_timeout_ms */
	FOLLOW_FILE = 2,    /* a file's identity is known: answer with follow_resume before the next call */
	FOLLOW_MISSING = 3, /* a log cannot be read, with the reason in why; once per log until it can be again */
	FOLLOW_BACK = 4,    /* a log that was missing is being read */
};

struct follow_line {
	size_t log;       /* index of the log, as follow_add gave it */
	uint64_t file;    /* number of the file, counted up from 1; never reused */
	const char *path; /* where the file was opened ("mail.log.1" while catching up); borrowed too */

	struct record record; /* FOLLOW_LINE: what a source fills; text is borrowed until the next call */

	/* FOLLOW_FILE: the first complete line, at most POSITION_FIRST_MAX bytes; when the file was written. */
	const char *first;
	size_t first_len;
	int64_t mtime_s;
};

struct follow;

/* The fd of inotify is CLOEXEC. Errors: -EMFILE for inotify's limit, -EBUSY for a second instance. */
int follow_new(struct follow **ret, struct why *why);

/* Accepts NULL. */
void follow_free(struct follow *follow);

/*
 * Begins to follow path (absolute; neither it nor its directory need exist yet). *ret_log is its index: the lowest that
 * is free. Errors: -ENOSPC for inotify's limits (the sentence names the sysctl), -E2BIG over FOLLOW_LOGS_MAX, -EINVAL
 * for a path that is not absolute.
 */
int follow_add(struct follow *follow, const char *path, size_t *ret_log, struct why *why);

/*
 * Follows a log no longer: its files are closed, its index may be given to another. Not while a FOLLOW_FILE of it waits
 * for its answer. Its directories stay watched, which does no harm.
 */
void follow_remove(struct follow *follow, size_t log);

/* True when a file that is open has that device and inode: its name may have been changed. */
bool follow_has_open(const struct follow *follow, dev_t dev, ino_t ino);

/* Readable when something happened; for poll(2). Not everything: call follow_next until FOLLOW_NONE first. */
int follow_fd(const struct follow *follow);

/*
 * How long poll may sleep: -1 for ever, which is the rule for readable local logs; else until something
 * must be checked that raises no event (a missing log, NFS, a link among the directories of its path, the
 * minute after a rotation). 0 when FOLLOW_NONE only gave the caller its turn inside an endless line.
 */
int follow_timeout_ms(const struct follow *follow, int64_t now_ms);

/* Checks every log again in the next follow_next, for what raises no event. Costs a stat of each. */
void follow_check(struct follow *follow);

/*
 * The next thing. Logs take turns, so that a noisy one starves no other; within a log lines come in order.
 * ret is filled as the outcome requires.
 */
int follow_next(struct follow *follow, int64_t now_ms, struct follow_line *ret, struct why *why);

/*
 * The answer to FOLLOW_FILE, before the next follow_next: read this file from position.
 * position: an offset from a follow_line.next, or 0. last: the beginning of the line that ended
 * there (at most POSITION_LAST_MAX bytes), checked against the file; NULL with position 0.
 * Returns 0; or FOLLOW_NONE when the file does not have that line there: then it is another file that
 * only begins alike, and is read from 0 (the engine must treat it as new).
 * file: of the last FOLLOW_FILE; anything else is a caller bug and ends the program.
 */
int follow_resume(struct follow *follow, uint64_t file, int64_t position, const char *last, size_t last_len);

/*
 * Reads path (a rotated file) before the log's own file: it comes up as FOLLOW_FILE like any other.
 * Several are read in the order they are queued. Only before the log's first line was returned.
 * Errors: those of open, -EISDIR and -EINVAL for what is no regular file, -E2BIG over ROTATED_MAX.
 */
int follow_queue(struct follow *follow, size_t log, const char *path, int64_t now_ms, struct why *why);

/* For status. */
struct follow_stat {
	const char *path;
	bool readable;
	int64_t bytes_read; /* since start, over all files of the log */
	int64_t lag_bytes;  /* written and not yet returned */
	bool dry;           /* all complete lines were returned */
	uint64_t lines, cut;
};
void follow_stat(const struct follow *follow, size_t log, struct follow_stat *ret);

#endif
