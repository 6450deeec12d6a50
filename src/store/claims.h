/*
 * claims: what other hosts say about networks: that they are hostile, or good; and how far their streams were
 * read.
 *
 * Both change in one transaction, so that nothing is lost and nothing counts twice. Errors, transactions and walks as
 * of store.h.
 */
#ifndef WFS_STORE_CLAIMS_H
#define WFS_STORE_CLAIMS_H

#include "base/hexlist.h"
#include "store/store.h"

enum {
	STORE_PEER_MAX = 33, /* bytes of a name, with the NUL */
	STORE_STREAM_MAX = 42,
};

/* The numbers are in the database. */
enum store_claim_what {
	STORE_CLAIM_HOSTILE = 0,
	STORE_CLAIM_AMNESTY = 1, /* what was said about it before said_ms does not count */
};

struct store_claim {
	const char *peer; /* "": this host */
	enum store_claim_what what;
	struct net net;
	int64_t since_s, until_s, said_ms;
	unsigned offence;
	const char *rule, *category; /* of HOSTILE: the peer's; else NULL */
};

/* Each replaces what that peer said of it before. */
int store_put_claims(struct store *store, const struct store_claim *claims, size_t n, struct why *why);
int store_remove_claim(struct store *store, const char *peer, enum store_claim_what what, const struct net *net,
                       struct why *why);

/* All that one peer said is hostile. */
int store_remove_claims(struct store *store, const char *peer, struct why *why);

/* A peer, up to the last entry of its stream that was handled. */
struct store_peer {
	char name[STORE_PEER_MAX], stream[STORE_STREAM_MAX];
	int64_t era, number;     /* of its last message */
	int64_t heard_s, lag_ms; /* when that came, and how long it was on its way */
	int64_t taken, refused;  /* messages */
	char refusal[WHY_MAX];   /* why the last was refused; "": none was */
};
int store_put_peer(struct store *store, const struct store_peer *peer, struct why *why);

/* Networks that one peer told together to be good, as numbers. Replaces what begins with the same. */
struct store_digest {
	const char *peer;
	int64_t until_s;
	struct hexlist known;
};
int store_put_digest(struct store *store, const struct store_digest *digest, struct why *why);
int store_remove_digests(struct store *store, const char *peer, struct why *why);
int store_count_digests(struct store *store, const char *peer, int64_t now_s, int64_t *ret,
                        struct why *why);                               /* that are not over */
int store_digests(struct store *store, int64_t now_s, struct why *why); /* a walk over these; peer is borrowed */
int store_next_digest(struct store *store, struct store_digest *ret, struct why *why);

/* Walks: what was said and is not over at now_s, amnesties first, texts borrowed; the peers there ever were. */
int store_claims(struct store *store, int64_t now_s, struct why *why);
int store_next_claim(struct store *store, struct store_claim *ret, struct why *why);
int store_peers(struct store *store, struct why *why);
int store_next_peer(struct store *store, struct store_peer *ret, struct why *why);

#endif
