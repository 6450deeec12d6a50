#include "verdict/network.h"

/* The part of its network: of an IPv4 address the last byte, of an IPv6 client the /64. */
static int32_t part_of(const struct addr *addr)
{
	return addr_is_ip4(addr) ? addr->bytes[15] : addr->bytes[6] << 8 | addr->bytes[7];
}

void network_drop(struct pool *pool, struct tracked *network, const struct addr *addr)
{
	const int32_t part = part_of(addr);
	uint32_t i = network->scores;
	struct node *previous = NULL;

	while (i != POOL_NONE && pool_at(pool, i)->value != part) {
		previous = pool_at(pool, i);
		i = previous->next;
	}
	if (i == POOL_NONE)
		return;
	if (previous == NULL)
		network->scores = POOL_HEAD(pool_at(pool, i)->next);
	else
		previous->next = pool_at(pool, i)->next;
	pool_at(pool, i)->next = POOL_NONE;
	pool_drop(pool, i);
}

uint32_t network_note(struct pool *pool, struct tracked *network, const struct addr *addr, uint32_t since_s,
                      unsigned after)
{
	const uint32_t fresh = pool_get(pool);
	struct node *last = pool_at(pool, fresh);
	unsigned n = 1;

	network_drop(pool, network, addr);
	*last = (struct node){.time_s = since_s, .value = part_of(addr), .next = network->scores};
	network->scores = POOL_HEAD(fresh);
	for (; n < after && last->next != POOL_NONE; n++)
		last = pool_at(pool, last->next);
	pool_cut(pool, last);
	return n < after ? 0 : last->time_s;
}
