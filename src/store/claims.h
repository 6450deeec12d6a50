/*
 * claims: what other hosts say about networks, hostile or good, and how far their streams were read.
 *
 * Both change in one transaction, so that nothing is lost and nothing counts twice. Errors, transactions and walks: see
 * store.h.
 */
#ifndef WFS_STORE_CLAIMS_H
#define WFS_STORE_CLAIMS_H

#include "base/hexlist.h"
#include "store/store.h"

enum {
	STORE_PEER_MAX = 33, /* bytes of a name, including the NUL */
	STORE_STREAM_MAX = 42,
	STORE_WORD_MAX = 65, /* of a rule's name or category */
};

/* The numbers are stored in the database. */
enum store_claim_what {
	STORE_CLAIM_HOSTILE = 0,
	STORE_CLAIM_AMNESTY = 1, /* claims about the network from before sent_ms do not count */
};

struct store_claim {
	const char *peer; /* "": this host */
	enum store_claim_what what;
	struct net net;
	int64_t since_s, until_s, sent_ms;
	unsigned offence;
	const char *rule, *category; /* HOSTILE: the peer's rule and category; otherwise NULL */
};

/* Each claim replaces the same peer's earlier claim of that kind about the network. */
int store_put_claims(struct store *store, const struct store_claim *claims, size_t n, struct why *why);
int store_remove_claim(struct store *store, const char *peer, enum store_claim_what what, const struct net *net,
                       struct why *why);

/* Finds the rule and category of the peer's claim about net. Returns STORE_NONE if nothing is stored. */
struct store_claim_words {
	char rule[STORE_WORD_MAX], category[STORE_WORD_MAX];
	unsigned offence;
};
int store_find_claim(struct store *store, const char *peer, const struct net *net, struct store_claim_words *ret,
                     struct why *why);

/* All of one peer that something is hostile. */
int store_remove_claims(struct store *store, const char *peer, struct why *why);

/* A peer, and how far its stream was handled. */
struct store_peer {
	char name[STORE_PEER_MAX], stream[STORE_STREAM_MAX];
	int64_t era, number;        /* of its last message */
	int64_t received_s, lag_ms; /* when it was received, and its delay on the way */
	int64_t accepted, refused;  /* counts of messages */
	char refusal[WHY_MAX];      /* reason of the last refusal; "" if none */
};
int store_put_peer(struct store *store, const struct store_peer *peer, struct why *why);

/*
 * Networks that one peer called good in one message, as numbers. Replaces the peer's digest with the same first number.
 */
struct store_digest {
	const char *peer;
	int64_t until_s;
	struct hexlist known;
};
int store_put_digest(struct store *store, const struct store_digest *digest, struct why *why);
int store_remove_digests(struct store *store, const char *peer, struct why *why);
int store_count_digests(struct store *store, const char *peer, int64_t now_s, int64_t *ret,
                        struct why *why);                               /* counts those that have not expired */
int store_digests(struct store *store, int64_t now_s, struct why *why); /* a walk over those; peer is borrowed */
int store_next_digest(struct store *store, struct store_digest *ret, struct why *why);

/*
 * Walks. store_claims: claims that have not expired at now_s, amnesties first; texts are borrowed. store_peers: every
 * peer that was ever known.
 */
int store_claims(struct store *store, int64_t now_s, struct why *why);
int store_next_claim(struct store *store, struct store_claim *ret, struct why *why);
int store_peers(struct store *store, struct why *why);
int store_next_peer(struct store *store, struct store_peer *ret, struct why *why);

#endif
