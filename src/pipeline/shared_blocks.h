/*
 * shared_blocks: the blocks that the claims of other hosts are enough for: begun, extended and ended, gathered for the
 * kernel, and written to the database: those that begin together, by shared_blocks_write, all others at once.
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
	size_t n_begun, n_ended, n_written; /* of begun: the first are in the database */
	struct block *begun, *ended;
	char (*by)[SHARING_RULE_MAX]; /* n_begun: their rules */
	struct shared_blocks_rule {   /* the last rule of this transaction; id 0: none yet */
		char name[SHARING_RULE_MAX], category[FOREIGN_WORD_MAX];
		int64_t id;
	} rule;
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

/* Writes those that began and were not written yet: they have ids then. */
int shared_blocks_write(struct shared_blocks *blocks, struct why *why);

/* Makes the block of net what its claims are enough for. ended_by: for the database, if it ends. */
int shared_blocks_settle(struct shared_blocks *blocks, const struct sharing_on *on, const struct net *net,
                         const struct shared_blocks_origin *origin, const char *ended_by, int64_t now_s,
                         struct why *why);

/* Ends all blocks of this host that have an address in common with net and are not younger; but those that are shared
 * or listed in a file. */
int shared_blocks_end(struct shared_blocks *blocks, const struct sharing_on *on, const struct net *net, int64_t since_s,
                      const char *ended_by, int64_t now_s, struct why *why);

#endif
