/*
 * nodes: short lists of seconds and numbers, millions of them, in a pool.
 *
 * Private to the folder. A list is the number of its first node. Limit: VERDICT_NODES_MAX.
 */
#ifndef WFS_VERDICT_NODES_H
#define WFS_VERDICT_NODES_H

#include <assert.h>
#include <stdint.h>

#include "verdict/pool.h"
#include "verdict/verdict.h"

enum { NODE_HITS_MAX = 255 };

/* One of a list, newest first: a score at a second, when an offence began, good days. */
struct node {
	uint32_t time_s;           /* of good days: the newest day */
	int32_t value;             /* score; of good days: bit i set, i days before the newest */
	uint32_t about;            /* of a score: see scores.h */
	uint32_t next : POOL_BITS; /* POOL_NONE ends the list */
	uint32_t hits : 8;         /* that the score is of, NODE_HITS_MAX: or more */
};

static_assert(VERDICT_NODES_MAX < 1 << POOL_BITS, "a number names a node");

static inline struct node *nodes_at(const struct pool *nodes, uint32_t i)
{
	return pool_place(nodes, i, sizeof(struct node));
}

/* Frees a whole list. */
static inline void nodes_drop(struct pool *nodes, uint32_t first)
{
	while (first != POOL_NONE) {
		const uint32_t next = nodes_at(nodes, first)->next;

		pool_put(nodes, first);
		first = next;
	}
}

/* Cuts the list after a node. */
static inline void nodes_cut(struct pool *nodes, struct node *node)
{
	nodes_drop(nodes, node->next);
	node->next = POOL_NONE;
}

#endif
