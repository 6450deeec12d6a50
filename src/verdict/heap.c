#include "verdict/heap.h"

#include <assert.h>

enum { LINE = 64 / HEAP_UNIT }; /* units of a cache line */

/* In units. Larger ones are whole cache lines; the largest contains the most that is kept of one subject. */
static const uint16_t sizes[HEAP_TIERS] = {0, 1, 2, 3, 4, 6, 8, 16, 24, 32, 48, 64, 96, 128, 192, 288, 392};

static_assert(HEAP_MAX < 1 << HEAP_BITS, "a number names a unit");

void heap_init(struct heap *heap)
{
	*heap = (struct heap){.fresh = LINE}; /* the first one is HEAP_NONE */
	arena_init(&heap->arena, HEAP_MAX * HEAP_UNIT);
	arena_reach(&heap->arena, LINE * HEAP_UNIT);
}

void heap_done(struct heap *heap)
{
	arena_done(&heap->arena);
	*heap = (struct heap){0};
}

unsigned heap_tier(size_t bytes)
{
	unsigned tier = 0;

	assert(bytes <= heap_size(HEAP_TIERS - 1));
	while (heap_size(tier) < bytes)
		tier++;
	return tier;
}

size_t heap_size(unsigned tier)
{
	return (size_t)sizes[tier] * HEAP_UNIT;
}

static uint32_t *next_of(const struct heap *heap, uint32_t cell)
{
	return heap_at(heap, cell);
}

/* Makes new free cells: so many that they are whole cache lines, and few of them extend over two. */
static void cut(struct heap *heap, unsigned tier)
{
	const size_t n = sizes[tier] < LINE ? LINE : 1;

	assert(heap->fresh + n * sizes[tier] <= HEAP_MAX);
	arena_reach(&heap->arena, (heap->fresh + n * sizes[tier]) * HEAP_UNIT);
	for (size_t i = n; i-- > 0;) {
		const uint32_t cell = (uint32_t)(heap->fresh + i * sizes[tier]); /* below HEAP_MAX */

		*next_of(heap, cell) = heap->free[tier];
		heap->free[tier] = cell;
	}
	heap->fresh += n * sizes[tier];
}

uint32_t heap_get(struct heap *heap, unsigned tier)
{
	uint32_t cell;

	if (tier == 0)
		return HEAP_NONE;
	if (heap->free[tier] == HEAP_NONE)
		cut(heap, tier);
	cell = heap->free[tier];
	heap->free[tier] = *next_of(heap, cell);
	heap->used += sizes[tier];
	return cell;
}

void heap_put(struct heap *heap, uint32_t cell, unsigned tier)
{
	if (tier == 0)
		return;
	*next_of(heap, cell) = heap->free[tier];
	heap->free[tier] = cell;
	heap->used -= sizes[tier];
}
