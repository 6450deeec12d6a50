/*
 * confdir: lists the drop-in files of a configuration: "FILE.d/NAME.conf" for "FILE", sorted by name.
 *
 * Handles names only: both processes list them in the same way, and the one with permission opens them. Names that
 * begin with a dot are ignored.
 */
#ifndef WFS_BASE_CONFDIR_H
#define WFS_BASE_CONFDIR_H

#include <stddef.h>

#include "base/why.h"

enum { CONFDIR_MAX = 64 };

struct confdir {
	size_t n;
	char *paths[CONFDIR_MAX];
};

/*
 * Lists the drop-ins of the configuration file. A missing directory counts as empty. The caller frees *ret with
 * confdir_done. Errors: those of opendir(3); -E2BIG if there are more than CONFDIR_MAX.
 */
int confdir_list(const char *file, struct confdir *ret, struct why *why);
void confdir_done(struct confdir *dir);

#endif
