/*
 * members: what one of the kernel's lists holds, as far as is known here: entries by network, up to the list's
 * capacity.
 *
 * It is a hash table over an array, so that an entry costs the same in a list of a hundred thousand as in one of a
 * hundred. Zeroed: capacity 0; call members_init first. members_done also accepts a zeroed struct. Pointers to
 * entries are valid until the next members_add or members_remove.
 */
#ifndef WFS_ROOT_MEMBERS_H
#define WFS_ROOT_MEMBERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

struct members_entry {
	struct net net;
	unsigned long stamp; /* kernel time of the last dropped packet as last read, or of our last write */
	uint32_t dropped;    /* lower bound of packets dropped between its last two readings */
	uint32_t written_s;  /* steady clock, set by observe; in gate.c: seconds since the client came */
	uint32_t place;      /* in the kernel's ring of stamps, from 1, when it was last read or created */
	uint32_t writes;     /* our writes since then */
};

struct members {
	uint32_t n, cap;
	struct members_entry *entries; /* n of them, unordered */
	uint32_t n_slots, *slots;      /* open addressing: index into entries + 1; 0: free */
};

/* Allocates the table. cap: 1..2^20. Returns false if memory cannot be allocated. */
bool members_init(struct members *members, uint32_t cap);
void members_done(struct members *members);

/* Removes all entries. */
void members_clear(struct members *members);

/* Returns NULL if net is not there. */
struct members_entry *members_find(const struct members *members, const struct net *net);

/* Adds an entry for net, otherwise zeroed. net must be absent, and n below cap. */
struct members_entry *members_add(struct members *members, const struct net *net);

/* entry: from members_find. */
void members_remove(struct members *members, struct members_entry *entry);

#endif
