/*
 * resume: which log is it, and where do we go on in it?
 *
 * Where input and store meet, once for the daemon and replay. The database knows a log by its first line, and several may begin
 * alike: it is the newest of them in which the line that was read last still ends at its position.
 */
#ifndef WFS_PIPELINE_RESUME_H
#define WFS_PIPELINE_RESUME_H

#include "base/text.h"
#include "base/why.h"
#include "input/chunks.h"
#include "input/follow.h"
#include "store/logs.h"

/* Positive answers. */
enum {
	RESUME_NEW = 1,        /* never read: the reader is at its beginning */
	RESUME_UNREADABLE = 2, /* it cannot be read up to where we go on; why says so */
};

/* The reader: chunks before its first piece; or follow, when chunks is NULL, and the file that it waits for an answer about. */
struct resume {
	struct span first;
	struct chunks *chunks;
	struct follow *follow;
	uint64_t file;
};

/* 0: *ret is what the database knows, and the reader goes on there. Errors: of the database. */
int resume_log(struct store *store, const struct resume *reader, struct store_log *ret, struct why *why);

#endif
