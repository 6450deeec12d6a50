#include "verdict/clients.h"

#include "verdict/network.h"
#include "verdict/scores.h"

enum {
	TABLE_MIN = 1 << 10,
	LARGE = 1 << 18, /* entries */
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
	pool_init(&s->nodes, sizeof(struct node), VERDICT_NODES_MAX);
	pool_init(&s->chunks, sizeof(struct chunk), CLIENTS_CHUNKS_MAX);
}

void clients_done(struct clients *s)
{
	arena_done(&s->arena);
	s->table = s->last = NULL;
	pool_done(&s->nodes);
	pool_done(&s->chunks);
}

/* Frees the lists of an entry. */
static void drop_lists(struct clients *s, const struct tracked *t)
{
	nodes_drop(&s->nodes, t->good);
	if (clients_is_network(s, t)) {
		network_free(&s->chunks, t);
	} else {
		nodes_drop(&s->nodes, t->scores);
		nodes_drop(&s->nodes, t->offences);
	}
}

/* Removes an entry. Entries after it move up, so that no probe sequence is interrupted. */
static void erase(struct clients *s, struct tracked *t)
{
	size_t hole = (size_t)(t - s->table), i = hole; /* t points into the table */

	drop_lists(s, t);
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
	unsigned n = 0;

	for (uint32_t i = t->offences; i != POOL_NONE; i = nodes_at(&s->nodes, i)->next, n++)
		if ((int64_t)nodes_at(&s->nodes, i)->time_s + s->policy->memory_s <= now_s)
			break;
	return n;
}

void clients_begin_offence(struct clients *s, struct tracked *t, uint32_t since_s)
{
	const uint32_t fresh = pool_get(&s->nodes);
	struct node *last = nodes_at(&s->nodes, fresh);

	*last = (struct node){.time_s = since_s, .next = t->offences};
	t->offences = POOL_NUMBER(fresh);
	for (unsigned i = 1; i < CLIENTS_OFFENCES && last->next != POOL_NONE; i++)
		last = nodes_at(&s->nodes, last->next);
	nodes_cut(&s->nodes, last);
}

void clients_note_day(struct clients *s, struct tracked *t, uint32_t day)
{
	struct node *node;

	if (t->good == POOL_NONE) {
		t->good = POOL_NUMBER(pool_get(&s->nodes));
		*nodes_at(&s->nodes, t->good) = (struct node){.time_s = day, .value = 1};
		return;
	}
	node = nodes_at(&s->nodes, t->good);
	if (day > node->time_s) {
		const uint32_t later = day - node->time_s;

		node->value = later >= CLIENTS_GOOD_DAYS ? 0 : (int32_t)((uint32_t)node->value << later);
		node->time_s = day;
	}
	if (node->time_s - day < CLIENTS_GOOD_DAYS)
		node->value = (int32_t)((uint32_t)node->value | 1U << (node->time_s - day)); /* bits, not a number */
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
	if (clients_is_network(s, t))
		network_forget(&s->chunks, t, clients_horizon(s, now_s) + 1);
	else
		scores_age(s, t, now_s);
}

static bool stays(struct clients *s, struct tracked *t, enum keep keep, uint32_t now_s)
{
	switch (keep) {
	case KEEP_ALL_THAT_MATTERS:
		age(s, t, now_s);
		return t->scores != POOL_NONE || t->until_s > clients_horizon(s, now_s) ||
		       clients_good_days(s, t, now_s) != 0 ||
		       (clients_is_network(s, t) ? t->offences != POOL_NONE : clients_count_offences(s, t, now_s) > 0);
	case KEEP_LOUD:
		if (clients_is_network(s, t))
			return t->until_s > now_s || t->offences != POOL_NONE || t->good != POOL_NONE;
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
	return s->n * 4 > (size_t)VERDICT_ADDRESSES_MAX * 3 || s->nodes.n * 4 > (size_t)VERDICT_NODES_MAX * 3 ||
	       s->chunks.n * 4 > (size_t)CLIENTS_CHUNKS_MAX * 3;
}

/* Forgets what no longer matters; grows the table; at the limit forgets the least active. */
void clients_make_space(struct clients *s, uint32_t now_s)
{
	size_t before;

	forget(s, KEEP_ALL_THAT_MATTERS, now_s);
	before = s->n;
	if (s->n * 2 >= s->capacity && s->capacity < VERDICT_ADDRESSES_MAX) {
		grow(s);
		if (clients_have_spare(s))
			return;
	}
	/* Free a quarter, so that this is not repeated for the next address. */
	for (enum keep keep = KEEP_LOUD; is_crowded(s) && keep <= KEEP_NONE; keep++)
		forget(s, keep, now_s);
	s->forgotten += before - s->n;
}
