#include "base/arena.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/alloc.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* Linux 6.1, asm-generic/mman-common.h */
#endif

enum { HUGE_PAGE = 2 << 20 }; /* on amd64; elsewhere a step like any other */

static size_t round_up(size_t bytes)
{
	return (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
}

void arena_init(struct arena *arena, size_t max)
{
	const size_t whole = round_up(max) + HUGE_PAGE; /* one more, to begin at a huge page */
	char *const all = mmap(NULL, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t before;

	if (all == MAP_FAILED)
		alloc_failed(whole, "an arena's addresses");
	before = round_up((uintptr_t)all) - (uintptr_t)all;
	if (before > 0)
		(void)munmap(all, before);
	*arena = (struct arena){.start = all + before, .whole = whole - before};
}

void arena_done(struct arena *arena)
{
	if (arena->whole > 0)
		(void)munmap(arena->start, arena->whole);
	*arena = (struct arena){0};
}

void arena_reach(struct arena *arena, size_t bytes)
{
	char *const end = (char *)arena->start + arena->bytes;
	const size_t more = bytes > arena->bytes ? round_up(bytes - arena->bytes) : 0;

	if (more == 0)
		return;
	assert(arena->bytes + more <= arena->whole);
	if (mprotect(end, more, PROT_READ | PROT_WRITE) < 0)
		alloc_failed(more, "an arena");
	arena->bytes += more;
	if (arena->bytes == HUGE_PAGE) /* a whole one would be too much for a small array */
		return;
	/* Only hints. */
	(void)madvise(arena->start, arena->bytes, MADV_HUGEPAGE);
	if (arena->bytes - more == HUGE_PAGE)
		(void)madvise(arena->start, HUGE_PAGE, MADV_COLLAPSE);
}
