/*
 * unwrap: restores the line that a program in a container wrote from files in which the runtime encodes or splits it.
 *
 *   json-file   {"log":"LINE\n","stream":"stdout","time":"2026-11-20T14:01:02.123Z"}, with or without "attrs"
 *               before the time; without the "\n" the line continues in the next one of its stream
 *   CRI         2026-11-20T14:01:02.123Z stdout P LINE ... stdout F LINE
 * Either becomes "2026-11-20T14:01:02.123Z stdout F LINE", which line.h knows. Lines of other files pass unchanged. The
 * parts of a line are joined, separately for each stream, up to LINE_MAX_BYTES; a longer line is cut, as everywhere.
 * What follows a longer line of json-file counts as its rest, since its end was not seen: text of a client at the
 * beginning of a part must not become a line of its own. Each log that is read has one struct, for its lines in order.
 * Sources: moby daemon/logger/jsonfilelog, kubernetes pkg/kubelet/kuberuntime/logs.
 */
#ifndef WFS_INPUT_UNWRAP_H
#define WFS_INPUT_UNWRAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "input/line.h"

enum { UNWRAP_STREAMS = 2 }; /* stdout and stderr */

/* A line of which more will come. */
struct unwrap_open {
	bool waits, cut;
	size_t len;
	char text[LINE_MAX_BYTES];
};

/* Zeroed before the first line. Everything but waits is private. */
struct unwrap {
	bool waits; /* a stream holds parts of a line, so the next line must pass through unwrap_next */
	struct unwrap_open open[UNWRAP_STREAMS];
	char decoded[LINE_MAX_BYTES];
};

enum {
	UNWRAP_LINE = 0,
	UNWRAP_PART = 1, /* more of the line will come: there is nothing to process yet */
};

/*
 * Returns true if a line must pass through unwrap_next; so must one for which line_parse returns LINE_PART. unwrap may
 * be NULL: nothing is held yet.
 */
static inline bool unwrap_wants(const struct unwrap *unwrap, struct span text)
{
	return (text.len > 0 && text.p[0] == '{') || (unwrap != NULL && unwrap->waits);
}

/*
 * Processes the next line of the log. *cut: the line is longer than text; set to true if the result is not the whole
 * line. *ret: text, or what was made of it; valid until the next call and for as long as text.
 */
int unwrap_next(struct unwrap *unwrap, struct span text, bool *cut, struct span *ret);

/* Returns a single line: text, or what it was decoded to in out. For callers that only need its header. */
struct span unwrap_one(struct span text, char out[static LINE_MAX_BYTES]);

/* Returns true if the line continues in another one, so that a chunk should not end after it. text: of any length. */
bool unwrap_is_part(struct span text);

#endif
