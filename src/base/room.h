/*
 * room: memory for one array that grows to millions of entries and never moves.
 *
 * Owns addresses for all there may ever be, and gives them memory as it is needed, in huge pages where the kernel has
 * them: look-ups go everywhere in such an array, and half their time was spent on walking page tables (measured).
 * What is moved (realloc) loses its huge pages; what stays also needs no second copy while it grows.
 * room_init, room_reach whenever there shall be more, room_done. No memory ends the process.
 * Source: madvise(2), MADV_HUGEPAGE; mmap(2): pages without access are no memory, and count for the limit of addresses
 * alone (RLIMIT_AS).
 */
#ifndef WFS_ROOM_H
#define WFS_ROOM_H

#include <stddef.h>

struct room {
	void *start;         /* zeros up to bytes, where nothing else was written */
	size_t bytes, whole; /* that can be used; with the addresses set aside behind them */
};

/* max: bytes there may ever be. */
void room_init(struct room *room, size_t max);
void room_done(struct room *room);

/* There are at least so many bytes from here on; what is there stays. bytes: not above max. */
void room_reach(struct room *room, size_t bytes);

#endif
