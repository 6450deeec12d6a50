/*
 * blocks: which networks are or were blocked, when and why.
 *
 * A block is active from since to until unless it is lifted earlier; nothing is written to it when it expires. Several
 * blocks of one net may be active; each expires separately. Errors, transactions and walks: see store.h.
 */
#ifndef WFS_STORE_BLOCKS_H
#define WFS_STORE_BLOCKS_H

#include "base/block.h"
#include "store/store.h"

/* Adds blocks with their net, since_s, until_s, offence, rule, cause and proven. Sets their ids. */
int store_add_blocks(struct store *store, struct block *blocks, size_t n, struct why *why);

/*
 * Adds dropped packets to a block: they were seen this many times, the last at at_s. Extends the block to until_s if
 * that is later. packets, bytes: additional ones, lower bounds; bytes is 0 if the backend does not count them.
 */
struct store_dropped {
	int64_t times, at_s, until_s, packets, bytes;
};
int store_add_dropped(struct store *store, int64_t block_id, const struct store_dropped *dropped, struct why *why);

/* Extends the active blocks (at at_s) of net and cause to until_s. */
int store_prolong(struct store *store, const struct net *net, enum block_cause cause, int64_t at_s, int64_t until_s,
                  struct why *why);

/*
 * Ends an active block early: the one with block->id or, if that is 0, all of exactly its net and cause. by: "allowed"
 * ... With an id the block is found at once; otherwise by its address.
 */
int store_end(struct store *store, const struct block *block, int64_t at_s, const char *by, struct why *why);

/*
 * Writes an event for each block that expired by now_s and has none yet; nothing else is written for it. Blocks that
 * expired before the database was created or converted get none. Must not be called within a transaction.
 */
int store_note_expired(struct store *store, int64_t now_s, struct why *why);

/*
 * Walks. store_running: the blocks active at now_s, in any order. store_blocks_since: every block that had not ended at
 * since_s, by id; until_s is its actual end. store_blocks_in: of these, only net and what it contains. store_next_block
 * returns everything that is stored, and the id. ret_rule: the rule's name for store_blocks_since and store_blocks_in,
 * borrowed until the next call; may be NULL.
 */
int store_running(struct store *store, int64_t now_s, struct why *why);
int store_blocks_since(struct store *store, int64_t since_s, struct why *why);
int store_blocks_in(struct store *store, const struct net *net, int64_t since_s, struct why *why);
int store_next_block(struct store *store, struct block *ret, const char **ret_rule, struct why *why);

#endif
