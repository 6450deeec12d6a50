/*
 * nodes: the room for short lists of seconds and numbers, millions of them.
 *
 * Private to the folder. A node has a number of 24 bits, which takes less room than a pointer; NODES_NONE ends a list.
 * nodes_init, then anything, then nodes_done. Nodes never move; what is dropped is used again, and memory is given
 * back by nodes_done alone. No memory ends the process.
 * Limit: VERDICT_NODES_MAX. The caller keeps n below it: one more is his mistake.
 */
#ifndef WFS_NODES_H
#define WFS_NODES_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/room.h"
#include "verdict/verdict.h"

enum {
	NODES_NONE = 0,
};

static_assert(VERDICT_NODES_MAX < 1 << 24, "24 bits name a node");

/* For the 24 bits of a list's head; what is written there is always below VERDICT_NODES_MAX. */
#define NODES_HEAD(node) ((node) & 0xFFFFFFU)

/* One of a list, newest first: a score at a second, when an offence began, a blocked subject of a network ... */
struct node {
	uint32_t time_s; /* of good days: the newest day */
	int32_t value;   /* score; which subject; of good days: bit i set, i days before the newest */
	uint32_t next;   /* NODES_NONE ends the list; in the free list too */
};

struct nodes {
	struct room room;
	struct node *list;    /* all of room */
	uint32_t fresh, free; /* never used yet from here on; first of the free list */
	size_t n;             /* in use */
};

void nodes_init(struct nodes *nodes);
void nodes_done(struct nodes *nodes);

/* One more; its contents are the caller's to write. */
uint32_t nodes_take(struct nodes *nodes);

/* Of a node in use, or of NODES_NONE, which may be fetched but means nothing. Good until nodes_done. */
static inline struct node *nodes_at(const struct nodes *nodes, uint32_t i)
{
	return &nodes->list[i];
}

/* Gives back a whole list. */
static inline void nodes_drop(struct nodes *nodes, uint32_t first)
{
	while (first != NODES_NONE) {
		struct node *const node = nodes_at(nodes, first);
		const uint32_t next = node->next;

		node->next = nodes->free;
		nodes->free = first;
		nodes->n--;
		first = next;
	}
}

/* Cuts the list behind a node. */
static inline void nodes_cut(struct nodes *nodes, struct node *node)
{
	nodes_drop(nodes, node->next);
	node->next = NODES_NONE;
}

#endif
