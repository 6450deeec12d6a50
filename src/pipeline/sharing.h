/*
 * sharing: handles what other hosts say, from a message to the database and to what the kernel must hold.
 *
 * This is where peers, claims (verdict/claims.h) and the database meet. A peer's block is evidence with the peer's
 * weight. A block of cause BLOCK_SHARED is active while the claims about its network suffice and the network contains
 * neither allowed nor own addresses. Its rule is "peer/NAME", after the peer whose claim sufficed, or "peer/NAME/sshd"
 * if this host has ports for the peer's rule, [firewall] ports.sshd. Its category is that of the peer's rule, or
 * "other" if this version does not know that category. So the ports that it closes are known from its rule alone.
 * Shared blocks are not sent on to other hosts, which recognise them by their rule.
 *
 * The effects of a message, and how far its stream was read, are one transaction: sharing_begin, sharing_receive for
 * some messages, sharing_commit. After the commit the caller notifies the kernel: first sharing_ended, then
 * sharing_begun. If it fails, sharing_load restores the state in memory from the database.
 *
 * A peer is suspended, like a rule, in three cases: it sends more than per_minute messages in a minute of the server's
 * clock (so a backlog after a broken connection does not count as too fast); it calls SHARING_GOOD_MAX proven good
 * clients hostile within an hour; or its stream contains something that it cannot have signed. All its claims are
 * then void. Errors: see store.h.
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
	SHARING_RULE_MAX = 56,   /* bytes: "peer/", a name, "/", a name with ports and the NUL */
	SHARING_WHITE_S = 86400, /* how long a network that a person unblocked is safe from older claims */
	SHARING_OWN_MAX = 64,    /* own addresses of one peer */
	SHARING_OWN_S = 2 * 86400,
	SHARING_GOOD_MAX = 3,
	SHARING_REVIEW = 256, /* networks checked by one sharing_review */
};

/* Positive result of sharing_receive. */
enum {
	SHARING_REFUSED = 1, /* the message was read but has no effect; the reason is in why */
};

/* What sharing works on; a reload replaces it. All borrowed. */
struct sharing_on {
	struct verdict *verdict; /* at now_s (verdict_at) */
	struct reconcile *reconcile;
	const struct config *config;
};

struct sharing;

/* Borrows store. Never returns NULL. */
struct sharing *sharing_new(struct store *store);

/* Accepts NULL. */
void sharing_free(struct sharing *sharing);

/*
 * Reads the file of peers, and their claims from the database. Call at start and after each reload, after
 * reconcile_load. If the file of peers has an error, the old peers stay.
 */
int sharing_load(struct sharing *sharing, const struct sharing_on *on, int64_t now_s, struct why *why);

/* Returns how far a peer's stream was read; NULL if there is no such peer. */
const struct store_peer *sharing_peer(const struct sharing *sharing, struct span name);

/*
 * Returns the clients that are proven good on other hosts, for the verdict. It is the same object until sharing_free.
 */
const struct elsewhere *sharing_elsewhere(const struct sharing *sharing);

/* Records that watchforspammers-share has sent this many more messages. */
void sharing_sent(struct sharing *sharing, int64_t messages, int64_t now_s);

/* Returns one part of what is sent to other hosts about good clients today. */
struct sharing_part {
	int64_t day;          /* since 1970 */
	size_t parts;         /* of that day; 0: there is nothing to send */
	struct hexlist known; /* empty: after the last part */
};
void sharing_good(struct sharing *sharing, const struct verdict *verdict, size_t part, int64_t now_s,
                  struct sharing_part *ret);

/* Statistics since the start of this process. */
struct sharing_stat {
	int64_t sent, reported_s; /* messages sent, and when the last report of them arrived; 0: never */
	int64_t elsewhere;        /* networks that are proven good on other hosts */
};
struct sharing_stat sharing_stat(const struct sharing *sharing);

int sharing_begin(struct sharing *sharing, struct why *why);

/*
 * Handles one message. Returns 0, SHARING_REFUSED or a database error; after an error the caller must end the
 * transaction with sharing_commit.
 */
int sharing_receive(struct sharing *sharing, const struct sharing_on *on, const struct foreign *message, int64_t now_s,
                    struct why *why);

/* Commits the transaction. rc: the result so far; if negative, rolls back and returns it. */
int sharing_commit(struct sharing *sharing, int rc, struct why *why);

/*
 * Handles that a person ended all blocks of net on this host: peers' earlier claims about it no longer count, and the
 * peers are notified. Uses a transaction of its own. Does nothing if there are no peers.
 */
int sharing_unblocked(struct sharing *sharing, const struct net *net, int64_t now_s, struct why *why);

/* Handles that a rule "peer/NAME" was resumed. */
void sharing_resumed(struct sharing *sharing, const char *rule);

/* Handles a local hit of subject: together with a peer's claim it may suffice for a block. */
void sharing_note_hit(struct sharing *sharing, const struct net *subject, int64_t now_s);

/*
 * sharing_reviews returns true if networks are queued whose blocks may have to begin or end; sharing_review checks some
 * of them, in a transaction of its own.
 */
bool sharing_reviews(const struct sharing *sharing);
int sharing_review(struct sharing *sharing, const struct sharing_on *on, int64_t now_s, struct why *why);

/*
 * Return the committed changes to send to the kernel: blocks that ended, and blocks that began. Valid until the next
 * sharing_begin.
 */
size_t sharing_ended(const struct sharing *sharing, const struct block **ret);
size_t sharing_begun(const struct sharing *sharing, const struct block **ret);

/*
 * Return the peer rule of a begun block, whether an own address was allowed, and which peer was suspended; each valid
 * until the next sharing_begin.
 */
const char *sharing_begun_by(const struct sharing *sharing, size_t block);
bool sharing_allowed(const struct sharing *sharing);
const char *sharing_suspended(const struct sharing *sharing, const char **ret_why); /* returns its name, or NULL */

#endif
