/*
 * greylist: greylisted senders that retry from another of their machines.
 *
 * Knows verdict and base. Two attempts with the same sender and recipient, HELO names of the same
 * organisation and different addresses of one IPv4 /24 (IPv6 /64), none of which has hits or offences, are
 * one large sender: its network earns an allowance. Attempts are remembered for GREYLIST_AGE_S, at most
 * GREYLIST_MAX of them, the oldest of a few is forgotten first. After a restart those that were noted or
 * earned something are passed in again, in order. The organisation of a name is its registered domain
 * (base/domain.h). Source: spamd's "spamclusterd"; greyexp of spamd(8).
 */
#ifndef WFS_VERDICT_GREYLIST_H
#define WFS_VERDICT_GREYLIST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/text.h"
#include "verdict/verdict.h"

enum {
	GREYLIST_MAX = 1 << 12,
	GREYLIST_AGE_S = 4 * 86400,
};

struct greylist;

/* seed: any number, best one that attackers cannot know. */
struct greylist *greylist_new(uint64_t seed);

/* Accepts NULL. */
void greylist_free(struct greylist *greylist);

enum greylist_outcome {
	GREYLIST_NOTHING, /* no attempt, or a known one */
	GREYLIST_NOTED,   /* the first */
	GREYLIST_EARNED,  /* the second: the network *ret has proved to be one sender */
};

/*
 * One greylisted attempt. from may be empty; without to or helo, or with a helo that is no name, it does not count as
 * an attempt.
 */
enum greylist_outcome greylist_attempt(struct greylist *greylist, const struct verdict *verdict,
                                       const struct addr *addr, struct span from, struct span to, struct span helo,
                                       int64_t now_s, struct net *ret);

#endif
