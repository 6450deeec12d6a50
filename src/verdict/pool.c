#include "verdict/pool.h"

#include <assert.h>

void pool_init(struct pool *pool, size_t size, uint32_t limit)
{
	*pool = (struct pool){.size = size, .limit = limit, .fresh = POOL_NONE + 1};
	arena_init(&pool->arena, limit * size);
	arena_reach(&pool->arena, size);
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
		pool->free = *(const uint32_t *)pool_place(pool, i, pool->size);
		return i;
	}
	i = pool->fresh++;
	assert(i < pool->limit);
	arena_reach(&pool->arena, pool->fresh * pool->size);
	return i;
}
