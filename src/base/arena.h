/*
 * arena: memory for one array that grows to millions of entries and never moves.
 *
 * Reserves addresses for the largest size and makes memory usable on demand; since the array never moves, growing needs
 * no second copy. It does not ask for huge pages: they gained less than 3 % in a replay of 7 million lines and cost 2
 * MiB.
 * Order: arena_init, arena_reach before the array grows, arena_done. Aborts if memory cannot be allocated.
 * Source: mmap(2): pages without access use no memory, and count only towards the limit on addresses (RLIMIT_AS).
 */
#ifndef WFS_BASE_ARENA_H
#define WFS_BASE_ARENA_H

#include <stddef.h>

struct arena {
	void *start;         /* the first bytes of it are usable, and zero until written */
	size_t bytes, whole; /* usable bytes; all reserved bytes */
};

/* Reserves addresses for at most max bytes. */
void arena_init(struct arena *arena, size_t max);
void arena_done(struct arena *arena);

/* Makes at least bytes usable; keeps the content. bytes must not exceed max. */
void arena_reach(struct arena *arena, size_t bytes);

#endif
