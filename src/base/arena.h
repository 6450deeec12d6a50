/*
 * arena: memory for one array that grows to millions of entries and never moves.
 *
 * Owns addresses for the largest size, and gives them memory as it is needed: what never moves needs no second copy
 * while it grows. Huge pages gained less than 3 % of a replay of 7 million lines and cost 2 MiB, so it asks for none.
 * arena_init, arena_reach before the array grows, arena_done. Aborts if memory cannot be allocated.
 * Source: mmap(2): pages without access are no memory, and count for the limit of addresses
 * alone (RLIMIT_AS).
 */
#ifndef WFS_BASE_ARENA_H
#define WFS_BASE_ARENA_H

#include <stddef.h>

struct arena {
	void *start;         /* zeros up to bytes, where nothing else was written */
	size_t bytes, whole; /* that can be used; with the addresses set aside behind them */
};

/* max: bytes it may ever have. */
void arena_init(struct arena *arena, size_t max);
void arena_done(struct arena *arena);

/* Makes it at least so many bytes; its content stays. bytes: not above max. */
void arena_reach(struct arena *arena, size_t bytes);

#endif
