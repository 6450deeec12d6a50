#include "verdict/network.h"

#include <string.h>

static struct chunk *chunk_at(const struct pool *chunks, uint32_t i)
{
	return pool_place(chunks, i, sizeof(struct chunk));
}

/* Returns what distinguishes addr in its network: the last byte of an IPv4 address, the /64 of an IPv6 client. */
static uint16_t part_of(const struct addr *addr)
{
	return (uint16_t)(addr_is_ip4(addr) ? addr->bytes[15] : addr->bytes[6] << 8 | addr->bytes[7]);
}

/* --- the list --- */

/*
 * Merges the chunk after i into it if that fits, or removes i if it has no members. Returns the chunk that is there
 * now.
 */
static uint32_t close_gap(struct pool *chunks, uint32_t i)
{
	struct chunk *const chunk = chunk_at(chunks, i);
	const uint32_t next = chunk->next;
	const struct chunk *const behind = chunk_at(chunks, next);

	if (chunk->n == 0) {
		pool_put(chunks, i);
		return next;
	}
	if (next != POOL_NONE && chunk->n + behind->n <= NETWORK_CHUNK) {
		memcpy(chunk->members + chunk->n, behind->members, behind->n * sizeof *behind->members);
		chunk->n += behind->n;
		chunk->next = behind->next;
		pool_put(chunks, next);
	}
	return i;
}

/* Removes member k from chunk *from. *from is the link to it, in the list or in the chunk before. */
static void remove_member(struct pool *chunks, uint32_t *from, unsigned k)
{
	struct chunk *const chunk = chunk_at(chunks, *from);

	chunk->n--;
	memmove(chunk->members + k, chunk->members + k + 1, (chunk->n - k) * sizeof *chunk->members);
	*from = close_gap(chunks, *from);
}

/* Removes the client with that part and copies it to *ret. Returns false if it is not there. */
static bool remove_part(struct pool *chunks, uint32_t *list, unsigned part, struct member *ret)
{
	for (uint32_t *from = list; *from != POOL_NONE; from = &chunk_at(chunks, *from)->next) {
		const struct chunk *const chunk = chunk_at(chunks, close_gap(chunks, *from));

		for (unsigned k = 0; k < chunk->n; k++) {
			if (chunk->members[k].part != part)
				continue;
			*ret = chunk->members[k];
			remove_member(chunks, from, k);
			return true;
		}
	}
	return false;
}

/* Moves the members from k on into a new chunk after this one. */
static struct chunk *split(struct pool *chunks, struct chunk *chunk, unsigned k)
{
	const uint32_t fresh = pool_get(chunks);
	struct chunk *const behind = chunk_at(chunks, fresh);

	behind->n = chunk->n - k;
	memcpy(behind->members, chunk->members + k, behind->n * sizeof *behind->members);
	behind->next = chunk->next;
	chunk->next = fresh;
	chunk->n = k;
	return behind;
}

/* Inserts a member before the first one that is not later. */
static void put(struct pool *chunks, uint32_t *list, struct member member)
{
	struct chunk *chunk = chunk_at(chunks, *list);
	unsigned k = 0;

	if (*list == POOL_NONE) {
		*list = pool_get(chunks);
		chunk = chunk_at(chunks, *list);
		chunk->next = POOL_NONE;
		chunk->n = 0;
	}
	while (chunk->next != POOL_NONE && chunk->members[chunk->n - 1].time_s > member.time_s)
		chunk = chunk_at(chunks, chunk->next);
	while (k < chunk->n && chunk->members[k].time_s > member.time_s)
		k++;
	if (chunk->n == NETWORK_CHUNK) {
		struct chunk *const behind = split(chunks, chunk, k);

		if (k == NETWORK_CHUNK) {
			chunk = behind;
			k = 0;
		}
	}
	memmove(chunk->members + k + 1, chunk->members + k, (chunk->n - k) * sizeof *chunk->members);
	chunk->members[k] = member;
	chunk->n++;
}

/* Removes the last member if there is one too many. */
static void drop_last(struct pool *chunks, uint32_t *list)
{
	unsigned n = 0;

	for (uint32_t *from = list; *from != POOL_NONE; from = &chunk_at(chunks, *from)->next) {
		n += chunk_at(chunks, *from)->n;
		if (n > VERDICT_NETWORK_MAX) {
			remove_member(chunks, from, chunk_at(chunks, *from)->n - 1);
			return;
		}
	}
}

uint32_t network_note(struct pool *chunks, uint32_t list, const struct addr *addr, uint32_t time_s, unsigned most)
{
	struct member member = {
		.time_s = time_s, .part = part_of(addr), .most = (uint16_t)(most < NETWORK_MOST ? most : NETWORK_MOST)};
	struct member *const latest = chunk_at(chunks, list)->members, before;

	if (list != POOL_NONE && latest->part == member.part) {
		latest->most = member.most;
		latest->time_s = time_s > latest->time_s ? time_s : latest->time_s;
		return list;
	}
	if (remove_part(chunks, &list, member.part, &before) && before.time_s > time_s)
		member.time_s = before.time_s;
	put(chunks, &list, member);
	drop_last(chunks, &list);
	return list;
}

void network_raise(const struct pool *chunks, const struct tracked *network, const struct addr *addr)
{
	struct network_walk walk = {.list = network->scores};

	for (struct member *m; (m = network_next(chunks, &walk)) != NULL;)
		if (m->part == part_of(addr))
			m->most = NETWORK_MOST;
}

static void free_list(struct pool *chunks, uint32_t list)
{
	while (list != POOL_NONE) {
		const uint32_t next = chunk_at(chunks, list)->next;

		pool_put(chunks, list);
		list = next;
	}
}

void network_free(struct pool *chunks, const struct tracked *network)
{
	free_list(chunks, network->scores);
	free_list(chunks, network->offences);
}

/* Returns the list without the members from before at_s, which are its last ones. */
static uint32_t cut(struct pool *chunks, uint32_t list, uint32_t at_s)
{
	for (uint32_t *from = &list; *from != POOL_NONE; from = &chunk_at(chunks, *from)->next) {
		struct chunk *const chunk = chunk_at(chunks, *from);

		while (chunk->n > 0 && chunk->members[chunk->n - 1].time_s < at_s)
			chunk->n--;
		if (chunk->n == 0) {
			free_list(chunks, *from);
			*from = POOL_NONE;
			break;
		}
	}
	return list;
}

void network_forget(struct pool *chunks, struct tracked *network, uint32_t at_s)
{
	network->scores = POOL_NUMBER(cut(chunks, network->scores, at_s));
	network->offences = POOL_NUMBER(cut(chunks, network->offences, at_s));
}

void network_drop(struct pool *chunks, struct tracked *network, const struct addr *addr)
{
	uint32_t scores = network->scores, offences = network->offences;
	struct member dropped;

	(void)remove_part(chunks, &scores, part_of(addr), &dropped);
	(void)remove_part(chunks, &offences, part_of(addr), &dropped);
	network->scores = POOL_NUMBER(scores);
	network->offences = POOL_NUMBER(offences);
}

/* --- queries --- */

void network_fetch(const struct clients *s, const struct net *network, enum verdict_expected when)
{
	if (when == VERDICT_SOON)
		__builtin_prefetch(&s->table[clients_home(s, &network->addr, network->len)], 1);
	else if (when == VERDICT_SOONER)
		__builtin_prefetch(chunk_at(&s->chunks, clients_place(s, &network->addr, network->len)->scores), 1);
}

struct member *network_next(const struct pool *chunks, struct network_walk *walk)
{
	struct chunk *chunk = chunk_at(chunks, walk->list);

	if (walk->list != POOL_NONE && walk->i == chunk->n) {
		*walk = (struct network_walk){chunk->next, 0};
		chunk = chunk_at(chunks, walk->list);
	}
	return walk->list == POOL_NONE ? NULL : &chunk->members[walk->i++];
}

uint32_t network_nth(const struct pool *chunks, uint32_t list, unsigned n)
{
	while (list != POOL_NONE && chunk_at(chunks, list)->n < n) {
		n -= chunk_at(chunks, list)->n;
		list = chunk_at(chunks, list)->next;
	}
	return list == POOL_NONE ? 0 : chunk_at(chunks, list)->members[n - 1].time_s;
}

unsigned network_recent(const struct pool *chunks, uint32_t list, uint32_t horizon_s, int64_t *ret_most)
{
	struct network_walk walk = {.list = list};
	bool more = false;
	int64_t most = 0;
	unsigned n = 0;

	for (const struct member *m; (m = network_next(chunks, &walk)) != NULL && m->time_s > horizon_s; n++) {
		most += m->most;
		more |= m->most == NETWORK_MOST;
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
