/*
 * shared_blocks: begins, extends and ends the blocks that rest on the claims of other hosts. Gathers the changes for
 * the kernel, and writes them to the database: blocks that begin together by shared_blocks_write, other changes
 * immediately.
 *
 * Private to the folder. For sharing alone. Changes of this transaction, which the kernel has not been notified of,
 * take precedence over what reconcile knows. Errors: see store.h.
 */
#ifndef WFS_PIPELINE_SHARED_BLOCKS_H
#define WFS_PIPELINE_SHARED_BLOCKS_H

#include "base/block.h"
#include "pipeline/sharing.h"
#include "verdict/claims.h"

struct shared_blocks {
	struct store *store;
	struct claims *claims;
	size_t n_begun, n_ended, n_written; /* n_written: the first of begun, already in the database */
	struct block *begun, *ended;
	char (*by)[SHARING_RULE_MAX]; /* n_begun rule names */
	struct shared_blocks_rule {   /* the last rule used in this transaction; id 0: none yet */
		char name[SHARING_RULE_MAX], category[FOREIGN_WORD_MAX];
		int64_t id;
	} rule;
};

/* The origin of a block, if one begins: what the peer says of it. */
struct shared_blocks_origin {
	const char *peer, *rule, *category;
	unsigned offence;
};

/* Accepts a zeroed struct. */
void shared_blocks_done(struct shared_blocks *blocks);

/* Forgets what was gathered: it has been sent to the kernel, or was not committed. */
void shared_blocks_clear(struct shared_blocks *blocks);

/* Writes the begun blocks that are not written yet; they have ids afterwards. */
int shared_blocks_write(struct shared_blocks *blocks, struct why *why);

/*
 * Begins, extends or ends the blocks of net as its claims now require: one for each list of ports that a claim was
 * about; they end together. origin: the claim that came just now, or NULL. ended_by: stored if they end. Returns
 * SHARED_BLOCKS_WHOSE, with nothing changed, if one must begin or last longer or shorter and origin is NULL.
 */
enum { SHARED_BLOCKS_WHOSE = 1 };
int shared_blocks_settle(struct shared_blocks *blocks, const struct sharing_on *on, const struct net *net,
                         const struct shared_blocks_origin *origin, const char *ended_by, int64_t now_s,
                         struct why *why);

/*
 * Ends all blocks on this host that overlap net and began no later than since_s, except those that are shared or listed
 * in a file.
 */
int shared_blocks_end(struct shared_blocks *blocks, const struct sharing_on *on, const struct net *net, int64_t since_s,
                      const char *ended_by, int64_t now_s, struct why *why);

#endif
