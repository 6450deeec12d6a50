#include "verdict/verdict.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
	TABLE_MIN = 1 << 10,
	OFFENCES = VERDICT_DURATIONS_MAX - 1, /* start times kept: more would change no duration */
	NO_SCORE = 0,
};

/* A score at a second; a list per address, newest first, linked by index into one pool. */
struct score {
	uint32_t time_s;
	int32_t score;
	uint32_t next; /* NO_SCORE ends the list */
};

/* What is known of an address. Times are Unix seconds in 32 bits, good until 2106; 0: none. */
struct tracked {
	struct addr addr;
	uint32_t until_s;             /* end of the last block; the address is blocked while it is to come */
	uint32_t offences[OFFENCES];  /* when blocks began, newest first */
	uint32_t scores;              /* first of the list */
	bool used;
};

struct verdict {
	struct verdict_policy policy;
	size_t n_allow;
	struct net *allow;
	uint32_t now_s;

	struct tracked *table; /* open addressing, linear probing; at most half full */
	size_t size, n;        /* size: a power of two */

	struct score *pool; /* [0] is unused: index 0 means none */
	uint32_t pool_size, pool_free, pool_used;

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

struct verdict *verdict_new(const struct verdict_policy *policy)
{
	struct verdict *const v = must(calloc(1, sizeof *v));

	assert(policy->threshold > 0 && policy->window_s > 0);
	assert(policy->n_for > 0 && policy->n_for <= VERDICT_DURATIONS_MAX);
	v->policy = *policy;
	v->size = TABLE_MIN;
	v->table = must(calloc(v->size, sizeof *v->table));
	v->pool_size = TABLE_MIN;
	v->pool_used = 1;
	v->pool = must(calloc(v->pool_size, sizeof *v->pool));
	return v;
}

void verdict_free(struct verdict *v)
{
	if (v == NULL)
		return;
	free(v->allow);
	free(v->table);
	free(v->pool);
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
	while (*first != NO_SCORE) {
		const uint32_t next = v->pool[*first].next;

		v->pool[*first].next = v->pool_free;
		v->pool_free = *first;
		*first = next;
	}
}

static uint32_t take_score(struct verdict *v)
{
	uint32_t i = v->pool_free;

	if (i != NO_SCORE) {
		v->pool_free = v->pool[i].next;
		return i;
	}
	if (v->pool_used == v->pool_size) {
		v->pool_size *= 2;
		v->pool = must(reallocarray(v->pool, v->pool_size, sizeof *v->pool));
	}
	return v->pool_used++;
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

	while (*link != NO_SCORE) {
		struct score *const s = &v->pool[*link];

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
	uint32_t previous = NO_SCORE, i = t->scores, fresh;
	unsigned place = 0;

	while (i != NO_SCORE && v->pool[i].time_s > time_s && place < VERDICT_SCORES_MAX) {
		previous = i;
		i = v->pool[i].next;
		place++;
	}
	if (i != NO_SCORE && (v->pool[i].time_s == time_s || place == VERDICT_SCORES_MAX)) {
		v->pool[i].score += score;
		return;
	}
	fresh = take_score(v);
	v->pool[fresh] = (struct score){time_s, score, i};
	if (previous == NO_SCORE)
		t->scores = fresh;
	else
		v->pool[previous].next = fresh;
}

/* --- the table --- */

static size_t place_of(const struct tracked *table, size_t size, const struct addr *addr)
{
	uint64_t a, b, hash;
	size_t i;

	memcpy(&a, addr->bytes, 8);
	memcpy(&b, addr->bytes + 8, 8);
	hash = (a ^ b * UINT64_C(0x9E3779B97F4A7C15)) * UINT64_C(0xD6E8FEB86659FD93);
	i = (size_t)(hash >> 32) & (size - 1);
	while (table[i].used && !addr_equal(&table[i].addr, addr))
		i = (i + 1) & (size - 1);
	return i;
}

static struct tracked *find(const struct verdict *v, const struct addr *addr)
{
	struct tracked *const t = &v->table[place_of(v->table, v->size, addr)];

	return t->used ? t : NULL;
}

static unsigned offences_in_memory(const struct verdict *v, const struct tracked *t)
{
	unsigned n = 0;

	while (n < OFFENCES && t->offences[n] != 0 && (int64_t)t->offences[n] + v->policy.memory_s > v->now_s)
		n++;
	return n;
}

static bool matters(struct verdict *v, struct tracked *t)
{
	(void)sum_scores(v, t);
	return t->scores != NO_SCORE || t->until_s > horizon(v) || offences_in_memory(v, t) > 0;
}

/* Moves what keep says to a table of that size; what is left behind gives its scores back. */
static void rebuild(struct verdict *v, size_t size, bool (*keep)(struct verdict *, struct tracked *))
{
	struct tracked *const table = must(calloc(size, sizeof *table));

	v->n = 0;
	for (size_t i = 0; i < v->size; i++) {
		struct tracked *const t = &v->table[i];

		if (!t->used)
			continue;
		if (!keep(v, t)) {
			drop_scores(v, &t->scores);
			continue;
		}
		table[place_of(table, size, &t->addr)] = *t;
		v->n++;
	}
	free(v->table);
	v->table = table;
	v->size = size;
}

static bool is_loud(struct verdict *v, struct tracked *t)
{
	return t->until_s > v->now_s || sum_scores(v, t) * 2 >= v->policy.threshold;
}

static bool is_blocked(struct verdict *v, struct tracked *t)
{
	return t->until_s > v->now_s;
}

/* Room for one more address: forget what no longer matters, else grow, else forget the quietest. */
static void make_room(struct verdict *v)
{
	const size_t before = v->n;

	rebuild(v, v->size, matters);
	if (v->n * 4 < v->size)
		return;
	if (v->size < 2 * (size_t)VERDICT_ADDRESSES_MAX) {
		rebuild(v, 2 * v->size, matters);
		return;
	}
	if (v->n * 2 < v->size)
		return;
	rebuild(v, v->size, is_loud);
	if (v->n * 2 >= v->size)
		rebuild(v, v->size, is_blocked);
	v->forgotten += before - v->n;
}

static struct tracked *find_or_add(struct verdict *v, const struct addr *addr)
{
	struct tracked *t = &v->table[place_of(v->table, v->size, addr)];

	if (t->used)
		return t;
	if ((v->n + 1) * 2 > v->size) {
		make_room(v);
		t = &v->table[place_of(v->table, v->size, addr)];
	}
	*t = (struct tracked){.addr = *addr, .used = true};
	v->n++;
	return t;
}

/* --- decisions --- */

static void begin_offence(struct tracked *t, uint32_t since_s)
{
	memmove(t->offences + 1, t->offences, (OFFENCES - 1) * sizeof *t->offences);
	t->offences[0] = since_s;
}

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
	begin_offence(t, v->now_s);
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

	begin_offence(t, seconds(since_s));
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
