/*
 * watch: reads events, or hits, for a client that receives all of them as they happen.
 *
 * Knows the database and JSON, neither sockets nor clients. The amount read at once is limited, however much is stored:
 * a client that was away for long receives it in pieces. Errors: see store.h.
 */
#ifndef WFS_ADMIN_WATCH_H
#define WFS_ADMIN_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/why.h"
#include "store/query.h"

enum {
	WATCH_BYTES = 16 * 1024, /* the line that exceeds this is the last one read */
};

/*
 * Checks whether a client may begin after the event after. Puts the newest event's number into the reply, or the reason
 * why not: a number that does not exist yet must come from another database, and the client would miss the events up to
 * it.
 */
void watch_begin(struct store *store, enum query_stream stream, int64_t after, json_t *reply);

struct watch_piece {
	char *lines; /* each with its newline; the caller frees them. NULL: none */
	size_t len;
	int64_t last; /* number of the last event in it; if it is empty, after */
	bool more;    /* there may be more events now */
};

/* Reads what happened after that event, oldest first. */
int watch_next(struct store *store, enum query_stream stream, int64_t after, struct watch_piece *ret, struct why *why);

#endif
