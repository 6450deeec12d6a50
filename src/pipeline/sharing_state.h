/*
 * sharing_state: what the files of sharing.h share. Only these files include it.
 *
 * sharing.c has the peers, what is read from the database, transactions, and the queue of networks to be checked again.
 * sharing_messages.c has the effects of a message.
 */
#ifndef WFS_PIPELINE_SHARING_STATE_H
#define WFS_PIPELINE_SHARING_STATE_H

#include <assert.h>

#include "config/peers.h"
#include "pipeline/shared_blocks.h"
#include "pipeline/shared_claims.h"
#include "pipeline/shared_good.h"
#include "pipeline/sharing.h"
#include "verdict/claims.h"

enum { SHARING_SOME = 1024 }; /* networks whose claims are dropped in one step */

static_assert((int)STORE_PEER_MAX == (int)PEERS_NAME_MAX && (int)STORE_STREAM_MAX == (int)FOREIGN_STREAM_MAX, "copied");
static_assert((int)STORE_WORD_MAX == (int)FOREIGN_WORD_MAX, "copied");
static_assert((int)PEERS_FULL == (int)CLAIMS_FULL, "weights of one scale");

struct sharing_peer {
	const struct peers_peer *may;
	struct store_peer record;
	bool is_dirty; /* record must be written */
	bool is_suspended;
	int64_t minute;                   /* of the server's clock, in which ... */
	unsigned in_minute;               /* ... this many messages were sent */
	int64_t good_s[SHARING_GOOD_MAX]; /* when it last called proven good clients hostile */
	size_t n_good;
};

struct sharing {
	struct store *store;
	struct peers may;
	struct sharing_peer *peers; /* may.n of them, in the order of may */
	struct claims *claims;
	struct shared_claims pending; /* claims of this transaction */
	struct shared_blocks blocks;
	struct shared_good good;
	int64_t sent, reported_s; /* messages sent to others, and when the last report of them arrived */
	int64_t ahead_ms;         /* server's clock minus clock_steady_ms, at least; measured at the last message */
	int64_t newest_ms;        /* time of the newest message, by the server's clock */
	size_t n_queue, queue_at, queue_cap;
	struct net *queue; /* networks to be checked again */
	bool allowed;
	const struct sharing_peer *suspended; /* in this transaction */
	struct why suspended_why;
};

/* Returns the peer of that name, or NULL. */
struct sharing_peer *sharing_find(const struct sharing *sharing, const char *name);

/* Returns the peer's number in claims. */
unsigned sharing_number(const struct sharing *sharing, const struct sharing_peer *peer);

/* Queues a network to be checked again. */
void sharing_queue(struct sharing *sharing, const struct net *net);

/* Begins, extends or ends the blocks of net as the claims that are left require. What begins is as the newest says. */
int sharing_settle(struct sharing *sharing, const struct sharing_on *on, const struct net *net, const char *ended_by,
                   int64_t now_s, struct why *why);

/* Pardons a network: claims from before the amnesty no longer count, and their networks are queued. */
void sharing_pardon(struct sharing *sharing, const struct store_claim *amnesty, int64_t now_s);

#endif
