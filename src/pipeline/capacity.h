/*
 * capacity: what stays out when more is wanted than the kernel's lists hold.
 *
 * Private to the folder. Chosen once for each comparison, for each family: those with the fewest offences stay out, of
 * them those that end soonest. Some room is left for what is decided until the next comparison. Pure.
 */
#ifndef WFS_PIPELINE_CAPACITY_H
#define WFS_PIPELINE_CAPACITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pipeline/wanted.h"

enum { CAPACITY_RANKS = 11 }; /* 8 offences, and what the comment of capacity_rank says */

/* What lies below it stays out: a lower rank, or the same and an earlier end. Zeroed: everything fits. */
struct capacity_cut {
	unsigned rank;
	int64_t until_s;
};

/* The worse a client, the higher: 0 listed by others, 1 to 8 its offences, 9 a network of blocked clients, 10 by hand.
 */
unsigned capacity_rank(const struct wanted_entry *entry);

/* For the entries of one family, of which so many can be held. Reads all of them twice when not all fit. */
struct capacity_cut capacity_choose(const struct wanted *wanted, bool ip4, size_t capacity, int64_t now_s);

bool capacity_fits(const struct capacity_cut *cut, const struct wanted_entry *entry);

#endif
