/*
 * addrset: how many distinct addresses were there?
 *
 * Sorted, and a few that wait to be merged: 16 bytes for each distinct address and no look-up when one is added.
 */
#ifndef WFS_ADDRSET_H
#define WFS_ADDRSET_H

#include <stddef.h>

#include "base/addr.h"

/* Zeroed: empty. */
struct addrset {
	size_t n, n_pending;
	struct addr *sorted, *pending;
};

void addrset_add(struct addrset *set, const struct addr *addr);
size_t addrset_count(struct addrset *set);

/* Empties it. */
void addrset_done(struct addrset *set);

#endif
