/*
 * addrset: how many distinct addresses were there?
 *
 * Two tables with open addressing, three quarters full at most: 4 bytes for an IPv4 address, 16 for another.
 * Aborts if memory cannot be allocated.
 */
#ifndef WFS_ADDRSET_H
#define WFS_ADDRSET_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct addrset_table {
	size_t n, size; /* in use; a power of two, or 0 */
	uint32_t *keys; /* of 1 or 4 words; all zero: free */
};

/* Zeroed: empty. seed: best one that an attacker cannot know, so that none can choose addresses that collide. */
struct addrset {
	uint64_t seed;
	struct addrset_table ip4, ip6;
};

/* addr: neither 0.0.0.0 nor "::", which belong to no client. */
void addrset_add(struct addrset *set, const struct addr *addr);

/* It will be added soon: fetches its place. Changes nothing. */
void addrset_expect(const struct addrset *set, const struct addr *addr);

size_t addrset_count(const struct addrset *set);

/* Empties it. */
void addrset_done(struct addrset *set);

#endif
