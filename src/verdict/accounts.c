#include "verdict/accounts.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/account.h"
#include "base/alloc.h"
#include "verdict/network.h"

enum {
	WAYS = 4,
	SETS = ACCOUNTS_MAX / WAYS,
};

struct account {
	uint32_t account; /* ACCOUNT_NONE: a free slot */
	struct {
		uint32_t network; /* 32-bit hash of the network */
		uint32_t last_s;  /* 0: a free slot */
	} from[ACCOUNTS_NETWORKS_MAX];
};

void accounts_done(struct accounts *a)
{
	free(a->list);
	a->list = NULL;
}

static bool is_young(const struct accounts *a, uint32_t time_s, uint32_t now_s)
{
	return time_s > 0 && (int64_t)time_s + a->window_s > now_s;
}

static unsigned networks_of(const struct accounts *a, const struct account *of, uint32_t now_s)
{
	unsigned n = 0;

	for (size_t i = 0; i < ACCOUNTS_NETWORKS_MAX; i++)
		n += is_young(a, of->from[i].last_s, now_s);
	return n;
}

static uint32_t last_of(const struct account *of)
{
	uint32_t last_s = 0;

	for (size_t i = 0; i < ACCOUNTS_NETWORKS_MAX; i++)
		last_s = of->from[i].last_s > last_s ? of->from[i].last_s : last_s;
	return last_s;
}

/* Returns the slot of the account, or the slot of the least important one, which it may replace. */
static struct account *place_of(const struct accounts *a, uint32_t account, uint32_t now_s)
{
	struct account *const set = &a->list[account % SETS * WAYS], *least = set;

	for (struct account *p = set; p < set + WAYS; p++)
		if (p->account == account)
			return p;
	for (struct account *p = set; p < set + WAYS; p++) {
		const unsigned n = networks_of(a, p, now_s), fewest = networks_of(a, least, now_s);

		if (n < fewest || (n == fewest && last_of(p) < last_of(least)))
			least = p;
	}
	return least;
}

void accounts_note(struct accounts *a, uint32_t account, const struct addr *addr, uint32_t time_s, uint32_t now_s)
{
	const struct net net = network_of(addr);
	const uint32_t network = (uint32_t)addr_hash(&net.addr, net.len); /* the lower half of the hash */
	struct account *place;
	size_t to = 0;

	if (a->limit == 0 || account == ACCOUNT_NONE)
		return;
	if (a->list == NULL)
		a->list = alloc_zero(ACCOUNTS_MAX, sizeof *a->list, "the accounts");
	place = place_of(a, account, now_s);
	if (place->account != account)
		*place = (struct account){.account = account};
	for (size_t i = 0; i < ACCOUNTS_NETWORKS_MAX; i++) {
		if (place->from[i].network == network && place->from[i].last_s > 0) {
			to = i;
			break;
		}
		if (place->from[i].last_s < place->from[to].last_s)
			to = i;
	}
	if (place->from[to].network == network && place->from[to].last_s > time_s)
		return;
	place->from[to].network = network;
	place->from[to].last_s = time_s;
}

unsigned accounts_networks(const struct accounts *a, uint32_t account, uint32_t now_s)
{
	const struct account *place;

	if (a->list == NULL || account == ACCOUNT_NONE)
		return 0;
	for (place = &a->list[account % SETS * WAYS]; place->account != account; place++)
		if (place == &a->list[account % SETS * WAYS + WAYS - 1])
			return 0;
	return networks_of(a, place, now_s);
}
