#include "root/members.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

bool members_init(struct members *members, uint32_t cap)
{
	uint32_t n_slots = 4;

	while (n_slots < 2 * cap) /* cap <= 2^20 */
		n_slots *= 2;
	*members = (struct members){.cap = cap,
	                            .entries = calloc(cap, sizeof *members->entries),
	                            .n_slots = n_slots,
	                            .slots = calloc(n_slots, sizeof *members->slots)};
	if (members->entries != NULL && members->slots != NULL)
		return true;
	members_done(members);
	return false;
}

void members_done(struct members *members)
{
	free(members->entries);
	free(members->slots);
	*members = (struct members){0};
}

void members_clear(struct members *members)
{
	if (members->n > 0)
		memset(members->slots, 0, members->n_slots * sizeof *members->slots);
	members->n = 0;
}

static uint32_t home_of(const struct members *members, const struct net *net)
{
	return (uint32_t)addr_hash(&net->addr, net->len) & (members->n_slots - 1);
}

static uint32_t next_slot(const struct members *members, uint32_t slot)
{
	return (slot + 1) & (members->n_slots - 1);
}

/* Returns the slot of net, or the free slot where it belongs. */
static uint32_t slot_of(const struct members *members, const struct net *net)
{
	uint32_t slot = home_of(members, net);

	while (members->slots[slot] != 0 && net_order(&members->entries[members->slots[slot] - 1].net, net) != 0)
		slot = next_slot(members, slot);
	return slot;
}

struct members_entry *members_find(const struct members *members, const struct net *net)
{
	const uint32_t index = members->n == 0 ? 0 : members->slots[slot_of(members, net)];

	return index == 0 ? NULL : &members->entries[index - 1];
}

struct members_entry *members_add(struct members *members, const struct net *net)
{
	struct members_entry *const entry = &members->entries[members->n];

	assert(members->n < members->cap);
	members->slots[slot_of(members, net)] = ++members->n;
	*entry = (struct members_entry){.net = *net};
	return entry;
}

/* Moves later entries of the probe sequence up, so that no sequence is interrupted. */
static void free_slot(struct members *members, uint32_t hole)
{
	for (uint32_t slot = next_slot(members, hole); members->slots[slot] != 0; slot = next_slot(members, slot)) {
		const uint32_t home = home_of(members, &members->entries[members->slots[slot] - 1].net);

		/* An entry may move into the hole unless its home slot is after the hole. */
		if (((slot - home) & (members->n_slots - 1)) < ((slot - hole) & (members->n_slots - 1)))
			continue;
		members->slots[hole] = members->slots[slot];
		hole = slot;
	}
	members->slots[hole] = 0;
}

void members_remove(struct members *members, struct members_entry *entry)
{
	struct members_entry *const last = &members->entries[members->n - 1];

	free_slot(members, slot_of(members, &entry->net));
	if (entry != last) {
		members->slots[slot_of(members, &last->net)] = (uint32_t)(entry - members->entries) + 1; /* below cap */
		*entry = *last;
	}
	members->n--;
}
