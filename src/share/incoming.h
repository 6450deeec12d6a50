/*
 * incoming: converts an entry of another host's stream into the line that is forwarded to the daemon.
 *
 * Pure: no clock, no network. If the host cannot have written the entry (no message, a wrong signature, another
 * host's name), the line says so, and the daemon suspends the peer.
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

/* Parses and verifies a message in that host's stream, with its public key. Returns 0 or -EINVAL. */
int incoming_verify(const struct stream_entry *entry, const char *host, const char *key, struct message *ret,
                    struct why *why);

/*
 * Writes the line for the daemon. clock_ms: the server's current time. Returns false if the message expired before it
 * arrived, so that the daemon need not know it.
 */
bool incoming_line(const struct stream_entry *entry, const struct peers_peer *peer, int64_t clock_ms,
                   char out[static INCOMING_LINE_MAX]);

/* Returns whether one entry id is lower than the other. */
bool incoming_is_before(const char *id, const char *other);

#endif
