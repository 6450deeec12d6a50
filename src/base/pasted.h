/*
 * pasted: reads an address or a network as a person copied it from a log or a list.
 *
 * Accepts what net_parse reads, and also "[A]", "NAME[A]", "A:25" with IPv4, "[A]:25", "IPv6:A", and blanks, quotes,
 * brackets, commas, colons and full stops around all of these. The configuration and list files are read strictly, with
 * net_read: people write those, and what they contain stays.
 * Pure. Source: what Postfix, Exim, Sendmail and Dovecot write; RFC 5321, 4.1.3 for "IPv6:".
 */
#ifndef WFS_BASE_PASTED_H
#define WFS_BASE_PASTED_H

#include "base/addr.h"
#include "base/text.h"
#include "base/why.h"

enum { PASTED_MAX = 256 }; /* bytes; a longer text is no address */

/* Reads the text, any bytes. Returns 0, or -EINVAL with a sentence that quotes the text and with *ret unchanged. */
int pasted_net(struct span text, struct net *ret, struct why *why);

#endif
