/*
 * stream: reads and writes streams of a Redis or Valkey server: one per host, "wfs:1:HOST", whose entries have one
 * field "m", a message. Uses hiredis; the only file that knows it, beside tls.
 *
 * Each struct stream is one connection; its calls block for at most STREAM_TIMEOUT_MS. After an error it is unusable.
 * Another transport would have the same functions. Errors: 0 or -errno with a sentence that includes the server's
 * reply. Source: Redis commands XADD, XREAD, XREVRANGE, TIME, AUTH; measured with 7.0.15.
 */
#ifndef WFS_SHARE_STREAM_H
#define WFS_SHARE_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "base/why.h"
#include "share/settings.h"

enum {
	STREAM_ID_MAX = 42, /* of an entry, "1795888802123-0", including the NUL */
	STREAM_TIMEOUT_MS = 5000,
	STREAM_BLOCK_MS = 10000, /* how long the server waits for a new entry */
	STREAM_ENTRIES = 256,    /* of each stream in one answer */
};

/* Positive results. */
enum {
	STREAM_NONE = 1, /* there is no (further) entry */
};

struct stream;

int stream_open(const struct settings *settings, struct stream **ret, struct why *why);

/* NULL does nothing. */
void stream_close(struct stream *stream);

/* Returns the descriptor to poll. */
int stream_fd(const struct stream *stream);

/* Returns the server's time in milliseconds. */
int stream_clock(struct stream *stream, int64_t *ret_ms, struct why *why);

/* An entry; borrowed until the next call. */
struct stream_entry {
	struct span host; /* set by stream_next: the host whose stream it is in */
	char id[STREAM_ID_MAX];
	struct span message; /* p is NULL if it has none */
};

/* Reads the last entry of a host's stream; STREAM_NONE if it is empty. */
int stream_last(struct stream *stream, const char *host, struct stream_entry *ret, struct why *why);

/*
 * stream_add queues a message for a host's stream; the server trims entries older than older_ms. stream_flush sends
 * the n queued messages and waits until the server has stored them.
 */
void stream_add(struct stream *stream, const char *host, struct span message, int64_t older_ms);
int stream_flush(struct stream *stream, size_t n, struct why *why);

/* Where to continue in a stream. */
struct stream_place {
	const char *host;
	char id[STREAM_ID_MAX];
};

/*
 * Requests the entries after these places. The reply makes stream_fd readable when there are some, or after
 * STREAM_BLOCK_MS.
 */
int stream_query(struct stream *stream, const struct stream_place places[], size_t n, struct why *why);

/*
 * stream_receive receives the reply; STREAM_NONE if it is not complete yet. Then stream_next returns its entries one
 * by one, and STREAM_NONE after the last.
 */
int stream_receive(struct stream *stream, struct why *why);
int stream_next(struct stream *stream, struct stream_entry *ret);

#endif
