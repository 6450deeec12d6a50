/*
 * allowed: which clients are never blocked: allowed networks, names of clients, and earned allowances.
 *
 * Private to the folder. Initialise to zero; release with allowed_done. Includes the networks of net_is_never.
 * An earned allowance ends at until_s (Unix seconds, as now_s); its place is reused when more are needed.
 * Limits: VERDICT_EARNED_MAX allowances at a time, more are refused; no name is longer than 255 bytes (RFC
 * 1035, 2.3.4). Aborts if memory cannot be allocated.
 */
#ifndef WFS_ALLOWED_H
#define WFS_ALLOWED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/nets.h"
#include "base/text.h"

struct earned {
	struct net net;
	uint32_t until_s;
};

struct allowed {
	struct nets nets;
	char **globs;
	size_t n_globs;
	struct earned *earned; /* by address, then length */
	size_t n_earned, earned_cap;
	uint32_t earned_lens[129]; /* how many there are of each length */
	uint64_t n_orders;         /* calls of allowed_earn */
};

/* Frees and empties. */
void allowed_done(struct allowed *allowed);

/* As verdict_allow and verdict_allow_names. */
void allowed_set_nets(struct allowed *allowed, const struct net *nets, size_t n);
void allowed_set_names(struct allowed *allowed, const char *const globs[], size_t n);

/* As verdict_allow_earned. */
void allowed_earn(struct allowed *allowed, const struct net *net, uint32_t until_s, uint32_t now_s);

/* True when a network no longer than len around addr has an earned allowance. */
bool allowed_is_earned(const struct allowed *allowed, const struct addr *addr, uint8_t len, uint32_t now_s);

/* True when net contains an address that is never blocked. */
bool allowed_spares(const struct allowed *allowed, const struct net *net, uint32_t now_s);

/* True when an allowed network, or one with an earned allowance, contains all of net. */
bool allowed_covers(const struct allowed *allowed, const struct net *net, uint32_t now_s);

/* True when one of the globs matches it. name: p not NULL. */
bool allowed_matches(const struct allowed *allowed, struct span name);

/* These two are inline: they are called for each piece of evidence, and mostly there is nothing to find. */
static inline bool allowed_has(const struct allowed *allowed, const struct addr *addr, uint32_t now_s)
{
	const struct net net = {*addr, 128};

	return net_is_never(&net) || nets_has(&allowed->nets, addr) ||
	       (allowed->n_earned > 0 && allowed_is_earned(allowed, addr, 128, now_s));
}

/* name.p NULL: none. */
static inline bool allowed_has_name(const struct allowed *allowed, struct span name)
{
	return name.p != NULL && allowed->n_globs > 0 && allowed_matches(allowed, name);
}

#endif
