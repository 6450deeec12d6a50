/*
 * greylist: recognises greylisted senders that retry from another of their machines.
 *
 * Knows verdict and base. Two attempts with the same sender and recipient, HELO names of the same organisation and
 * different addresses in one IPv4 /24 (IPv6 /64), neither of which has hits or offences, come from one large sender:
 * its network earns an allowance. Attempts are remembered for GREYLIST_AGE_S, at most GREYLIST_MAX of them; when
 * needed, the oldest in a small set is forgotten. After a restart the attempts that were noted or earned something are
 * passed in again, in order. The organisation of a name is its registered domain (base/domain.h). Source: spamd's
 * "spamclusterd"; greyexp of spamd(8).
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

/* seed: any number, preferably secret. */
struct greylist *greylist_new(uint64_t seed);

/* Frees greylist; accepts NULL. */
void greylist_free(struct greylist *greylist);

enum greylist_outcome {
	GREYLIST_NOTHING, /* not an attempt, or a known one */
	GREYLIST_NOTED,   /* the first attempt */
	GREYLIST_EARNED,  /* the second attempt: the network *ret has proved to be one sender */
};

/*
 * Processes one greylisted attempt. from may be empty. Without to or helo, or with a helo that is no host name, it does
 * not count as an attempt.
 */
enum greylist_outcome greylist_attempt(struct greylist *greylist, const struct verdict *verdict,
                                       const struct addr *addr, struct span from, struct span to, struct span helo,
                                       int64_t now_s, struct net *ret);

#endif
