/*
 * nodes: millions of short lists of times and numbers, in a pool.
 *
 * Private to the folder. A list is identified by the number of its first node. Limit: VERDICT_NODES_MAX nodes.
 */
#ifndef WFS_VERDICT_NODES_H
#define WFS_VERDICT_NODES_H

#include <assert.h>
#include <stdint.h>

#include "verdict/pool.h"
#include "verdict/verdict.h"

enum { NODE_HITS_MAX = 255 };

/* A node of a list, newest first: a score at a second, the start of an offence, or good days. */
struct node {
	uint32_t time_s;           /* for good days: the newest day */
	int32_t value;             /* the score; for good days: bit i is set for i days before the newest */
	uint32_t about;            /* for a score: see scores.h */
	uint32_t next : POOL_BITS; /* POOL_NONE ends the list */
	uint32_t hits : 8;         /* in the score; NODE_HITS_MAX means "or more" */
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

/* Frees the list after a node. */
static inline void nodes_cut(struct pool *nodes, struct node *node)
{
	nodes_drop(nodes, node->next);
	node->next = POOL_NONE;
}

#endif
