/*
 * incoming: from an entry of another host's stream to the line that is forwarded to the daemon.
 *
 * Pure: no clock, no network. An entry that its host cannot have written (no message, a wrong signature, the name of
 * another host) is forwarded as that: the daemon suspends the peer.
 */
#ifndef WFS_SHARE_INCOMING_H
#define WFS_SHARE_INCOMING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/why.h"
#include "config/peers.h"
#include "share/message.h"
#include "share/stream.h"

enum { INCOMING_LINE_MAX = 512 };

/* Reads and verifies a message in the stream of that host, with its public key. Returns 0 or -EINVAL. */
int incoming_verify(const struct stream_entry *entry, const char *host, const char *key, struct message *ret,
                    struct why *why);

/* The line for the daemon. clock_ms: the server's clock now. False: it was over before it came, which the daemon need
 * not know. */
bool incoming_line(const struct stream_entry *entry, const struct peers_peer *peer, int64_t clock_ms,
                   char out[static INCOMING_LINE_MAX]);

/* True when an id of an entry is before another. */
bool incoming_is_before(const char *id, const char *other);

#endif
