/*
 * blocks: which networks are blocked, since when, until when and why.
 *
 * A block is active from since to until, unless it is lifted earlier; nothing is written when it expires.
 * Several may be active for one net; each expires separately. Errors, transactions and walks as of store.h.
 */
#ifndef WFS_BLOCKS_H
#define WFS_BLOCKS_H

#include "base/block.h"
#include "store/store.h"

/* Written with net, since_s, until_s, offence, rule, cause and proven; their ids are filled in. */
int store_add_blocks(struct store *store, struct block *blocks, size_t n, struct why *why);

/*
 * Packets of a blocked client were seen to be dropped, so many times, the last at at_s; its block now lasts until
 * until_s, if that is later. packets, bytes: more than before, at least; bytes 0: nobody counts them.
 */
struct store_dropped {
	int64_t times, at_s, until_s, packets, bytes;
};
int store_add_dropped(struct store *store, int64_t block_id, const struct store_dropped *dropped, struct why *why);

/* The block of net with that cause that is active at at_s now lasts until until_s. */
int store_prolong(struct store *store, const struct net *net, enum block_cause cause, int64_t at_s, int64_t until_s,
                  struct why *why);

/*
 * Ends an active block before its time: the one with that id, or without one (0) those of exactly its net and cause.
 * by: "allowed" ... With an id it is found at once; else all that are active are read.
 */
int store_end(struct store *store, const struct block *block, int64_t at_s, const char *by, struct why *why);

/*
 * Writes the event of each block that expired by now_s and has none yet; those from before the database was created or
 * converted get none. Nothing else is written when a block expires. In no transaction.
 */
int store_note_expired(struct store *store, int64_t now_s, struct why *why);

/*
 * Walks. store_running: blocks active at now_s, in any order. store_blocks_since: every block that had not
 * expired at since_s, in the order of their ids; until_s is the end it had. Read: all that is written, and the id.
 * ret_rule: the name of its rule, of store_blocks_since; borrowed until the next call; may be NULL.
 */
int store_running(struct store *store, int64_t now_s, struct why *why);
int store_blocks_since(struct store *store, int64_t since_s, struct why *why);
int store_next_block(struct store *store, struct block *ret, const char **ret_rule, struct why *why);

#endif
