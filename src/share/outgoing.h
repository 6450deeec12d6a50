/*
 * outgoing: from an event of the daemon to the message that is published of it.
 *
 * Pure: text in, message out; no clock. Published are blocks, their extension and lift, if they are this host's own,
 * and what a person unblocked; no names of users, no log lines, no reasons.
 */
#ifndef WFS_SHARE_OUTGOING_H
#define WFS_SHARE_OUTGOING_H

#include <stdint.h>

#include "base/text.h"
#include "base/why.h"
#include "share/message.h"

/* Positive result. */
enum { OUTGOING_NONE = 1 }; /* it is not published */

/*
 * Reads a line of "watch". *ret_event: its number, also with OUTGOING_NONE. *ret: op, net, at_s, until_s, offence, rule
 * and category; until_s is cut to PEERS_LONGEST_S from now. Errors: -EPROTO: it is no event, why has the daemon's error
 * if it is one.
 */
int outgoing_read(struct span line, int64_t now_s, struct message *ret, int64_t *ret_event, struct why *why);

#endif
