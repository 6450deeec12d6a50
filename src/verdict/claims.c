#include "verdict/claims.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hashtable.h"

enum { SWEEP_MIN = 4096 };

/* The claim of one peer. */
struct item {
	int64_t until_s, sent_ms;
	uint16_t peer, weight;
};

/* All claims about one network. */
struct about {
	UT_hash_handle hh;
	struct net net;
	uint32_t n;
	struct item *items; /* n claims, the one that ends last first */
};

struct amnesty {
	struct net net;
	int64_t sent_ms, until_s;
};

struct claims {
	uint64_t seed;
	struct about *about;
	size_t n, sweep_at; /* number of claims; at sweep_at claims the expired ones are removed */
	size_t refused;     /* claims refused for lack of space; used to sweep for only a few of them */
	size_t n_amnesties;
	struct amnesty amnesties[CLAIMS_AMNESTIES_MAX];
};

struct claims *claims_new(uint64_t seed)
{
	struct claims *const c = alloc_zero(1, sizeof *c, "the claims of peers");

	c->seed = seed;
	c->sweep_at = SWEEP_MIN;
	return c;
}

/* --- networks --- */

static unsigned hash_of(const struct claims *c, const struct net *net)
{
	return (unsigned)addr_hash(&net->addr, c->seed ^ net->len); /* the low bits */
}

static struct about *find(const struct claims *c, const struct net *net)
{
	struct about *a;

	HASH_FIND_BYHASHVALUE(hh, c->about, net, sizeof *net, hash_of(c, net), a);
	return a;
}

static struct about *find_or_add(struct claims *c, const struct net *net)
{
	struct about *a = find(c, net);

	if (a != NULL)
		return a;
	a = alloc_zero(1, sizeof *a, "the claims of peers");
	a->net = *net;
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, c->about, &a->net, sizeof a->net, hash_of(c, net), a);
	return a;
}

static void free_about(struct about *a)
{
	free(a->items);
	free(a);
}

static void forget(struct claims *c, struct about *a)
{
	/* Only the first has no predecessor; clang-tidy cannot know this. */
	assert((a == c->about) == (a->hh.prev == NULL));
	HASH_DELETE(hh, c->about, a);
	c->n -= a->n;
	free_about(a);
}

void claims_free(struct claims *c)
{
	struct about *a, *next;

	if (c == NULL)
		return;
	a = c->about;
	HASH_CLEAR(hh, c->about);
	for (; a != NULL; a = next) {
		next = a->hh.next;
		free_about(a);
	}
	free(c);
}

static void remove_item(struct claims *c, struct about *a, size_t i)
{
	memmove(a->items + i, a->items + i + 1, (a->n - i - 1) * sizeof *a->items);
	a->n--;
	c->n--;
}

/* Inserts the item in the order of until_s. */
static void insert_item(struct claims *c, struct about *a, struct item item)
{
	size_t i = 0;

	a->items = alloc_resize(a->items, a->n + 1, sizeof *a->items, "the claims of peers");
	while (i < a->n && a->items[i].until_s >= item.until_s)
		i++;
	memmove(a->items + i + 1, a->items + i, (a->n - i) * sizeof *a->items);
	a->items[i] = item;
	a->n++;
	c->n++;
}

/* Removes expired claims when there are many: each claim is visited once per doubling of the table. */
static void sweep(struct claims *c, int64_t now_s)
{
	struct about *a, *next;

	if (c->n < c->sweep_at || (c->n >= CLAIMS_MAX && c->refused++ % SWEEP_MIN != 0))
		return;
	HASH_ITER(hh, c->about, a, next)
	{
		while (a->n > 0 && a->items[a->n - 1].until_s <= now_s)
			remove_item(c, a, a->n - 1);
		if (a->n == 0)
			forget(c, a);
	}
	c->sweep_at = 2 * c->n < SWEEP_MIN ? SWEEP_MIN : 2 * c->n < CLAIMS_MAX ? 2 * c->n : CLAIMS_MAX;
}

/* --- claims --- */

static bool remove_claim_of(struct claims *c, struct about *a, unsigned peer)
{
	for (size_t i = 0; a != NULL && i < a->n; i++)
		if (a->items[i].peer == peer) {
			remove_item(c, a, i);
			return true;
		}
	return false;
}

bool claims_put(struct claims *c, const struct claims_claim *claim, int64_t now_s)
{
	const struct item item = {claim->until_s, claim->sent_ms, (uint16_t)claim->peer,
	                          (uint16_t)claim->weight}; /* in range */
	struct about *a;

	sweep(c, now_s);
	if (c->n >= CLAIMS_MAX)
		return false;
	a = find_or_add(c, &claim->net);
	(void)remove_claim_of(c, a, claim->peer);
	insert_item(c, a, item);
	return true;
}

bool claims_remove(struct claims *c, unsigned peer, const struct net *net)
{
	struct about *const a = find(c, net);
	const bool was = remove_claim_of(c, a, peer);

	if (a != NULL && a->n == 0)
		forget(c, a);
	return was;
}

bool claims_has(const struct claims *c, const struct net *net, int64_t now_s)
{
	const struct about *const a = c->n == 0 ? NULL : find(c, net);

	return a != NULL && a->n > 0 && a->items[0].until_s > now_s;
}

int64_t claims_until(const struct claims *c, const struct net *net, bool local, bool proven, int64_t now_s)
{
	const struct about *const a = find(c, net);
	const unsigned need = proven ? 2 * CLAIMS_FULL : CLAIMS_FULL;
	unsigned sum = local ? CLAIMS_LOCAL : 0;

	for (size_t i = 0; a != NULL && i < a->n && a->items[i].until_s > now_s; i++)
		if ((sum += a->items[i].weight) >= need)
			return a->items[i].until_s;
	return 0;
}

bool claims_newest(const struct claims *c, const struct net *net, int64_t now_s, unsigned *ret_peer)
{
	const struct about *const a = find(c, net);
	const struct item *newest = NULL;

	for (size_t i = 0; a != NULL && i < a->n && a->items[i].until_s > now_s; i++)
		if (a->items[i].weight > 0 && (newest == NULL || a->items[i].sent_ms > newest->sent_ms))
			newest = &a->items[i];
	if (newest == NULL)
		return false;
	*ret_peer = newest->peer;
	return true;
}

size_t claims_drop(struct claims *c, unsigned peer, struct net *out, size_t cap)
{
	struct about *a, *next;
	size_t n = 0;

	HASH_ITER(hh, c->about, a, next)
	{
		if (n == cap)
			break;
		if (!remove_claim_of(c, a, peer))
			continue;
		out[n++] = a->net;
		if (a->n == 0)
			forget(c, a);
	}
	return n;
}

/* --- amnesties --- */

/* Replaces an older amnesty of the same network, uses a free slot, or replaces the amnesty that ends first. */
static void note_amnesty(struct claims *c, const struct amnesty *new)
{
	struct amnesty *first = c->amnesties;

	for (size_t i = 0; i < c->n_amnesties; i++) {
		if (net_order(&c->amnesties[i].net, &new->net) == 0) {
			if (new->sent_ms > c->amnesties[i].sent_ms)
				c->amnesties[i] = *new;
			return;
		}
		if (c->amnesties[i].until_s < first->until_s)
			first = &c->amnesties[i];
	}
	if (c->n_amnesties < CLAIMS_AMNESTIES_MAX)
		first = &c->amnesties[c->n_amnesties++];
	*first = *new;
}

bool claims_is_pardoned(const struct claims *c, const struct net *net, int64_t sent_ms, int64_t now_s)
{
	for (size_t i = 0; i < c->n_amnesties; i++)
		if (sent_ms <= c->amnesties[i].sent_ms && c->amnesties[i].until_s > now_s &&
		    net_overlap(net, &c->amnesties[i].net))
			return true;
	return false;
}

/* Removes the claims about a that were made at sent_ms or before. Returns true if there were any. */
static bool pardon(struct claims *c, struct about *a, int64_t sent_ms)
{
	const uint32_t before = a->n;

	for (size_t i = a->n; i > 0; i--)
		if (a->items[i - 1].sent_ms <= sent_ms)
			remove_item(c, a, i - 1);
	return a->n < before;
}

size_t claims_pardon(struct claims *c, const struct net *net, int64_t sent_ms, int64_t until_s, int64_t now_s,
                     struct net *out, size_t cap)
{
	struct about *a, *next;
	size_t n = 0;

	if (until_s > now_s)
		note_amnesty(c, &(struct amnesty){*net, sent_ms, until_s});
	HASH_ITER(hh, c->about, a, next)
	{
		if (n == cap)
			break;
		if (!net_overlap(net, &a->net) || !pardon(c, a, sent_ms))
			continue;
		out[n++] = a->net;
		if (a->n == 0)
			forget(c, a);
	}
	return n;
}
