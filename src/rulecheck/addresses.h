/*
 * addresses: finds the addresses in a message, and guesses which one is the client's, from the words and characters
 * around them. Pure. Knows what <ADDR> matches, and base.
 *
 * Private to the folder.
 */
#ifndef WFS_RULECHECK_ADDRESSES_H
#define WFS_RULECHECK_ADDRESSES_H

#include <stddef.h>

#include "base/addr.h"
#include "base/text.h"

enum { ADDRESSES_MAX = 32 }; /* the most addresses considered in one message */

struct addresses_found {
	struct span where; /* what <ADDR> matches, in the message */
	struct addr address;
};

/* Writes the addresses in m, in order; returns how many. */
size_t addresses_find(struct span m, struct addresses_found ret[static ADDRESSES_MAX]);

/* Returns the one of found that is probably the client's, or NULL if none of them may be blocked. */
const struct addresses_found *addresses_client(struct span m, const struct addresses_found *found, size_t n);

#endif
