/*
 * housekeeping: deletes what is older than [database] keep, shrinks the database file, and indexes hits.
 *
 * Private to the folder. Works in slices, so that lines never wait for it: first it deletes rows, then it returns their
 * space in the file. Hits stored by an older version are all unindexed: indexing 20 million of them takes about a
 * minute, and its progress is logged.
 */
#ifndef WFS_ENGINE_HOUSEKEEPING_H
#define WFS_ENGINE_HOUSEKEEPING_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "store/store.h"

/* Initialise to zero. */
struct housekeeping {
	bool shrinks;      /* old rows have been deleted, but the file has not been shrunk yet */
	int64_t expired_s; /* events of blocks that expired until then are written */
	int64_t to_index,
		logged; /* total of hits to index if there were many, and how many were left when last logged */
};

/* Runs one slice. Returns in how many milliseconds the next is due. After a database error there is no hurry. */
int64_t housekeeping_slice(struct housekeeping *housekeeping, struct store *store, const struct config *config,
                           int64_t now_s);

/* Writes the events of expired blocks, once per second. Call after every turn. */
void housekeeping_expire(struct housekeeping *housekeeping, struct store *store, int64_t now_s);

/*
 * Runs one slice of indexing hits, if many are not indexed yet. Returns in how many milliseconds the next is due. Call
 * after every turn; usually it costs next to nothing.
 */
int64_t housekeeping_index(struct housekeeping *housekeeping, struct store *store);

#endif
