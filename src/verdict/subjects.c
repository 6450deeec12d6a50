#include "verdict/subjects.h"

#include <stdlib.h>

enum {
	TABLE_MIN = 1 << 10,
	LARGE = 1 << 18, /* entries */
};

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

void subjects_init(struct subjects *s, const struct verdict_policy *policy)
{
	s->policy = policy;
	s->capacity = TABLE_MIN;
	s->size = size_for(s->capacity);
	room_init(&s->room, size_for(VERDICT_ADDRESSES_MAX) * sizeof *s->table);
	s->table = s->last = s->room.start;
	room_reach(&s->room, s->size * sizeof *s->table);
	s->n = 0;
	s->forgotten = 0;
	nodes_init(&s->nodes);
}

void subjects_done(struct subjects *s)
{
	room_done(&s->room);
	s->table = s->last = NULL;
	nodes_done(&s->nodes);
}

/* Those behind it move up, so that no chain is cut. */
void subjects_erase(struct subjects *s, struct tracked *t)
{
	size_t hole = (size_t)(t - s->table), i = hole; /* it points into the table */

	nodes_drop(&s->nodes, t->scores);
	nodes_drop(&s->nodes, t->offences);
	nodes_drop(&s->nodes, t->good);
	s->n--;
	for (;;) {
		size_t home;

		i = i + 1 == s->size ? 0 : i + 1;
		if (!s->table[i].used)
			break;
		home = subjects_home(s, &s->table[i].addr, s->table[i].len);
		/* It may move to the hole unless its home lies behind the hole, up to i. */
		if (hole < i ? home > hole && home <= i : home > hole || home <= i)
			continue;
		s->table[hole] = s->table[i];
		hole = i;
	}
	s->table[hole] = (struct tracked){0};
}

/* --- scores --- */

/* Of a list by time, newest first: the last node that is newer, NULL when there is none; adds to n how many are. */
static struct node *newer_than(const struct nodes *nodes, uint32_t first, uint32_t time_s, unsigned *n)
{
	struct node *last = NULL;

	for (uint32_t i = first; i != NODES_NONE && nodes_at(nodes, i)->time_s > time_s; i = last->next, ++*n)
		last = nodes_at(nodes, i);
	return last;
}

void subjects_drop_scores(struct subjects *s, struct tracked *t, uint32_t time_s)
{
	unsigned n = 0;
	struct node *const last = newer_than(&s->nodes, t->scores, time_s, &n);

	if (last != NULL)
		nodes_cut(&s->nodes, last);
	else
		subjects_clear_scores(s, t);
}

void subjects_add_score(struct subjects *s, struct tracked *t, uint32_t time_s, int score, uint32_t now_s)
{
	struct nodes *const nodes = &s->nodes;
	const uint32_t horizon_s = subjects_horizon(s, now_s);
	unsigned n = 1;
	struct node *const newer = newer_than(nodes, t->scores, time_s, &n);
	const uint32_t at = newer == NULL ? t->scores : newer->next;
	struct node *last, *before = newer;

	if (at != NODES_NONE && nodes_at(nodes, at)->time_s == time_s) {
		last = nodes_at(nodes, at);
		last->value += score;
	} else {
		const uint32_t fresh = nodes_take(nodes);

		last = nodes_at(nodes, fresh);
		*last = (struct node){time_s, score, at};
		if (newer == NULL)
			t->scores = NODES_HEAD(fresh);
		else
			newer->next = fresh;
	}
	for (uint32_t i = last->next; i != NODES_NONE && nodes_at(nodes, i)->time_s > horizon_s;
	     i = last->next, n++) {
		before = last;
		last = nodes_at(nodes, i);
	}
	nodes_cut(nodes, last);
	if (n <= VERDICT_SCORES_MAX || before == NULL) /* NULL: it is alone */
		return;
	before->time_s = last->time_s;
	before->value += last->value;
	nodes_cut(nodes, before);
}

/* --- offences and good days --- */

unsigned subjects_count_offences(const struct subjects *s, const struct tracked *t, uint32_t now_s)
{
	unsigned n = 0;

	for (uint32_t i = t->offences; i != NODES_NONE; i = nodes_at(&s->nodes, i)->next, n++)
		if ((int64_t)nodes_at(&s->nodes, i)->time_s + s->policy->memory_s <= now_s)
			break;
	return n;
}

void subjects_begin_offence(struct subjects *s, struct tracked *t, uint32_t since_s)
{
	const uint32_t fresh = nodes_take(&s->nodes);
	struct node *last = nodes_at(&s->nodes, fresh);

	*last = (struct node){since_s, 0, t->offences};
	t->offences = NODES_HEAD(fresh);
	for (unsigned i = 1; i < SUBJECTS_OFFENCES && last->next != NODES_NONE; i++)
		last = nodes_at(&s->nodes, last->next);
	nodes_cut(&s->nodes, last);
}

void subjects_note_day(struct subjects *s, struct tracked *t, uint32_t day)
{
	struct node *node;

	if (t->good == NODES_NONE) {
		t->good = NODES_HEAD(nodes_take(&s->nodes));
		*nodes_at(&s->nodes, t->good) = (struct node){day, 1, NODES_NONE};
		return;
	}
	node = nodes_at(&s->nodes, t->good);
	if (day > node->time_s) {
		const uint32_t later = day - node->time_s;

		node->value = later >= SUBJECTS_GOOD_DAYS ? 0 : (int32_t)((uint32_t)node->value << later);
		node->time_s = day;
	}
	if (node->time_s - day < SUBJECTS_GOOD_DAYS)
		node->value = (int32_t)((uint32_t)node->value | 1U << (node->time_s - day)); /* bits, no number */
}

/* --- what stays when room is needed --- */

static bool is_network(const struct subjects *s, const struct tracked *t)
{
	return t->len < 128 && (addr_is_ip4(&t->addr) || t->len != s->policy->ip6_prefix);
}

/* How much a subject must matter to stay. */
enum keep {
	KEEP_ALL_THAT_MATTERS,
	KEEP_LOUD,    /* blocked, or half way to it, or proven good */
	KEEP_BLOCKED, /* or proven good */
	KEEP_HALF, /* a million are blocked: any half of them; the others stay blocked, but may be blocked again */
	KEEP_NONE, /* somebody has found a million addresses of the half that stays */
};

static bool stays(struct subjects *s, struct tracked *t, enum keep keep, uint32_t now_s)
{
	const uint32_t horizon_s = subjects_horizon(s, now_s);

	switch (keep) {
	case KEEP_ALL_THAT_MATTERS:
		subjects_drop_scores(s, t, horizon_s);
		return t->scores != NODES_NONE || t->until_s > horizon_s || subjects_count_offences(s, t, now_s) > 0 ||
		       subjects_good_days(s, t, now_s) != 0;
	case KEEP_LOUD:
		return t->until_s > now_s || subjects_is_proven(s, t, now_s) || is_network(s, t) ||
		       subjects_sum(s, t, now_s) * 2 >= s->policy->threshold;
	case KEEP_BLOCKED:
		return t->until_s > now_s || subjects_is_proven(s, t, now_s);
	case KEEP_HALF:
		return (addr_hash(&t->addr, 0) & 1) != 0;
	case KEEP_NONE:
		return false;
	}
	return true; /* not reached: the switch is complete */
}

static void forget(struct subjects *s, enum keep keep, uint32_t now_s)
{
	for (size_t i = 0; i < s->size; i++)
		while (s->table[i].used && !stays(s, &s->table[i], keep, now_s))
			subjects_erase(s, &s->table[i]); /* another may stand here now */
}

/*
 * In its place, since two tables would be the most memory a replay ever holds. Homes go up with the hash, so from
 * the last one on each entry moves upwards, into what is free already; the few that cannot, since they stand far
 * from their homes near the beginning, or would go round at the end to where others still have to move, wait beside
 * the table.
 */
static void grow(struct subjects *s)
{
	const size_t old_size = s->size;
	struct tracked *aside = NULL;
	size_t n_aside = 0;

	s->capacity = capacity_after(s->capacity);
	s->size = size_for(s->capacity);
	if (s->size == old_size) /* where a large one begins */
		return;
	room_reach(&s->room, s->size * sizeof *s->table);
	for (size_t i = old_size; i-- > 0;) {
		const struct tracked t = s->table[i];
		struct tracked *home, *to;

		if (!t.used)
			continue;
		s->table[i] = (struct tracked){0};
		home = &s->table[subjects_home(s, &t.addr, (uint8_t)t.len)];
		if (home >= &s->table[i] && (to = subjects_place(s, &t.addr, (uint8_t)t.len)) >= home) {
			*to = t;
			continue;
		}
		if ((n_aside & (n_aside - 1)) == 0 && /* a power of two is full */
		    (aside = reallocarray(aside, n_aside == 0 ? 1 : 2 * n_aside, sizeof *aside)) == NULL)
			abort();
		aside[n_aside++] = t;
	}
	for (size_t i = 0; i < n_aside; i++)
		*subjects_place(s, &aside[i].addr, (uint8_t)aside[i].len) = aside[i];
	free(aside);
}

/* More than three quarters of all there may be. */
static bool is_crowded(const struct subjects *s)
{
	return s->n * 4 > (size_t)VERDICT_ADDRESSES_MAX * 3 || s->nodes.n * 4 > (size_t)VERDICT_NODES_MAX * 3;
}

/* Forget what no longer matters; grow; at the limit forget the quietest. */
void subjects_make_room(struct subjects *s, uint32_t now_s)
{
	size_t before;

	forget(s, KEEP_ALL_THAT_MATTERS, now_s);
	before = s->n;
	if (s->n * 2 >= s->capacity && s->capacity < VERDICT_ADDRESSES_MAX) {
		grow(s);
		if (s->nodes.n + SUBJECTS_SPARE_NODES < VERDICT_NODES_MAX)
			return;
	}
	/* A quarter becomes free, so that this is not done again for the next address. */
	for (enum keep keep = KEEP_LOUD; is_crowded(s) && keep <= KEEP_NONE; keep++)
		forget(s, keep, now_s);
	s->forgotten += before - s->n;
}
