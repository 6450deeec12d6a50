/*
 * pool: memory for millions of small objects of one size, each identified by a number.
 *
 * Private to the folder. A number has 24 bits, less than a pointer; POOL_NONE denotes no object. Call pool_init first;
 * release with pool_done. Objects never move; freed ones are reused, and only pool_done releases memory. Aborts if
 * memory cannot be allocated. The caller keeps n below the limit: exceeding it is a caller bug.
 */
#ifndef WFS_VERDICT_POOL_H
#define WFS_VERDICT_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

enum {
	POOL_NONE = 0,
	POOL_BITS = 24, /* bits of a number */
};

/* Makes a number fit a field of POOL_BITS bits; it always does, as it is below the limit of the pool. */
#define POOL_NUMBER(i) ((i) & ((1U << POOL_BITS) - 1))

struct pool {
	struct arena arena;
	size_t size; /* bytes of an object: at least 4 */
	/* First number never used; first free object, which contains the number of the next free one. */
	uint32_t limit, fresh, free;
	size_t n; /* objects in use */
};

/* size: bytes of an object, including its alignment. limit: the most objects, below 1 << POOL_BITS. */
void pool_init(struct pool *pool, size_t size, uint32_t limit);
void pool_done(struct pool *pool);

/* Returns a free object; the caller initialises it. */
uint32_t pool_get(struct pool *pool);

/*
 * Returns the address of an object in use, or of POOL_NONE, which may be prefetched but has no content. Valid until
 * pool_done. size: as for pool_init.
 */
static inline void *pool_place(const struct pool *pool, uint32_t i, size_t size)
{
	return (char *)pool->arena.start + i * size;
}

/* Frees an object. */
static inline void pool_put(struct pool *pool, uint32_t i)
{
	*(uint32_t *)pool_place(pool, i, pool->size) = pool->free;
	pool->free = i;
	pool->n--;
}

#endif
