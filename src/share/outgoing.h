/*
 * outgoing: converts an event of the daemon into the message that is published.
 *
 * Pure: text in, message out; no clock. It publishes blocks, their extensions and ends if they are this host's own,
 * and what a person unblocked; no user names, no log lines, no reasons.
 */
#ifndef WFS_SHARE_OUTGOING_H
#define WFS_SHARE_OUTGOING_H

#include <stdint.h>

#include "base/text.h"
#include "base/why.h"
#include "share/message.h"

/* Positive result of outgoing_read. */
enum { OUTGOING_NONE = 1 }; /* the event is not published */

/*
 * Parses a line of "watch". *ret_event: its number, also with OUTGOING_NONE. *ret: op, net, at_s, until_s, offence,
 * rule and category; until_s is at most now_s + PEERS_LONGEST_S. Errors: -EPROTO if it is no event; why has the
 * daemon's error if the line is one.
 */
int outgoing_read(struct span line, int64_t now_s, struct message *ret, int64_t *ret_event, struct why *why);

#endif
