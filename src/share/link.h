/*
 * link: a connection to the daemon's control socket that sends and receives lines.
 *
 * Calls do not block, except link_query: what the socket does not accept is buffered. Errors: 0 or -errno with a
 * sentence; after an error the link is unusable.
 */
#ifndef WFS_SHARE_LINK_H
#define WFS_SHARE_LINK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "base/why.h"

enum { LINK_LINE_MAX = 64 * 1024 }; /* as in control/reply.h */

struct link {
	int fd; /* -1: closed */
	size_t in_at, in_len;
	char in[2 * LINK_LINE_MAX];
	char *out; /* bytes not yet sent */
	size_t out_at, out_len, out_cap;
};

/* Connects to the socket whose name ends in ".share"; if it does not exist or we may not use it, to the other one. */
int link_open(struct link *link, const char *socket, struct why *why);

/* Accepts a closed link, but not a zeroed one. */
void link_close(struct link *link);

/* link_put queues a line and appends the newline. link_flush sends; out_len is 0 afterwards if all was accepted. */
void link_put(struct link *link, const char *line);
int link_flush(struct link *link, struct why *why);
size_t link_waits(const struct link *link); /* bytes not yet sent */

/* Receives what is available. -EPIPE: the daemon is gone. */
int link_receive(struct link *link, struct why *why);

/* Returns a received line without its newline, borrowed until link_receive; false if there is none. */
bool link_next(struct link *link, struct span *ret);

/* Sends a line and waits for the answer. */
int link_query(struct link *link, const char *line, struct span *ret, struct why *why);

#endif
