#include "verdict/verdict.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
	TABLE_MIN = 1 << 10,
	LARGE = 1 << 18,                      /* entries */
	OFFENCES = VERDICT_DURATIONS_MAX - 1, /* start times kept: more would change no duration */
	NONE = 0,                             /* no node */
	NODES_PER_CHUNK = 1 << 12,
	CHUNKS = VERDICT_NODES_MAX / NODES_PER_CHUNK,
	SPARE_NODES = 4,                      /* what one piece of evidence may take: score, offence, two of its network */
	DAY_S = 86400,
	GOOD_DAYS = 31,                       /* looked back at */
	HOUR_S = 3600,
	NETWORK4 = 96 + 24,
	NETWORK6 = 48,
	NAME_MAX_LEN = 255,                   /* longer names are none */
};

static_assert(VERDICT_NODES_MAX % NODES_PER_CHUNK == 0 && VERDICT_NODES_MAX < 1 << 24, "24 bits name a node");

/* One of a list, newest first: a score at a second, when an offence began, a blocked subject of a network ... */
struct node {
	uint32_t time_s; /* of good days: the newest day */
	int32_t value;   /* score; which subject; of good days: bit i set, i days before the newest */
	uint32_t next;   /* NONE ends the list; in the free list too */
};

/*
 * What is known of a subject or a network: half a cache line, for a million of them. Times are Unix seconds in 32
 * bits, good until 2106; 0: none.
 */
struct tracked {
	struct addr addr;
	uint32_t until_s;       /* end of the last block; blocked while it is to come */
	uint32_t scores : 24;   /* lists; of a network: the subjects in it that were blocked, value says which */
	uint32_t len : 8;       /* of the subject */
	uint32_t offences : 24;
	uint32_t used : 8;
	uint32_t good : 24;     /* one node; of a network: days on which somebody proven good lived in it */
	uint32_t unused : 8;
};

static_assert(sizeof(struct tracked) == 32, "half a cache line");

struct earned {
	struct net net;
	uint32_t until_s;
};

/* A proven good subject that a rule blocked. */
struct taken {
	struct net net;
	uint32_t time_s;
	unsigned rule;
};

/* All that is known of a subject or a network. */
struct saved {
	struct net net;
	bool known;
	struct tracked t; /* but for its lists, which are: */
	size_t n_scores, n_offences, n_good;
	struct node scores[VERDICT_SCORES_MAX], offences[OFFENCES], good[1];
};

struct verdict {
	struct verdict_policy policy;
	uint32_t now_s;

	struct nets allow;
	char **names;
	size_t n_names;
	struct earned *earned; /* by address, then length */
	size_t n_earned, earned_room;
	uint32_t earned_lens[129]; /* how many there are of each length */

	struct tracked *table; /* open addressing, linear probing, in the order of the hash */
	size_t size, capacity, n;

	struct node *chunks[CHUNKS];
	uint32_t nodes_new, nodes_free; /* never used yet from here on; first of the free list */
	size_t n_nodes;                 /* in use */

	struct taken *taken;
	size_t n_taken, taken_room;
	bool suspended[VERDICT_RULES_MAX];
	uint32_t resumed_s[VERDICT_RULES_MAX];
	size_t n_suspended;

	int64_t minute;         /* that in_minute counts for */
	unsigned in_minute;
	uint64_t forgotten, braked;

	struct saved saved[2]; /* a subject and its network, by verdict_save */
	size_t n_saved;
	unsigned saved_in_minute;
	uint64_t saved_braked;
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

/* For the 24 bits of a list's head; what is written there is always below VERDICT_NODES_MAX. */
#define PLACE(node) ((node) & 0xFFFFFFU)

/*
 * What is new of it zeroed, and told to the kernel as one for huge pages: look-ups go everywhere in it, and half
 * their time was spent on walking page tables (measured).
 */
static struct tracked *resize_table(struct tracked *old, size_t old_size, size_t size)
{
	struct tracked *const table = must(reallocarray(old, size, sizeof *table));
	const uintptr_t page = (uintptr_t)2 << 20, from = ((uintptr_t)table + page - 1) & ~(page - 1);
	const uintptr_t end = (uintptr_t)(table + size) & ~(page - 1);

	if (from < end)
		(void)madvise((void *)from, end - from, MADV_HUGEPAGE); /* a hint */
	memset(table + old_size, 0, (size - old_size) * sizeof *table);
	return table;
}

/* A small one doubles and is two thirds full at most; in a large one memory counts for more than a few probes. */
static size_t capacity_after(size_t capacity)
{
	const size_t next = capacity < LARGE ? 2 * capacity : capacity + capacity / 4;

	return next < VERDICT_ADDRESSES_MAX ? next : VERDICT_ADDRESSES_MAX;
}

static size_t size_for(size_t capacity)
{
	return capacity <= LARGE ? capacity + capacity / 2 : capacity + capacity / 5;
}

struct verdict *verdict_new(const struct verdict_policy *policy)
{
	struct verdict *const v = must(calloc(1, sizeof *v));

	assert(policy->threshold > 0 && policy->window_s > 0);
	assert(policy->n_for > 0 && policy->n_for <= VERDICT_DURATIONS_MAX);
	assert(policy->network_after <= VERDICT_NETWORK_MAX && policy->ip6_prefix <= 128);
	v->policy = *policy;
	if (v->policy.ip6_prefix == 0)
		v->policy.ip6_prefix = 128;
	v->capacity = TABLE_MIN;
	v->size = size_for(v->capacity);
	v->table = resize_table(NULL, 0, v->size);
	v->chunks[0] = must(calloc(NODES_PER_CHUNK, sizeof **v->chunks));
	v->nodes_new = 1; /* 0 is NONE */
	return v;
}

static void drop_names(struct verdict *v)
{
	for (size_t i = 0; i < v->n_names; i++)
		free(v->names[i]);
	free(v->names);
	v->names = NULL;
	v->n_names = 0;
}

void verdict_free(struct verdict *v)
{
	if (v == NULL)
		return;
	nets_done(&v->allow);
	drop_names(v);
	for (size_t i = 0; i < CHUNKS; i++)
		free(v->chunks[i]);
	free(v->earned);
	free(v->table);
	free(v->taken);
	free(v);
}

void verdict_at(struct verdict *v, int64_t now_s)
{
	v->now_s = seconds(now_s);
}

/* --- who is never blocked --- */

void verdict_allow(struct verdict *v, const struct net *nets, size_t n)
{
	v->allow.n = 0;
	for (size_t i = 0; i < n; i++)
		nets_add(&v->allow, &nets[i]);
	nets_seal(&v->allow);
}

void verdict_allow_names(struct verdict *v, const char *const globs[], size_t n)
{
	drop_names(v);
	v->names = must(calloc(n + 1, sizeof *v->names));
	for (size_t i = 0; i < n; i++)
		v->names[v->n_names++] = must(strdup(globs[i]));
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Linear but for the last "*", which is tried at each place: no name makes it slow. */
static bool glob_matches(const char *glob, const char *name, size_t len)
{
	const char *star = NULL, *const end = name + len, *again = name;

	while (name < end) {
		if (*glob == '*') {
			star = glob++;
			again = name;
		} else if (*glob != '\0' && (*glob == '?' || lower(*glob) == lower(*name))) {
			glob++;
			name++;
		} else if (star != NULL) {
			glob = star + 1;
			name = ++again;
		} else {
			return false;
		}
	}
	while (*glob == '*')
		glob++;
	return *glob == '\0';
}

static bool is_allowed_name(const struct verdict *v, struct span name)
{
	if (name.p == NULL || name.len == 0 || name.len > NAME_MAX_LEN)
		return false;
	for (size_t i = 0; i < v->n_names; i++)
		if (glob_matches(v->names[i], name.p, name.len))
			return true;
	return false;
}

static int net_order(const struct net *a, const struct net *b)
{
	const int order = memcmp(a->addr.bytes, b->addr.bytes, sizeof a->addr.bytes);

	return order != 0 ? order : a->len - b->len;
}

/* Where net stands, or would stand. */
static size_t earned_place(const struct verdict *v, const struct net *net)
{
	size_t low = 0, high = v->n_earned;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (net_order(&v->earned[middle].net, net) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void remove_earned(struct verdict *v, size_t i)
{
	v->earned_lens[v->earned[i].net.len]--;
	v->n_earned--;
	memmove(&v->earned[i], &v->earned[i + 1], (v->n_earned - i) * sizeof *v->earned);
}

void verdict_allow_earned(struct verdict *v, const struct net *net, int64_t until_s)
{
	size_t i = earned_place(v, net);

	if (i < v->n_earned && net_order(&v->earned[i].net, net) == 0) {
		if (until_s > v->now_s)
			v->earned[i].until_s = seconds(until_s);
		else
			remove_earned(v, i);
		return;
	}
	if (until_s <= v->now_s)
		return;
	if (v->n_earned == v->earned_room) {
		for (size_t j = v->n_earned; j > 0; j--)
			if (v->earned[j - 1].until_s <= v->now_s)
				remove_earned(v, j - 1);
		if (v->n_earned == VERDICT_EARNED_MAX)
			return;
		if (v->n_earned == v->earned_room) {
			v->earned_room = v->earned_room == 0 ? 64 : 2 * v->earned_room;
			v->earned = must(reallocarray(v->earned, v->earned_room, sizeof *v->earned));
		}
		i = earned_place(v, net);
	}
	memmove(&v->earned[i + 1], &v->earned[i], (v->n_earned - i) * sizeof *v->earned);
	v->earned[i] = (struct earned){*net, seconds(until_s)};
	v->earned_lens[net->len]++;
	v->n_earned++;
}

/* True when a network no longer than len around addr has earned it. */
static bool is_earned(const struct verdict *v, const struct addr *addr, uint8_t len)
{
	if (v->n_earned == 0)
		return false;
	for (unsigned l = 0; l <= len; l++) {
		struct net net;
		size_t i;

		if (v->earned_lens[l] == 0)
			continue;
		net = net_around(addr, (uint8_t)l); /* <= 128 */
		i = earned_place(v, &net);
		if (i < v->n_earned && net_order(&v->earned[i].net, &net) == 0 && v->earned[i].until_s > v->now_s)
			return true;
	}
	return false;
}

bool verdict_is_allowed(const struct verdict *v, const struct addr *addr)
{
	const struct net net = net_of(addr);

	return net_is_never(&net) || nets_has(&v->allow, addr) || is_earned(v, addr, 128);
}

bool verdict_spares(const struct verdict *v, const struct net *net)
{
	if (net_is_never(net) || nets_overlap(&v->allow, net) || is_earned(v, &net->addr, net->len))
		return true;
	for (size_t i = earned_place(v, net); i < v->n_earned && net_has(net, &v->earned[i].net.addr); i++)
		if (v->earned[i].until_s > v->now_s)
			return true;
	return false;
}

/* Whose scores addr's evidence adds to. */
static struct net subject_of(const struct verdict *v, const struct addr *addr)
{
	struct net net;

	if (v->policy.ip6_prefix == 128 || addr_is_ip4(addr))
		return net_of(addr);
	net = net_around(addr, v->policy.ip6_prefix);
	return verdict_spares(v, &net) ? net_of(addr) : net;
}

/* --- nodes --- */

static struct node *node_at(const struct verdict *v, uint32_t i)
{
	return &v->chunks[i / NODES_PER_CHUNK][i % NODES_PER_CHUNK];
}

static uint32_t take_node(struct verdict *v)
{
	uint32_t i = v->nodes_free;

	v->n_nodes++;
	if (i != NONE) {
		v->nodes_free = node_at(v, i)->next;
		return i;
	}
	i = v->nodes_new++;
	assert(i < VERDICT_NODES_MAX); /* make_room has seen to it */
	if (v->chunks[i / NODES_PER_CHUNK] == NULL)
		v->chunks[i / NODES_PER_CHUNK] = must(calloc(NODES_PER_CHUNK, sizeof **v->chunks));
	return i;
}

static void drop_list(struct verdict *v, uint32_t first)
{
	while (first != NONE) {
		struct node *const node = node_at(v, first);
		const uint32_t next = node->next;

		node->next = v->nodes_free;
		v->nodes_free = first;
		v->n_nodes--;
		first = next;
	}
}

/* Cuts the list behind a node. */
static void cut_behind(struct verdict *v, struct node *node)
{
	drop_list(v, node->next);
	node->next = NONE;
}

/* The oldest second that still counts is one younger than this. */
static uint32_t horizon(const struct verdict *v)
{
	return v->now_s > v->policy.window_s ? v->now_s - (uint32_t)v->policy.window_s : 0;
}

static int64_t sum_of(const struct verdict *v, const struct tracked *t)
{
	int64_t sum = 0;

	for (uint32_t i = t->scores; i != NONE && node_at(v, i)->time_s > horizon(v); i = node_at(v, i)->next)
		sum += node_at(v, i)->value;
	return sum;
}

/* Of a list by time, newest first: the last node that is newer, NULL when there is none; adds to n how many are. */
static struct node *newer_than(const struct verdict *v, uint32_t first, uint32_t time_s, unsigned *n)
{
	struct node *last = NULL;

	for (uint32_t i = first; i != NONE && node_at(v, i)->time_s > time_s; i = last->next, ++*n)
		last = node_at(v, i);
	return last;
}

/* Of the scores only what is newer stays. */
static void drop_older(struct verdict *v, struct tracked *t, uint32_t time_s)
{
	unsigned n = 0;
	struct node *const last = newer_than(v, t->scores, time_s, &n);

	if (last != NULL) {
		cut_behind(v, last);
		return;
	}
	drop_list(v, t->scores);
	t->scores = NONE;
}

/*
 * Keeps the list by time, newest first; one node a second. What left the window is forgotten; of too many the two
 * oldest become one, as old as the older: a sum is forgotten early, never late.
 */
static void add_score(struct verdict *v, struct tracked *t, uint32_t time_s, int score)
{
	unsigned n = 1;
	struct node *const newer = newer_than(v, t->scores, time_s, &n);
	const uint32_t at = newer == NULL ? t->scores : newer->next;
	struct node *last, *before = newer;

	if (at != NONE && node_at(v, at)->time_s == time_s) {
		last = node_at(v, at);
		last->value += score;
	} else {
		const uint32_t fresh = take_node(v);

		last = node_at(v, fresh);
		*last = (struct node){time_s, score, at};
		if (newer == NULL)
			t->scores = PLACE(fresh);
		else
			newer->next = fresh;
	}
	for (uint32_t i = last->next; i != NONE && node_at(v, i)->time_s > horizon(v); i = last->next, n++) {
		before = last;
		last = node_at(v, i);
	}
	cut_behind(v, last);
	if (n <= VERDICT_SCORES_MAX)
		return;
	before->time_s = last->time_s;
	before->value += last->value;
	cut_behind(v, before);
}

/* --- the table --- */

/* Where it should stand: 0..size - 1. The seed keeps strangers from choosing addresses that collide. */
static size_t home_of(uint64_t seed, size_t size, const struct addr *addr, uint8_t len)
{
	return (size_t)((addr_hash(addr, seed ^ (uint64_t)len << 56) >> 32) * size >> 32); /* size < 2^32 */
}

static size_t place_of(const struct tracked *table, size_t size, uint64_t seed, const struct addr *addr, uint8_t len)
{
	size_t i = home_of(seed, size, addr, len);

	while (table[i].used && !(addr_equal(&table[i].addr, addr) && table[i].len == len))
		i = i + 1 == size ? 0 : i + 1;
	return i;
}

struct net verdict_expect(const struct verdict *v, const struct addr *addr, bool near)
{
	const struct net net = net_around(addr, addr_is_ip4(addr) ? 128 : v->policy.ip6_prefix);

	if (near) {
		const struct tracked *const t = &v->table[place_of(v->table, v->size, v->policy.seed, &net.addr, net.len)];

		__builtin_prefetch(node_at(v, t->good), 1); /* NONE is a node, too */
		/* It takes the first to know the second; while it is waited for, other things are on their way as well. */
		if (t->scores != NONE)
			__builtin_prefetch(node_at(v, node_at(v, t->scores)->next), 1);
	} else {
		__builtin_prefetch(&v->table[home_of(v->policy.seed, v->size, &net.addr, net.len)], 1);
	}
	return net;
}

static struct tracked *find(const struct verdict *v, const struct net *net)
{
	struct tracked *const t = &v->table[place_of(v->table, v->size, v->policy.seed, &net->addr, net->len)];

	return t->used ? t : NULL;
}

/* Takes one out; those behind it move up, so that no chain is cut. */
static void erase(struct verdict *v, size_t hole)
{
	size_t i = hole;

	drop_list(v, v->table[hole].scores);
	drop_list(v, v->table[hole].offences);
	drop_list(v, v->table[hole].good);
	v->n--;
	for (;;) {
		size_t home;

		i = i + 1 == v->size ? 0 : i + 1;
		if (!v->table[i].used)
			break;
		home = home_of(v->policy.seed, v->size, &v->table[i].addr, v->table[i].len);
		/* It may move to the hole unless its home lies behind the hole, up to i. */
		if (hole < i ? home > hole && home <= i : home > hole || home <= i)
			continue;
		v->table[hole] = v->table[i];
		hole = i;
	}
	v->table[hole] = (struct tracked){0};
}

/* --- offences and good days --- */

static unsigned offences_in_memory(const struct verdict *v, const struct tracked *t)
{
	unsigned n = 0;

	for (uint32_t i = t->offences; i != NONE; i = node_at(v, i)->next, n++)
		if ((int64_t)node_at(v, i)->time_s + v->policy.memory_s <= v->now_s)
			break;
	return n;
}

static void begin_offence(struct verdict *v, struct tracked *t, uint32_t since_s)
{
	const uint32_t fresh = take_node(v);
	struct node *last;

	*node_at(v, fresh) = (struct node){since_s, 0, t->offences};
	t->offences = PLACE(fresh);
	last = node_at(v, fresh);
	for (unsigned i = 1; i < OFFENCES && last->next != NONE; i++)
		last = node_at(v, last->next);
	cut_behind(v, last);
}

/* The good days of the last GOOD_DAYS, bit 0: today. */
static uint32_t good_days(const struct verdict *v, const struct tracked *t)
{
	const uint32_t today = v->now_s / DAY_S, mask = (1U << GOOD_DAYS) - 1;
	const struct node *node;

	if (t->good == NONE)
		return 0;
	node = node_at(v, t->good);
	if (node->time_s >= today)
		return (uint32_t)node->value & mask; /* the bits as they are */
	return today - node->time_s >= GOOD_DAYS ? 0 : (uint32_t)node->value << (today - node->time_s) & mask;
}

static bool is_proven(const struct verdict *v, const struct tracked *t)
{
	return v->policy.earn_days > 0 && (unsigned)__builtin_popcount(good_days(v, t)) >= v->policy.earn_days;
}

static void note_day(struct verdict *v, struct tracked *t, uint32_t day)
{
	struct node *node;

	if (t->good == NONE) {
		t->good = PLACE(take_node(v));
		*node_at(v, t->good) = (struct node){day, 1, NONE};
		return;
	}
	node = node_at(v, t->good);
	if (day > node->time_s) {
		node->value = day - node->time_s >= GOOD_DAYS ? 0 : (int32_t)((uint32_t)node->value << (day - node->time_s));
		node->time_s = day;
	}
	if (node->time_s - day < GOOD_DAYS)
		node->value = (int32_t)((uint32_t)node->value | 1U << (node->time_s - day)); /* bits, no number */
}

/* --- what stays when room is needed --- */

static bool is_network(const struct verdict *v, const struct tracked *t)
{
	return t->len < 128 && (addr_is_ip4(&t->addr) || t->len != v->policy.ip6_prefix);
}

/* How much a subject must matter to stay. */
enum keep {
	KEEP_ALL_THAT_MATTERS,
	KEEP_LOUD,    /* blocked, or half way to it, or proven good */
	KEEP_BLOCKED, /* or proven good */
	KEEP_HALF, /* a million are blocked: any half of them; the others stay blocked, but may be blocked again */
	KEEP_NONE, /* somebody has found a million addresses of the half that stays */
};

static bool stays(struct verdict *v, struct tracked *t, enum keep keep)
{
	switch (keep) {
	case KEEP_ALL_THAT_MATTERS:
		drop_older(v, t, horizon(v));
		return t->scores != NONE || t->until_s > horizon(v) || offences_in_memory(v, t) > 0 || good_days(v, t) != 0;
	case KEEP_LOUD:
		return t->until_s > v->now_s || is_proven(v, t) || is_network(v, t) ||
		       sum_of(v, t) * 2 >= v->policy.threshold;
	case KEEP_BLOCKED:
		return t->until_s > v->now_s || is_proven(v, t);
	case KEEP_HALF:
		return (addr_hash(&t->addr, 0) & 1) != 0;
	case KEEP_NONE:
		return false;
	}
	return true; /* not reached: the switch is complete */
}

static void forget(struct verdict *v, enum keep keep)
{
	for (size_t i = 0; i < v->size; i++)
		while (v->table[i].used && !stays(v, &v->table[i], keep))
			erase(v, i); /* another may stand here now */
}

/*
 * In its place, since two tables would be the most memory a replay ever holds. Homes go up with the hash, so from the last
 * one on each entry moves upwards, into what is free already; the few that cannot, since they stand far from their
 * homes near the beginning, wait beside the table.
 */
static void grow(struct verdict *v)
{
	const size_t old_size = v->size;
	struct tracked *aside = NULL;
	size_t n_aside = 0;

	v->capacity = capacity_after(v->capacity);
	v->size = size_for(v->capacity);
	v->table = resize_table(v->table, old_size, v->size);
	for (size_t i = old_size; i-- > 0;) {
		const struct tracked t = v->table[i];
		size_t to;

		if (!t.used)
			continue;
		v->table[i] = (struct tracked){0};
		to = home_of(v->policy.seed, v->size, &t.addr, (uint8_t)t.len);
		if (to >= i)
			to = place_of(v->table, v->size, v->policy.seed, &t.addr, (uint8_t)t.len);
		if (to >= i) { /* also when it did not go round at the end */
			v->table[to] = t;
			continue;
		}
		if ((n_aside & (n_aside - 1)) == 0) /* a power of two is full */
			aside = must(reallocarray(aside, n_aside == 0 ? 1 : 2 * n_aside, sizeof *aside));
		aside[n_aside++] = t;
	}
	for (size_t i = 0; i < n_aside; i++)
		v->table[place_of(v->table, v->size, v->policy.seed, &aside[i].addr, (uint8_t)aside[i].len)] = aside[i];
	free(aside);
}

/* More than three quarters of all there may be. */
static bool is_crowded(const struct verdict *v)
{
	return v->n * 4 > (size_t)VERDICT_ADDRESSES_MAX * 3 || v->n_nodes * 4 > (size_t)VERDICT_NODES_MAX * 3;
}

/* Room for one more: forget what no longer matters; grow; at the limit forget the quietest. */
static void make_room(struct verdict *v)
{
	size_t before;

	forget(v, KEEP_ALL_THAT_MATTERS);
	before = v->n;
	if (v->n * 2 >= v->capacity && v->capacity < VERDICT_ADDRESSES_MAX) {
		grow(v);
		if (v->n_nodes + SPARE_NODES < VERDICT_NODES_MAX)
			return;
	}
	/* A quarter becomes free, so that this is not done again for the next address. */
	for (enum keep keep = KEEP_LOUD; is_crowded(v) && keep <= KEEP_NONE; keep++)
		forget(v, keep);
	v->forgotten += before - v->n;
}

/* Others may be moved or forgotten by it: no other pointer into the table is good any more. */
static struct tracked *find_or_add(struct verdict *v, const struct net *net)
{
	struct tracked *t = &v->table[place_of(v->table, v->size, v->policy.seed, &net->addr, net->len)];

	if (t->used && v->n_nodes + SPARE_NODES < VERDICT_NODES_MAX)
		return t;
	if (v->n + 1 > v->capacity || v->n_nodes + SPARE_NODES >= VERDICT_NODES_MAX) {
		make_room(v);
		t = &v->table[place_of(v->table, v->size, v->policy.seed, &net->addr, net->len)];
	}
	if (!t->used) {
		*t = (struct tracked){.addr = net->addr, .len = net->len, .used = 1};
		v->n++;
	}
	return t;
}

/* --- networks --- */

static bool has_network(const struct verdict *v, const struct addr *addr)
{
	return v->policy.network_after > 0 && (addr_is_ip4(addr) || v->policy.ip6_prefix > NETWORK6);
}

static struct net network_of(const struct addr *addr)
{
	return net_around(addr, addr_is_ip4(addr) ? NETWORK4 : NETWORK6);
}

/* Which of its network it is: an IPv4 address by its last byte, an IPv6 client by its /64. */
static int32_t part_of(const struct addr *addr)
{
	return addr_is_ip4(addr) ? addr->bytes[15] : addr->bytes[6] << 8 | addr->bytes[7];
}

/* Takes a subject off the list of those that were blocked. */
static void drop_part(struct verdict *v, struct tracked *t, int32_t part)
{
	uint32_t i = t->scores;
	struct node *previous = NULL;

	while (i != NONE && node_at(v, i)->value != part) {
		previous = node_at(v, i);
		i = previous->next;
	}
	if (i == NONE)
		return;
	if (previous == NULL)
		t->scores = PLACE(node_at(v, i)->next);
	else
		previous->next = node_at(v, i)->next;
	node_at(v, i)->next = NONE;
	drop_list(v, i);
}

/*
 * Notes that a subject of it was blocked at since_s, the latest so far. Returns when there will be fewer than
 * network_after within the window again; 0: there are not so many.
 */
static uint32_t note_part(struct verdict *v, struct tracked *t, const struct addr *addr, uint32_t since_s)
{
	const uint32_t fresh = take_node(v);
	struct node *last = node_at(v, fresh);
	unsigned n = 1;

	drop_part(v, t, part_of(addr));
	*last = (struct node){since_s, part_of(addr), t->scores};
	t->scores = PLACE(fresh);
	for (; n < v->policy.network_after && last->next != NONE; n++)
		last = node_at(v, last->next);
	cut_behind(v, last);
	return n < v->policy.network_after ? 0 : seconds((int64_t)last->time_s + v->policy.window_s);
}

/* A subject was blocked now: perhaps its network is, too. */
static void judge_network(struct verdict *v, const struct addr *addr, struct verdict_decision *ret)
{
	const struct net net = network_of(addr);
	struct tracked *const t = find_or_add(v, &net);
	const uint32_t until_s = note_part(v, t, addr, v->now_s);

	if (until_s <= v->now_s || until_s <= t->until_s || good_days(v, t) != 0 || verdict_spares(v, &net))
		return;
	ret->blocks[ret->n++] = (struct verdict_block){.net = net,
	                                               .since_s = v->now_s,
	                                               .until_s = until_s,
	                                               .offence = 1,
	                                               .cause = VERDICT_NETWORK,
	                                               .prolonged = t->until_s > v->now_s};
	t->until_s = until_s;
}

/* --- rules under quarantine --- */

static void drop_taken(struct verdict *v, unsigned rule)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n_taken; i++)
		if (v->taken[i].rule != rule && (int64_t)v->taken[i].time_s + HOUR_S > v->now_s)
			v->taken[n++] = v->taken[i];
	v->n_taken = n;
}

/* What a rule took of the good within the hour; NULL: not this. */
static struct taken *find_taken(const struct verdict *v, unsigned rule, const struct net *net)
{
	for (size_t i = 0; i < v->n_taken; i++)
		if (v->taken[i].rule == rule && net_order(&v->taken[i].net, net) == 0 &&
		    (int64_t)v->taken[i].time_s + HOUR_S > v->now_s)
			return &v->taken[i];
	return NULL;
}

size_t verdict_taken(const struct verdict *v, unsigned rule, struct net *out, size_t cap)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n_taken && n < cap; i++)
		if (v->taken[i].rule == rule && (int64_t)v->taken[i].time_s + HOUR_S > v->now_s)
			out[n++] = v->taken[i].net;
	return n;
}

static size_t count_taken(const struct verdict *v, unsigned rule)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n_taken; i++)
		n += v->taken[i].rule == rule && (int64_t)v->taken[i].time_s + HOUR_S > v->now_s;
	return n;
}

static void note_taken(struct verdict *v, unsigned rule, const struct net *net, uint32_t time_s)
{
	struct taken *const known = find_taken(v, rule, net);

	if (known != NULL)
		known->time_s = time_s;
	if (known != NULL || rule >= VERDICT_RULES_MAX || v->policy.quarantine == 0 || time_s <= v->resumed_s[rule])
		return;
	if (v->n_taken == v->taken_room) {
		drop_taken(v, VERDICT_NO_RULE); /* the old ones */
		if (v->n_taken == v->taken_room) {
			v->taken_room = v->taken_room == 0 ? 16 : 2 * v->taken_room;
			v->taken = must(reallocarray(v->taken, v->taken_room, sizeof *v->taken));
		}
	}
	v->taken[v->n_taken++] = (struct taken){*net, time_s, rule};
}

void verdict_suspend(struct verdict *v, unsigned rule, bool suspended)
{
	if (rule >= VERDICT_RULES_MAX || v->suspended[rule] == suspended)
		return;
	v->suspended[rule] = suspended;
	v->n_suspended += suspended ? 1 : (size_t)-1;
	if (!suspended)
		verdict_known_resumed(v, rule, v->now_s);
}

void verdict_known_resumed(struct verdict *v, unsigned rule, int64_t at_s)
{
	if (rule >= VERDICT_RULES_MAX)
		return;
	v->resumed_s[rule] = seconds(at_s);
	drop_taken(v, rule);
}

bool verdict_is_suspended(const struct verdict *v, unsigned rule)
{
	return rule < VERDICT_RULES_MAX && v->suspended[rule];
}

/* True when this block is one too many of a rule. */
static bool is_too_many(const struct verdict *v, unsigned rule, const struct net *net)
{
	return v->policy.quarantine > 0 && rule < VERDICT_RULES_MAX && find_taken(v, rule, net) == NULL &&
	       count_taken(v, rule) >= v->policy.quarantine;
}

/* --- the brake --- */

static bool is_braked(struct verdict *v)
{
	if (v->minute != v->now_s / 60) {
		v->minute = v->now_s / 60;
		v->in_minute = 0;
	}
	return v->policy.blocks_per_minute > 0 && v->in_minute >= v->policy.blocks_per_minute;
}

/* --- decisions --- */

int64_t verdict_duration(const struct verdict *v, unsigned offence)
{
	const size_t i = offence == 0 ? 0 : offence - 1;

	return v->policy.for_s[i < v->policy.n_for ? i : v->policy.n_for - 1];
}

static int64_t threshold_of(const struct verdict *v, const struct tracked *t)
{
	return is_proven(v, t) ? 2 * v->policy.threshold : v->policy.threshold;
}

/* Evidence for the good came on that day: also where it lives is told, once it is proven. */
static void note_good(struct verdict *v, const struct net *subject, uint32_t day)
{
	struct tracked *t = find_or_add(v, subject);
	struct net network;

	note_day(v, t, day);
	if (!is_proven(v, t) || !has_network(v, &subject->addr))
		return;
	network = network_of(&subject->addr);
	t = find_or_add(v, &network);
	note_day(v, t, day);
}

/* Notes a score; VERDICT_COUNTED when it counts, *ret is whose. credit: a delivery or login, not somebody's vote. */
static enum verdict_outcome note(struct verdict *v, const struct net *subject, int score, int64_t time_s,
                                 bool credit, struct tracked **ret)
{
	const uint32_t at = seconds(time_s) < v->now_s ? seconds(time_s) : v->now_s;
	struct tracked *t;

	if (at <= horizon(v))
		return VERDICT_HISTORY;
	t = find_or_add(v, subject);
	if (t->until_s > v->now_s || at < t->until_s)
		return VERDICT_RUNNING;
	/* Credit is stored by the second: what came before a block and what after it in one second cannot be told. */
	if (credit && t->offences != NONE && at <= node_at(v, t->offences)->time_s)
		return VERDICT_RUNNING;
	add_score(v, t, at, score);
	*ret = t;
	return VERDICT_COUNTED;
}

static void block(struct verdict *v, struct tracked *t, const struct verdict_evidence *e, struct verdict_decision *ret)
{
	const unsigned offence = offences_in_memory(v, t) + 1;
	const bool proven = is_proven(v, t);

	drop_list(v, t->scores);
	t->scores = NONE;
	begin_offence(v, t, v->now_s);
	t->until_s = seconds((int64_t)v->now_s + verdict_duration(v, offence));
	ret->outcome = VERDICT_BLOCK;
	ret->blocks[ret->n++] = (struct verdict_block){.net = ret->subject,
	                                               .since_s = v->now_s,
	                                               .until_s = t->until_s,
	                                               .offence = offence,
	                                               .cause = VERDICT_EVIDENCE,
	                                               .proven = proven};
	v->in_minute++;
	if (proven)
		note_taken(v, e->rule, &ret->subject, v->now_s);
	if (has_network(v, &e->addr))
		judge_network(v, &e->addr, ret);
}

void verdict_hit(struct verdict *v, const struct verdict_evidence *e, struct verdict_decision *ret)
{
	struct tracked *t;

	*ret = (struct verdict_decision){.outcome = VERDICT_ALLOWED, .subject = net_of(&e->addr)};
	if (verdict_is_allowed(v, &e->addr) || is_allowed_name(v, e->name))
		return;
	ret->subject = subject_of(v, &e->addr);
	ret->outcome = VERDICT_SUSPENDED;
	if (verdict_is_suspended(v, e->rule))
		return;
	if (e->score < 0 && e->rule != VERDICT_NO_RULE && v->policy.earn_days > 0) /* a vote is no delivery */
		note_good(v, &ret->subject, (seconds(e->time_s) < v->now_s ? seconds(e->time_s) : v->now_s) / DAY_S);
	ret->outcome = note(v, &ret->subject, e->score, e->time_s, e->score < 0 && e->rule != VERDICT_NO_RULE, &t);
	ret->counted = ret->outcome == VERDICT_COUNTED;
	if (!ret->counted || e->score <= 0 || sum_of(v, t) < threshold_of(v, t))
		return;
	if (is_braked(v)) {
		ret->outcome = VERDICT_BRAKED;
		v->braked++;
	} else if (is_proven(v, t) && is_too_many(v, e->rule, &ret->subject)) {
		add_score(v, t, seconds(e->time_s) < v->now_s ? seconds(e->time_s) : v->now_s, -e->score);
		ret->outcome = VERDICT_QUARANTINE;
		ret->counted = false;
		verdict_suspend(v, e->rule, true);
	} else {
		block(v, t, e, ret);
	}
}

/* --- by hand --- */

static size_t copy_list(const struct verdict *v, uint32_t first, struct node out[], size_t cap)
{
	size_t n = 0;

	for (uint32_t i = first; i != NONE && n < cap; i = node_at(v, i)->next)
		out[n++] = *node_at(v, i);
	return n;
}

static uint32_t make_list(struct verdict *v, const struct node nodes[], size_t n)
{
	uint32_t first = NONE;

	for (size_t i = n; i > 0; i--) {
		const uint32_t fresh = take_node(v);

		*node_at(v, fresh) = (struct node){nodes[i - 1].time_s, nodes[i - 1].value, first};
		first = fresh;
	}
	return first;
}

static void save(struct verdict *v, const struct net *net)
{
	struct saved *const s = &v->saved[v->n_saved++];
	const struct tracked *const t = find(v, net);

	s->net = *net;
	s->known = t != NULL;
	if (t == NULL)
		return;
	s->t = *t;
	s->n_scores = copy_list(v, t->scores, s->scores, VERDICT_SCORES_MAX);
	s->n_offences = copy_list(v, t->offences, s->offences, OFFENCES);
	s->n_good = copy_list(v, t->good, s->good, 1);
}

void verdict_save(struct verdict *v, const struct addr *addr)
{
	const struct net subject = subject_of(v, addr), network = network_of(addr);

	v->n_saved = 0;
	save(v, &subject);
	if (has_network(v, addr))
		save(v, &network);
	(void)is_braked(v); /* the minute begins now, if it is another one */
	v->saved_in_minute = v->in_minute;
	v->saved_braked = v->braked;
}

void verdict_restore(struct verdict *v)
{
	for (size_t i = 0; i < v->n_saved; i++) {
		const struct saved *const s = &v->saved[i];
		struct tracked *t = find(v, &s->net);

		if (t != NULL)
			erase(v, (size_t)(t - v->table)); /* it points into the table */
		if (!s->known)
			continue;
		t = find_or_add(v, &s->net);
		*t = s->t;
		t->scores = PLACE(make_list(v, s->scores, s->n_scores));
		t->offences = PLACE(make_list(v, s->offences, s->n_offences));
		t->good = PLACE(make_list(v, s->good, s->n_good));
	}
	v->n_saved = 0;
	v->in_minute = v->saved_in_minute;
	v->braked = v->saved_braked;
}

static void forgive(struct verdict *v, struct tracked *t, uint32_t at_s)
{
	if (at_s > 0)
		drop_older(v, t, at_s - 1);
	if (t->until_s < at_s)
		t->until_s = at_s; /* as after a block: what is older than its end does not count */
}

void verdict_forget(struct verdict *v, const struct net *net, int64_t at_s)
{
	struct tracked *t;

	if (net->len == 128) {
		const struct net subject = subject_of(v, &net->addr), network = network_of(&net->addr);

		forgive(v, find_or_add(v, &subject), seconds(at_s));
		if (subject.len < 128 && (t = find(v, net)) != NULL)
			forgive(v, t, seconds(at_s));
		if (has_network(v, &net->addr) && (t = find(v, &network)) != NULL)
			drop_part(v, t, part_of(&net->addr));
		return;
	}
	for (size_t i = 0; i < v->size; i++)
		if (v->table[i].used && v->table[i].len >= net->len && net_has(net, &v->table[i].addr))
			forgive(v, &v->table[i], seconds(at_s));
}

void verdict_until(struct verdict *v, const struct net *net, int64_t until_s)
{
	struct tracked *const t = find(v, net);

	if (t != NULL)
		t->until_s = seconds(until_s);
}

/* --- what is known from before --- */

void verdict_known_good(struct verdict *v, const struct net *net, int64_t day)
{
	const struct net subject = net->len == 128 ? subject_of(v, &net->addr) : *net;

	if (v->policy.earn_days > 0 && day >= 0 && day <= v->now_s / DAY_S)
		note_good(v, &subject, (uint32_t)day); /* in range, above */
}

void verdict_known_block(struct verdict *v, const struct verdict_block *b, unsigned rule)
{
	const uint32_t since_s = seconds(b->since_s);
	struct tracked *t = find_or_add(v, &b->net);

	if (b->cause == VERDICT_EVIDENCE)
		begin_offence(v, t, since_s);
	if (seconds(b->until_s) > t->until_s)
		t->until_s = seconds(b->until_s);
	if (b->cause != VERDICT_EVIDENCE)
		return;
	if (b->proven && (int64_t)since_s + HOUR_S > v->now_s)
		note_taken(v, rule, &b->net, since_s);
	if (!is_braked(v) && since_s / 60 == v->minute)
		v->in_minute++;
	if (since_s > horizon(v) && has_network(v, &b->net.addr)) {
		const struct net network = network_of(&b->net.addr);

		t = find_or_add(v, &network);
		(void)note_part(v, t, &b->net.addr, since_s);
	}
}

void verdict_known_hit(struct verdict *v, const struct addr *addr, int score, int64_t time_s)
{
	const struct net subject = subject_of(v, addr);
	struct tracked *ignored;

	if (!verdict_is_allowed(v, addr))
		(void)note(v, &subject, score, time_s, false, &ignored);
}

void verdict_known_spent(struct verdict *v, const struct addr *addr)
{
	const struct net subject = subject_of(v, addr);
	struct tracked *const t = find(v, &subject);

	if (t == NULL)
		return;
	drop_list(v, t->scores);
	t->scores = NONE;
}

void verdict_known_credit(struct verdict *v, const struct addr *addr, int score, int64_t time_s)
{
	const struct net subject = subject_of(v, addr);
	struct tracked *ignored;

	if (!verdict_is_allowed(v, addr))
		(void)note(v, &subject, score, time_s, true, &ignored);
}

/* --- questions --- */

struct verdict_look verdict_look(const struct verdict *v, const struct addr *addr)
{
	struct verdict_look view = {.subject = subject_of(v, addr),
	                            .allowed = verdict_is_allowed(v, addr),
	                            .threshold = v->policy.threshold,
	                            .offence = 1};
	const struct tracked *const t = find(v, &view.subject);

	if (t == NULL)
		return view;
	view.proven = is_proven(v, t);
	view.score = sum_of(v, t);
	view.threshold = threshold_of(v, t);
	view.offence = offences_in_memory(v, t) + 1;
	view.until_s = t->until_s > v->now_s ? t->until_s : 0;
	return view;
}

struct verdict_stat verdict_stat(const struct verdict *v)
{
	return (struct verdict_stat){.addresses = v->n,
	                             .forgotten = v->forgotten,
	                             .braked = v->braked,
	                             .suspended = v->n_suspended,
	                             .earned = v->n_earned};
}
