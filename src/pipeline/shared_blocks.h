/*
 * shared_blocks: the blocks that the claims of other hosts are enough for: begun, extended and ended, in the database at once, and
 * gathered for the kernel.
 *
 * Private to the folder. For sharing alone. What was settled in this transaction, and the kernel has not been told,
 * counts before what reconcile knows. Errors as of store.h.
 */
#ifndef WFS_PIPELINE_SHARED_BLOCKS_H
#define WFS_PIPELINE_SHARED_BLOCKS_H

#include "base/block.h"
#include "pipeline/sharing.h"
#include "verdict/claims.h"

struct shared_blocks {
	struct store *store;
	struct claims *claims;
	size_t n_begun, n_ended;
	struct block *begun, *ended;
	char (*by)[SHARING_RULE_MAX]; /* n_begun: their rules */
};

/* Where a block comes from, if one begins. */
struct shared_blocks_origin {
	const char *peer, *category;
	unsigned offence;
};

/* A zeroed one, too. */
void shared_blocks_done(struct shared_blocks *blocks);

/* What was gathered is told, or was not committed. */
void shared_blocks_clear(struct shared_blocks *blocks);

/* Makes the block of net what its claims are enough for. ended_by: for the database, if it ends. */
int shared_blocks_settle(struct shared_blocks *blocks, const struct sharing_on *on, const struct net *net,
                         const struct shared_blocks_origin *origin, const char *ended_by, int64_t now_s, struct why *why);

/* Ends all blocks of this host that have an address in common with net and are not younger; but those that are shared or listed in a file. */
int shared_blocks_end(struct shared_blocks *blocks, const struct sharing_on *on, const struct net *net, int64_t since_s,
                      const char *ended_by, int64_t now_s, struct why *why);

#endif
