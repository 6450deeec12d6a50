/*
 * allowed: which clients are never blocked: allowed networks, client names, and earned allowances.
 *
 * Private to the folder. Initialise to zero; release with allowed_done. Includes the networks of net_is_never. An
 * earned allowance ends at until_s (Unix seconds, like now_s); its slot is reused when more are needed. Limits:
 * VERDICT_EARNED_MAX allowances at the same time, more are refused; names of at most 255 bytes (RFC 1035, 2.3.4).
 * Aborts if memory cannot be allocated.
 */
#ifndef WFS_VERDICT_ALLOWED_H
#define WFS_VERDICT_ALLOWED_H

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
	struct earned *earned; /* sorted by address, then length */
	size_t n_earned, earned_cap;
	uint32_t earned_lens[129]; /* number of allowances per network length */
	uint64_t n_orders;         /* number of calls of allowed_earn */
};

/* Frees the memory and empties the struct. */
void allowed_done(struct allowed *allowed);

/* See verdict_allow and verdict_allow_names. */
void allowed_set_nets(struct allowed *allowed, const struct net *nets, size_t n);
void allowed_set_names(struct allowed *allowed, const char *const globs[], size_t n);

/* See verdict_allow_earned. */
void allowed_earn(struct allowed *allowed, const struct net *net, uint32_t until_s, uint32_t now_s);

/* Returns true if a network around addr with a prefix of at most len has an earned allowance. */
bool allowed_is_earned(const struct allowed *allowed, const struct addr *addr, uint8_t len, uint32_t now_s);

/* Returns true if net contains an address that is never blocked. */
bool allowed_spares(const struct allowed *allowed, const struct net *net, uint32_t now_s);

/* Returns true if an allowed network, or one with an earned allowance, contains all of net. */
bool allowed_covers(const struct allowed *allowed, const struct net *net, uint32_t now_s);

/* Returns true if one of the globs matches the name. name.p must not be NULL. */
bool allowed_matches(const struct allowed *allowed, struct span name);

/*
 * The next two functions are inline: they are called for each piece of evidence, and usually there is nothing to find.
 */
static inline bool allowed_has(const struct allowed *allowed, const struct addr *addr, uint32_t now_s)
{
	const struct net net = {*addr, 128};

	return net_is_never(&net) || nets_has(&allowed->nets, addr) ||
	       (allowed->n_earned > 0 && allowed_is_earned(allowed, addr, 128, now_s));
}

/* name.p NULL: the client has no name. */
static inline bool allowed_has_name(const struct allowed *allowed, struct span name)
{
	return name.p != NULL && allowed->n_globs > 0 && allowed_matches(allowed, name);
}

#endif
