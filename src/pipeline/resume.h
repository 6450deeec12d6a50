/*
 * resume: identifies a log file, and finds where to continue reading it.
 *
 * This is where input and store meet, for daemon and replay. The database identifies a log by its first line. Several
 * logs may begin alike: the match is the newest one whose last line read still ends at its position. Positions in
 * pending, not yet written, are newer than all positions in the database.
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
	RESUME_NEW = 1,        /* never read before: the reader is at the beginning */
	RESUME_UNREADABLE = 2, /* it cannot be read up to the position; the reason is in why */
};

/*
 * The reader: chunks before its first chunk; or, if chunks is NULL, follow and the file of it that waits for a
 * position.
 */
struct resume {
	struct span first;
	struct chunks *chunks;
	struct follow *follow;
	uint64_t file;
};

/* Returns 0 if the database knows the log: *ret is its row, and the reader continues there. Errors: of the database. */
int resume_log(struct store *store, const struct resume *reader, struct store_log *ret, struct why *why);

/*
 * The same for a reader that may reach a file before pending is written. *ret is the file in pending, which must not be
 * full, under this path.
 */
int resume_file(struct store *store, struct pending *pending, const struct resume *reader, const char *path,
                struct pending_file **ret, struct why *why);

#endif
