#include "base/arena.h"

#include <assert.h>
#include <sys/mman.h>

#include "base/alloc.h"

enum { STEP = 2 << 20 }; /* bytes: large enough for few system calls, small enough to waste little */

static size_t round_up(size_t bytes)
{
	return (bytes + STEP - 1) / STEP * STEP;
}

void arena_init(struct arena *arena, size_t max)
{
	const size_t whole = round_up(max);
	void *const start = mmap(NULL, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (start == MAP_FAILED)
		alloc_failed(whole, "an arena's addresses");
	*arena = (struct arena){.start = start, .whole = whole};
}

void arena_done(struct arena *arena)
{
	if (arena->whole > 0)
		(void)munmap(arena->start, arena->whole);
	*arena = (struct arena){0};
}

void arena_reach(struct arena *arena, size_t bytes)
{
	const size_t more = bytes > arena->bytes ? round_up(bytes - arena->bytes) : 0;

	if (more == 0)
		return;
	assert(arena->bytes + more <= arena->whole);
	if (mprotect((char *)arena->start + arena->bytes, more, PROT_READ | PROT_WRITE) < 0)
		alloc_failed(more, "an arena");
	arena->bytes += more;
}
