/*
 * network: the cell of an IPv4 /24 or IPv6 /48: which of its clients had hits or were blocked.
 *
 * Private to the folder. A network has an entry in the table of clients. Its two lists contain clients by time, each
 * once: those that had a hit, and those that were blocked. This module decides nothing. Limits: a list keeps the latest
 * VERDICT_NETWORK_MAX clients. They are distinguished by the last byte of an IPv4 address and by the /64 of an IPv6
 * one. A network without a cell has HEAP_NONE, which reads as two empty lists.
 */
#ifndef WFS_VERDICT_NETWORK_H
#define WFS_VERDICT_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "verdict/clients.h"

enum {
	NETWORK4 = 96 + 24,
	NETWORK6 = 48,
};

/* Returns the network that contains addr. */
static inline struct net network_of(const struct addr *addr)
{
	return net_around(addr, addr_is_ip4(addr) ? NETWORK4 : NETWORK6);
}

/* Returns false if networks are never blocked, or if subjects are as large as networks. */
static inline bool network_counts(const struct verdict_policy *policy, const struct addr *addr)
{
	return policy->network_after > 0 && (addr_is_ip4(addr) || policy->ip6_prefix > NETWORK6);
}

/* Returns false if the scores of its clients are not added up: IPv6 clients must be distinguishable by their /64. */
static inline bool network_adds_up(const struct verdict_policy *policy, const struct addr *addr)
{
	return policy->network_threshold > 0 &&
	       (addr_is_ip4(addr) || (policy->ip6_prefix > NETWORK6 && policy->ip6_prefix <= 64));
}

/* A client of a network. */
struct member {
	uint32_t time_s; /* of its latest hit or block */
	uint16_t part;   /* identifies it in the network, see part_of */
	uint16_t most;   /* upper limit of the sum of its positive scores since then; NETWORK_MOST: no limit is known */
};

enum { NETWORK_MOST = UINT16_MAX };

struct network {
	uint16_t n_hits, n_blocked; /* 0..VERDICT_NETWORK_MAX */
	struct member members[];    /* those that had hits, oldest first; then those that were blocked, oldest first */
};

enum network_list { NETWORK_HITS, NETWORK_BLOCKED };

/* Returns the cell, whose members may be changed, but not their number. Valid until the next network_note. */
static inline struct network *network_at(const struct clients *s, const struct tracked *t)
{
	return heap_at(&s->heap, t->cell);
}

/*
 * Records that the subject of addr had a hit, or was blocked, at time_s; t is its network. most: as in struct member.
 */
void network_note(struct clients *clients, struct tracked *t, enum network_list list, const struct addr *addr,
                  uint32_t time_s, unsigned most);

/* Returns the time of the n-th latest that was blocked, n: 1..VERDICT_NETWORK_MAX; 0 if there are fewer. */
uint32_t network_nth(const struct clients *clients, const struct tracked *t, unsigned n);

/* Returns how many had a hit after horizon_s. *ret_most: an upper limit of the sum of their scores. */
unsigned network_recent(const struct clients *clients, const struct tracked *t, uint32_t horizon_s, int64_t *ret_most);

struct net network_client(const struct verdict_policy *policy, const struct tracked *network,
                          const struct member *member);

/* Records that the client of addr was unblocked: its scores have no known limit any more. */
void network_raise(const struct clients *clients, const struct tracked *t, const struct addr *addr);

/* Removes the members whose time is before at_s from both lists, and frees memory. */
void network_forget(struct clients *clients, struct tracked *t, uint32_t at_s);

/* Removes the subject of addr from both lists. */
void network_drop(struct clients *clients, struct tracked *t, const struct addr *addr);

#endif
