#include "pipeline/capacity.h"

enum {
	BUCKETS = 1024,   /* of remaining time within one rank: the precision of the choice */
	SPARE_PARTS = 16, /* 1/16 of the capacity is kept free for new blocks */
};

unsigned capacity_rank(const struct wanted_entry *e)
{
	switch ((enum block_cause)e->cause) {
	case BLOCK_EVIDENCE:
	case BLOCK_SHARED:
		return e->offence < 1 ? 1 : e->offence > 8 ? 8 : e->offence;
	case BLOCK_NETWORK:
		return 9;
	case BLOCK_MANUAL:
		return 10;
	case BLOCK_LISTED:
		break;
	}
	return 0;
}

bool capacity_fits(const struct capacity_cut *cut, const struct wanted_entry *e)
{
	const unsigned rank = capacity_rank(e);

	return rank != cut->rank ? rank > cut->rank : e->until_s >= cut->until_s;
}

static int64_t left(const struct wanted_entry *e, int64_t now_s)
{
	return e->until_s > now_s ? e->until_s - now_s : 0;
}

/* Counts the entries of one family and rank per bucket of remaining time, where longest_s is the longest. */
static void count_buckets(const struct wanted *w, bool ip4, unsigned rank, int64_t longest_s, int64_t now_s,
                          size_t buckets[static BUCKETS])
{
	for (uint32_t i = 0; i < w->n_places; i++) {
		const struct wanted_entry *const e = &w->entries[i];

		if (e->used && addr_is_ip4(&e->net.addr) == ip4 && capacity_rank(e) == rank)
			buckets[left(e, now_s) / (longest_s / BUCKETS + 1)]++;
	}
}

struct capacity_cut capacity_choose(const struct wanted *w, bool ip4, size_t capacity, int64_t now_s)
{
	size_t ranks[CAPACITY_RANKS] = {0}, buckets[BUCKETS] = {0}, free_places = capacity - capacity / SPARE_PARTS;
	int64_t longest_s[CAPACITY_RANKS] = {0};
	unsigned rank = CAPACITY_RANKS - 1, bucket = BUCKETS;

	if ((ip4 ? w->n4 : w->n - w->n4) <= capacity)
		return (struct capacity_cut){0};
	for (uint32_t i = 0; i < w->n_places; i++) {
		const struct wanted_entry *const e = &w->entries[i];
		const unsigned of = e->used ? capacity_rank(e) : 0;

		if (!e->used || addr_is_ip4(&e->net.addr) != ip4)
			continue;
		ranks[of]++;
		if (left(e, now_s) > longest_s[of])
			longest_s[of] = left(e, now_s);
	}
	for (; rank > 0 && ranks[rank] <= free_places; rank--)
		free_places -= ranks[rank];
	count_buckets(w, ip4, rank, longest_s[rank], now_s, buckets);
	for (; bucket > 0 && buckets[bucket - 1] <= free_places; bucket--)
		free_places -= buckets[bucket - 1];
	return (struct capacity_cut){rank, now_s + bucket * (longest_s[rank] / BUCKETS + 1)};
}
