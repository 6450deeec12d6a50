/*
 * logfile: one open file of log lines, read line by line from a position.
 *
 * Private to the folder. Knows one descriptor: its bytes, its lines, whether it is still what it was. Never renames,
 * rotations or inotify; that is follow's. A descriptor is one file as long as the bytes already read
 * stay where they were; when they do not (copytruncate), logfile_next returns LOGFILE_REPLACED.
 *
 * Reads blocks of LOGFILE_BLOCK bytes into a fixed buffer; allocates nothing per line. The position is only
 * ever after an LF. After each read the first line, the last line returned and the beginning of the
 * unfinished one are compared with the file, so that a file cut and grown again past the position is seen.
 *
 * Order: logfile_open; logfile_identify until LOGFILE_LINE; then logfile_seek or not; then logfile_next.
 */
#ifndef WFS_LOGFILE_H
#define WFS_LOGFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/position.h"
#include "base/why.h"
#include "input/record.h"

enum {
	LOGFILE_BLOCK = 65536,
	LOGFILE_READS_MAX = 16, /* blocks of one overlong line that one call may pass over */
};

/* What logfile_next and logfile_identify give, besides -errno of a failed read. */
enum {
	LOGFILE_LINE = 0,
	LOGFILE_DRY = 1,      /* no complete line now */
	LOGFILE_MORE = 2,     /* inside an overlong line; call again, others first */
	LOGFILE_REPLACED = 3, /* what was read is no longer there: logfile_restart, or close */
};

struct logfile {
	/* For the reader of this header; set by logfile_open. */
	char *path;
	int fd;
	dev_t dev;
	ino_t ino;
	int64_t born_ns; /* birth of the inode, Unix time; 0 where the file system does not record it */

	/* The owner's marks; logfile.c does not use them. */
	uint64_t number;
	int64_t until_ms;
	bool dry;
	int watch; /* as of follow_dirs_watch_file */

	bool known;       /* first is set */
	int64_t position; /* after the last line returned */
	char first[POSITION_FIRST_MAX];
	size_t first_len;

	/* The rest is logfile.c's. */
	int64_t last_start; /* the line that ends at position: where it begins, and its beginning */
	char last[POSITION_LAST_MAX];
	size_t last_len;
	size_t begin, end; /* what is held in block: bytes of the file from position on */
	size_t searched;   /* of them, bytes known to have no LF */
	bool at_end;       /* the last read ended before the block did: there is no more until logfile_wake */
	int64_t passed;    /* bytes of an overlong line passed over after those held */
	char block[LOGFILE_BLOCK];
};

/*
 * Opens path without ever waiting. Only regular files: -EISDIR or -EINVAL for others, else open's errno,
 * with a sentence. path is copied.
 */
int logfile_open(struct logfile **ret, const char *path, struct why *why);

/* Accepts NULL. */
void logfile_close(struct logfile *file);

/* The next line: fills what a source fills of ret; its text is borrowed until the next call. */
int logfile_next(struct logfile *file, struct record *ret);

/* Something was written to it, or may have been: it is not dry. */
void logfile_wake(struct logfile *file);

/* LOGFILE_LINE when first is known; the position is 0 then. */
int logfile_identify(struct logfile *file);

/*
 * Continues from position, if a line ends there that begins with last. False: it does not, and the
 * position is 0. last may be NULL when last_len is 0.
 */
bool logfile_seek(struct logfile *file, int64_t position, const char *last, size_t last_len);

/* The same descriptor as a new file: position 0, first not known, number 0. */
void logfile_restart(struct logfile *file);

/*
 * If other holds all that was read from file at the same places (it is the copy of copytruncate), it receives
 * number, first and position, and continues where file cannot. False: nothing has changed.
 */
bool logfile_carry_on(struct logfile *other, const struct logfile *file);

/* Bytes written and not yet returned. */
int64_t logfile_lag(const struct logfile *file);

#endif
