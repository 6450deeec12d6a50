#include "verdict/saved.h"

static size_t copy_list(const struct pool *pool, uint32_t first, struct node out[], size_t cap)
{
	size_t n = 0;

	for (uint32_t i = first; i != POOL_NONE && n < cap; i = pool_at(pool, i)->next)
		out[n++] = *pool_at(pool, i);
	return n;
}

static uint32_t make_list(struct pool *pool, const struct node list[], size_t n)
{
	uint32_t first = POOL_NONE;

	for (size_t i = n; i > 0; i--) {
		const uint32_t fresh = pool_take(pool);

		*pool_at(pool, fresh) = list[i - 1];
		pool_at(pool, fresh)->next = POOL_HEAD(first);
		first = fresh;
	}
	return first;
}

void saved_take(const struct clients *s, const struct net *net, struct saved *ret)
{
	const struct tracked *const t = clients_find(s, net);

	ret->net = *net;
	ret->known = t != NULL;
	if (t == NULL)
		return;
	ret->t = *t;
	ret->n_scores = copy_list(&s->pool, t->scores, ret->scores, VERDICT_SCORES_MAX);
	ret->n_offences = copy_list(&s->pool, t->offences, ret->offences, CLIENTS_OFFENCES);
	ret->n_good = copy_list(&s->pool, t->good, ret->good, 1);
}

void saved_put_back(struct clients *s, const struct saved *saved, uint32_t now_s)
{
	struct tracked *t = clients_find(s, &saved->net);

	if (t != NULL)
		clients_erase(s, t);
	if (!saved->known)
		return;
	t = clients_find_or_add(s, &saved->net, now_s);
	*t = saved->t;
	t->scores = POOL_HEAD(make_list(&s->pool, saved->scores, saved->n_scores));
	t->offences = POOL_HEAD(make_list(&s->pool, saved->offences, saved->n_offences));
	t->good = POOL_HEAD(make_list(&s->pool, saved->good, saved->n_good));
}
