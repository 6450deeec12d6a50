/*
 * link: a connection to the daemon's control socket: lines there, lines back.
 *
 * Nothing blocks: what the socket does not accept is kept. Errors: 0 or -errno with a sentence; then it is of no use
 * any more.
 */
#ifndef WFS_SHARE_LINK_H
#define WFS_SHARE_LINK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "base/why.h"

enum { LINK_LINE_MAX = 64 * 1024 }; /* as control/reply.h has it */

struct link {
	int fd; /* -1: closed */
	size_t in_at, in_len;
	char in[2 * LINK_LINE_MAX];
	char *out; /* what waits to be sent */
	size_t out_at, out_len, out_cap;
};

/* The socket that ends with ".share", or, if there is none or it is not for us, the other. */
int link_open(struct link *link, const char *socket, struct why *why);

/* A closed one, too; not a zeroed one. */
void link_close(struct link *link);

/* Queues a line, to which the newline is added. link_flush sends; *out_len is then 0 if all was accepted. */
void link_put(struct link *link, const char *line);
int link_flush(struct link *link, struct why *why);
size_t link_waits(const struct link *link); /* bytes */

/* Receives what is there; -EPIPE: the daemon is gone. */
int link_receive(struct link *link, struct why *why);

/* A line that was received, without its newline; borrowed until link_receive. False: none. */
bool link_next(struct link *link, struct span *ret);

/* Sends a line and waits for the answer. */
int link_query(struct link *link, const char *line, struct span *ret, struct why *why);

#endif
