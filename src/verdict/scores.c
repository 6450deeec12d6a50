#include "verdict/scores.h"

static enum verdict_kind kind_of(const struct node *node)
{
	return (enum verdict_kind)(node->about >> ACCOUNT_BITS);
}

/* Returns the time after which failed logins are kept. */
static uint32_t slow_horizon(const struct clients *s, uint32_t now_s)
{
	const uint32_t horizon_s = clients_horizon(s, now_s);
	uint32_t slow_s = 0;

	if (s->policy->slow == 0)
		return horizon_s;
	if (now_s > s->policy->slow_s)
		slow_s = now_s - (uint32_t)s->policy->slow_s; /* 0..now_s */
	return slow_s < horizon_s ? slow_s : horizon_s;
}

static bool is_kept(const struct node *node, uint32_t horizon_s, uint32_t slow_horizon_s)
{
	return node->time_s > horizon_s ||
	       (node->time_s > slow_horizon_s && node->value > 0 && kind_of(node) == VERDICT_LOGIN);
}

/* Removes the node after previous from the list; previous NULL: the first. */
static void unlink_after(struct clients *s, struct tracked *t, struct node *previous, uint32_t i)
{
	struct node *const node = nodes_at(&s->nodes, i);

	if (previous == NULL)
		t->scores = node->next;
	else
		previous->next = node->next;
	node->next = POOL_NONE;
	nodes_drop(&s->nodes, i);
}

/*
 * Forgets what is too old and returns the number of nodes kept. *ret_last, *ret_before: the last node and the one
 * before it, or NULL.
 */
static unsigned age(struct clients *s, struct tracked *t, uint32_t now_s, struct node **ret_last,
                    struct node **ret_before)
{
	const uint32_t horizon_s = clients_horizon(s, now_s), slow_horizon_s = slow_horizon(s, now_s);
	struct node *last = NULL, *before = NULL;
	unsigned n = 0;

	for (uint32_t i = t->scores, next; i != POOL_NONE; i = next) {
		struct node *const node = nodes_at(&s->nodes, i);

		next = node->next;
		if (node->time_s <= slow_horizon_s) { /* and so are all that follow */
			if (last == NULL)
				scores_clear(s, t);
			else
				nodes_cut(&s->nodes, last);
			break;
		}
		if (!is_kept(node, horizon_s, slow_horizon_s)) {
			unlink_after(s, t, last, i);
			continue;
		}
		before = last;
		last = node;
		n++;
	}
	*ret_last = last;
	*ret_before = before;
	return n;
}

void scores_age(struct clients *s, struct tracked *t, uint32_t now_s)
{
	struct node *last, *before;

	(void)age(s, t, now_s, &last, &before);
}

void scores_drop(struct clients *s, struct tracked *t, uint32_t time_s)
{
	struct node *last = NULL;

	for (uint32_t i = t->scores; i != POOL_NONE && nodes_at(&s->nodes, i)->time_s > time_s; i = last->next)
		last = nodes_at(&s->nodes, i);
	if (last != NULL)
		nodes_cut(&s->nodes, last);
	else
		scores_clear(s, t);
}

void scores_clear(struct clients *s, struct tracked *t)
{
	nodes_drop(&s->nodes, t->scores);
	t->scores = POOL_NONE;
}

static void add_hits(struct node *node, unsigned n)
{
	const unsigned sum = node->hits + n;

	node->hits = sum < NODE_HITS_MAX ? sum & NODE_HITS_MAX : NODE_HITS_MAX;
}

/* There is one node too many: merges or removes the last. */
static void drop_one(struct clients *s, struct node *last, struct node *before)
{
	if (before->about == last->about) {
		before->time_s = last->time_s;
		before->value += last->value;
		add_hits(before, last->hits);
	}
	nodes_cut(&s->nodes, before);
}

/* Returns the node of that second and subject matter, a new one if there is none. */
static struct node *node_at(struct clients *s, struct tracked *t, uint32_t time_s, uint32_t about)
{
	struct pool *const nodes = &s->nodes;
	struct node *newer = NULL;
	uint32_t fresh, i = t->scores;

	for (; i != POOL_NONE && nodes_at(nodes, i)->time_s > time_s; i = newer->next)
		newer = nodes_at(nodes, i);
	for (uint32_t k = i; k != POOL_NONE && nodes_at(nodes, k)->time_s == time_s; k = nodes_at(nodes, k)->next)
		if (nodes_at(nodes, k)->about == about)
			return nodes_at(nodes, k);
	fresh = pool_get(nodes);
	*nodes_at(nodes, fresh) = (struct node){.time_s = time_s, .about = about, .next = POOL_NUMBER(i)};
	if (newer == NULL)
		t->scores = POOL_NUMBER(fresh);
	else
		newer->next = POOL_NUMBER(fresh);
	return nodes_at(nodes, fresh);
}

void scores_add(struct clients *s, struct tracked *t, uint32_t time_s, int score, uint32_t about, uint32_t now_s)
{
	struct node *const node = node_at(s, t, time_s, about);
	struct node *last, *before;

	node->value += score;
	add_hits(node, score > 0);
	if (age(s, t, now_s, &last, &before) > VERDICT_SCORES_MAX)
		drop_one(s, last, before);
}

/* --- sums --- */

/* The sum for one account. */
struct login_sum {
	uint32_t about;
	int64_t sum;
};

/* Adds to the sum of the node's account; n entries of list are in use. Returns the new n. */
static unsigned add_login(struct login_sum *list, unsigned n, const struct node *node)
{
	unsigned i = 0;

	while (i < n && list[i].about != node->about)
		i++;
	if (i == n)
		list[n++] = (struct login_sum){.about = node->about};
	list[i].sum += node->value;
	return n;
}

int64_t scores_sum(const struct clients *s, const struct tracked *t, uint32_t now_s)
{
	const uint32_t horizon_s = clients_horizon(s, now_s);
	struct login_sum logins[VERDICT_SCORES_MAX + 1]; /* the most nodes that there may be */
	int64_t any = 0, mail = 0, sum;
	unsigned n = 0;

	for (uint32_t i = t->scores; i != POOL_NONE && nodes_at(&s->nodes, i)->time_s > horizon_s;
	     i = nodes_at(&s->nodes, i)->next) {
		const struct node *const node = nodes_at(&s->nodes, i);

		switch (kind_of(node)) {
		case VERDICT_ANY:
			any += node->value;
			break;
		case VERDICT_MAIL:
			mail += node->value;
			break;
		case VERDICT_LOGIN:
			n = add_login(logins, n, node);
			break;
		}
	}
	sum = any + (mail > 0 ? mail : 0);
	for (unsigned i = 0; i < n; i++)
		sum += logins[i].sum > 0 ? logins[i].sum : 0;
	return sum;
}

int64_t scores_most(const struct clients *s, const struct tracked *t, uint32_t now_s)
{
	const uint32_t horizon_s = clients_horizon(s, now_s);
	int64_t sum = 0;

	for (uint32_t i = t->scores; i != POOL_NONE && nodes_at(&s->nodes, i)->time_s > horizon_s;
	     i = nodes_at(&s->nodes, i)->next)
		sum += nodes_at(&s->nodes, i)->value > 0 ? nodes_at(&s->nodes, i)->value : 0;
	return sum;
}

unsigned scores_hits(const struct clients *s, const struct tracked *t, uint32_t now_s)
{
	const uint32_t horizon_s = clients_horizon(s, now_s);
	unsigned n = 0;

	for (uint32_t i = t->scores; i != POOL_NONE && nodes_at(&s->nodes, i)->time_s > horizon_s;
	     i = nodes_at(&s->nodes, i)->next)
		n += nodes_at(&s->nodes, i)->hits;
	return n;
}

/* --- failed logins --- */

uint32_t scores_repeated(const struct clients *s, const struct tracked *t, uint32_t about, uint32_t time_s,
                         uint32_t now_s)
{
	const uint32_t horizon_s = clients_horizon(s, now_s);
	uint32_t found = POOL_NONE;

	for (uint32_t i = t->scores; i != POOL_NONE && nodes_at(&s->nodes, i)->time_s > horizon_s;
	     i = nodes_at(&s->nodes, i)->next) {
		const struct node *const node = nodes_at(&s->nodes, i);

		/* hits, not value: a login in the same second may have been subtracted from it */
		if (node->about != about || node->hits == 0 || node->time_s >= (int64_t)time_s + SCORES_REPEAT_S ||
		    time_s >= (int64_t)node->time_s + SCORES_REPEAT_S)
			continue;
		if (node->hits > SCORES_REPEATS_MAX)
			return POOL_NONE;
		if (found == POOL_NONE)
			found = i;
	}
	return found;
}

void scores_repeat(struct clients *s, uint32_t node)
{
	add_hits(nodes_at(&s->nodes, node), 1);
}

bool scores_next_slow(const struct clients *s, uint32_t *walk, uint32_t *ret, uint32_t now_s)
{
	const uint32_t slow_horizon_s = slow_horizon(s, now_s);

	while (*walk != POOL_NONE) {
		const struct node *const node = nodes_at(&s->nodes, *walk);

		*walk = node->next;
		if (node->time_s <= slow_horizon_s)
			return false;
		if (kind_of(node) == VERDICT_LOGIN && node->value * INT64_C(10) >= s->policy->threshold) {
			*ret = node->about & SCORES_ACCOUNT;
			return true;
		}
	}
	return false;
}
