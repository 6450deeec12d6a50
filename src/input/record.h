/*
 * record: what every source of log lines yields, whatever it reads: a log that is followed, an old log, a socket of
 * records.
 *
 * A plain value. The source fills text, cut, clean, start and next; a source that knows the fields itself (journal.h)
 * fills line, has_fields and uid instead, and leaves text empty. The rest is filled by pipeline/scan.h.
 */
#ifndef WFS_RECORD_H
#define WFS_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "input/line.h"

enum {
	RECORD_UID_NONE = -1, /* it is not known who wrote it */
};

struct record {
	struct span text; /* the line, any bytes but LF, without the LF; at most LINE_MAX_BYTES. Borrowed, as the source
	                     states */
	bool cut;         /* longer than LINE_MAX_BYTES: text is its beginning */
	bool clean;       /* text is known to hold no NUL */
	bool more;        /* the next record is probably at hand, so that what this one leads to can wait for it */
	int64_t start, next; /* offsets in the (uncompressed) log: of its first byte, after its LF. next: the position
	                        to remember */

	bool has_fields; /* from a source that knows the fields: line has them, as they were received, and its time */
	bool printed; /* has_fields: line.message is a line that the program of a container wrote, perhaps with a header
	               */
	int64_t uid;  /* of a source that knows the fields: the user that wrote it, or RECORD_UID_NONE */

	/* What line's spans point into: text, or what unwrap.h decoded or joined of it; borrowed until the next line of
	 * the log. */
	struct span content;
	bool part;    /* text is a piece of a longer line: it comes with the last of them, and the position stays before
	                 the first */
	bool repeats; /* the line says that the one before was written again: line and content are that one's, its time
	                 is this one's */
	bool parsed;  /* line is filled; else the text has no header that line.h knows */
	struct line line; /* time, host, program, pid, message */
	int64_t time_s;   /* when it was written, as scan.h decides; meaningless unless parsed */
};

#endif
