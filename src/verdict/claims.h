/*
 * claims: what other hosts report about networks, and until when a network should be blocked because of it.
 *
 * Pure: no clock, no names of peers, no database. A claim says that a network is hostile until a certain time, with a
 * weight. Each peer has at most one claim per network; a later one replaces it. A network should be blocked while the
 * weights of its claims, plus CLAIMS_LOCAL if this host has a hit from it, reach CLAIMS_FULL, or twice that if the
 * network is proven good. So each claim ends on its own.
 *
 * Amnesties record what a person unblocked, here or at a peer with that right. A claim about any address in it counts
 * only if it was made after the amnesty. Both are ordered by sent_ms, the clock of the server that they came through,
 * which is the same for all hosts.
 *
 * Limits: CLAIMS_MAX claims; more are refused. CLAIMS_AMNESTIES_MAX amnesties; more replace those that end first. 120
 * bytes for each network and its first claim. Aborts if memory cannot be allocated.
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
	unsigned peer;   /* a number that the caller assigns, below 65536 */
	unsigned weight; /* 0..CLAIMS_FULL */
	int64_t until_s, sent_ms;
};

struct claims;

/*
 * Never returns NULL. seed: any number, preferably secret, so that attackers cannot choose networks that collide: it
 * affects the order in memory, never decisions.
 */
struct claims *claims_new(uint64_t seed);

/* Frees claims; accepts NULL. */
void claims_free(struct claims *claims);

/* Adds or replaces a claim. Returns false if it is refused because there are too many. */
bool claims_put(struct claims *claims, const struct claims_claim *claim, int64_t now_s);

/* Removes the peer's claim about exactly net. Returns false if there was none. */
bool claims_remove(struct claims *claims, unsigned peer, const struct net *net);

/* Returns true if any claim about exactly net is active. */
bool claims_has(const struct claims *claims, const struct net *net, int64_t now_s);

/*
 * Returns until when net should be blocked; 0: not at all. local: this host has a hit from it that counts. proven: it
 * is proven good.
 */
int64_t claims_until(const struct claims *claims, const struct net *net, bool local, bool proven, int64_t now_s);

/* Finds the peer that claimed last that exactly net is hostile, among active claims with a weight. Returns false if
 * there is none. */
bool claims_newest(const struct claims *claims, const struct net *net, int64_t now_s, unsigned *ret_peer);

/*
 * Records an amnesty, and removes the claims that are not newer. Writes their networks, at most cap, to out; if it
 * returns cap, call it again.
 */
size_t claims_pardon(struct claims *claims, const struct net *net, int64_t sent_ms, int64_t until_s, int64_t now_s,
                     struct net *out, size_t cap);

/* Returns true if an amnesty covers a claim about net made at sent_ms. */
bool claims_is_pardoned(const struct claims *claims, const struct net *net, int64_t sent_ms, int64_t now_s);

/* Removes all claims of a peer. Writes their networks, at most cap, to out; if it returns cap, call it again. */
size_t claims_drop(struct claims *claims, unsigned peer, struct net *out, size_t cap);

#endif
