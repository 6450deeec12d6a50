/*
 * archive: reads the bytes of an old log: a plain file, a compressed one, or standard input.
 *
 * Private to the folder. Knows files and libarchive; does not know what a line is. Plain files are read directly. Files
 * in gz, bz2, xz, zst and whatever else libarchive's filters support are decompressed while reading; they are
 * recognised by content, not by name. Errors: 0 or -errno with a sentence; after an error in the middle, the bytes
 * returned before it are valid.
 */
#ifndef WFS_INPUT_ARCHIVE_H
#define WFS_INPUT_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/why.h"

struct archived;

/* Opens path; "-" means standard input. Refuses directories and devices. */
int archived_open(const char *path, struct archived **ret, struct why *why);

/* Closes in and frees it; accepts NULL. */
void archived_close(struct archived *in);

/* Returns when the log was last written; the current time for standard input. */
int64_t archived_mtime(const struct archived *in);

/* Returns true for a plain file: a program may still be writing its last line. */
bool archived_may_grow(const struct archived *in);

/* Sets the size of the file on disk and how much of it has been read, for progress reports; both 0 if unknown. */
void archived_progress(const struct archived *in, int64_t *ret_done, int64_t *ret_size);

/*
 * For plain files only. archived_peek reads bytes at an offset, like pread(2); archived_seek continues reading from
 * there.
 */
ssize_t archived_peek(const struct archived *in, char *buf, size_t cap, int64_t offset);
int archived_seek(struct archived *in, int64_t offset, struct why *why);

/* Reads up to cap bytes. Returns 0 at the end, -errno on error. */
ssize_t archived_read(struct archived *in, char *buf, size_t cap, struct why *why);

#endif
