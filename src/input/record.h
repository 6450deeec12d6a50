/*
 * record: one log line, as every source returns it: a followed log, an old log, a socket, or the journal.
 *
 * A plain value. The source sets text, cut, clean, more, start and next. A source that knows the fields itself
 * (journal.h) sets line, has_fields, printed and uid instead, and leaves text empty. pipeline/scan.h sets the rest.
 */
#ifndef WFS_INPUT_RECORD_H
#define WFS_INPUT_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "input/line.h"

enum {
	RECORD_UID_NONE = -1, /* the writer is unknown */
};

struct record {
	/*
	 * The line, any bytes but LF, without the LF; at most LINE_MAX_BYTES. Borrowed for as long as the source says.
	 */
	struct span text;
	bool cut;   /* the line is longer than LINE_MAX_BYTES: text is its beginning */
	bool clean; /* text is known to contain no NUL */
	/* The next record is probably available at once, so work that this one causes can wait for it. */
	bool more;
	/* Offsets in the (uncompressed) log: of its first byte; after its LF. next is the position to remember. */
	int64_t start, next;

	bool has_fields; /* the source knows the fields: line has them as they were received, with the time */
	/* With has_fields: line.message is a line that a container's program wrote, perhaps with its own header. */
	bool printed;
	int64_t uid; /* the user that wrote it, if the source knows the fields, or RECORD_UID_NONE */

	/*
	 * What line's spans point into: text, or what unwrap.h decoded or joined from it; borrowed until the next line
	 * of the log.
	 */
	struct span content;
	/*
	 * text is a part of a longer line: it is returned with the last part, and the position stays before the first.
	 */
	bool part;
	/*
	 * The line says that the previous one occurred again: line and content are those of the previous one, with this
	 * one's time.
	 */
	bool repeats;
	bool parsed;      /* line is set; otherwise the text has no header that line.h knows */
	struct line line; /* time, host, program, pid, message */
	int64_t time_s;   /* when it was written, as scan.h decides; undefined unless parsed */
};

#endif
