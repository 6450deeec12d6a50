/*
 * replace: replaces a file atomically: other programs read the old content or the new, never a part.
 *
 * The new file is written beside the old one, under another name, until it is complete and on disk. It gets the old
 * one's mode, or 0644. A path that exists and is no regular file (a device, a link), or an SQLite database, is refused.
 * Order: replace_open, write to the stream, then replace_commit or replace_abandon; both close it.
 */
#ifndef WFS_REPORT_REPLACE_H
#define WFS_REPORT_REPLACE_H

#include <stdio.h>

#include "base/why.h"

struct replace {
	char *path, *beside;
	FILE *out;
};

/* Errors: those of mkstemp(3), with the file's name; -EINVAL if path is no regular file. */
int replace_open(struct replace *r, const char *path, struct why *why);

/* Errors: those of the stream, fsync(2) and rename(2); the old file is then unchanged. */
int replace_commit(struct replace *r, struct why *why);
void replace_abandon(struct replace *r);

#endif
