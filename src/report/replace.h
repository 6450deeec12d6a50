/*
 * replace: a file that other programs read while it is replaced: they find the old content or the new, never a part.
 *
 * The new file lies beside the old one, under a name of its own, until it is complete and on the disk. It has the old
 * one's mode, or 0644. What is there and no regular file (a device, a link) is left alone.
 * Order: replace_open, writing to the stream, then replace_commit or replace_abandon; both close it.
 */
#ifndef WFS_REPORT_REPLACE_H
#define WFS_REPORT_REPLACE_H

#include <stdio.h>

#include "base/why.h"

struct replace {
	char *path, *beside;
	FILE *out;
};

/* Errors: of mkstemp(3), with the file's name; -EINVAL: path is no regular file. */
int replace_open(struct replace *r, const char *path, struct why *why);

/* Errors: of the stream, fsync(2) and rename(2); then the old file is as it was. */
int replace_commit(struct replace *r, struct why *why);
void replace_abandon(struct replace *r);

#endif
