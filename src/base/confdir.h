/*
 * confdir: the files that go with a configuration: "FILE.d/NAME.conf" of "FILE", in the order of their names.
 *
 * Knows names only: both processes list them alike, and the one that may opens them. Names that begin with a dot
 * are none.
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
 * file: the configuration's. An absent directory has no files. *ret is the caller's, confdir_done.
 * Errors: of opendir(3); -E2BIG over CONFDIR_MAX.
 */
int confdir_list(const char *file, struct confdir *ret, struct why *why);
void confdir_done(struct confdir *dir);

#endif
