/*
 * sharing: what other hosts say: from a message to the database, and to what the kernel is to hold.
 *
 * Where peers, claims (verdict/claims.h) and the database meet. A peer's block is evidence with the peer's weight; a
 * block of cause BLOCK_SHARED is active while the claims about its network are enough, and neither allowed nor own
 * addresses lie in it. Its rule is "peer/NAME" (of the peer whose claim was enough), the category is that of the peer's
 * rule (of one that this version does not have: "other"). Nothing of this is sent to other hosts again: they see the
 * rule.
 *
 * What a message changes, and how far its stream was read, is one transaction: sharing_begin, sharing_receive for some
 * messages, sharing_commit. After the commit the caller tells the kernel: sharing_ended first, then sharing_begun. When
 * it fails, what is in memory is read from the database again by sharing_load.
 *
 * A peer is suspended, like a rule, when it sends more than per_minute in a minute of the server's clock (so that what
 * was held up by a broken line is not too fast), when it says of SHARING_GOOD_MAX proven good clients within an hour
 * that they are hostile, or when its stream has something that it cannot have signed. Then all that it said is void.
 * Errors as of store.h.
 */
#ifndef WFS_PIPELINE_SHARING_H
#define WFS_PIPELINE_SHARING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/block.h"
#include "base/why.h"
#include "config/config.h"
#include "control/foreign.h"
#include "pipeline/reconcile.h"
#include "store/claims.h"
#include "store/store.h"
#include "verdict/verdict.h"

#define SHARING_RULE_BEGIN BLOCK_PEER_BEGIN

enum {
	SHARING_RULE_MAX = 40,   /* "peer/", a name, the NUL */
	SHARING_WHITE_S = 86400, /* what a person unblocked is safe from older claims for so long */
	SHARING_OWN_MAX = 64,    /* addresses of one peer */
	SHARING_OWN_S = 2 * 86400,
	SHARING_GOOD_MAX = 3,
	SHARING_REVIEW = 256, /* networks looked at by one sharing_review */
};

/* Positive result of sharing_receive. */
enum {
	SHARING_REFUSED = 1, /* it was read, and has no effect: why has the reason */
};

/* What it works on, which a reload replaces; all borrowed. */
struct sharing_on {
	struct verdict *verdict; /* at now_s */
	struct reconcile *reconcile;
	const struct config *config;
};

struct sharing;

/* store: borrowed. Never NULL. */
struct sharing *sharing_new(struct store *store);

/* Accepts NULL. */
void sharing_free(struct sharing *sharing);

/*
 * Reads the peers, and what they said from the database. At start and after each reload; after reconcile_load. Errors
 * of the file of peers: the old ones stay.
 */
int sharing_load(struct sharing *sharing, const struct sharing_on *on, int64_t now_s, struct why *why);

/* How far a peer was heard; NULL: there is no such peer. */
const struct store_peer *sharing_peer(const struct sharing *sharing, struct span name);

/* What is known of clients that are proven good on other hosts, for the verdict; the same object until
 * sharing_free. */
const struct elsewhere *sharing_elsewhere(const struct sharing *sharing);

/* watchforspammers-share has told others so many messages more. */
void sharing_told(struct sharing *sharing, int64_t messages, int64_t now_s);

/* A part of what they are to be told of good clients today. */
struct sharing_part {
	int64_t day;          /* since 1970 */
	size_t parts;         /* of that day; 0: nothing is to be told */
	struct hexlist known; /* empty: after the last part */
};
void sharing_good(struct sharing *sharing, const struct verdict *verdict, size_t part, int64_t now_s,
                  struct sharing_part *ret);

/* Since the start of this process. */
struct sharing_stat {
	int64_t told, told_s; /* messages; when that was heard last, 0: never */
	int64_t elsewhere;    /* networks that are good elsewhere */
};
struct sharing_stat sharing_stat(const struct sharing *sharing);

int sharing_begin(struct sharing *sharing, struct why *why);

/* One message. Returns 0, SHARING_REFUSED or an error of the database: then the transaction must be given up by
 * sharing_commit. */
int sharing_receive(struct sharing *sharing, const struct sharing_on *on, const struct foreign *message, int64_t now_s,
                    struct why *why);

/* rc: of what went before; < 0 rolls back and returns it. */
int sharing_commit(struct sharing *sharing, int rc, struct why *why);

/*
 * A person ended all blocks of net here: what peers said before does not count, and they are told. In a transaction of
 * its own. Nothing if there are no peers.
 */
int sharing_unblocked(struct sharing *sharing, const struct net *net, int64_t now_s, struct why *why);

/* A rule "peer/NAME" was resumed. */
void sharing_resumed(struct sharing *sharing, const char *rule);

/* This host has a hit of it: with a peer's word that may be enough. */
void sharing_note_hit(struct sharing *sharing, const struct net *subject, int64_t now_s);

/* Networks whose blocks may have to begin or end are looked at again, some at a time, in a transaction of its own. */
bool sharing_reviews(const struct sharing *sharing);
int sharing_review(struct sharing *sharing, const struct sharing_on *on, int64_t now_s, struct why *why);

/* What was committed and is to be told: blocks that ended and then blocks that began; until the next begin. */
size_t sharing_ended(const struct sharing *sharing, const struct block **ret);
size_t sharing_begun(const struct sharing *sharing, const struct block **ret);

/* The peer of a begun block, and whether an own address was allowed or a peer suspended, each until the next begin. */
const char *sharing_begun_by(const struct sharing *sharing, size_t block);
bool sharing_allowed(const struct sharing *sharing);
const char *sharing_suspended(const struct sharing *sharing, const char **ret_why); /* its name, or NULL */

#endif
