/*
 * members: what one of the kernel's lists holds, as far as is known here: entries by network, up to the list's
 * capacity.
 *
 * A hash table over an array, so that a list of a hundred thousand costs no more for each entry than one of a hundred.
 * Zeroed: without capacity; members_init, then anything, members_done (also of zeroed). Pointers to entries are good
 * until the next members_add or members_remove.
 */
#ifndef WFS_ROOT_MEMBERS_H
#define WFS_ROOT_MEMBERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

struct members_entry {
	struct net net;
	unsigned long stamp; /* the kernel's, of the last packet that was dropped, as last read, or of our writing */
	uint32_t dropped;    /* packets between the last two times it was read, at least */
	uint32_t written_s;  /* on the steady clock; kept by observe; by gate.c: seconds since it came */
	uint32_t place;      /* in the kernel's ring of stamps, from 1 on, when it was last read or made */
	uint32_t writes;     /* by us since then */
};

struct members {
	uint32_t n, cap;
	struct members_entry *entries; /* n of them, in no order */
	uint32_t n_slots, *slots;      /* index into entries + 1, 0: free; open addressing */
};

/* cap: 1..2^20. False: memory cannot be allocated. */
bool members_init(struct members *members, uint32_t cap);
void members_done(struct members *members);

/* Empties it. */
void members_clear(struct members *members);

/* NULL: not there. */
struct members_entry *members_find(const struct members *members, const struct net *net);

/* Another entry, zeroed but for its net, which is not there yet. n is below cap. */
struct members_entry *members_add(struct members *members, const struct net *net);

/* entry: of members_find. */
void members_remove(struct members *members, struct members_entry *entry);

#endif
