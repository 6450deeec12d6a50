#include "verdict/nodes.h"

void nodes_init(struct nodes *nodes)
{
	*nodes = (struct nodes){.fresh = 1}; /* 0 is NODES_NONE */
	room_init(&nodes->room, VERDICT_NODES_MAX * sizeof *nodes->list);
	nodes->list = nodes->room.start;
	room_reach(&nodes->room, sizeof *nodes->list);
}

void nodes_done(struct nodes *nodes)
{
	room_done(&nodes->room);
	*nodes = (struct nodes){0};
}

uint32_t nodes_take(struct nodes *nodes)
{
	uint32_t i = nodes->free;

	nodes->n++;
	if (i != NODES_NONE) {
		nodes->free = nodes_at(nodes, i)->next;
		return i;
	}
	i = nodes->fresh++;
	assert(i < VERDICT_NODES_MAX);
	room_reach(&nodes->room, nodes->fresh * sizeof *nodes->list);
	return i;
}
