#include "replay/worst.h"

static bool is_worse(const struct worst_blocked *a, const struct worst_blocked *b)
{
	if (a->block.offence != b->block.offence)
		return a->block.offence > b->block.offence;
	if (a->block.since_s != b->block.since_s)
		return a->block.since_s < b->block.since_s;
	return net_order(&a->block.net, &b->block.net) < 0;
}

void worst_note(struct worst *worst, const struct block *block, const struct rule *rule)
{
	struct worst_blocked blocked = {*block, rule};
	struct worst_blocked *const list = worst->list;
	size_t i;

	/* Most are not among the worst; once the list is full, one comparison shows that. */
	if (worst->others && !is_worse(&blocked, &list[WORST_MAX - 1]))
		return;
	for (i = 0; i < worst->n && net_order(&list[i].block.net, &block->net) != 0; i++)
		;
	worst->others |= i == WORST_MAX;
	if (worst->n == WORST_MAX && !is_worse(&blocked, &list[WORST_MAX - 1]))
		return;
	if (i < worst->n &&
	    list[i].block.offence > blocked.block.offence) /* its count had restarted after a long quiet time */
		blocked.block.offence = list[i].block.offence;
	if (i == WORST_MAX)
		i--;
	else if (i == worst->n)
		worst->n++;
	for (; i > 0 && is_worse(&blocked, &list[i - 1]); i--)
		list[i] = list[i - 1];
	for (; i + 1 < worst->n && is_worse(&list[i + 1], &blocked); i++)
		list[i] = list[i + 1];
	list[i] = blocked;
}
