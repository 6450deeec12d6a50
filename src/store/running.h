/*
 * running: the blocks that are active in a database that a replay fills, by net and cause.
 *
 * Such a database has no index on the addresses of blocks: to sort each block into it costs more reads and writes of
 * the disk than all else that is stored. Who must find an active block finds its id here: all of them were added by
 * this process. Private to the folder. Memory: some 100 bytes for each block that is active; those that ended are
 * forgotten from time to time.
 */
#ifndef WFS_STORE_RUNNING_H
#define WFS_STORE_RUNNING_H

#include <stdint.h>

#include "base/block.h"

struct running;

struct running *running_new(void);

/* Accepts NULL. */
void running_free(struct running *running);

/* A block that was just stored, with its id. */
void running_add(struct running *running, const struct block *block);

/*
 * The blocks of net with that cause that are active at at_s, one in each call, the newest first: *at is NULL at first.
 * Returns its id; 0: no more. extend_until_s: each that is returned lasts at least until then.
 */
struct running_block;
int64_t running_next(struct running *running, struct running_block **at, const struct net *net, enum block_cause cause,
                     int64_t at_s, int64_t extend_until_s);

#endif
