/*
 * secretfile: reads a small file that holds a secret, and refuses one that others may read or change.
 *
 * The file is a regular one. What was read lies in the caller's buffer alone, and the caller wipes it.
 */
#ifndef WFS_BASE_SECRETFILE_H
#define WFS_BASE_SECRETFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/why.h"

struct secretfile {
	const char *path;
	const char *of;     /* before the path in sentences, with a blank: "[control] token_file "; or "" */
	const char *origin; /* how there comes to be one, for the sentence that there is none */
	bool for_group;     /* its group may read it (0640), otherwise its owner alone (0600) */
};

/*
 * Reads all of it into buf. *ret_len: at most cap. Errors: -ENOENT and others of open(2) and read(2); -EPERM:
 * it is open to others; -EINVAL: no regular file, or longer than cap.
 */
int secretfile_read(const struct secretfile *file, char *buf, size_t cap, size_t *ret_len, struct why *why);

#endif
