/*
 * nets: a set of networks for fast lookups: is this address in one of them?
 *
 * Order: zeroed or nets_done; any number of nets_add; nets_seal; then nets_has and the other queries, each a binary
 * search. Adding unseals the set. Aborts if memory cannot be allocated.
 */
#ifndef WFS_BASE_NETS_H
#define WFS_BASE_NETS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"

struct nets {
	size_t n, cap;
	struct net *list; /* once sealed: sorted by address, none inside another */
};

/* Adds a copy of net. */
void nets_add(struct nets *nets, const struct net *net);

/* Sorts the set and drops networks that lie inside another. */
void nets_seal(struct nets *nets);

/* Returns true if addr is in one of the networks. The set must be sealed. */
bool nets_has(const struct nets *nets, const struct addr *addr);

/* Returns the network that contains addr, or NULL; borrowed until the next nets_add. The set must be sealed. */
const struct net *nets_find(const struct nets *nets, const struct addr *addr);

/* Returns true if one of the networks shares an address with net. The set must be sealed. */
bool nets_overlap(const struct nets *nets, const struct net *net);

/* Returns true if both sets are equal. Both must be sealed. */
bool nets_equal(const struct nets *a, const struct nets *b);

/* Frees the memory and empties the set. */
void nets_done(struct nets *nets);

#endif
