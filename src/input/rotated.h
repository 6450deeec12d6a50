/*
 * rotated: which files are rotations of a log, oldest first.
 *
 * Knows names and file times: "mail.log.1", "mail.log-20261120", "mail.log.2.gz" ... beside "mail.log". Of a log that
 * is a link those of the link's name. Each is known by its first line, also when it is compressed, so that mail.log.1
 * and mail.log.2.gz are the same log.
 */
#ifndef WFS_ROTATED_H
#define WFS_ROTATED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/position.h"
#include "base/why.h"

enum { ROTATED_MAX = 32 }; /* files of one log that are read: the newest */

struct rotated {
	char *path;
	bool compressed; /* by its name: .gz, .bz2, .xz, .zst */
	bool being_made; /* rotated.c's own */
	int64_t size;    /* of one that is not compressed */
	size_t first_len;
	char first[POSITION_FIRST_MAX]; /* its first complete line; empty when it has none, or cannot be unpacked */
};

/*
 * Plain regular files and, when compressed is true, compressed ones. Those that cannot be read are left out, and
 * compressed ones of which the plain file is there as well: they are being made. By the time they were last written,
 * which compressing keeps. *ret and what it holds are the caller's: rotated_free.
 */
int rotated_list(const char *path, bool compressed, struct rotated **ret, size_t *ret_n, struct why *why);

/* Accepts NULL. */
void rotated_free(struct rotated *old, size_t n);

#endif
