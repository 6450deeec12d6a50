/*
 * pool: memory for millions of small things of one size, each known by a number.
 *
 * Private to the folder. A number has 24 bits, which is smaller than a pointer; POOL_NONE is none. pool_init first;
 * release with pool_done. What is in it never moves; what is freed is reused, and only pool_done releases memory.
 * Aborts if memory cannot be allocated. The caller keeps n below the limit: exceeding it is a caller bug.
 */
#ifndef WFS_VERDICT_POOL_H
#define WFS_VERDICT_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

enum {
	POOL_NONE = 0,
	POOL_BITS = 24, /* of a number */
};

/* For a field of POOL_BITS bits: what is written there is always below the limit of the pool. */
#define POOL_NUMBER(i) ((i) & ((1U << POOL_BITS) - 1))

struct pool {
	struct arena arena;
	size_t size;                 /* of a thing: at least 4 bytes */
	uint32_t limit, fresh, free; /* never used yet from fresh on; the first that is free, which has the number of
	                                the next in front */
	size_t n;                    /* in use */
};

/* size: of one, with its alignment. limit: how many there may be, below 1 << POOL_BITS. */
void pool_init(struct pool *pool, size_t size, uint32_t limit);
void pool_done(struct pool *pool);

/* A free one; the caller writes its contents. */
uint32_t pool_get(struct pool *pool);

/* Of one in use, or of POOL_NONE, which may be fetched but means nothing. Valid until pool_done. size: as of pool_init.
 */
static inline void *pool_place(const struct pool *pool, uint32_t i, size_t size)
{
	return (char *)pool->arena.start + i * size;
}

/* Frees it. */
static inline void pool_put(struct pool *pool, uint32_t i)
{
	*(uint32_t *)pool_place(pool, i, pool->size) = pool->free;
	pool->free = i;
	pool->n--;
}

#endif
