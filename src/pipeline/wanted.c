#include "pipeline/wanted.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum { SLOTS_MIN = 64 };

void wanted_done(struct wanted *w)
{
	free(w->entries);
	free(w->slots);
	free(w->ends);
	*w = (struct wanted){.seed = w->seed};
}

/* --- the heap of ends --- */

static int64_t end_at(const struct wanted *w, uint32_t at)
{
	return w->entries[w->ends[at]].until_s;
}

static void put_at(struct wanted *w, uint32_t at, uint32_t place)
{
	w->ends[at] = place;
	w->entries[place].heap_at = at;
}

/* Moves an element of a heap of n to where it belongs. */
static void settle(struct wanted *w, uint32_t at, uint32_t n)
{
	const uint32_t place = w->ends[at];
	const int64_t until_s = w->entries[place].until_s;

	for (; at > 0 && end_at(w, (at - 1) / 2) > until_s; at = (at - 1) / 2)
		put_at(w, at, w->ends[(at - 1) / 2]);
	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child + 1 < n && end_at(w, child + 1) < end_at(w, child))
			child++;
		if (child >= n || end_at(w, child) >= until_s)
			break;
		put_at(w, at, w->ends[child]);
		at = child;
	}
	put_at(w, at, place);
}

/* --- the index --- */

static uint32_t hash_of(const struct wanted *w, uint8_t list, const struct net *net)
{
	return (uint32_t)addr_hash(&net->addr, w->seed ^ net->len ^ (uint64_t)list << 8);
}

static bool is_of(const struct wanted_entry *e, uint8_t list, const struct net *net)
{
	return e->net.len == net->len && e->list == list && addr_equal(&e->net.addr, &net->addr);
}

static void enter(struct wanted *w, struct wanted_slot slot)
{
	uint32_t at = slot.hash & (w->n_slots - 1);

	while (w->slots[at].place != 0)
		at = (at + 1) & (w->n_slots - 1);
	w->slots[at] = slot;
}

/*
 * Removes a place from the index, and moves later slots of the same run into the gap so that they can still be found.
 */
static void leave(struct wanted *w, uint32_t place)
{
	const uint32_t mask = w->n_slots - 1;
	uint32_t gap = hash_of(w, w->entries[place].list, &w->entries[place].net) & mask;

	while (w->slots[gap].place != place + 1)
		gap = (gap + 1) & mask;
	for (uint32_t at = (gap + 1) & mask; w->slots[at].place != 0; at = (at + 1) & mask)
		if (((at - w->slots[at].hash) & mask) >= ((at - gap) & mask)) {
			w->slots[gap] = w->slots[at];
			gap = at;
		}
	w->slots[gap] = (struct wanted_slot){0};
}

/* Keeps the index at most half full. This takes a few milliseconds for a million entries, because no entry is read. */
static void grow_index(struct wanted *w)
{
	struct wanted_slot *const before = w->slots;
	const uint32_t n_before = w->n_slots;

	if (n_before >= 2 * (w->n + 1))
		return;
	w->n_slots = n_before == 0 ? SLOTS_MIN : 2 * n_before;
	w->slots = alloc_zero(w->n_slots, sizeof *w->slots, "the active blocks");
	for (uint32_t at = 0; at < n_before; at++)
		if (before[at].place != 0)
			enter(w, before[at]);
	free(before);
}

static uint32_t free_place(struct wanted *w)
{
	const uint32_t place = w->free_at == 0 ? w->n_places : w->free_at - 1;

	if (w->free_at != 0) {
		w->free_at = w->entries[place].heap_at;
		return place;
	}
	if (w->n_places == w->cap) {
		w->cap = w->cap == 0 ? SLOTS_MIN : w->cap + w->cap / 2;
		w->entries = alloc_resize(w->entries, w->cap, sizeof *w->entries, "the active blocks");
		w->ends = alloc_resize(w->ends, w->cap, sizeof *w->ends, "the active blocks");
	}
	w->n_places++;
	return place;
}

/* --- entries --- */

void wanted_fetch(const struct wanted *w, uint8_t list, const struct net *net)
{
	if (w->n_slots > 0)
		__builtin_prefetch(&w->slots[hash_of(w, list, net) & (w->n_slots - 1)], 1);
}

struct wanted_entry *wanted_next(const struct wanted *w, uint8_t list, const struct net *net,
                                 const struct wanted_entry *before)
{
	const uint32_t hash = hash_of(w, list, net);
	uint32_t at = hash & (w->n_slots - 1);

	if (w->n_slots == 0)
		return NULL;
	for (bool passed = before == NULL; w->slots[at].place != 0; at = (at + 1) & (w->n_slots - 1)) {
		struct wanted_entry *const e = &w->entries[w->slots[at].place - 1];

		if (!passed)
			passed = e == before;
		else if (w->slots[at].hash == hash && is_of(e, list, net))
			return e;
	}
	return NULL;
}

struct wanted_entry *wanted_longest(const struct wanted *w, uint8_t list, const struct net *net)
{
	struct wanted_entry *longest = NULL;

	for (struct wanted_entry *e = NULL; (e = wanted_next(w, list, net, e)) != NULL;)
		if (longest == NULL || e->until_s > longest->until_s)
			longest = e;
	return longest;
}

struct wanted_entry *wanted_put(struct wanted *w, const struct wanted_entry *key, bool *ret_new)
{
	struct wanted_entry *e = NULL;
	uint32_t place;

	*ret_new = false;
	while ((e = wanted_next(w, key->list, &key->net, e)) != NULL)
		if (e->whole == key->whole && e->cause == key->cause)
			return e;
	grow_index(w);
	place = free_place(w);
	w->entries[place] = *key;
	e = &w->entries[place];
	e->used = true;
	e->state = WANTED_NEW;
	enter(w, (struct wanted_slot){.hash = hash_of(w, e->list, &e->net), .place = place + 1});
	put_at(w, (uint32_t)w->n, place);
	w->n++;
	w->n4 += addr_is_ip4(&e->net.addr);
	settle(w, (uint32_t)w->n - 1, (uint32_t)w->n);
	*ret_new = true;
	return e;
}

void wanted_until(struct wanted *w, struct wanted_entry *e, int64_t until_s)
{
	e->until_s = until_s;
	settle(w, e->heap_at, (uint32_t)w->n);
}

void wanted_mark(struct wanted *w, struct wanted_entry *e, enum wanted_state state)
{
	w->n_out += (size_t)(state == WANTED_OUT) - (size_t)(e->state == WANTED_OUT);
	e->state = (uint8_t)state;
}

void wanted_remove(struct wanted *w, struct wanted_entry *e)
{
	const uint32_t place = (uint32_t)(e - w->entries), at = e->heap_at;

	wanted_mark(w, e, WANTED_NEW);
	leave(w, place);
	w->n--;
	w->n4 -= addr_is_ip4(&e->net.addr);
	if (at < w->n) {
		put_at(w, at, w->ends[w->n]);
		settle(w, at, (uint32_t)w->n);
	}
	e->used = false;
	e->heap_at = w->free_at;
	w->free_at = place + 1;
}

struct wanted_entry *wanted_first(const struct wanted *w)
{
	return w->n == 0 ? NULL : &w->entries[w->ends[0]];
}
