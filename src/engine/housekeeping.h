/*
 * housekeeping: deletes what is older than [database] keep, then shrinks the database file.
 *
 * A slice at a time, so that lines never wait for it: first rows, then the space they leave in the file.
 */
#ifndef WFS_ENGINE_HOUSEKEEPING_H
#define WFS_ENGINE_HOUSEKEEPING_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "store/store.h"

/* Zeroed at the start. */
struct housekeeping {
	bool shrinks; /* what is too old has been deleted, the file has not shrunk yet */
};

/* One slice. Returns how many milliseconds later the next is due; an error of the database is no reason to hurry. */
int64_t housekeeping_slice(struct housekeeping *housekeeping, struct store *store, const struct config *config,
                    int64_t now_s);

#endif
