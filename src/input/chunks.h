/*
 * chunks: an old log in pieces of whole lines, and where to continue in one that was read before.
 *
 * Knows archive; never what a line means, but that none may be parted from what it belongs to (unwrap.h, repeat.h). A
 * log's identity is its first line, as in follow.h; a position is proved by the line that ends there. Order:
 * chunks_open; chunks_seek or not; chunks_next until CHUNKS_END; chunks_close. Errors: 0, positive outcomes as listed,
 * -errno with a sentence.
 */
#ifndef WFS_CHUNKS_H
#define WFS_CHUNKS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/position.h"
#include "base/text.h"
#include "base/why.h"
#include "input/record.h"

enum { CHUNKS_SIZE = 1 << 18 }; /* bytes of a piece at most: it stays in a processor's cache while it is worked on */

/* Positive answers. */
enum {
	CHUNKS_END = 1,   /* of chunks_next: nothing is left */
	CHUNKS_OTHER = 1, /* of chunks_seek: another log that only begins alike */
};

struct chunks_piece {
	char *bytes; /* the caller's, capacity CHUNKS_SIZE + 1: there is a NUL behind the piece */
	size_t len;
	int64_t start, end; /* offsets in the log: of the first byte, after the last line */
	bool is_cut;        /* bytes is the beginning of one line longer than a piece, LINE_MAX_BYTES of it */
};

struct chunks;

/*
 * path: as of archived_open. leave_tail: a last line without LF of a plain file is left for the next time, since
 * a program may still be writing it; else it counts. Of a file torn off in the middle the torn line never counts.
 */
int chunks_open(const char *path, bool leave_tail, struct chunks **ret, struct why *why);

/* From when *stop is true on chunks_next returns CHUNKS_END, also in the middle of a line without end. stop: borrowed.
 */
void chunks_stop_when(struct chunks *chunks, const atomic_bool *stop);

/* Accepts NULL. */
void chunks_close(struct chunks *chunks);

/* The first line, at most POSITION_FIRST_MAX bytes; empty for an empty log. Valid until the first chunks_next. */
struct span chunks_first(const struct chunks *chunks);

/* When the log was last written, and how much of the file has been read: as of archive.h. */
int64_t chunks_mtime(const struct chunks *chunks);
void chunks_progress(const struct chunks *chunks, int64_t *ret_done, int64_t *ret_size);

/*
 * Continues at position, if a line that begins with last ends there. CHUNKS_OTHER: none does; then the log is at its
 * beginning again, but standard input cannot be, which is an error. Before the first chunks_next.
 */
int chunks_seek(struct chunks *chunks, int64_t position, struct span last, struct why *why);

/*
 * For finding a time in a long log without reading it: only plain files can do that. size 0: this one cannot.
 * chunks_peek: the first line that begins at offset or after it, at most cap bytes of it, and where it begins; 0 bytes
 * when there is none. chunks_bound: reads on at from, where a line begins, and ends before until; before the first
 * chunks_next.
 */
int64_t chunks_size(const struct chunks *chunks);
size_t chunks_peek(const struct chunks *chunks, int64_t offset, char *line, size_t cap, int64_t *ret_start);
int chunks_bound(struct chunks *chunks, int64_t from, int64_t until, struct why *why);

/*
 * The next whole lines. piece->bytes stays; the rest is filled. An error in the middle of a log comes after what
 * was read before it has been given.
 */
int chunks_next(struct chunks *chunks, struct chunks_piece *piece, struct why *why);

/*
 * The line that begins at byte *at of a piece, which moves on behind it; 0 at first. False: none is left. Fills what a
 * source fills of ret; its text points into the piece.
 */
bool chunks_line(const struct chunks_piece *piece, size_t *at, struct record *ret);

#endif
