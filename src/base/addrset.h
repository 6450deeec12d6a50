/*
 * addrset: counts distinct addresses.
 *
 * Two hash tables with open addressing, at most three quarters full: 4 bytes per IPv4 address, 16 per IPv6 address.
 * Aborts if memory cannot be allocated.
 */
#ifndef WFS_BASE_ADDRSET_H
#define WFS_BASE_ADDRSET_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct addrset_table {
	size_t n, size; /* n: slots in use; size: slots, a power of two, or 0 */
	uint32_t *keys; /* 1 or 4 words per slot; all zero: the slot is free */
};

/*
 * An empty set is all zero but for seed. seed should be secret, so that an attacker cannot choose addresses that
 * collide.
 */
struct addrset {
	uint64_t seed;
	struct addrset_table ip4, ip6;
};

/* Adds addr, which must be neither 0.0.0.0 nor "::"; these belong to no client. */
void addrset_add(struct addrset *set, const struct addr *addr);

/* Prefetches the slot of an address that the caller will add soon. Changes nothing. */
void addrset_expect(const struct addrset *set, const struct addr *addr);

size_t addrset_count(const struct addrset *set);

/* Frees the tables and empties the set. */
void addrset_done(struct addrset *set);

#endif
