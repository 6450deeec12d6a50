#include "verdict/elsewhere.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum {
	SIZE_MIN = 1 << 10,
	LENGTH4 = 96 + 24, /* of the networks that are shared */
	LENGTH6 = 64,
};

struct item {
	uint32_t number;
	uint32_t until_s; /* Unix seconds, valid until 2106; 0: a free slot */
};

struct elsewhere {
	uint8_t key[SIPHASH_KEY], seed[SIPHASH_KEY];
	size_t size, n;     /* size: a power of two, at least twice n */
	struct item *table; /* open addressing, linear probing */
	size_t refused;     /* networks refused for lack of space; used to look for expired ones only now and then */
};

struct elsewhere *elsewhere_new(const uint8_t seed[static SIPHASH_KEY])
{
	struct elsewhere *const e = alloc_zero(1, sizeof *e, "what is good elsewhere");

	memcpy(e->seed, seed, sizeof e->seed);
	e->size = SIZE_MIN;
	e->table = alloc_zero(e->size, sizeof *e->table, "what is good elsewhere");
	return e;
}

void elsewhere_free(struct elsewhere *e)
{
	if (e == NULL)
		return;
	free(e->table);
	free(e);
}

void elsewhere_begin(struct elsewhere *e, const uint8_t key[static SIPHASH_KEY])
{
	memset(e->table, 0, e->size * sizeof *e->table);
	memcpy(e->key, key, sizeof e->key);
	e->n = 0;
}

uint32_t elsewhere_number(const struct elsewhere *e, const struct addr *addr)
{
	const struct net net = net_around(addr, addr_is_ip4(addr) ? LENGTH4 : LENGTH6);

	return (uint32_t)siphash(e->key, net.addr.bytes, sizeof net.addr.bytes); /* the low bits */
}

/*
 * Returns the slot of the number, or the free one where it belongs. Peers choose numbers, but they do not know the
 * seed, so they cannot choose slots.
 */
static struct item *place_of(const struct elsewhere *e, uint32_t number)
{
	size_t i = (size_t)siphash(e->seed, &number, sizeof number) & (e->size - 1);

	while (e->table[i].until_s != 0 && e->table[i].number != number)
		i = (i + 1) & (e->size - 1);
	return &e->table[i];
}

/* Rebuilds the table without expired networks, for twice as many as remain. */
static void rebuild(struct elsewhere *e, int64_t now_s)
{
	struct item *const old = e->table;
	const size_t old_size = e->size;
	size_t n = 0;

	for (size_t i = 0; i < old_size; i++)
		n += old[i].until_s > now_s;
	for (e->size = SIZE_MIN; e->size < 4 * n;)
		e->size *= 2;
	e->table = alloc_zero(e->size, sizeof *e->table, "what is good elsewhere");
	e->n = n;
	for (size_t i = 0; i < old_size; i++)
		if (old[i].until_s > now_s)
			*place_of(e, old[i].number) = old[i];
	free(old);
}

bool elsewhere_put(struct elsewhere *e, uint32_t number, int64_t until_s, int64_t now_s)
{
	const uint32_t until = until_s < 1            ? 1
	                       : until_s > UINT32_MAX ? UINT32_MAX
	                                              : (uint32_t)until_s; /* clamped to fit */
	struct item *item = place_of(e, number);

	if (item->until_s == 0 && (2 * e->n + 2 > e->size || (e->n >= ELSEWHERE_MAX && e->refused++ % SIZE_MIN == 0))) {
		rebuild(e, now_s);
		item = place_of(e, number);
	}
	if (item->until_s == 0 && e->n >= ELSEWHERE_MAX)
		return false;
	e->n += item->until_s == 0;
	item->number = number;
	if (until > item->until_s)
		item->until_s = until;
	return true;
}

bool elsewhere_has(const struct elsewhere *e, const struct addr *addr, int64_t now_s)
{
	return e->n > 0 && place_of(e, elsewhere_number(e, addr))->until_s > now_s;
}

size_t elsewhere_count(const struct elsewhere *e)
{
	return e->n;
}
