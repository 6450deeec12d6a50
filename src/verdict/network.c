#include "verdict/network.h"

/* The part of its network: of an IPv4 address the last byte, of an IPv6 client the /64. */
static int32_t part_of(const struct addr *addr)
{
	return addr_is_ip4(addr) ? addr->bytes[15] : addr->bytes[6] << 8 | addr->bytes[7];
}

/* Without that part; returns the new head. */
static uint32_t without(struct pool *pool, uint32_t list, int32_t part)
{
	uint32_t i = list;
	struct node *previous = NULL;

	while (i != POOL_NONE && pool_at(pool, i)->value != part) {
		previous = pool_at(pool, i);
		i = previous->next;
	}
	if (i == POOL_NONE)
		return list;
	if (previous == NULL)
		list = pool_at(pool, i)->next;
	else
		previous->next = pool_at(pool, i)->next;
	pool_at(pool, i)->next = POOL_NONE;
	pool_drop(pool, i);
	return list;
}

void network_drop(struct pool *pool, struct tracked *network, const struct addr *addr)
{
	network->scores = POOL_HEAD(without(pool, network->scores, part_of(addr)));
	network->offences = POOL_HEAD(without(pool, network->offences, part_of(addr)));
}

uint32_t network_note(struct pool *pool, uint32_t list, const struct addr *addr, uint32_t time_s)
{
	const int32_t part = part_of(addr);
	const bool again = list != POOL_NONE && pool_at(pool, list)->value == part;
	uint32_t head = list, fresh, last;
	unsigned n = 1;

	if (again) { /* the latest once more */
		if (time_s > pool_at(pool, list)->time_s)
			pool_at(pool, list)->time_s = time_s;
		return list;
	}
	head = without(pool, list, part);
	fresh = last = pool_get(pool);
	*pool_at(pool, fresh) = (struct node){.time_s = time_s, .value = part, .next = POOL_HEAD(head)};
	for (; n < VERDICT_NETWORK_MAX && pool_at(pool, last)->next != POOL_NONE; n++)
		last = pool_at(pool, last)->next;
	pool_cut(pool, pool_at(pool, last));
	return fresh;
}

void network_forgive(struct pool *pool, struct tracked *network, uint32_t at_s)
{
	uint32_t i = network->offences, next;

	for (; i != POOL_NONE; i = next) {
		next = pool_at(pool, i)->next;
		if (pool_at(pool, i)->time_s < at_s)
			network->offences = POOL_HEAD(without(pool, network->offences, pool_at(pool, i)->value));
	}
}

uint32_t network_nth(const struct pool *pool, uint32_t list, unsigned n)
{
	for (; list != POOL_NONE && n > 1; n--)
		list = pool_at(pool, list)->next;
	return list == POOL_NONE ? 0 : pool_at(pool, list)->time_s;
}

struct net network_client(const struct verdict_policy *policy, const struct tracked *network, const struct node *node)
{
	struct addr addr = network->addr;

	if (addr_is_ip4(&addr)) {
		addr.bytes[15] = (uint8_t)node->value; /* as part_of made it */
		return net_of(&addr);
	}
	addr.bytes[6] = (uint8_t)(node->value >> 8);
	addr.bytes[7] = (uint8_t)node->value;
	return net_around(&addr, policy->ip6_prefix);
}
