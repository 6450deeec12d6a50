/*
 * stream: streams of a Redis or Valkey server: one for each host, "wfs:1:HOST", whose entries have one field "m", a
 * message. By hiredis; the only file that knows it, beside tls.
 *
 * One connection each, which blocks for STREAM_TIMEOUT_MS at most. After an error it is of no use any more. Another
 * transport would have the same functions. Errors: 0 or -errno with a sentence, which has the server's reply. Source:
 * Redis commands XADD, XREAD, XREVRANGE, TIME, AUTH; measured with 7.0.15.
 */
#ifndef WFS_SHARE_STREAM_H
#define WFS_SHARE_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "base/why.h"
#include "share/settings.h"

enum {
	STREAM_ID_MAX = 42, /* of an entry, "1795888802123-0", with the NUL */
	STREAM_TIMEOUT_MS = 5000,
	STREAM_BLOCK_MS = 10000, /* so long the server waits for a new entry */
	STREAM_ENTRIES = 256,    /* of each stream in one answer */
};

/* Positive results. */
enum {
	STREAM_NONE = 1, /* no (more) entry */
};

struct stream;

int stream_open(const struct settings *settings, struct stream **ret, struct why *why);

/* Accepts NULL. */
void stream_close(struct stream *stream);

/* For poll. */
int stream_fd(const struct stream *stream);

/* What the server's clock shows, in milliseconds. */
int stream_clock(struct stream *stream, int64_t *ret_ms, struct why *why);

/* An entry; borrowed until the next call. */
struct stream_entry {
	struct span host; /* of stream_next: whose stream it is in */
	char id[STREAM_ID_MAX];
	struct span message; /* p NULL: it has none */
};

/* The last entry of a host's stream; STREAM_NONE: it is empty. */
int stream_last(struct stream *stream, const char *host, struct stream_entry *ret, struct why *why);

/* Adds messages to a host's stream; what is older than that is cut. stream_flush sends n of them and waits until they
 * are there. */
void stream_add(struct stream *stream, const char *host, struct span message, int64_t older_ms);
int stream_flush(struct stream *stream, size_t n, struct why *why);

/* Where to read on. */
struct stream_place {
	const char *host;
	char id[STREAM_ID_MAX];
};

/* Queries what comes after these places: the reply makes stream_fd readable, when there is something or after
 * STREAM_BLOCK_MS. */
int stream_query(struct stream *stream, const struct stream_place places[], size_t n, struct why *why);

/* Receives it; STREAM_NONE: it is not complete yet. Then its entries, one after the other, STREAM_NONE after the last.
 */
int stream_receive(struct stream *stream, struct why *why);
int stream_next(struct stream *stream, struct stream_entry *ret);

#endif
