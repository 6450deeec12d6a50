#include "base/nets.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM_MIN = 16 };

/* By address; of two that begin alike the wider first. */
static int by_place(const void *a, const void *b)
{
	const struct net *const x = a, *const y = b;
	const int order = memcmp(x->addr.bytes, y->addr.bytes, sizeof x->addr.bytes);

	return order != 0 ? order : x->len - y->len;
}

void nets_add(struct nets *nets, const struct net *net)
{
	if (nets->n == nets->room) {
		nets->room = nets->room == 0 ? ROOM_MIN : 2 * nets->room;
		if ((nets->list = reallocarray(nets->list, nets->room, sizeof *nets->list)) == NULL)
			abort();
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

/* How many begin at addr or before it. */
static size_t count_up_to(const struct nets *nets, const struct addr *addr)
{
	size_t low = 0, high = nets->n;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (memcmp(nets->list[middle].addr.bytes, addr->bytes, sizeof addr->bytes) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
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
		if (by_place(&a->list[i], &b->list[i]) != 0)
			return false;
	return true;
}

void nets_done(struct nets *nets)
{
	free(nets->list);
	*nets = (struct nets){0};
}
