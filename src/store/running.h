/*
 * running: the active blocks of a database that a replay is filling, by net and cause.
 *
 * Private to the folder. Such a database has no index on the addresses of blocks, because sorting each block into it
 * costs more disk I/O than everything else that is stored. So active blocks are looked up here: this process added all
 * of them. Memory: about 100 bytes per active block; ended blocks are dropped from time to time.
 */
#ifndef WFS_STORE_RUNNING_H
#define WFS_STORE_RUNNING_H

#include <stdint.h>

#include "base/block.h"

struct running;

struct running *running_new(void);

/* Accepts NULL. */
void running_free(struct running *running);

/* Adds a block that was just stored, with its id. */
void running_add(struct running *running, const struct block *block);

/*
 * Iterates over the blocks of net and cause that are active at at_s, newest first. *at must be NULL at first. Returns
 * the block's id, or 0 after the last. Extends each returned block to at least extend_until_s.
 */
struct running_block;
int64_t running_next(struct running *running, struct running_block **at, const struct net *net, enum block_cause cause,
                     int64_t at_s, int64_t extend_until_s);

#endif
