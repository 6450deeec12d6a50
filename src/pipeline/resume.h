/*
 * resume: which log a file is, and where reading continues.
 *
 * Where input and store meet, once for the daemon and replay. The database identifies a log by its first line, and
 * several may begin alike: the match is the newest one whose last read line still ends at its position. What was read
 * and is not written yet is newer than all that the database knows.
 */
#ifndef WFS_PIPELINE_RESUME_H
#define WFS_PIPELINE_RESUME_H

#include "base/text.h"
#include "base/why.h"
#include "input/chunks.h"
#include "input/follow.h"
#include "pipeline/pending.h"
#include "store/logs.h"

/* Positive results. */
enum {
	RESUME_NEW = 1,        /* never read: the reader is at its beginning */
	RESUME_UNREADABLE = 2, /* it cannot be read up to the position; why has the reason */
};

/* The reader: chunks before its first piece; or follow, when chunks is NULL, and the file whose position it waits for.
 */
struct resume {
	struct span first;
	struct chunks *chunks;
	struct follow *follow;
	uint64_t file;
};

/* 0: *ret is what the database knows, and the reader continues there. Errors: of the database. */
int resume_log(struct store *store, const struct resume *reader, struct store_log *ret, struct why *why);

/* The same for who may come to a file before pending is written: *ret is its place in pending, which is not full, under
 * this path. */
int resume_file(struct store *store, struct pending *pending, const struct resume *reader, const char *path,
                struct pending_file **ret, struct why *why);

#endif
