/*
 * nets: a set of networks that is queried often: is this address in one of them?
 *
 * Order: zeroed or nets_done; nets_add as often as wanted; nets_seal; then nets_has and nets_overlap, each a binary
 * search. Adding unseals. Aborts if memory cannot be allocated.
 */
#ifndef WFS_NETS_H
#define WFS_NETS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"

struct nets {
	size_t n, cap;
	struct net *list; /* sealed: by address, none inside another */
};

/* net: copied. */
void nets_add(struct nets *nets, const struct net *net);

/* Sorts, and drops networks inside another. */
void nets_seal(struct nets *nets);

/* True when addr lies in one of them. Sealed. */
bool nets_has(const struct nets *nets, const struct addr *addr);

/* That one, or NULL. Borrowed until the next nets_add. Sealed. */
const struct net *nets_find(const struct nets *nets, const struct addr *addr);

/* True when one of them shares an address with net. Sealed. */
bool nets_overlap(const struct nets *nets, const struct net *net);

/* True when both hold the same. Both sealed. */
bool nets_equal(const struct nets *a, const struct nets *b);

/* Frees and empties. */
void nets_done(struct nets *nets);

#endif
