/*
 * lengths: the set of network lengths that a kernel list can hold without splitting. A length counts in the 16 bytes,
 * as in struct net: IPv4 96 + 1..32, IPv6 1..128. Zeroed: the empty set.
 */
#ifndef WFS_BASE_LENGTHS_H
#define WFS_BASE_LENGTHS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

struct lengths {
	uint64_t ip4[2], ip6[2]; /* bit number length - 1 */
};

enum { LENGTHS_TEXT_MAX = 2048 }; /* bytes for all of them: 31 of up to 7 characters and 127 of up to 8 */

/* Returns the family that net's length belongs to: a network wider than all of IPv4 is IPv6. */
static inline bool lengths_is_ip4(const struct net *net)
{
	return net->len >= 96 && addr_is_ip4(&net->addr);
}

/* Adds a length; len: 1..128. */
static inline void lengths_add(struct lengths *l, bool ip4, uint8_t len)
{
	(ip4 ? l->ip4 : l->ip6)[(len - 1) / 64] |= UINT64_C(1) << (len - 1) % 64;
}

static inline bool lengths_has(const struct lengths *l, bool ip4, uint8_t len)
{
	return len > 0 && ((ip4 ? l->ip4 : l->ip6)[(len - 1) / 64] >> (len - 1) % 64 & 1) != 0;
}

/* Returns the shortest length in the set that is at least net's own, or 0 if there is none. */
static inline uint8_t lengths_fitting(const struct lengths *l, const struct net *net)
{
	for (uint8_t len = net->len > 0 ? net->len : 1; len <= 128; len++)
		if (lengths_has(l, lengths_is_ip4(net), len))
			return len;
	return 0;
}

/*
 * Writes the lengths of networks, not those of single addresses, as words: "ip4/24 ip6/48 ip6/64"; "" if there are
 * none.
 */
void lengths_text(const struct lengths *lengths, char out[static LENGTHS_TEXT_MAX]);

/*
 * Reads such a text, and adds the lengths of single addresses, which can always be held. Stops at the first text that
 * is no such word, and skips lengths out of range.
 */
void lengths_read(const char *text, struct lengths *ret);

#endif
