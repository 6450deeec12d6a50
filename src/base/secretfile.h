/*
 * secretfile: reads a small file that holds a secret, and refuses one that others may read or change.
 *
 * The file must be a regular one. The secret is only in the caller's buffer, and the caller wipes it.
 */
#ifndef WFS_BASE_SECRETFILE_H
#define WFS_BASE_SECRETFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/why.h"

struct secretfile {
	const char *path;
	const char *of;     /* goes before the path in messages, with a blank: "[control] token_file "; or "" */
	const char *origin; /* how to create the file, for the message that it is missing */
	bool for_group;     /* its group may read it (0640); otherwise only its owner may (0600) */
};

/*
 * Reads the whole file into buf. *ret_len is at most cap. Errors: -ENOENT and others of open(2) and read(2); -EPERM if
 * it is open to others; -EINVAL if it is no regular file or longer than cap.
 */
int secretfile_read(const struct secretfile *file, char *buf, size_t cap, size_t *ret_len, struct why *why);

#endif
