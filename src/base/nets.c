#include "base/nets.h"

#include <stdlib.h>

#include "base/alloc.h"

enum { CAP_MIN = 16 };

static int by_place(const void *a, const void *b)
{
	return net_order(a, b);
}

void nets_add(struct nets *nets, const struct net *net)
{
	if (nets->n == nets->cap) {
		nets->cap = nets->cap == 0 ? CAP_MIN : 2 * nets->cap;
		nets->list = alloc_resize(nets->list, nets->cap, sizeof *nets->list, "a list of networks");
	}
	nets->list[nets->n++] = *net;
}

void nets_seal(struct nets *nets)
{
	size_t n = 0;

	if (nets->n > 0)
		qsort(nets->list, nets->n, sizeof *nets->list, by_place);
	for (size_t i = 0; i < nets->n; i++)
		if (n == 0 || !net_has(&nets->list[n - 1], &nets->list[i].addr))
			nets->list[n++] = nets->list[i];
	nets->n = n;
}

/*
 * Returns how many networks begin at addr or before it. Runs for every piece of evidence, so it always takes the same
 * steps, without a branch to predict.
 */
static size_t count_up_to(const struct nets *nets, const struct addr *addr)
{
	const struct net *from = nets->list;
	size_t n = nets->n;

	if (n == 0)
		return 0;
	while (n > 1) {
		const size_t half = n / 2;

		from = addr_before(addr, &from[half].addr) ? from : from + half;
		n -= half;
	}
	return (size_t)(from - nets->list) + !addr_before(addr, &from->addr);
}

const struct net *nets_find(const struct nets *nets, const struct addr *addr)
{
	const size_t i = count_up_to(nets, addr);

	return i > 0 && net_has(&nets->list[i - 1], addr) ? &nets->list[i - 1] : NULL;
}

bool nets_has(const struct nets *nets, const struct addr *addr)
{
	return nets_find(nets, addr) != NULL;
}

bool nets_overlap(const struct nets *nets, const struct net *net)
{
	const size_t i = count_up_to(nets, &net->addr);

	return (i > 0 && net_overlap(&nets->list[i - 1], net)) || (i < nets->n && net_has(net, &nets->list[i].addr));
}

bool nets_equal(const struct nets *a, const struct nets *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (net_order(&a->list[i], &b->list[i]) != 0)
			return false;
	return true;
}

void nets_done(struct nets *nets)
{
	free(nets->list);
	*nets = (struct nets){0};
}
