/*
 * network: the state of an IPv4 /24 or IPv6 /48: which of its clients had hits or were blocked.
 *
 * Private to the folder. A network has an entry in the table of clients. Each of its lists contains clients by time,
 * the latest first, each once: scores are those that had a hit, offences those that were blocked. This module decides
 * nothing. A list is identified by the number of its first chunk: each hit reads the list of its network, and a chunk
 * costs one memory access. Limits: a list keeps the latest VERDICT_NETWORK_MAX clients. They are distinguished by the
 * last byte of an IPv4 address and by the /64 of an IPv6 one.
 */
#ifndef WFS_VERDICT_NETWORK_H
#define WFS_VERDICT_NETWORK_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "verdict/clients.h"
#include "verdict/pool.h"

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

enum {
	NETWORK_MOST = UINT16_MAX,
	NETWORK_CHUNK = 7, /* members in a cache line */
};

/* A part of a list; two chunks that fit into one are merged when the list is searched. */
struct chunk {
	struct member members[NETWORK_CHUNK];
	uint32_t next, n; /* next: POOL_NONE for the last one; n: members, 1..NETWORK_CHUNK */
};

static_assert(sizeof(struct chunk) == 64, "a cache line");

/*
 * Records that the subject of addr had a hit, or was blocked, at time_s. list: scores or offences of its network;
 * returns the new head of the list. most: as in struct member. Uses at most one chunk.
 */
uint32_t network_note(struct pool *chunks, uint32_t list, const struct addr *addr, uint32_t time_s, unsigned most);

/* Like clients_fetch, for a network: prefetches first the entry, then the clients that had hits. */
void network_fetch(const struct clients *clients, const struct net *network, enum verdict_expected when);

/* Returns the time of the n-th latest, n: 1..VERDICT_NETWORK_MAX; 0 if there are fewer. */
uint32_t network_nth(const struct pool *chunks, uint32_t list, unsigned n);

/* Returns how many had a hit after horizon_s. *ret_most: an upper limit of the sum of their scores. */
unsigned network_recent(const struct pool *chunks, uint32_t list, uint32_t horizon_s, int64_t *ret_most);

/*
 * Returns the members, the latest first, and NULL after the last. walk: {list} at first; valid until the list changes.
 */
struct network_walk {
	uint32_t list;
	unsigned i;
};
struct member *network_next(const struct pool *chunks, struct network_walk *walk);

struct net network_client(const struct verdict_policy *policy, const struct tracked *network,
                          const struct member *member);

/* Records that the client of addr was unblocked: its scores have no known limit any more. */
void network_raise(const struct pool *chunks, const struct tracked *network, const struct addr *addr);

/* Removes the members whose time is before at_s from both lists. */
void network_forget(struct pool *chunks, struct tracked *network, uint32_t at_s);

/* Frees both lists. */
void network_free(struct pool *chunks, const struct tracked *network);

/* Removes the subject of addr from both lists. */
void network_drop(struct pool *chunks, struct tracked *network, const struct addr *addr);

#endif
