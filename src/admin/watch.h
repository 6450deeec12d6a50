/*
 * watch: events, or hits, for a client that is sent all of them as they happen: where it begins, and what comes next.
 *
 * Knows the database and JSON, neither sockets nor clients. What is read at once has a limit, whatever is stored:
 * whoever was away for long gets it piece by piece. Errors as of store.h.
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
	WATCH_BYTES = 16 * 1024, /* with the line that exceeds it no other is read */
};

/*
 * Whether a client may begin after that event; the reply gets the number of the newest, or the reason why not: a number
 * that is not used yet comes from another database, and its client would miss what happens until then.
 */
void watch_begin(struct store *store, enum query_stream stream, int64_t after, json_t *reply);

struct watch_piece {
	char *lines; /* each with its newline; the caller frees it. NULL: none */
	size_t len;
	int64_t last; /* the number of the last event in it, or after */
	bool more;    /* there may be others now */
};

/* What happened after that event, oldest first. */
int watch_next(struct store *store, enum query_stream stream, int64_t after, struct watch_piece *ret, struct why *why);

#endif
