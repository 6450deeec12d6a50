/*
 * sharing_state: what the files of sharing.h share: sharing.c has the peers, what is known from the database,
 * transactions, and networks that are looked at again; sharing_messages.c has what a message changes. Nobody else
 * includes it.
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

enum { SHARING_SOME = 1024 }; /* networks whose claims are dropped at once */

static_assert((int)STORE_PEER_MAX == (int)PEERS_NAME_MAX && (int)STORE_STREAM_MAX == (int)FOREIGN_STREAM_MAX, "copied");
static_assert((int)PEERS_FULL == (int)CLAIMS_FULL, "weights of one scale");

struct sharing_peer {
	const struct peers_peer *may;
	struct store_peer heard;
	bool is_dirty; /* heard is to be written */
	bool is_suspended;
	int64_t minute;                   /* of the server's clock ... */
	unsigned in_minute;               /* ... in which so many messages were sent */
	int64_t good_s[SHARING_GOOD_MAX]; /* when it last said that proven good clients are hostile */
	size_t n_good;
};

struct sharing {
	struct store *store;
	struct peers may;
	struct sharing_peer *peers; /* may.n, in the order of may */
	struct claims *claims;
	struct shared_claims said; /* in this transaction */
	struct shared_blocks blocks;
	struct shared_good good;
	int64_t told, told_s; /* messages that others were told, and when that was heard last */
	int64_t ahead_ms;     /* the server's clock before clock_steady_ms, at least, when a peer was heard last ... */
	int64_t newest_ms;    /* ... and what was said last, by that clock */
	size_t n_queue, queue_at, queue_cap;
	struct net *queue; /* to be looked at again */
	bool allowed;
	const struct sharing_peer *suspended; /* in this transaction */
	struct why suspended_why;
};

/* The peer of that name, or NULL. */
struct sharing_peer *sharing_find(const struct sharing *sharing, const char *name);

/* Its number in claims. */
unsigned sharing_number(const struct sharing *sharing, const struct sharing_peer *peer);

/* A network to be looked at again. */
void sharing_queue(struct sharing *sharing, const struct net *net);

/* The first peer there is: a block that begins again, after a restart or a lift, is no peer's own word. */
struct shared_blocks_origin sharing_origin(const struct sharing *sharing);

/* Claims of before an amnesty no longer count; their networks are looked at again. */
void sharing_pardon(struct sharing *sharing, const struct store_claim *amnesty, int64_t now_s);

#endif
