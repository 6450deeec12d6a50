#include "verdict/saved.h"

static size_t copy_list(const struct nodes *nodes, uint32_t first, struct node out[], size_t cap)
{
	size_t n = 0;

	for (uint32_t i = first; i != NODES_NONE && n < cap; i = nodes_at(nodes, i)->next)
		out[n++] = *nodes_at(nodes, i);
	return n;
}

static uint32_t make_list(struct nodes *nodes, const struct node list[], size_t n)
{
	uint32_t first = NODES_NONE;

	for (size_t i = n; i > 0; i--) {
		const uint32_t fresh = nodes_take(nodes);

		*nodes_at(nodes, fresh) = (struct node){list[i - 1].time_s, list[i - 1].value, first};
		first = fresh;
	}
	return first;
}

void saved_take(const struct subjects *s, const struct net *net, struct saved *ret)
{
	const struct tracked *const t = subjects_find(s, net);

	ret->net = *net;
	ret->known = t != NULL;
	if (t == NULL)
		return;
	ret->t = *t;
	ret->n_scores = copy_list(&s->nodes, t->scores, ret->scores, VERDICT_SCORES_MAX);
	ret->n_offences = copy_list(&s->nodes, t->offences, ret->offences, SUBJECTS_OFFENCES);
	ret->n_good = copy_list(&s->nodes, t->good, ret->good, 1);
}

void saved_put_back(struct subjects *s, const struct saved *saved, uint32_t now_s)
{
	struct tracked *t = subjects_find(s, &saved->net);

	if (t != NULL)
		subjects_erase(s, t);
	if (!saved->known)
		return;
	t = subjects_find_or_add(s, &saved->net, now_s);
	*t = saved->t;
	t->scores = NODES_HEAD(make_list(&s->nodes, saved->scores, saved->n_scores));
	t->offences = NODES_HEAD(make_list(&s->nodes, saved->offences, saved->n_offences));
	t->good = NODES_HEAD(make_list(&s->nodes, saved->good, saved->n_good));
}
