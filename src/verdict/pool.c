#include "verdict/pool.h"

void pool_init(struct pool *pool)
{
	*pool = (struct pool){.fresh = 1}; /* 0 is POOL_NONE */
	arena_init(&pool->arena, VERDICT_NODES_MAX * sizeof *pool->list);
	pool->list = pool->arena.start;
	arena_reach(&pool->arena, sizeof *pool->list);
}

void pool_done(struct pool *pool)
{
	arena_done(&pool->arena);
	*pool = (struct pool){0};
}

uint32_t pool_get(struct pool *pool)
{
	uint32_t i = pool->free;

	pool->n++;
	if (i != POOL_NONE) {
		pool->free = pool_at(pool, i)->next;
		return i;
	}
	i = pool->fresh++;
	assert(i < VERDICT_NODES_MAX);
	arena_reach(&pool->arena, pool->fresh * sizeof *pool->list);
	return i;
}
