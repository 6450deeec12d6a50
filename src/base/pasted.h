/*
 * pasted: an address or a network as a person copied it from a log or a list.
 *
 * Understood besides what net_parse reads: "[A]", "NAME[A]", "A:25" of IPv4, "[A]:25", "IPv6:A", and blanks, quotes,
 * brackets, commas, colons and full stops around all of these. Configuration and lists in files are read strictly, by
 * net_read: what is there was written, not copied, and stays.
 * Pure. Source: what Postfix, Exim, Sendmail and Dovecot write; RFC 5321, 4.1.3 for "IPv6:".
 */
#ifndef WFS_PASTED_H
#define WFS_PASTED_H

#include "base/addr.h"
#include "base/text.h"
#include "base/why.h"

enum { PASTED_MAX = 256 }; /* bytes; what is longer is no address */

/* text: any bytes. Returns 0, or -EINVAL with a sentence that quotes the text; *ret is untouched then. */
int pasted_net(struct span text, struct net *ret, struct why *why);

#endif
