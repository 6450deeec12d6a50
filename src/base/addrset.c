#include "base/addrset.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum {
	SIZE_MIN = 1 << 10,
	WORDS_MAX = 4, /* words of a key */
};

static inline bool is_free(const uint32_t *key, size_t words)
{
	uint32_t any = 0;

	for (size_t i = 0; i < words; i++)
		any |= key[i];
	return any == 0;
}

/* Returns the slot where a search for the key starts. */
static inline size_t home_of(const struct addrset_table *table, size_t words, uint64_t seed, const uint32_t *key)
{
	uint64_t hash = seed;

	for (size_t w = 0; w < words; w++) {
		/* The constant is from MurmurHash3's finalizer. */
		hash = (hash ^ key[w]) * UINT64_C(0xFF51AFD7ED558CCD);
		hash ^= hash >> 32;
	}
	return (size_t)hash & (table->size - 1);
}

/* Returns the slot that has the key, or the free one where it belongs. */
static inline uint32_t *place_of(const struct addrset_table *table, size_t words, uint64_t seed, const uint32_t *key)
{
	size_t i = home_of(table, words, seed, key);

	while (!is_free(&table->keys[i * words], words) &&
	       memcmp(&table->keys[i * words], key, words * sizeof *key) != 0)
		i = (i + 1) & (table->size - 1);
	return &table->keys[i * words];
}

static void grow(struct addrset_table *table, size_t words, uint64_t seed)
{
	const struct addrset_table old = *table;

	table->size = old.size == 0 ? SIZE_MIN : 2 * old.size;
	table->keys = alloc_zero(table->size * words, sizeof *table->keys, "a set of addresses");
	for (size_t i = 0; i < old.size; i++)
		if (!is_free(&old.keys[i * words], words))
			memcpy(place_of(table, words, seed, &old.keys[i * words]), &old.keys[i * words],
			       words * sizeof *old.keys);
	free(old.keys);
}

static inline void add(struct addrset_table *table, size_t words, uint64_t seed, const uint32_t *key)
{
	uint32_t *place;

	assert(!is_free(key, words));
	if (4 * table->n >= 3 * table->size)
		grow(table, words, seed);
	place = place_of(table, words, seed, key);
	table->n += is_free(place, words);
	memcpy(place, key, words * sizeof *key);
}

void addrset_expect(const struct addrset *set, const struct addr *addr)
{
	const bool is_ip4 = addr_is_ip4(addr);
	const struct addrset_table *const table = is_ip4 ? &set->ip4 : &set->ip6;
	uint32_t key[WORDS_MAX];

	if (table->size == 0)
		return;
	memcpy(key, addr->bytes, sizeof key);
	if (is_ip4)
		__builtin_prefetch(&table->keys[home_of(table, 1, set->seed, key + WORDS_MAX - 1)], 1);
	else
		__builtin_prefetch(&table->keys[home_of(table, WORDS_MAX, set->seed, key) * WORDS_MAX], 1);
}

void addrset_add(struct addrset *set, const struct addr *addr)
{
	uint32_t key[WORDS_MAX];

	memcpy(key, addr->bytes, sizeof key);
	if (addr_is_ip4(addr))
		add(&set->ip4, 1, set->seed, key + WORDS_MAX - 1);
	else
		add(&set->ip6, WORDS_MAX, set->seed, key);
}

size_t addrset_count(const struct addrset *set)
{
	return set->ip4.n + set->ip6.n;
}

void addrset_done(struct addrset *set)
{
	free(set->ip4.keys);
	free(set->ip6.keys);
	*set = (struct addrset){0};
}
