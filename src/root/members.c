#include "root/members.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

bool members_init(struct members *h, uint32_t room)
{
	uint32_t n_slots = 4;

	while (n_slots < 2 * room) /* room <= 2^20 */
		n_slots *= 2;
	*h = (struct members){.room = room,
	                   .entries = calloc(room, sizeof *h->entries),
	                   .n_slots = n_slots,
	                   .slots = calloc(n_slots, sizeof *h->slots)};
	if (h->entries != NULL && h->slots != NULL)
		return true;
	members_done(h);
	return false;
}

void members_done(struct members *h)
{
	free(h->entries);
	free(h->slots);
	*h = (struct members){0};
}

void members_clear(struct members *h)
{
	if (h->n > 0)
		memset(h->slots, 0, h->n_slots * sizeof *h->slots);
	h->n = 0;
}

static uint32_t home_of(const struct members *h, const struct net *net)
{
	return (uint32_t)addr_hash(&net->addr, net->len) & (h->n_slots - 1);
}

static uint32_t next_slot(const struct members *h, uint32_t slot)
{
	return (slot + 1) & (h->n_slots - 1);
}

/* Where it is, or the free slot where it would be. */
static uint32_t slot_of(const struct members *h, const struct net *net)
{
	uint32_t slot = home_of(h, net);

	while (h->slots[slot] != 0 && net_order(&h->entries[h->slots[slot] - 1].net, net) != 0)
		slot = next_slot(h, slot);
	return slot;
}

struct members_entry *members_find(const struct members *h, const struct net *net)
{
	const uint32_t index = h->n == 0 ? 0 : h->slots[slot_of(h, net)];

	return index == 0 ? NULL : &h->entries[index - 1];
}

struct members_entry *members_add(struct members *h, const struct net *net)
{
	struct members_entry *const entry = &h->entries[h->n];

	assert(h->n < h->room);
	h->slots[slot_of(h, net)] = ++h->n;
	*entry = (struct members_entry){.net = *net};
	return entry;
}

/* Those behind it move up, so that no chain is cut. */
static void free_slot(struct members *h, uint32_t hole)
{
	for (uint32_t slot = next_slot(h, hole); h->slots[slot] != 0; slot = next_slot(h, slot)) {
		const uint32_t home = home_of(h, &h->entries[h->slots[slot] - 1].net);

		/* It may move unless its home lies behind the hole, up to where it is. */
		if (((slot - home) & (h->n_slots - 1)) < ((slot - hole) & (h->n_slots - 1)))
			continue;
		h->slots[hole] = h->slots[slot];
		hole = slot;
	}
	h->slots[hole] = 0;
}

void members_remove(struct members *h, struct members_entry *entry)
{
	struct members_entry *const last = &h->entries[h->n - 1];

	free_slot(h, slot_of(h, &entry->net));
	if (entry != last) {
		h->slots[slot_of(h, &last->net)] = (uint32_t)(entry - h->entries) + 1; /* below room */
		*entry = *last;
	}
	h->n--;
}
