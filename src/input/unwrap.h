/*
 * unwrap: the line that a program in a container wrote, out of files in which the runtime encodes it or
 * splits it.
 *
 *   json-file   {"log":"LINE\n","stream":"stdout","time":"2026-11-20T14:01:02.123Z"}, with "attrs" before the
 * time or not; without the "\n" the line goes on in the next one of its stream CRI 2026-11-20T14:01:02.123Z
 * stdout P LINE ... stdout F LINE Either becomes "2026-11-20T14:01:02.123Z stdout F LINE", which line.h
 * knows. Lines of other files pass as they are. The pieces of a line are joined, stream by stream, up to
 * LINE_MAX_BYTES; a longer line is cut, as everywhere. What follows a line of json-file that is longer than
 * that is taken for its rest, since its end was not seen: a client's text at the beginning of a piece must
 * not become a line of its own. One struct for each log that is read, in the order of its lines. Aborts if
 * memory cannot be allocated. Sources: moby daemon/logger/jsonfilelog, kubernetes
 * pkg/kubelet/kuberuntime/logs.
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

/* Zeroed before its first line; of no use to others but waits. */
struct unwrap {
	bool waits; /* a stream has pieces of a line, so that the next one must come through here */
	struct unwrap_open open[UNWRAP_STREAMS];
	char decoded[LINE_MAX_BYTES];
};

enum {
	UNWRAP_LINE = 0,
	UNWRAP_PART = 1, /* more of the line will come: there is nothing to read yet */
};

/* True when a line has to go through unwrap_next; so has one that line_parse calls LINE_PART. unwrap may be
 * NULL: nothing was held yet. */
static inline bool unwrap_wants(const struct unwrap *unwrap, struct span text)
{
	return (text.len > 0 && text.p[0] == '{') || (unwrap != NULL && unwrap->waits);
}

/*
 * The next line of the log. cut: it is longer than text; set when what is returned is not whole. *ret: text,
 * or what was made of it, valid until the next call and as long as text.
 */
int unwrap_next(struct unwrap *unwrap, struct span text, bool *cut, struct span *ret);

/* One line by itself: text, or what it was decoded to, in out. For callers that want no more than its header.
 */
struct span unwrap_one(struct span text, char out[static LINE_MAX_BYTES]);

/* True when the line goes on in another one, so that reading should not stop behind it. text: of any
 * length. */
bool unwrap_is_part(struct span text);

#endif
