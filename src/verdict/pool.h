/*
 * pool: memory for short lists of seconds and numbers, millions of them.
 *
 * Private to the folder. A node has a number of 24 bits, which is smaller than a pointer; POOL_NONE ends
 * a list. pool_init first; release with pool_done. Nodes never move; freed nodes are reused, and
 * only pool_done releases memory. Aborts if memory cannot be allocated. Limit: VERDICT_NODES_MAX.
 * The caller keeps n below it: exceeding it is a caller bug.
 */
#ifndef WFS_VERDICT_POOL_H
#define WFS_VERDICT_POOL_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "verdict/verdict.h"

enum {
	POOL_NONE = 0,
	POOL_HITS_MAX = 255,
};

static_assert(VERDICT_NODES_MAX < 1 << 24, "24 bits name a node");

/* For the 24 bits of a list's head or next; what is written there is always below VERDICT_NODES_MAX. */
#define POOL_HEAD(node) ((node) & 0xFFFFFFU)

/* One of a list, newest first: a score at a second, when an offence began, a client of a network ... */
struct node {
	uint32_t time_s; /* of good days: the newest day */
	int32_t value;   /* score; which client of a network; of good days: bit i set, i days before the newest */
	uint32_t about;  /* of a score: see scores.h */
	uint32_t next : 24; /* POOL_NONE ends the list; in the free list too */
	uint32_t hits : 8;  /* that the score is of, POOL_HITS_MAX: or more */
};

struct pool {
	struct arena arena;
	struct node *list;    /* all of the capacity */
	uint32_t fresh, free; /* never used yet from here on; first of the free list */
	size_t n;             /* in use */
};

void pool_init(struct pool *pool);
void pool_done(struct pool *pool);

/* A free node; the caller writes its contents. */
uint32_t pool_get(struct pool *pool);

/* Of a node in use, or of POOL_NONE, which may be fetched but means nothing. Valid until pool_done. */
static inline struct node *pool_at(const struct pool *pool, uint32_t i)
{
	return &pool->list[i];
}

/* Frees a whole list. */
static inline void pool_drop(struct pool *pool, uint32_t first)
{
	while (first != POOL_NONE) {
		struct node *const node = pool_at(pool, first);
		const uint32_t next = node->next;

		node->next = POOL_HEAD(pool->free);
		pool->free = first;
		pool->n--;
		first = next;
	}
}

/* Cuts the list after a node. */
static inline void pool_cut(struct pool *pool, struct node *node)
{
	pool_drop(pool, node->next);
	node->next = POOL_NONE;
}

#endif
