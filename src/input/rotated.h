/*
 * rotated: lists the rotated files of a log, oldest first.
 *
 * Knows names and file times: "mail.log.1", "mail.log-20261120", "mail.log.2.gz" ... beside "mail.log". If a log is a
 * symlink, the link's own name counts. Each file is identified by its first line, even if it is compressed, so that
 * mail.log.1 and mail.log.2.gz are recognised as the same log.
 */
#ifndef WFS_INPUT_ROTATED_H
#define WFS_INPUT_ROTATED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/position.h"
#include "base/why.h"

enum { ROTATED_MAX = 32 }; /* the newest files of a log that are read */

struct rotated {
	char *path;
	bool compressed; /* according to its name: .gz, .bz2, .xz, .zst */
	bool being_made; /* private to rotated.c */
	int64_t size;    /* only if it is not compressed */
	size_t first_len;
	char first[POSITION_FIRST_MAX]; /* its first complete line; empty if it has none or cannot be decompressed */
};

/*
 * Lists plain regular files and, if compressed is true, compressed ones. Leaves out files that cannot be read, and
 * compressed ones whose plain file still exists: they are being created. Sorts by modification time, which compressing
 * preserves. The caller frees *ret with rotated_free.
 */
int rotated_list(const char *path, bool compressed, struct rotated **ret, size_t *ret_n, struct why *why);

/* Frees old; accepts NULL. */
void rotated_free(struct rotated *old, size_t n);

#endif
