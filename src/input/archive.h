/*
 * archive: the bytes of an old log, wherever they come from: a plain file, a compressed one, standard input.
 *
 * Private to the folder. Knows files and libarchive; never what a line is. Plain files are read directly; gz, bz2, xz,
 * zst and whatever else libarchive's filters know are unpacked on the way, recognised by their content and not by their
 * name. Errors: 0 or -errno with a sentence; after an error in the middle what was read before it is good.
 */
#ifndef WFS_ARCHIVE_H
#define WFS_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/why.h"

struct archived;

/* path: "-" for standard input. Refused: directories, devices. */
int archived_open(const char *path, struct archived **ret, struct why *why);

/* Accepts NULL. */
void archived_close(struct archived *in);

/* When the log was last written; now for standard input. */
int64_t archived_mtime(const struct archived *in);

/* True for a plain file: a program may still be writing its last line. */
bool archived_may_grow(const struct archived *in);

/* How large the file on disk is, and how much of it has been read: for progress. 0 and 0 when it cannot be known. */
void archived_progress(const struct archived *in, int64_t *ret_done, int64_t *ret_size);

/* Plain files only: bytes at an offset, as pread(2); and reading on from there. */
ssize_t archived_peek(const struct archived *in, char *buf, size_t cap, int64_t offset);
int archived_seek(struct archived *in, int64_t offset, struct why *why);

/* Up to cap bytes; 0 at the end, -errno on error. */
ssize_t archived_read(struct archived *in, char *buf, size_t cap, struct why *why);

#endif
