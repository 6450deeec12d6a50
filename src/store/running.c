#include "store/running.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hashtable.h"

enum { FORGET_MIN = 4096 }; /* blocks that are kept, ended or not */

struct key {
	struct net net;
	enum block_cause cause;
};

struct running_block {
	struct key key;
	int64_t id, until_s;
	struct running_block *older; /* of the same key */
	UT_hash_handle hh;           /* of the newest of a key */
};

struct running {
	struct running_block *newest;
	size_t n, forget_at; /* blocks; so many lead to a search for those that ended */
};

struct running *running_new(void)
{
	struct running *const r = alloc_zero(1, sizeof *r, "the active blocks");

	r->forget_at = FORGET_MIN;
	return r;
}

/* Padding counts in a hash. */
static struct key key_of(const struct net *net, enum block_cause cause)
{
	struct key key;

	memset(&key, 0, sizeof key);
	key.net.addr = net->addr;
	key.net.len = net->len;
	key.cause = cause;
	return key;
}

static void free_chain(struct running_block *b)
{
	while (b != NULL) {
		struct running_block *const older = b->older;

		free(b);
		b = older;
	}
}

void running_free(struct running *r)
{
	struct running_block *b, *next;

	if (r == NULL)
		return;
	HASH_ITER (hh, r->newest, b, next) {
		HASH_DEL(r->newest, b);
		free_chain(b);
	}
	free(r);
}

/* A key of which no block is active is forgotten. */
static void forget(struct running *r, int64_t now_s)
{
	struct running_block *b, *next, *forgotten = NULL;

	r->n = 0;
	HASH_ITER (hh, r->newest, b, next) {
		struct running_block *oldest = b;
		bool active = b->until_s > now_s;
		size_t n = 1;

		for (; oldest->older != NULL; oldest = oldest->older, n++)
			active |= oldest->older->until_s > now_s;
		if (active) {
			r->n += n;
			continue;
		}
		HASH_DEL(r->newest, b);
		oldest->older = forgotten;
		forgotten = b;
	}
	free_chain(forgotten);
	r->forget_at = r->n < FORGET_MIN / 2 ? FORGET_MIN : 2 * r->n;
}

void running_add(struct running *r, const struct block *block)
{
	struct running_block *const b = alloc_zero(1, sizeof *b, "the active blocks");

	if (r->n >= r->forget_at)
		forget(r, block->since_s);
	b->key = key_of(&block->net, block->cause);
	b->id = block->id;
	b->until_s = block->until_s;
	HASH_FIND(hh, r->newest, &b->key, sizeof b->key, b->older);
	if (b->older != NULL)
		HASH_DEL(r->newest, b->older);
	HASH_ADD(hh, r->newest, key, sizeof b->key, b);
	r->n++;
}

int64_t running_next(struct running *r, const struct running_block **at, const struct net *net, enum block_cause cause,
                     int64_t at_s, int64_t extend_until_s)
{
	const struct key key = key_of(net, cause);
	struct running_block *b = NULL;

	if (*at == NULL)
		HASH_FIND(hh, r->newest, &key, sizeof key, b);
	else
		b = (*at)->older;
	while (b != NULL && b->until_s <= at_s)
		b = b->older;
	*at = b;
	if (b == NULL)
		return 0;
	if (extend_until_s > b->until_s)
		b->until_s = extend_until_s;
	return b->id;
}
