/*
 * change: writes at once what does not come from a log: admin requests, lifted blocks of clients that have become
 * allowed, and packets that the kernel dropped. One change is one transaction, with the name of the requester.
 *
 * This is the other half of the one write path to hits and blocks: pending gathers evidence and writes it together with
 * log positions, a change is written immediately. Nothing else writes them; store/retention deletes old rows. Errors:
 * see store.h; after an error nothing was changed.
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

/* The texts of a rule that is not in a rule file. */
struct change_rule {
	const char *name, *category, *reason;
};

/* Allows a network until until_s. cause and why: see store/reputation.h. */
struct change_allowance {
	int64_t until_s;
	const char *cause, *why;
};

/* A block whose packets the kernel dropped. */
struct change_dropped {
	int64_t block_id;
	struct store_dropped what;
};

/* All pointers are borrowed. Parts that are NULL or 0 are skipped. The parts are written in this order: */
struct change {
	int64_t at_s;

	/* Active blocks to end, as in store_end; ended_by: "unblocked" ... */
	size_t n_ends;
	const struct block *ends;
	const char *ended_by;

	/*
	 * A hit of this rule (its rule id is filled in), then blocks that begin or are extended. A manual block ends
	 * the one before it.
	 */
	struct change_rule rule;
	const struct store_hit *hit;
	size_t n_blocks;
	struct block *blocks; /* out: receives the ids */

	/* Counts as a good day of this client. */
	const struct net *good;

	/* For net: allow it, or end all its allowances. */
	const struct change_allowance *allowance;
	bool disallows;

	size_t n_dropped;
	const struct change_dropped *dropped;

	/*
	 * The requester and the request, for an audit row. who NULL: the daemon itself, which writes none. net NULL:
	 * everything. why "": no reason given.
	 */
	const char *who, *what, *why;
	const struct net *net;
};

int change_write(struct store *store, const struct change *change, struct why *why);

#endif
