/*
 * running: the active blocks of a database that a replay is filling, by net and cause.
 *
 * Private to the folder. Such a database has no index on the addresses of blocks, because sorting each block into it
 * costs more disk I/O than everything else that is stored. So active blocks are looked up here: this process added all
 * of them. Prolongations are gathered and written in the order of their blocks, so that each page is changed once; the
 * store writes them before each commit. Memory: a hash table of 12 bytes per place, at most three quarters full, and at
 * most 0.4 MB of prolongations; ended blocks are dropped from time to time. Errors and transactions: see store.h.
 */
#ifndef WFS_STORE_RUNNING_H
#define WFS_STORE_RUNNING_H

#include <stddef.h>
#include <stdint.h>

#include "base/block.h"
#include "base/why.h"

struct store;
struct running;

/* Borrows store. Never returns NULL. */
struct running *running_new(struct store *store);

/* Accepts NULL. */
void running_free(struct running *running);

/* Adds a block that was just stored, with its id. */
void running_add(struct running *running, const struct block *block);

/* Prolongs, like store_prolong, but later: by running_write. */
int running_prolong(struct running *running, const struct net *net, enum block_cause cause, int64_t at_s,
                    int64_t until_s, struct why *why);

/* Writes the prolongations gathered so far. */
int running_write(struct running *running, struct why *why);

/* Discards them, because the transaction was rolled back. */
void running_forget(struct running *running);

/*
 * Iterates over the blocks of net and cause that are active at at_s. *at must be 0 at first. Returns the block's id, or
 * 0 after the last. A block of another net or an ended one may be among them: the caller's statement must compare.
 */
int64_t running_next(const struct running *running, size_t *at, const struct net *net, enum block_cause cause,
                     int64_t at_s);

#endif
