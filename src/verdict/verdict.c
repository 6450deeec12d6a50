#include "verdict/verdict.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
	TABLE_MIN = 1 << 10,
	OFFENCES = VERDICT_DURATIONS_MAX - 1, /* start times kept: more would change no duration */
	NONE = 0, /* no place in a pool */
};

/* A score at a second; a list per address, newest first, linked by index into one pool. */
struct score {
	uint32_t time_s;
	int32_t score;
	uint32_t next; /* NONE ends the list; in the free list too */
};

/* When the blocks of an address began, newest first; 0: none. */
struct offences {
	uint32_t began_s[OFFENCES];
	uint32_t next; /* in the free list */
};

/*
 * What is known of an address: half a cache line, for a million of them. Times are Unix seconds in 32 bits, good until
 * 2106; 0: none.
 */
struct tracked {
	struct addr addr;
	uint32_t until_s;  /* end of the last block; the address is blocked while it is to come */
	uint32_t scores;   /* first of the list, or NONE */
	uint32_t offences; /* where they are, or NONE: most addresses have none */
	bool used;
};

struct verdict {
	struct verdict_policy policy;
	size_t n_allow;
	struct net *allow;
	uint32_t now_s;

	struct tracked *table; /* open addressing, linear probing; at most half full */
	size_t size, n;        /* size: a power of two */

	struct score *scores; /* a pool; [0] is unused, since NONE is 0 */
	uint32_t scores_size, scores_used, scores_free;
	struct offences *offences; /* a pool, likewise */
	uint32_t offences_size, offences_used, offences_free;

	uint64_t forgotten;
};

static void *must(void *p)
{
	if (p == NULL)
		abort(); /* no memory: systemd restarts, the truth is on disk */
	return p;
}

static uint32_t seconds(int64_t time_s)
{
	return time_s < 0 ? 0 : time_s > UINT32_MAX ? UINT32_MAX : (uint32_t)time_s; /* clamped to fit */
}

/*
 * Zeroed, and told to the kernel as one for huge pages: look-ups go everywhere in it, and half their time was
 * spent on walking page tables (measured).
 */
static struct tracked *new_table(size_t size)
{
	struct tracked *const table = must(calloc(size, sizeof *table));
	const uintptr_t page = (uintptr_t)2 << 20, from = ((uintptr_t)table + page - 1) & ~(page - 1);
	const uintptr_t end = (uintptr_t)(table + size) & ~(page - 1);

	if (from < end)
		(void)madvise((void *)from, end - from, MADV_HUGEPAGE); /* a hint */
	return table;
}

struct verdict *verdict_new(const struct verdict_policy *policy)
{
	struct verdict *const v = must(calloc(1, sizeof *v));

	assert(policy->threshold > 0 && policy->window_s > 0);
	assert(policy->n_for > 0 && policy->n_for <= VERDICT_DURATIONS_MAX);
	v->policy = *policy;
	v->size = TABLE_MIN;
	v->table = must(calloc(v->size, sizeof *v->table));
	v->scores_size = v->offences_size = TABLE_MIN;
	v->scores_used = v->offences_used = 1;
	v->scores = must(calloc(v->scores_size, sizeof *v->scores));
	v->offences = must(calloc(v->offences_size, sizeof *v->offences));
	return v;
}

void verdict_free(struct verdict *v)
{
	if (v == NULL)
		return;
	free(v->allow);
	free(v->table);
	free(v->scores);
	free(v->offences);
	free(v);
}

void verdict_allow(struct verdict *v, const struct net *nets, size_t n)
{
	free(v->allow);
	v->allow = NULL;
	v->n_allow = n;
	if (n > 0) {
		v->allow = must(calloc(n, sizeof *nets));
		memcpy(v->allow, nets, n * sizeof *nets);
	}
}

bool verdict_is_allowed(const struct verdict *v, const struct addr *addr)
{
	const struct net net = net_of(addr);

	if (net_is_never(&net))
		return true;
	for (size_t i = 0; i < v->n_allow; i++)
		if (net_has(&v->allow[i], addr))
			return true;
	return false;
}

void verdict_at(struct verdict *v, int64_t now_s)
{
	v->now_s = seconds(now_s);
}

/* --- scores --- */

static void drop_scores(struct verdict *v, uint32_t *first)
{
	while (*first != NONE) {
		const uint32_t next = v->scores[*first].next;

		v->scores[*first].next = v->scores_free;
		v->scores_free = *first;
		*first = next;
	}
}

static uint32_t take_score(struct verdict *v)
{
	const uint32_t i = v->scores_free;

	if (i != NONE) {
		v->scores_free = v->scores[i].next;
		return i;
	}
	if (v->scores_used == v->scores_size) {
		v->scores_size *= 2;
		v->scores = must(reallocarray(v->scores, v->scores_size, sizeof *v->scores));
	}
	return v->scores_used++;
}

/* The oldest second that still counts is one younger than this. */
static uint32_t horizon(const struct verdict *v)
{
	return v->now_s > v->policy.window_s ? v->now_s - (uint32_t)v->policy.window_s : 0;
}

/* Forgets what left the window and sums up the rest. */
static int64_t sum_scores(struct verdict *v, struct tracked *t)
{
	uint32_t *link = &t->scores;
	int64_t sum = 0;

	while (*link != NONE) {
		struct score *const s = &v->scores[*link];

		if (s->time_s <= horizon(v)) {
			drop_scores(v, link); /* the list is by time: all that follow are older */
			break;
		}
		sum += s->score;
		link = &s->next;
	}
	return sum;
}

/* Keeps the list by time, newest first; one entry a second. */
static void add_score(struct verdict *v, struct tracked *t, uint32_t time_s, int score)
{
	uint32_t previous = NONE, i = t->scores, fresh;
	unsigned place = 0;

	while (i != NONE && v->scores[i].time_s > time_s) {
		previous = i;
		i = v->scores[i].next;
		place++;
	}
	if (i != NONE && v->scores[i].time_s == time_s) {
		v->scores[i].score += score;
		return;
	}
	/* Of too many the two oldest become one, as old as the older: a sum is forgotten early, never late. */
	if (place == VERDICT_SCORES_MAX) {
		v->scores[previous].time_s = time_s;
		v->scores[previous].score += score;
		return;
	}
	fresh = take_score(v);
	v->scores[fresh] = (struct score){time_s, score, i};
	if (previous == NONE)
		t->scores = fresh;
	else
		v->scores[previous].next = fresh;
	for (i = fresh; i != NONE && place + 1 < VERDICT_SCORES_MAX; place++)
		i = v->scores[i].next;
	if (i != NONE && v->scores[i].next != NONE) {
		v->scores[i].time_s = v->scores[v->scores[i].next].time_s;
		v->scores[i].score += v->scores[v->scores[i].next].score;
		drop_scores(v, &v->scores[i].next);
	}
}

/* --- the table --- */

/* MurmurHash3's finalizer over both halves; the seed keeps strangers from choosing addresses that collide. */
static size_t hash_of(uint64_t seed, const struct addr *addr)
{
	uint64_t a, b;

	memcpy(&a, addr->bytes, 8);
	memcpy(&b, addr->bytes + 8, 8);
	b ^= seed ^ (a * UINT64_C(0x9E3779B97F4A7C15));
	b = (b ^ b >> 33) * UINT64_C(0xFF51AFD7ED558CCD);
	b = (b ^ b >> 33) * UINT64_C(0xC4CEB9FE1A85EC53);
	return (size_t)(b ^ b >> 33);
}

static size_t place_of(const struct tracked *table, size_t size, uint64_t seed, const struct addr *addr)
{
	size_t i = hash_of(seed, addr) & (size - 1);

	while (table[i].used && !addr_equal(&table[i].addr, addr))
		i = (i + 1) & (size - 1);
	return i;
}

void verdict_expect(const struct verdict *v, const struct addr *addr)
{
	__builtin_prefetch(&v->table[hash_of(v->policy.seed, addr) & (v->size - 1)], 1);
}

static struct tracked *find(const struct verdict *v, const struct addr *addr)
{
	struct tracked *const t = &v->table[place_of(v->table, v->size, v->policy.seed, addr)];

	return t->used ? t : NULL;
}

/* --- offences --- */

static uint32_t take_offences(struct verdict *v)
{
	uint32_t i = v->offences_free;

	if (i != NONE) {
		v->offences_free = v->offences[i].next;
	} else {
		if (v->offences_used == v->offences_size) {
			v->offences_size *= 2;
			v->offences = must(reallocarray(v->offences, v->offences_size, sizeof *v->offences));
		}
		i = v->offences_used++;
	}
	v->offences[i] = (struct offences){.next = NONE};
	return i;
}

static void drop_offences(struct verdict *v, uint32_t *which)
{
	if (*which == NONE)
		return;
	v->offences[*which].next = v->offences_free;
	v->offences_free = *which;
	*which = NONE;
}

static unsigned offences_in_memory(const struct verdict *v, const struct tracked *t)
{
	const uint32_t *const began_s = v->offences[t->offences].began_s; /* of NONE: all zero */
	unsigned n = 0;

	while (n < OFFENCES && began_s[n] != 0 && (int64_t)began_s[n] + v->policy.memory_s > v->now_s)
		n++;
	return n;
}

static void begin_offence(struct verdict *v, struct tracked *t, uint32_t since_s)
{
	uint32_t *began_s;

	if (t->offences == NONE)
		t->offences = take_offences(v);
	began_s = v->offences[t->offences].began_s;
	memmove(began_s + 1, began_s, (OFFENCES - 1) * sizeof *began_s);
	began_s[0] = since_s;
}

/* --- what stays when room is needed --- */

static bool matters(struct verdict *v, struct tracked *t)
{
	(void)sum_scores(v, t);
	return t->scores != NONE || t->until_s > horizon(v) || offences_in_memory(v, t) > 0;
}

/* How much an address must matter to stay. */
enum keep {
	KEEP_ALL_THAT_MATTERS,
	KEEP_LOUD,    /* blocked, or half way to it */
	KEEP_BLOCKED,
	KEEP_HALF, /* a million are blocked: any half of them; the others stay blocked, but may be blocked again */
	KEEP_NONE, /* somebody has found a million addresses of the half that stays */
};

static bool stays(struct verdict *v, struct tracked *t, enum keep keep)
{
	switch (keep) {
	case KEEP_ALL_THAT_MATTERS:
		return matters(v, t);
	case KEEP_LOUD:
		return t->until_s > v->now_s || sum_scores(v, t) * 2 >= v->policy.threshold;
	case KEEP_BLOCKED:
		return t->until_s > v->now_s;
	case KEEP_HALF:
		return (hash_of(0, &t->addr) & 1) != 0;
	case KEEP_NONE:
		return false;
	}
	return true; /* not reached: the switch is complete */
}

/* Forgets what does not stay. A hole in open addressing would cut chains, so the rest moves to a new table. */
static void rebuild(struct verdict *v, size_t size)
{
	struct tracked *const table = new_table(size);

	for (size_t i = 0; i < v->size; i++)
		if (v->table[i].used)
			table[place_of(table, size, v->policy.seed, &v->table[i].addr)] = v->table[i];
	free(v->table);
	v->table = table;
	v->size = size;
}

/* Marks what does not stay as unused; rebuild must follow. */
static void forget(struct verdict *v, enum keep keep)
{
	for (size_t i = 0; i < v->size; i++) {
		struct tracked *const t = &v->table[i];

		if (!t->used || stays(v, t, keep))
			continue;
		drop_scores(v, &t->scores);
		drop_offences(v, &t->offences);
		t->used = false;
		v->n--;
	}
}

/* Room for one more address: forget what no longer matters; grow; at the limit forget the quietest. */
static void make_room(struct verdict *v)
{
	size_t before;

	forget(v, KEEP_ALL_THAT_MATTERS);
	before = v->n;
	if (v->n * 4 >= v->size && v->size < 2 * (size_t)VERDICT_ADDRESSES_MAX) {
		rebuild(v, 2 * v->size);
		return;
	}
	/* A quarter becomes free, so that this is not done again for the next address. */
	for (enum keep keep = KEEP_LOUD; v->n * 8 > v->size * 3 && keep <= KEEP_NONE; keep++)
		forget(v, keep);
	v->forgotten += before - v->n;
	rebuild(v, v->size);
}

static struct tracked *find_or_add(struct verdict *v, const struct addr *addr)
{
	struct tracked *t = &v->table[place_of(v->table, v->size, v->policy.seed, addr)];

	if (t->used)
		return t;
	if ((v->n + 1) * 2 > v->size) {
		make_room(v);
		t = &v->table[place_of(v->table, v->size, v->policy.seed, addr)];
	}
	*t = (struct tracked){.addr = *addr, .used = true};
	v->n++;
	return t;
}

/* --- decisions --- */

int64_t verdict_duration(const struct verdict *v, unsigned offence)
{
	const size_t i = offence == 0 ? 0 : offence - 1;

	return v->policy.for_s[i < v->policy.n_for ? i : v->policy.n_for - 1];
}

/* Notes a score; VERDICT_COUNTED when it counts, *ret is whose. */
static enum verdict_outcome note(struct verdict *v, const struct addr *addr, int score, int64_t time_s,
                                 struct tracked **ret)
{
	const uint32_t at = seconds(time_s) < v->now_s ? seconds(time_s) : v->now_s;
	struct tracked *t;

	if (verdict_is_allowed(v, addr))
		return VERDICT_ALLOWED;
	if (at <= horizon(v))
		return VERDICT_HISTORY;
	t = find_or_add(v, addr);
	if (t->until_s > v->now_s || at < t->until_s)
		return VERDICT_RUNNING;
	add_score(v, t, at, score);
	*ret = t;
	return VERDICT_COUNTED;
}

enum verdict_outcome verdict_hit(struct verdict *v, const struct addr *addr, int score, int64_t time_s,
                                 struct verdict_block *ret)
{
	struct tracked *t;
	const enum verdict_outcome outcome = note(v, addr, score, time_s, &t);
	unsigned offence;

	if (outcome != VERDICT_COUNTED || sum_scores(v, t) < v->policy.threshold)
		return outcome;
	offence = offences_in_memory(v, t) + 1;
	drop_scores(v, &t->scores);
	begin_offence(v, t, v->now_s);
	t->until_s = seconds((int64_t)v->now_s + verdict_duration(v, offence));
	*ret = (struct verdict_block){net_of(addr), v->now_s, t->until_s, offence};
	return VERDICT_BLOCK;
}

void verdict_known_hit(struct verdict *v, const struct addr *addr, int score, int64_t time_s)
{
	struct tracked *ignored;

	(void)note(v, addr, score, time_s, &ignored);
}

void verdict_known_block(struct verdict *v, const struct net *net, int64_t since_s, int64_t until_s)
{
	struct tracked *const t = find_or_add(v, &net->addr);

	begin_offence(v, t, seconds(since_s));
	if (seconds(until_s) > t->until_s)
		t->until_s = seconds(until_s);
}

void verdict_until(struct verdict *v, const struct net *net, int64_t until_s)
{
	struct tracked *const t = find(v, &net->addr);

	if (t != NULL)
		t->until_s = seconds(until_s);
}

struct verdict_stat verdict_stat(const struct verdict *v)
{
	return (struct verdict_stat){v->n, v->forgotten};
}
