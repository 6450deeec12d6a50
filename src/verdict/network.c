#include "verdict/network.h"

/* Which of its network it is: an IPv4 address by its last byte, an IPv6 client by its /64. */
static int32_t part_of(const struct addr *addr)
{
	return addr_is_ip4(addr) ? addr->bytes[15] : addr->bytes[6] << 8 | addr->bytes[7];
}

void network_drop(struct nodes *nodes, struct tracked *network, const struct addr *addr)
{
	const int32_t part = part_of(addr);
	uint32_t i = network->scores;
	struct node *previous = NULL;

	while (i != NODES_NONE && nodes_at(nodes, i)->value != part) {
		previous = nodes_at(nodes, i);
		i = previous->next;
	}
	if (i == NODES_NONE)
		return;
	if (previous == NULL)
		network->scores = NODES_HEAD(nodes_at(nodes, i)->next);
	else
		previous->next = nodes_at(nodes, i)->next;
	nodes_at(nodes, i)->next = NODES_NONE;
	nodes_drop(nodes, i);
}

uint32_t network_note(struct nodes *nodes, struct tracked *network, const struct addr *addr, uint32_t since_s,
                      unsigned after)
{
	const uint32_t fresh = nodes_take(nodes);
	struct node *last = nodes_at(nodes, fresh);
	unsigned n = 1;

	network_drop(nodes, network, addr);
	*last = (struct node){since_s, part_of(addr), network->scores};
	network->scores = NODES_HEAD(fresh);
	for (; n < after && last->next != NODES_NONE; n++)
		last = nodes_at(nodes, last->next);
	nodes_cut(nodes, last);
	return n < after ? 0 : last->time_s;
}
