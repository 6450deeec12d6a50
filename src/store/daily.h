/*
 * daily: keeps sums per day and rule for ever: hits, addresses, blocks, dropped packets.
 *
 * Private to the folder. Additions are gathered in memory and written together. Row 0 of a day holds the sums of all
 * rules; its addresses are added separately, because an address counts once there and once per rule. Days are counted
 * since 1970, UTC. Aborts if memory cannot be allocated. Errors and transactions: see store.h.
 */
#ifndef WFS_STORE_DAILY_H
#define WFS_STORE_DAILY_H

#include <stddef.h>
#include <stdint.h>

#include "base/why.h"

enum { DAILY_ALL_RULES = 0 };

struct store;

/*
 * Additions for one day and rule id. addresses may be negative, if addresses added earlier turn out to be known
 * already.
 */
struct daily_row {
	int64_t day, rule;
	int64_t hits, addresses, blocks, dropped;
	int64_t packets, bytes; /* of dropped packets; bytes 0: not counted by the backend */
	int64_t last_s;         /* time of the last hit; 0: none */
};

/* Initialise to zero: empty. */
struct daily {
	size_t n, cap;
	struct daily_row *rows;
	size_t last; /* index of the row used last */
};

/* Returns the row of a day and rule, to add to. Valid until the next call. */
struct daily_row *daily_row(struct daily *daily, int64_t day, int64_t rule);

/* Adds all rows to the table and empties daily. Also empties it after an error: the caller rolls back. */
int daily_write(struct daily *daily, struct store *store, struct why *why);

/* Discards all rows, because the transaction was rolled back. */
void daily_clear(struct daily *daily);

/* Discards all rows and frees the memory. */
void daily_done(struct daily *daily);

#endif
