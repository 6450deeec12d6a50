/*
 * capacity: chooses which blocks to leave out when more are wanted than the kernel's lists can hold.
 *
 * Private to the folder. The choice is made once per comparison and address family. Blocks with the fewest offences are
 * left out first, and among those the ones that end soonest. Some capacity is kept free for blocks decided before the
 * next comparison. Pure.
 */
#ifndef WFS_PIPELINE_CAPACITY_H
#define WFS_PIPELINE_CAPACITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pipeline/wanted.h"

enum { CAPACITY_RANKS = 11 }; /* 8 offences, and those that capacity_rank describes */

/*
 * Entries below the cut are left out: those of a lower rank, or of the same rank with an earlier end. Initialise to
 * zero: everything fits.
 */
struct capacity_cut {
	unsigned rank;
	int64_t until_s;
};

/* Returns the rank of an entry: 0 listed by others, 1 to 8 its offences, 9 a network of blocked clients, 10 manual. */
unsigned capacity_rank(const struct wanted_entry *entry);

/*
 * Chooses the cut for the entries of one family, of which the kernel holds capacity. If they do not all fit, this reads
 * all entries twice.
 */
struct capacity_cut capacity_choose(const struct wanted *wanted, bool ip4, size_t capacity, int64_t now_s);

bool capacity_fits(const struct capacity_cut *cut, const struct wanted_entry *entry);

#endif
