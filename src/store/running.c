#include "store/running.h"

#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/alloc.h"

enum { CAPACITY_MIN = 4096 }; /* blocks; a power of two, like every capacity */

struct running_block {
	struct net net;
	enum block_cause cause;
	uint32_t older; /* the next older one of the same net and cause: its index + 1; 0: none */
	int64_t id, until_s;
};

struct running {
	size_t n, capacity;
	struct running_block *list; /* in the order of addition */
	uint32_t *places; /* 2 * capacity, open addressing: index + 1 of the newest block of a net and cause; 0: free */
};

static void set_capacity(struct running *r, size_t capacity)
{
	r->capacity = capacity;
	r->list = alloc_resize(r->list, capacity, sizeof *r->list, "the active blocks");
	free(r->places);
	r->places = alloc_zero(2 * capacity, sizeof *r->places, "the active blocks");
}

struct running *running_new(void)
{
	struct running *const r = alloc_zero(1, sizeof *r, "the active blocks");

	set_capacity(r, CAPACITY_MIN);
	return r;
}

void running_free(struct running *r)
{
	if (r == NULL)
		return;
	free(r->list);
	free(r->places);
	free(r);
}

/* Returns the place of the newest block, or the free place where it belongs. */
static uint32_t *place_of(const struct running *r, const struct net *net, enum block_cause cause)
{
	const size_t mask = 2 * r->capacity - 1;
	size_t i = addr_hash(&net->addr, (uint64_t)net->len << 8 | cause) & mask;

	for (; r->places[i] != 0; i = (i + 1) & mask) {
		const struct running_block *const b = &r->list[r->places[i] - 1];

		if (b->cause == cause && b->net.len == net->len && addr_equal(&b->net.addr, &net->addr))
			break;
	}
	return &r->places[i];
}

static void put(struct running *r, const struct running_block *block)
{
	struct running_block *const b = &r->list[r->n++];
	uint32_t *const place = place_of(r, &block->net, block->cause);

	*b = *block;
	b->older = *place;
	*place = (uint32_t)r->n;
}

/* Drops blocks that have ended. Afterwards at least half the space is free. */
static void make_space(struct running *r, int64_t now_s)
{
	size_t active = 0, capacity = CAPACITY_MIN, n = r->n;

	for (size_t i = 0; i < n; i++)
		if (r->list[i].until_s > now_s)
			r->list[active++] = r->list[i];
	while (capacity < 2 * active)
		capacity *= 2;
	r->n = 0;
	set_capacity(r, capacity);
	for (size_t i = 0; i < active; i++)
		put(r, &r->list[i]);
}

void running_add(struct running *r, const struct block *block)
{
	if (r->n == r->capacity)
		make_space(r, block->since_s);
	put(r, &(struct running_block){
		       .net = block->net, .cause = block->cause, .id = block->id, .until_s = block->until_s});
}

int64_t running_next(struct running *r, struct running_block **at, const struct net *net, enum block_cause cause,
                     int64_t at_s, int64_t extend_until_s)
{
	uint32_t number = *at == NULL ? *place_of(r, net, cause) : (*at)->older;
	struct running_block *b;

	while (number != 0 && r->list[number - 1].until_s <= at_s)
		number = r->list[number - 1].older;
	if (number == 0)
		return 0;
	*at = b = &r->list[number - 1];
	if (extend_until_s > b->until_s)
		b->until_s = extend_until_s;
	return b->id;
}
