/*
 * network: an IPv4 /24 or IPv6 /48, and what became of the clients in it.
 *
 * Private to the folder. A network has an entry in the table of clients. Each of its lists is of clients, by time, the
 * latest first, each of them once: scores are those that had a hit, offences those that were blocked. Decides nothing.
 * A list is the number of its first chunk: each hit reads the list of its network, and a chunk costs one access to
 * memory. Limits: a list keeps the latest VERDICT_NETWORK_MAX of them. They are distinguished by the last byte of an
 * IPv4 address and by the /64 of an IPv6 one.
 */
#ifndef WFS_NETWORK_H
#define WFS_NETWORK_H

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

/* A client of a network. */
struct member {
	uint32_t time_s; /* of its latest hit, or block */
	uint16_t part;   /* which one it is */
	uint16_t most;   /* its scores above 0 came to no more since then; NETWORK_MOST: or to more */
};

enum {
	NETWORK_MOST = UINT16_MAX,
	NETWORK_CHUNK = 7, /* members: a cache line */
};

/* Some of a list; two that fit in one become one when the list is searched. */
struct chunk {
	struct member members[NETWORK_CHUNK];
	uint32_t next, n; /* POOL_NONE: the last one; members: 1..NETWORK_CHUNK */
};

static_assert(sizeof(struct chunk) == 64, "a cache line");

/*
 * The subject of addr had a hit, or was blocked, at time_s: list is scores or offences of its network; returns the
 * list's new head. most: as of struct member. Uses one chunk.
 */
uint32_t network_note(struct pool *chunks, uint32_t list, const struct addr *addr, uint32_t time_s, unsigned most);

/* As clients_fetch, of a network: the entry first, then the clients that had hits. */
void network_fetch(const struct clients *clients, const struct net *network, enum verdict_expected when);

/* When the latest but (n - 1) was; 0: there are not so many. n: 1..VERDICT_NETWORK_MAX. */
uint32_t network_nth(const struct pool *chunks, uint32_t list, unsigned n);

/* How many had a hit after horizon_s. *ret_most: their scores come to no more. */
unsigned network_recent(const struct pool *chunks, uint32_t list, uint32_t horizon_s, int64_t *ret_most);

/* The members, the latest first: NULL after the last. walk: {list} at first. Valid until a note or a forget. */
struct network_walk {
	uint32_t list;
	unsigned i;
};
struct member *network_next(const struct pool *chunks, struct network_walk *walk);

struct net network_client(const struct verdict_policy *policy, const struct tracked *network,
                          const struct member *member);

/* The client of addr was released: from now on its scores may come to anything. */
void network_raise(const struct pool *chunks, const struct tracked *network, const struct addr *addr);

/* Those whose time is before at_s no longer count. */
void network_forget(struct pool *chunks, struct tracked *network, uint32_t at_s);

/* Frees both lists. */
void network_free(struct pool *chunks, const struct tracked *network);

/* The subject of addr no longer counts. */
void network_drop(struct pool *chunks, struct tracked *network, const struct addr *addr);

#endif
