/*
 * heap: memory for millions of small cells of a few sizes, each identified by a number.
 *
 * Private to the folder. A number has HEAP_BITS bits, less than a pointer; HEAP_NONE denotes no cell. The caller knows
 * the size of each cell, as a tier: an index of sizes, 1..HEAP_TIERS - 1; tier 0 is no cell. Cells never move. A
 * freed one is reused for cells of its size only, so the owner of all cells should copy them to a new heap when there
 * is no space left, or when most of it is free. Call heap_init first; release with heap_done. Limit: HEAP_MAX units;
 * the caller keeps a distance from it. Aborts if memory cannot be allocated.
 */
#ifndef WFS_VERDICT_HEAP_H
#define WFS_VERDICT_HEAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

enum {
	HEAP_NONE = 0,
	HEAP_BITS = 24, /* bits of a number */
	HEAP_UNIT = 8,  /* bytes */
	HEAP_TIERS = 17,
	HEAP_MAX = 5 << 20, /* units: 40 MiB */
};

/* Makes a number fit a field of HEAP_BITS bits; it always does, as it is below HEAP_MAX. */
#define HEAP_NUMBER(cell) ((cell) & ((1U << HEAP_BITS) - 1))

struct heap {
	struct arena arena;
	size_t fresh;              /* the first unit never used */
	size_t used;               /* units of the cells in use */
	uint32_t free[HEAP_TIERS]; /* per tier: the first free cell, which contains the number of the next one */
};

void heap_init(struct heap *heap);
void heap_done(struct heap *heap);

/* Returns the smallest tier for that many bytes, at most heap_size(HEAP_TIERS - 1). */
unsigned heap_tier(size_t bytes);

/* Returns the bytes of a cell. */
size_t heap_size(unsigned tier);

/* Returns a free cell; the caller initialises it. Tier 0: HEAP_NONE. */
uint32_t heap_get(struct heap *heap, unsigned tier);

/* Frees a cell. Tier 0: does nothing. */
void heap_put(struct heap *heap, uint32_t cell, unsigned tier);

/*
 * Returns the address of a cell, valid until heap_done. HEAP_NONE has HEAP_UNIT bytes, which are 0 and never written.
 */
static inline void *heap_at(const struct heap *heap, uint32_t cell)
{
	return (char *)heap->arena.start + (size_t)cell * HEAP_UNIT;
}

#endif
