#include "verdict/network.h"

#include <string.h>

/* Returns what distinguishes addr in its network: the last byte of an IPv4 address, the /64 of an IPv6 client. */
static uint16_t part_of(const struct addr *addr)
{
	return (uint16_t)(addr_is_ip4(addr) ? addr->bytes[15] : addr->bytes[6] << 8 | addr->bytes[7]);
}

/* --- the lists --- */

static struct member *list_of(struct network *network, enum network_list list, unsigned *ret_n)
{
	*ret_n = list == NETWORK_HITS ? network->n_hits : network->n_blocked;
	return network->members + (list == NETWORK_HITS ? 0 : network->n_hits);
}

/* Returns the place of the client with that part, or n if it is not there. */
static unsigned find(const struct member *members, unsigned n, unsigned part)
{
	for (unsigned i = n; i > 0; i--) /* usually it is one of the latest */
		if (members[i - 1].part == part)
			return i - 1;
	return n;
}

/* Makes the cell as large as its members need. */
static struct network *fit(struct clients *s, struct tracked *t, size_t n)
{
	return clients_fit(s, t, n == 0 ? 0 : sizeof(struct network) + n * sizeof(struct member));
}

/* Appends an empty place to a list and returns the list. */
static struct member *append(struct clients *s, struct tracked *t, enum network_list list)
{
	const struct network *const before = network_at(s, t);
	struct network *const network = fit(s, t, before->n_hits + before->n_blocked + 1U);
	struct member *const end = network->members + network->n_hits;

	if (list == NETWORK_HITS) {
		memmove(end + 1, end, network->n_blocked * sizeof *end);
		network->n_hits++;
		return network->members;
	}
	network->n_blocked++;
	return end;
}

/* Removes the members from .. to - 1 of a list. */
static void cut(struct network *network, enum network_list list, unsigned from, unsigned to)
{
	const struct member *const end = network->members + network->n_hits + network->n_blocked;
	unsigned n;
	struct member *const members = list_of(network, list, &n);
	uint16_t *const count = list == NETWORK_HITS ? &network->n_hits : &network->n_blocked;

	memmove(members + from, members + to, (size_t)(end - (members + to)) * sizeof *members); /* to <= n */
	*count = (uint16_t)(n - (to - from));
}

/* Writes a member to a list of n, in which place i is free, after those that are not later. */
static void settle(struct member *members, unsigned n, unsigned i, struct member member)
{
	for (; i > 0 && members[i - 1].time_s > member.time_s; i--)
		members[i] = members[i - 1];
	for (; i + 1 < n && members[i + 1].time_s <= member.time_s; i++)
		members[i] = members[i + 1];
	members[i] = member;
}

void network_note(struct clients *s, struct tracked *t, enum network_list list, const struct addr *addr,
                  uint32_t time_s, unsigned most)
{
	struct member member = {
		.time_s = time_s, .part = part_of(addr), .most = (uint16_t)(most < NETWORK_MOST ? most : NETWORK_MOST)};
	unsigned n;
	struct member *members = list_of(network_at(s, t), list, &n);
	unsigned i = find(members, n, member.part);

	if (i < n) {
		member.time_s = time_s > members[i].time_s ? time_s : members[i].time_s;
	} else if (n < VERDICT_NETWORK_MAX) {
		members = append(s, t, list);
		n++;
	} else if (time_s >= members[0].time_s) { /* the oldest is forgotten */
		i = 0;
	} else {
		return;
	}
	settle(members, n, i, member);
}

void network_raise(const struct clients *s, const struct tracked *t, const struct addr *addr)
{
	struct network *const network = network_at(s, t);
	const unsigned i = find(network->members, network->n_hits, part_of(addr));

	if (i < network->n_hits)
		network->members[i].most = NETWORK_MOST;
}

/* Forgets the members of a list from before at_s, which are its first ones. */
static void forget(struct network *network, enum network_list list, uint32_t at_s)
{
	unsigned n, i = 0;
	const struct member *const members = list_of(network, list, &n);

	while (i < n && members[i].time_s < at_s)
		i++;
	if (i > 0)
		cut(network, list, 0, i);
}

/* Frees memory that is not needed any more. */
static void trim(struct clients *s, struct tracked *t)
{
	const struct network *const network = network_at(s, t);

	(void)fit(s, t, (size_t)network->n_hits + network->n_blocked);
}

void network_forget(struct clients *s, struct tracked *t, uint32_t at_s)
{
	forget(network_at(s, t), NETWORK_HITS, at_s);
	forget(network_at(s, t), NETWORK_BLOCKED, at_s);
	trim(s, t);
}

static void drop(struct network *network, enum network_list list, unsigned part)
{
	unsigned n;
	const struct member *const members = list_of(network, list, &n);
	const unsigned i = find(members, n, part);

	if (i < n)
		cut(network, list, i, i + 1);
}

void network_drop(struct clients *s, struct tracked *t, const struct addr *addr)
{
	drop(network_at(s, t), NETWORK_HITS, part_of(addr));
	drop(network_at(s, t), NETWORK_BLOCKED, part_of(addr));
	trim(s, t);
}

/* --- queries --- */

uint32_t network_nth(const struct clients *s, const struct tracked *t, unsigned n)
{
	const struct network *const network = network_at(s, t);

	return network->n_blocked < n ? 0 : network->members[network->n_hits + network->n_blocked - n].time_s;
}

unsigned network_recent(const struct clients *s, const struct tracked *t, uint32_t horizon_s, int64_t *ret_most)
{
	const struct network *const network = network_at(s, t);
	bool more = false;
	int64_t most = 0;
	unsigned n = 0;

	for (unsigned i = network->n_hits; i > 0 && network->members[i - 1].time_s > horizon_s; i--, n++) {
		most += network->members[i - 1].most;
		more |= network->members[i - 1].most == NETWORK_MOST;
	}
	*ret_most = more ? INT64_MAX : most;
	return n;
}

struct net network_client(const struct verdict_policy *policy, const struct tracked *network,
                          const struct member *member)
{
	struct addr addr = network->addr;

	if (addr_is_ip4(&addr)) {
		addr.bytes[15] = (uint8_t)member->part; /* as part_of made it */
		return net_of(&addr);
	}
	addr.bytes[6] = (uint8_t)(member->part >> 8);
	addr.bytes[7] = (uint8_t)member->part;
	return net_around(&addr, policy->ip6_prefix);
}
