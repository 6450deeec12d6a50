/*
 * network: an IPv4 /24 or IPv6 /48, and which of the subjects in it were blocked.
 *
 * Private to the folder. A network has an entry in the table of subjects; its list of scores is one of its blocked
 * subjects instead, the latest first, each of them once. Decides nothing.
 * Limits: a list keeps the latest "after" of them. They are distinguished by the last byte of an IPv4 address and by the
 * /64 of an IPv6 one.
 */
#ifndef WFS_NETWORK_H
#define WFS_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "verdict/clients.h"

enum {
	NETWORK4 = 96 + 24,
	NETWORK6 = 48,
};

/* The network that contains addr. */
static inline struct net network_of(const struct addr *addr)
{
	return net_around(addr, addr_is_ip4(addr) ? NETWORK4 : NETWORK6);
}

/* False when no network is ever blocked, or when the subject is a network of that size. */
static inline bool network_counts(const struct verdict_policy *policy, const struct addr *addr)
{
	return policy->network_after > 0 && (addr_is_ip4(addr) || policy->ip6_prefix > NETWORK6);
}

/*
 * Notes that the subject of addr was blocked at since_s, the latest so far. Returns when the first of the latest
 * "after" was, 0 when there were not so many. after: 1..VERDICT_NETWORK_MAX. Uses one node.
 */
uint32_t network_note(struct pool *pool, struct tracked *network, const struct addr *addr, uint32_t since_s,
                      unsigned after);

/* The subject of addr no longer counts. */
void network_drop(struct pool *pool, struct tracked *network, const struct addr *addr);

#endif
