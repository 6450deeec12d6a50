/*
 * blocks: who is blocked, since when, until when and why.
 *
 * A block runs from since until until, unless it is lifted before: nothing is written when its time is over.
 * Several may run for one net; each ends by itself. Errors, transactions and walks as of store.h.
 */
#ifndef WFS_BLOCKS_H
#define WFS_BLOCKS_H

#include "store/store.h"

/* Why a block is there; the numbers stand in the database. */
enum store_cause {
	STORE_EVIDENCE = 0,
	STORE_NETWORK = 1,
	STORE_MANUAL = 2,
};

struct store_block {
	int64_t id;
	struct net net;
	int64_t since_s, until_s; /* until_s: when it ended, once it ended */
	unsigned offence;         /* 0: by hand */
	int64_t rule;
	enum store_cause cause;
	bool proven;
	const char *rule_name;    /* out, of store_blocks_since: borrowed until the next call; else NULL */
};
int store_add_blocks(struct store *store, const struct store_block *blocks, size_t n, struct why *why);

/* A block was seen knocking at at_s, and lasts until until_s now, if that is later. */
int store_knock(struct store *store, int64_t block_id, int64_t at_s, int64_t until_s, struct why *why);

/* The block of net with that cause that runs at at_s lasts until until_s now. */
int store_prolong(struct store *store, const struct net *net, enum store_cause cause, int64_t at_s,
                  int64_t until_s, struct why *why);

/* Lifts every block of exactly net that runs at at_s before its time. by: "allowed" ... */
int store_end(struct store *store, const struct net *net, int64_t at_s, const char *by, struct why *why);

/* The same of every block, in one pass: each net by itself would read all that run. */
int store_end_all(struct store *store, int64_t at_s, const char *by, struct why *why);

/* Lifts one block, or those of one cause; the others go on. */
int store_end_one(struct store *store, int64_t block_id, int64_t at_s, const char *by, struct why *why);
int store_end_cause(struct store *store, const struct net *net, enum store_cause cause, int64_t at_s,
                    const char *by, struct why *why);

/* When the next running block ends by itself; STORE_NONE when none runs. */
int store_next_expiry(struct store *store, int64_t now_s, int64_t *ret_s, struct why *why);

/*
 * Walks. store_running: blocks that run at now_s, in any order. store_blocks_since: every block whose time
 * was not over at since_s, oldest first; until_s is the end it had.
 */
int store_running(struct store *store, int64_t now_s, struct why *why);
int store_blocks_since(struct store *store, int64_t since_s, struct why *why);
int store_next_block(struct store *store, struct store_block *ret, struct why *why);

#endif
