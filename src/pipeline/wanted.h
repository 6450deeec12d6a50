/*
 * wanted: what the kernel is to hold now: every active block, in memory.
 *
 * A wanted entry is (list, net, until): this network is in that list of the kernel until then. What else it carries
 * says which block it comes from: net is the block's network, of "whole" bits, or a piece of it; a network has one
 * entry for each cause, and a wider block that is held in pieces has its own. So one element of the kernel may be
 * wanted by several entries, and stays while one of them lasts.
 *
 * One array, whose places are stable and reused; a hash index over (list, net), and a heap of places by the time they
 * end. Everything costs the same with a million entries: 72 bytes each, and 20 to 36 for index and heap. Pointers to
 * entries are good until the next wanted_put. Pure: knows neither kernel nor database nor clock. Aborts if memory
 * cannot be allocated.
 */
#ifndef WFS_PIPELINE_WANTED_H
#define WFS_PIPELINE_WANTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/block.h"

enum wanted_state {
	WANTED_NEW,  /* not sent yet */
	WANTED_HELD, /* in the kernel, as far as we know */
	WANTED_OUT,  /* did not fit, or was refused */
};

struct wanted_entry {
	struct net net;
	uint8_t whole, list, cause; /* length of the block's network; list of the kernel; enum block_cause */
	uint8_t offence;
	uint8_t state;            /* enum wanted_state; by wanted_mark */
	bool used;                /* false: a free place */
	int64_t since_s, until_s; /* until_s: by wanted_until */
	int64_t fed_s;            /* when we last wrote it to the kernel, or noticed a packet that the kernel dropped */
	int64_t kept_s;           /* the kernel forgets it then by itself, as far as we know */
	int64_t id;               /* of the block in the database; 0: it is not there (yet) */
	uint32_t seen;            /* the owner's */
	uint32_t heap_at;         /* its place in ends; in a free place: the next one + 1 */
};

struct wanted_slot {
	uint32_t hash, place; /* hash: so that few entries are looked at in vain; place + 1, 0: free */
};

struct wanted {
	uint64_t seed;          /* one that an attacker cannot know, so that none can choose addresses that collide */
	size_t n, n4;           /* entries, and those of IPv4 */
	size_t n_out;           /* entries that are WANTED_OUT */
	uint32_t n_places, cap; /* places of entries begun; allocated */
	uint32_t free_at;       /* the first free place + 1; 0: none below n_places */
	struct wanted_entry *entries;
	uint32_t n_slots; /* of the index; a power of two */
	struct wanted_slot *slots;
	uint32_t *ends; /* heap of n places, the one that ends first in front */
};

/* Zeroed but for seed: empty. Frees and empties. */
void wanted_done(struct wanted *wanted);

/*
 * The entry of that list, net, whole and cause, made of key when there is
 * none yet. *ret_new: it was made.
 */
struct wanted_entry *wanted_put(struct wanted *wanted, const struct wanted_entry *key, bool *ret_new);

/* Another end. */
void wanted_until(struct wanted *wanted, struct wanted_entry *entry, int64_t until_s);
void wanted_mark(struct wanted *wanted, struct wanted_entry *entry, enum wanted_state state);
void wanted_remove(struct wanted *wanted, struct wanted_entry *entry);

/* The entries of that list and net, one after the other: before: NULL, then the one before. NULL: no more. */
struct wanted_entry *wanted_next(const struct wanted *wanted, uint8_t list, const struct net *net,
                                 const struct wanted_entry *before);

/* Of several entries of one element of the kernel, the one that lasts longest; NULL: there is none. */
struct wanted_entry *wanted_longest(const struct wanted *wanted, uint8_t list, const struct net *net);

/* The entry that ends first; NULL: there is none. */
struct wanted_entry *wanted_first(const struct wanted *wanted);

#endif
