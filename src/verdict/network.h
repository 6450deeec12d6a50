/*
 * network: an IPv4 /24 or IPv6 /48, and what became of the clients in it.
 *
 * Private to the folder. A network has an entry in the table of clients. Each of its lists is of clients, the latest first,
 * each of them once: scores are those that had a hit, offences those that were blocked. Decides nothing.
 * Limits: a list keeps the latest VERDICT_NETWORK_MAX of them. They are distinguished by the last byte of an IPv4 address and
 * by the /64 of an IPv6 one.
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

/* False when the scores of its clients are not added up: IPv6 clients must be told by the /64. */
static inline bool network_adds_up(const struct verdict_policy *policy, const struct addr *addr)
{
	return policy->network_threshold > 0 &&
	       (addr_is_ip4(addr) || (policy->ip6_prefix > NETWORK6 && policy->ip6_prefix <= 64));
}

/*
 * The subject of addr had a hit, or was blocked, at time_s: list is scores or offences of its network; returns the list's
 * new head. Uses one node.
 */
uint32_t network_note(struct pool *pool, uint32_t list, const struct addr *addr, uint32_t time_s);

/* When the latest but (n - 1) was; 0: there are not so many. n: 1..VERDICT_NETWORK_MAX. */
uint32_t network_nth(const struct pool *pool, uint32_t list, unsigned n);

/* The client of a node of a list. */
struct net network_client(const struct verdict_policy *policy, const struct tracked *network, const struct node *node);

/* Those that were blocked before at_s no longer count. */
void network_forgive(struct pool *pool, struct tracked *network, uint32_t at_s);

/* The subject of addr no longer counts. */
void network_drop(struct pool *pool, struct tracked *network, const struct addr *addr);

#endif
