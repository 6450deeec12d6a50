#include "verdict/clients.h"

#include <string.h>

#include "verdict/history.h"
#include "verdict/network.h"
#include "verdict/scores.h"

enum {
	TABLE_MIN = 1 << 10,
	LARGE = 1 << 16, /* entries */
};

/* A small table doubles and is at most two thirds full; in a large one memory matters more than a few probes. */
static size_t capacity_after(size_t capacity)
{
	const size_t next = capacity < LARGE ? 2 * capacity : capacity + capacity / 4;

	return next < VERDICT_ADDRESSES_MAX ? next : VERDICT_ADDRESSES_MAX;
}

static size_t size_for(size_t capacity)
{
	return capacity <= LARGE ? capacity + capacity / 2 : capacity + capacity / 5;
}

void clients_init(struct clients *s, const struct verdict_policy *policy)
{
	s->policy = policy;
	s->capacity = TABLE_MIN;
	s->size = size_for(s->capacity);
	arena_init(&s->arena, size_for(VERDICT_ADDRESSES_MAX) * sizeof *s->table);
	s->table = s->last = s->arena.start;
	arena_reach(&s->arena, s->size * sizeof *s->table);
	s->n = 0;
	s->forgotten = 0;
	heap_init(&s->heap);
}

void clients_done(struct clients *s)
{
	arena_done(&s->arena);
	s->table = s->last = NULL;
	heap_done(&s->heap);
}

void *clients_fit(struct clients *s, struct tracked *t, size_t bytes)
{
	const unsigned tier = heap_tier(bytes);
	const size_t had = t->tier == 0 ? HEAP_UNIT : heap_size(t->tier);
	void *from = heap_at(&s->heap, t->cell), *to;
	uint32_t cell;

	if (tier == t->tier)
		return from;
	cell = heap_get(&s->heap, tier);
	to = heap_at(&s->heap, cell);
	if (tier > 0) /* gcc replaces memcpy with an instruction that takes long to start, for a few bytes */
		memmove(to, from, had < heap_size(tier) ? had : heap_size(tier));
	heap_put(&s->heap, t->cell, t->tier);
	t->cell = HEAP_NUMBER(cell);
	t->tier = tier & UINT8_MAX;
	return to;
}

/* Removes an entry. Entries after it move up, so that no probe sequence is interrupted. */
static void erase(struct clients *s, struct tracked *t)
{
	size_t hole = (size_t)(t - s->table), i = hole; /* t points into the table */

	heap_put(&s->heap, t->cell, t->tier);
	s->n--;
	for (;;) {
		size_t home;

		i = i + 1 == s->size ? 0 : i + 1;
		if (!s->table[i].used)
			break;
		home = clients_home(s, &s->table[i].addr, s->table[i].len);
		/* The entry may move to the hole unless its home is after the hole, up to i. */
		if (hole < i ? home > hole && home <= i : home > hole || home <= i)
			continue;
		s->table[hole] = s->table[i];
		hole = i;
	}
	s->table[hole] = (struct tracked){0};
}

/* --- offences and good days --- */

unsigned clients_count_offences(const struct clients *s, const struct tracked *t, uint32_t now_s)
{
	const struct history *const h = history_of(s, t);
	unsigned n = 0;

	while (n < h->n_offences && h->offences[h->n_offences - n - 1U] + s->policy->memory_s > now_s)
		n++;
	return n;
}

uint32_t clients_last_offence(const struct clients *s, const struct tracked *t)
{
	const struct history *const h = history_of(s, t);

	return h->n_offences == 0 ? 0 : h->offences[h->n_offences - 1];
}

void clients_begin_offence(struct clients *s, struct tracked *t, uint32_t since_s)
{
	struct history *h = history_of(s, t);

	if (h->n_offences == CLIENTS_OFFENCES) {
		memmove(h->offences, h->offences + 1, (CLIENTS_OFFENCES - 1) * sizeof *h->offences);
	} else {
		h = history_fit(s, t, h->n_offences + 1U, h->n_scores);
		memmove(h->offences + h->n_offences + 1, history_scores(h), h->n_scores * sizeof(struct score));
		h->n_offences++;
	}
	h->offences[h->n_offences - 1] = since_s;
}

void clients_note_day(struct tracked *t, uint32_t day)
{
	const uint32_t mask = (1U << CLIENTS_GOOD_DAYS) - 1;
	uint32_t good = t->good;

	if (day > t->day) {
		const uint32_t later = day - t->day;

		good = later >= CLIENTS_GOOD_DAYS ? 0 : good << later;
		t->day = (uint16_t)day; /* until 2149 */
	}
	if (t->day - day < CLIENTS_GOOD_DAYS)
		good |= 1U << (t->day - day);
	t->good = good & mask;
}

/* --- what to keep when space is needed --- */

/* How important a subject must be to stay. */
enum keep {
	KEEP_ALL_THAT_MATTERS,
	KEEP_LOUD,    /* blocked, half way to a block, or proven good */
	KEEP_BLOCKED, /* blocked or proven good */
	/*
	 * A million are blocked: an arbitrary half stays; the others stay blocked in the kernel, but may be blocked
	 * again.
	 */
	KEEP_HALF,
	KEEP_NONE, /* an attacker has found a million addresses of the half that stays */
};

/* Forgets what is too old to count. */
static void age(struct clients *s, struct tracked *t, uint32_t now_s)
{
	if (clients_is_network(s, t)) {
		network_forget(s, t, clients_horizon(s, now_s) + 1);
	} else {
		scores_age(s, t, now_s);
		history_trim(s, t);
	}
}

static bool stays(struct clients *s, struct tracked *t, enum keep keep, uint32_t now_s)
{
	switch (keep) {
	case KEEP_ALL_THAT_MATTERS:
		age(s, t, now_s);
		return t->until_s > clients_horizon(s, now_s) || clients_good_days(t, now_s) != 0 ||
		       (clients_is_network(s, t) ? t->cell != HEAP_NONE
		                                 : scores_any(s, t) || clients_count_offences(s, t, now_s) > 0);
	case KEEP_LOUD:
		if (clients_is_network(s, t))
			return t->until_s > now_s || network_at(s, t)->n_blocked > 0 || t->good != 0;
		return t->until_s > now_s || clients_is_proven(s, t, now_s) ||
		       scores_sum(s, t, now_s) * 2 >= s->policy->threshold;
	case KEEP_BLOCKED:
		return t->until_s > now_s || clients_is_proven(s, t, now_s);
	case KEEP_HALF:
		return (addr_hash(&t->addr, 0) & 1) != 0;
	case KEEP_NONE:
		return false;
	}
	return true; /* not reached: the switch is complete */
}

static void forget(struct clients *s, enum keep keep, uint32_t now_s)
{
	for (size_t i = 0; i < s->size; i++)
		while (s->table[i].used && !stays(s, &s->table[i], keep, now_s))
			erase(s, &s->table[i]); /* another entry may have moved here */
}

static void grow(struct clients *s)
{
	const size_t old_size = s->size;

	s->capacity = capacity_after(s->capacity);
	s->size = size_for(s->capacity);
	if (s->size == old_size) /* where large tables begin */
		return;
	arena_reach(&s->arena, s->size * sizeof *s->table);
	clients_rehash(s, old_size);
}

/* Returns true if more than three quarters of the maximum are in use. */
static bool is_crowded(const struct clients *s)
{
	return s->n * 4 > (size_t)VERDICT_ADDRESSES_MAX * 3 || s->heap.used * 4 > (size_t)HEAP_MAX * 3;
}

/* Copies the cells to a new heap if little of this one is in use, or no new cell may fit. */
static void compact(struct clients *s)
{
	struct heap old = s->heap;

	if (s->heap.used * 2 > s->heap.fresh && clients_have_spare(s))
		return;
	heap_init(&s->heap);
	for (struct tracked *t = s->table; t < s->table + s->size; t++) {
		const uint32_t cell = heap_get(&s->heap, t->tier);

		memcpy(heap_at(&s->heap, cell), heap_at(&old, t->cell), heap_size(t->tier));
		t->cell = HEAP_NUMBER(cell);
	}
	heap_done(&old);
}

/* Forgets what no longer matters; grows the table; at the limit forgets the least active. */
void clients_make_space(struct clients *s, uint32_t now_s)
{
	size_t before;

	forget(s, KEEP_ALL_THAT_MATTERS, now_s);
	compact(s);
	before = s->n;
	if (s->n * 2 >= s->capacity && s->capacity < VERDICT_ADDRESSES_MAX) {
		grow(s);
		if (clients_have_spare(s))
			return;
	}
	/* Free a quarter, so that this is not repeated for the next address. */
	for (enum keep keep = KEEP_LOUD; is_crowded(s) && keep <= KEEP_NONE; keep++)
		forget(s, keep, now_s);
	compact(s);
	s->forgotten += before - s->n;
}
