/*
 * chunks: reads an old log in chunks of whole lines, and finds where to continue in one that was read before.
 *
 * Uses archive. Knows of the meaning of lines only which ones must not be separated (unwrap.h, repeat.h). A log is
 * identified by its first line, as in follow.h; a position is verified by the line that ends there. Order: chunks_open;
 * optionally chunks_seek; chunks_next until CHUNKS_END; chunks_close. Errors: 0, positive results as listed, -errno
 * with a sentence.
 */
#ifndef WFS_INPUT_CHUNKS_H
#define WFS_INPUT_CHUNKS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/position.h"
#include "base/text.h"
#include "base/why.h"
#include "input/record.h"

enum { CHUNKS_SIZE = 1 << 17 }; /* the most bytes in a chunk: it stays in a processor's cache while it is processed */

/* Positive results. */
enum {
	CHUNKS_END = 1,   /* chunks_next: nothing is left */
	CHUNKS_OTHER = 1, /* chunks_seek: a different log with the same first line */
};

struct chunks_piece {
	char *bytes; /* the caller's buffer of CHUNKS_SIZE + 1 bytes; a NUL follows the chunk */
	size_t len;
	int64_t start, end; /* offsets in the log: of the first byte; after the last line */
	bool is_cut;        /* bytes holds the first LINE_MAX_BYTES of a single line longer than a chunk */
};

struct chunks;

/*
 * Opens path as archived_open does. leave_tail: if the last line of a plain file has no LF, leave it for the next time,
 * since a program may still be writing it; otherwise the line is returned. If a compressed file is truncated, its torn
 * last line is never returned.
 */
int chunks_open(const char *path, bool leave_tail, struct chunks **ret, struct why *why);

/* Makes chunks_next return CHUNKS_END once *stop is true, even within an endless line. stop: borrowed. */
void chunks_stop_when(struct chunks *chunks, const atomic_bool *stop);

/* Frees chunks; accepts NULL. */
void chunks_close(struct chunks *chunks);

/*
 * Returns the first line, at most POSITION_FIRST_MAX bytes; empty for an empty log. Valid until the first chunks_next.
 */
struct span chunks_first(const struct chunks *chunks);

/* The same as archived_mtime and archived_progress. */
int64_t chunks_mtime(const struct chunks *chunks);
void chunks_progress(const struct chunks *chunks, int64_t *ret_done, int64_t *ret_size);

/*
 * Continues at position if a line that begins with last ends there. Returns CHUNKS_OTHER if none does; the log is then
 * at its beginning again. For standard input, which cannot be rewound, that is an error instead. Call it before the
 * first chunks_next.
 */
int chunks_seek(struct chunks *chunks, int64_t position, struct span last, struct why *why);

/*
 * For finding a time in a long log without reading all of it; only plain files support this.
 * chunks_size returns the size of the file, or 0 if this is no plain file.
 * chunks_peek finds the first line that begins at offset or after it. It copies at most cap bytes of it, sets
 * *ret_start to its offset, and returns the number of bytes; 0 if there is no such line.
 * chunks_bound restricts reading to the lines from offset from, where a line begins, to before offset until. Call it
 * before the first chunks_next.
 */
int64_t chunks_size(const struct chunks *chunks);
size_t chunks_peek(const struct chunks *chunks, int64_t offset, char *line, size_t cap, int64_t *ret_start);
int chunks_bound(struct chunks *chunks, int64_t from, int64_t until, struct why *why);

/*
 * Reads the next whole lines into piece->bytes and sets the other members. An error in the middle of a log is returned
 * after everything before it.
 */
int chunks_next(struct chunks *chunks, struct chunks_piece *piece, struct why *why);

/*
 * Reads the line that begins at byte *at of a piece, and advances *at past it; *at is 0 at first. Returns false if none
 * is left. Sets the members of ret that a source sets; the text points into the piece.
 */
bool chunks_line(const struct chunks_piece *piece, size_t *at, struct record *ret);

#endif
