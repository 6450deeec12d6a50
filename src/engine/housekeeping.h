/*
 * housekeeping: deletes what is older than [database] keep, then shrinks the database file; and indexes hits.
 *
 * Private to the folder. A slice at a time, so that lines never wait for it: first rows, then the space they leave in
 * the file. Hits that an older version stored are all not indexed: that takes about a minute for 20 million of them,
 * and its progress is logged.
 */
#ifndef WFS_ENGINE_HOUSEKEEPING_H
#define WFS_ENGINE_HOUSEKEEPING_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "store/store.h"

/* Zeroed at the start. */
struct housekeeping {
	bool shrinks;      /* what is too old has been deleted, the file has not shrunk yet */
	int64_t expired_s; /* events of blocks that expired until then are written */
	int64_t to_index,
		logged; /* hits, when there were many: all of them, and how many were left when it was logged last */
};

/* One slice. Returns how many milliseconds later the next is due; an error of the database is no reason to hurry. */
int64_t housekeeping_slice(struct housekeeping *housekeeping, struct store *store, const struct config *config,
                           int64_t now_s);

/* Writes the events of blocks that expired, once for each second. After every turn. */
void housekeeping_expire(struct housekeeping *housekeeping, struct store *store, int64_t now_s);

/* The same for hits that are not indexed yet; nothing when there are few. After every turn: then it costs next to
 * nothing. */
int64_t housekeeping_index(struct housekeeping *housekeeping, struct store *store);

#endif
