/*
 * held: what one of the kernel's lists holds, as far as is known here: entries by address, as many as the list takes.
 *
 * A hash table over an array, so that a list of a hundred thousand costs no more for each entry than one of a hundred.
 * Zeroed: without room; held_init, then anything, held_done (takes zeroed). Pointers to entries are good until the next
 * held_add or held_remove.
 */
#ifndef WFS_HELD_H
#define WFS_HELD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

struct held_entry {
	struct net net;  /* all of one list have the same length */
	uint32_t idle_s; /* since a packet of it was dropped or it was written; when it was last read */
	bool knocked;    /* a packet of it was dropped between the last two times it was read */
	uint32_t place;  /* in the kernel's ring of stamps, from 1 on, when it was last read or made */
	uint32_t writes; /* by us since then */
};

struct held {
	uint32_t n, room;
	struct held_entry *entries; /* n of them, in no order */
	uint32_t n_slots, *slots;   /* index into entries + 1, 0: free; open addressing */
};

/* room: 1..2^20. False: no memory. */
bool held_init(struct held *held, uint32_t room);
void held_done(struct held *held);

/* Empties it. */
void held_clear(struct held *held);

/* NULL: not there. */
struct held_entry *held_find(const struct held *held, const struct addr *addr);

/* Another entry, zeroed but for its net, which is not there yet. There is room. */
struct held_entry *held_add(struct held *held, const struct net *net);

/* entry: of held_find. */
void held_remove(struct held *held, struct held_entry *entry);

#endif
