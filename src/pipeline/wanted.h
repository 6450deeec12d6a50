/*
 * wanted: holds in memory what the kernel must hold now: every active block.
 *
 * A wanted entry (list, net, until) says that this network is in that kernel list until then. Its other members
 * identify the block that it comes from. net is either the block's network, of whole bits, or a piece of it. A network
 * has one entry per cause, and a wider block that is split into pieces has entries of its own. So several entries may
 * want the same kernel element, which stays until the last of them ends.
 *
 * The entries are an array with stable, reused places; a hash index over (list, net), and a heap of places by end time.
 * No operation gets slow with a million entries. Each takes 72 bytes, plus 20 to 36 for index and heap. Pointers to
 * entries are valid until the next wanted_put. Pure: knows neither kernel nor database nor clock. Aborts if memory
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
	WANTED_HELD, /* in the kernel, as far as is known */
	WANTED_OUT,  /* does not fit, or was refused */
};

struct wanted_entry {
	struct net net;
	/* whole: prefix length of the block's network; list: of the kernel; cause: enum block_cause */
	uint8_t whole, list, cause;
	uint8_t offence;
	uint8_t state;            /* enum wanted_state; set by wanted_mark */
	bool used;                /* false: a free place */
	int64_t since_s, until_s; /* until_s: set by wanted_until */
	/* when we last wrote it to the kernel, or last noticed that the kernel dropped a packet for it */
	int64_t fed_s;
	int64_t kept_s;   /* when the kernel forgets it by itself, as far as is known */
	int64_t id;       /* of the block in the database; 0: not stored yet */
	uint32_t seen;    /* for the owner's use */
	uint32_t heap_at; /* its place in ends; in a free place: the next free place + 1 */
};

struct wanted_slot {
	uint32_t hash, place; /* hash: avoids looking at entries in vain; place + 1, 0 if the slot is free */
};

struct wanted {
	uint64_t seed;          /* must be unpredictable, so that attackers cannot choose addresses that collide */
	size_t n, n4;           /* entries, and those of IPv4 */
	size_t n_out;           /* entries that are WANTED_OUT */
	uint32_t n_places, cap; /* entries in use or freed; entries allocated */
	uint32_t free_at;       /* the first free place + 1; 0: none below n_places */
	struct wanted_entry *entries;
	uint32_t n_slots; /* of the index; a power of two */
	struct wanted_slot *slots;
	uint32_t *ends; /* heap of n places; the first one ends first */
};

/* Frees everything and leaves it empty. Initialise to zero except seed: empty. */
void wanted_done(struct wanted *wanted);

/*
 * Returns the entry of that list, net, whole and cause. Adds a copy of key if there is none, and then sets *ret_new to
 * true.
 */
struct wanted_entry *wanted_put(struct wanted *wanted, const struct wanted_entry *key, bool *ret_new);

/* Changes the end of an entry. */
void wanted_until(struct wanted *wanted, struct wanted_entry *entry, int64_t until_s);
void wanted_mark(struct wanted *wanted, struct wanted_entry *entry, enum wanted_state state);
void wanted_remove(struct wanted *wanted, struct wanted_entry *entry);

/* Prefetches what a search for that list and net reads first. Changes nothing. */
void wanted_fetch(const struct wanted *wanted, uint8_t list, const struct net *net);

/*
 * Iterates over the entries of that list and net. before: NULL first, then the previous result. Returns NULL after the
 * last.
 */
struct wanted_entry *wanted_next(const struct wanted *wanted, uint8_t list, const struct net *net,
                                 const struct wanted_entry *before);

/* Returns the entry of a kernel element that lasts longest; NULL if there is none. */
struct wanted_entry *wanted_longest(const struct wanted *wanted, uint8_t list, const struct net *net);

/* Returns the entry that ends first; NULL if there is none. */
struct wanted_entry *wanted_first(const struct wanted *wanted);

#endif
