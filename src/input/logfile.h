/*
 * logfile: reads one open log file line by line from a position.
 *
 * Private to the folder. Knows one descriptor: its bytes, its lines, and whether it is still the same file. Names,
 * rotations and inotify are follow's business. A descriptor is one file for as long as the bytes that were read stay
 * where they were; if they do not (copytruncate), logfile_next returns LOGFILE_REPLACED.
 *
 * Reads blocks of LOGFILE_BLOCK bytes into a fixed buffer; allocates nothing per line. The position is always directly
 * after an LF. After each read the first line, the last line returned and the beginning of the unfinished one are
 * compared with the file, so that a file that was truncated and grew past the position again is noticed.
 *
 * Order: logfile_open; logfile_identify until LOGFILE_LINE; optionally logfile_seek; then logfile_next.
 */
#ifndef WFS_INPUT_LOGFILE_H
#define WFS_INPUT_LOGFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/position.h"
#include "base/why.h"
#include "input/record.h"

enum {
	LOGFILE_BLOCK = 65536,
	LOGFILE_READS_MAX = 16, /* blocks of one overlong line that one call may skip */
};

/* Results of logfile_next and logfile_identify, besides -errno of a failed read. */
enum {
	LOGFILE_LINE = 0,
	LOGFILE_DRY = 1,      /* no complete line now */
	LOGFILE_MORE = 2,     /* within an overlong line; let others go first, then call again */
	LOGFILE_REPLACED = 3, /* what was read is no longer there: call logfile_restart or close the file */
};

struct logfile {
	/* Readable by users of this header; set by logfile_open. */
	char *path;
	int fd;
	dev_t dev;
	ino_t ino;
	int64_t born_ns; /* creation of the inode, Unix time in nanoseconds; 0 if the file system does not record it */

	/* For the owner; logfile.c only clears dry and resets number. */
	uint64_t number;
	int64_t until_ms;
	bool dry;
	int watch; /* as returned by follow_dirs_watch_file */

	bool known;       /* first is set */
	int64_t position; /* after the last line returned */
	char first[POSITION_FIRST_MAX];
	size_t first_len;

	/* The rest is private to logfile.c. */
	int64_t last_start; /* the line that ends at position: its offset and its beginning */
	char last[POSITION_LAST_MAX];
	size_t last_len;
	size_t begin, end; /* the bytes in block that are in use: those of the file from position on */
	size_t searched;   /* how many of them are known to contain no LF */
	bool at_end;       /* the last read reached the end of the file: nothing more until logfile_wake */
	int64_t passed;    /* bytes of an overlong line skipped after those in block */
	char block[LOGFILE_BLOCK];
};

/*
 * Opens path without waiting. Regular files only: returns -EISDIR or -EINVAL for others, else the errno of open(2),
 * with a sentence. path is copied.
 */
int logfile_open(struct logfile **ret, const char *path, struct why *why);

/* Closes and frees file; accepts NULL. */
void logfile_close(struct logfile *file);

/* Reads the next line: sets the members of ret that a source sets; the text is borrowed until the next call. */
int logfile_next(struct logfile *file, struct record *ret);

/* Marks that the file was written, or may have been: it is not dry. */
void logfile_wake(struct logfile *file);

/* Returns LOGFILE_LINE when first is known; the position is then 0. */
int logfile_identify(struct logfile *file);

/*
 * Continues from position if a line that begins with last ends there. Otherwise returns false, and the position is 0.
 * last may be NULL if last_len is 0.
 */
bool logfile_seek(struct logfile *file, int64_t position, const char *last, size_t last_len);

/* Treats the descriptor as a new file: position 0, first unknown, number 0. */
void logfile_restart(struct logfile *file);

/*
 * If other contains everything that was read from file at the same offsets (it is copytruncate's copy), it takes over
 * number, first and position, to continue where file cannot. Otherwise returns false and changes nothing.
 */
bool logfile_carry_on(struct logfile *other, const struct logfile *file);

/* Returns how many bytes are written but not returned yet. */
int64_t logfile_lag(const struct logfile *file);

#endif
