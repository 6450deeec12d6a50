#include "verdict/nodes.h"

#include <stdlib.h>

void nodes_init(struct nodes *nodes)
{
	*nodes = (struct nodes){.fresh = 1}; /* 0 is NODES_NONE */
	if ((nodes->chunks[0] = calloc(NODES_PER_CHUNK, sizeof **nodes->chunks)) == NULL)
		abort();
}

void nodes_done(struct nodes *nodes)
{
	for (size_t i = 0; i < NODES_CHUNKS; i++)
		free(nodes->chunks[i]);
	*nodes = (struct nodes){0};
}

uint32_t nodes_take(struct nodes *nodes)
{
	uint32_t i = nodes->free;
	struct node **chunk;

	nodes->n++;
	if (i != NODES_NONE) {
		nodes->free = nodes_at(nodes, i)->next;
		return i;
	}
	i = nodes->fresh++;
	assert(i < VERDICT_NODES_MAX);
	chunk = &nodes->chunks[i / NODES_PER_CHUNK];
	if (*chunk == NULL && (*chunk = calloc(NODES_PER_CHUNK, sizeof **chunk)) == NULL)
		abort();
	return i;
}
