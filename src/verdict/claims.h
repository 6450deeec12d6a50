/*
 * claims: what other hosts say about networks, and how long a network is to be blocked because of it.
 *
 * Pure: no clock, no peer's name, no database. A claim says that a network is hostile until then, with a weight; each
 * peer has one of a network, a later one replaces it. A network is to be blocked while the weights of its claims, and
 * CLAIMS_LOCAL if this host has a hit of it, reach CLAIMS_FULL; twice that if it is proven good. So each claim ends by
 * itself.
 *
 * Amnesties: what a person unblocked, here or at a peer that may do so. A claim about any address of it counts only if
 * it was made after that. Both are ordered by the clock of the server that they came by, "said_ms", which all hosts see
 * alike.
 *
 * Limits: CLAIMS_MAX claims; more are refused. CLAIMS_AMNESTIES_MAX; more replace those that end first. 120 bytes for
 * each network and its first claim. Aborts if memory cannot be allocated.
 */
#ifndef WFS_VERDICT_CLAIMS_H
#define WFS_VERDICT_CLAIMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

enum {
	CLAIMS_MAX = 1 << 19,
	CLAIMS_AMNESTIES_MAX = 1024,
	CLAIMS_FULL = 100,
	CLAIMS_LOCAL = 50,
};

struct claims_claim {
	struct net net;
	unsigned peer;   /* a number of the caller's, below 65536 */
	unsigned weight; /* 0..CLAIMS_FULL */
	int64_t until_s, said_ms;
};

struct claims;

/* seed: any number, best one that attackers cannot know: it affects the order in memory, never decisions. Never NULL.
 */
struct claims *claims_new(uint64_t seed);

/* Accepts NULL. */
void claims_free(struct claims *claims);

/* False: it is refused, because there are too many. */
bool claims_put(struct claims *claims, const struct claims_claim *claim, int64_t now_s);

/* The peer's claim about exactly net is over. False: there was none. */
bool claims_remove(struct claims *claims, unsigned peer, const struct net *net);

/* Whether any claim about exactly net is active. */
bool claims_has(const struct claims *claims, const struct net *net, int64_t now_s);

/* Until when net is to be blocked; 0: not at all. local: this host has a hit of it that counts. proven: it is proven
 * good. */
int64_t claims_until(const struct claims *claims, const struct net *net, bool local, bool proven, int64_t now_s);

/* What was unblocked. Removes the claims that are not newer; their networks, at most cap of them, are in out: call it
 * again if it was cap. */
size_t claims_pardon(struct claims *claims, const struct net *net, int64_t said_ms, int64_t until_s, int64_t now_s,
                     struct net *out, size_t cap);

/* True when a claim about net of that time is of before an amnesty. */
bool claims_is_pardoned(const struct claims *claims, const struct net *net, int64_t said_ms, int64_t now_s);

/* Removes all claims of a peer; their networks, at most cap, are in out: call it again if it was cap. */
size_t claims_drop(struct claims *claims, unsigned peer, struct net *out, size_t cap);

#endif
