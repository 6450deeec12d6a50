/*
 * change: immediate writes that do not come from a log: requests, blocks of clients that are allowed now, packets that
 * the kernel dropped. One transaction, with the name of the requester.
 *
 * The other half of the one write path to hits and blocks: pending gathers evidence and writes it with its positions, a
 * change is written at once. Nothing else writes them; store/retention deletes old rows.
 * Errors as of store.h: nothing was changed then.
 */
#ifndef WFS_PIPELINE_CHANGE_H
#define WFS_PIPELINE_CHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/block.h"
#include "base/why.h"
#include "store/blocks.h"
#include "store/hits.h"
#include "store/store.h"

/* The texts of a rule that is in no file. */
struct change_rule {
	const char *name, *category, *reason;
};

/* A network is allowed until until_s; cause and why as of store/reputation.h. */
struct change_allowance {
	int64_t until_s;
	const char *cause, *why;
};

/* A block whose packets the kernel dropped. */
struct change_dropped {
	int64_t block_id;
	struct store_dropped what;
};

/* All is borrowed; what is NULL or 0 is skipped. In this order: */
struct change {
	int64_t at_s;

	/* Active blocks to end, as for store_end; ended_by: "unblocked" ... */
	size_t n_ends;
	const struct block *ends;
	const char *ended_by;

	/* Of this rule: a hit (its rule is filled in), then blocks that begin or are extended; a manual one ends the
	 * one before. */
	struct change_rule rule;
	const struct store_hit *hit;
	size_t n_blocks;
	struct block *blocks; /* out: their ids */

	/* This counts as a good day of the client. */
	const struct net *good;

	/* Of net: it is allowed, or all its allowances end. */
	const struct change_allowance *allowance;
	bool disallows;

	size_t n_dropped;
	const struct change_dropped *dropped;

	/* The requester and the request: an audit row. who NULL: the daemon itself. net NULL: everything. why "": none.
	 */
	const char *who, *what, *why;
	const struct net *net;
};

int change_write(struct store *store, const struct change *change, struct why *why);

#endif
