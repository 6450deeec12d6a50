/*
 * clients: the table of all subjects and networks with known state: their good days, the end of the last block, and a
 * cell of the heap with the rest. history.h explains the cell of a subject, network.h that of a network.
 *
 * Private to the folder. Owns the entries and their cells, and chooses what to forget when space is needed: first what
 * no longer matters, then the least active. Call clients_init first; release with clients_done. A pointer to an entry,
 * or into its cell, is valid until the next clients_find_or_add. Times are Unix seconds in 32 bits, valid until 2106;
 * 0: none. now_s is the time of the call. Limits: VERDICT_ADDRESSES_MAX entries, HEAP_MAX for their cells. Aborts if
 * memory cannot be allocated.
 *
 * Functions that are called for each piece of evidence are inline: they take most of the time here in a replay of old
 * logs.
 */
#ifndef WFS_VERDICT_CLIENTS_H
#define WFS_VERDICT_CLIENTS_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "verdict/heap.h"
#include "verdict/verdict.h"

enum {
	CLIENTS_OFFENCES = VERDICT_DURATIONS_MAX - 1, /* start times that are kept: more would not change a duration */
	CLIENTS_GOOD_DAYS = 31,                       /* days that are remembered */
	CLIENTS_DAY_S = 86400,
	/*
	 * Units of the heap that one piece of evidence may need: for a subject and a network with all that is kept, and
	 * for an offence of each client of the network.
	 */
	CLIENTS_SPARE = 1024,
};

/* The state of a subject or a network: half a cache line, since there may be a million of them. */
struct tracked {
	struct addr addr;
	uint32_t until_s; /* end of the last block; the entry is blocked until then */
	/* bit i is set for i days before day; for a network: it contained a proven good client */
	uint32_t good : CLIENTS_GOOD_DAYS;
	uint32_t used : 1;
	uint16_t day;                        /* the newest good day, since 1970 */
	uint8_t len;                         /* of the subject, as in struct net */
	uint8_t lists;                       /* flags: the port lists that its blocks close while it is blocked */
	uint32_t cell : HEAP_BITS, tier : 8; /* in the heap; see history.h and network.h */
};

static_assert(sizeof(struct tracked) == 32, "half a cache line");

struct clients {
	const struct verdict_policy *policy; /* borrowed */
	struct arena arena;
	struct tracked *table; /* an open-addressing hash table with linear probing, in the order of the hash */
	size_t size, capacity, n;
	/* The slot that clients_find_or_add returned last: it is usually requested twice in a row. */
	struct tracked *last;
	uint64_t forgotten; /* for lack of space */
	struct heap heap;
};

/* policy: borrowed until clients_done, must not change; its ip6_prefix must not be 0. */
void clients_init(struct clients *clients, const struct verdict_policy *policy);
void clients_done(struct clients *clients);

/* --- entries --- */

/* Returns the entry's home slot: 0..size - 1. The seed keeps attackers from choosing addresses that collide. */
static inline size_t clients_home(const struct clients *s, const struct addr *addr, uint8_t len)
{
	const uint64_t hash = addr_hash(addr, s->policy->seed ^ (uint64_t)len << 56);

	return (size_t)((hash >> 32) * s->size >> 32); /* size < 2^32 */
}

static inline bool clients_is_at(const struct tracked *t, const struct addr *addr, uint8_t len)
{
	return t->used && addr_equal(&t->addr, addr) && t->len == len;
}

/* Returns the slot of the entry, or the free slot where it belongs. */
static inline struct tracked *clients_place(const struct clients *s, const struct addr *addr, uint8_t len)
{
	struct tracked *const table = s->table;
	const size_t size = s->size;
	size_t i = clients_home(s, addr, len);

	while (table[i].used && !clients_is_at(&table[i], addr, len))
		i = i + 1 == size ? 0 : i + 1;
	return &table[i];
}

/* Returns the entry, or NULL if nothing is known. */
static inline struct tracked *clients_find(const struct clients *s, const struct net *net)
{
	struct tracked *const t = clients_place(s, &net->addr, net->len);

	return t->used ? t : NULL;
}

/* Returns the time that evidence must be after to count. */
static inline uint32_t clients_horizon(const struct clients *s, uint32_t now_s)
{
	return now_s > s->policy->window_s ? now_s - (uint32_t)s->policy->window_s : 0; /* 0..now_s */
}

/* Returns true for a network, false for a subject. */
static inline bool clients_is_network(const struct clients *s, const struct tracked *t)
{
	return t->len < 128 && (addr_is_ip4(&t->addr) || t->len != s->policy->ip6_prefix);
}

/* Prefetches what clients_find will read, and then the cell of the entry, which needs what the first step fetched. */
static inline void clients_fetch(const struct clients *s, const struct net *net, enum verdict_expected when)
{
	if (when == VERDICT_SOON)
		__builtin_prefetch(&s->table[clients_home(s, &net->addr, net->len)], 1);
	else if (when == VERDICT_SOONER)
		__builtin_prefetch(heap_at(&s->heap, clients_place(s, &net->addr, net->len)->cell), 1);
}

/* Makes space for another entry and its cell. Only for clients_find_or_add. */
void clients_make_space(struct clients *clients, uint32_t now_s);

static inline bool clients_have_spare(const struct clients *s)
{
	return s->heap.fresh + CLIENTS_SPARE <= HEAP_MAX;
}

/*
 * Returns the entry, a new one if needed. May move or forget other entries. Afterwards CLIENTS_SPARE units are
 * free.
 */
static inline struct tracked *clients_find_or_add(struct clients *s, const struct net *net, uint32_t now_s)
{
	struct tracked *t = s->last;

	if (!clients_is_at(t, &net->addr, net->len)) /* an entry is never in two slots */
		t = s->last = clients_place(s, &net->addr, net->len);
	if (t->used && clients_have_spare(s))
		return t;
	if (s->n + 1 > s->capacity || !clients_have_spare(s)) {
		clients_make_space(s, now_s);
		t = s->last = clients_place(s, &net->addr, net->len);
	}
	if (!t->used) {
		*t = (struct tracked){.addr = net->addr, .len = net->len, .used = 1};
		s->n++;
	}
	return t;
}

/* Moves all entries to their slots after the table grew from old_size to size; the new slots are free. */
void clients_rehash(struct clients *clients, size_t old_size);

/*
 * Makes the cell of an entry the smallest that has that many bytes, and returns it. The content stays; a new cell
 * begins with HEAP_UNIT bytes that are 0. 0 bytes: frees it.
 */
void *clients_fit(struct clients *clients, struct tracked *t, size_t bytes);

/* --- offences --- */

/* Returns how many offences began within memory: 0..CLIENTS_OFFENCES, which means "or more". */
unsigned clients_count_offences(const struct clients *clients, const struct tracked *t, uint32_t now_s);

/* Returns when the last offence began; 0: none is known. */
uint32_t clients_last_offence(const struct clients *clients, const struct tracked *t);

/* Adds an offence; since_s must be the latest. */
void clients_begin_offence(struct clients *clients, struct tracked *t, uint32_t since_s);

/* --- good days --- */

/* Returns the good days among the last CLIENTS_GOOD_DAYS; bit 0: today. */
static inline uint32_t clients_good_days(const struct tracked *t, uint32_t now_s)
{
	const uint32_t today = now_s / CLIENTS_DAY_S, mask = (1U << CLIENTS_GOOD_DAYS) - 1;

	if (t->day >= today)
		return t->good;
	return today - t->day >= CLIENTS_GOOD_DAYS ? 0 : (uint32_t)t->good << (today - t->day) & mask;
}

/* Returns true if there are earn_days of them. */
static inline bool clients_is_proven(const struct clients *s, const struct tracked *t, uint32_t now_s)
{
	return s->policy->earn_days > 0 &&
	       (unsigned)__builtin_popcount(clients_good_days(t, now_s)) >= s->policy->earn_days;
}

/* Records a good day; day: since 1970. */
void clients_note_day(struct tracked *t, uint32_t day);

#endif
