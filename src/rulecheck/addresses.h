/*
 * addresses: the addresses in a message, and which of them is likely the client's: a guess, from the words before
 * them and from what is around them. Pure. Knows what <ADDR> matches, and base.
 *
 * Private to the folder.
 */
#ifndef WFS_RULECHECK_ADDRESSES_H
#define WFS_RULECHECK_ADDRESSES_H

#include <stddef.h>

#include "base/addr.h"
#include "base/text.h"

enum { ADDRESSES_MAX = 32 }; /* considered in one message */

struct addresses_found {
	struct span where; /* what <ADDR> matches, in the message */
	struct addr address;
};

/* Those of m, in their order; returns how many. */
size_t addresses_find(struct span m, struct addresses_found ret[static ADDRESSES_MAX]);

/* One of found; NULL: none of them may be blocked. */
const struct addresses_found *addresses_client(struct span m, const struct addresses_found *found, size_t n);

#endif
