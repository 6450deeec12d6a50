#include "root/nft_dropped.h"

#include <assert.h>
#include <stdlib.h>

#include <linux/netfilter/nf_tables.h>

#include "root/nft_elements.h"

enum { CLIENTS_MAX = 1 << 17 }; /* of all sets together; further clients are reported with a later reading */

static bool reading_init(struct nft_reading *reading)
{
	reading->counts = calloc(CLIENTS_MAX, sizeof *reading->counts);
	return reading->counts != NULL && members_init(&reading->members, CLIENTS_MAX);
}

bool nft_dropped_init(struct nft_dropped *dropped)
{
	*dropped = (struct nft_dropped){0};
	return reading_init(&dropped->last) && reading_init(&dropped->before);
}

static void reading_done(struct nft_reading *reading)
{
	members_done(&reading->members);
	free(reading->counts);
	reading->counts = NULL;
}

void nft_dropped_done(struct nft_dropped *dropped)
{
	reading_done(&dropped->last);
	reading_done(&dropped->before);
}

/* Returns NULL if net is not in the reading. */
static struct nft_count *count_of(const struct nft_reading *reading, const struct net *net)
{
	const struct members_entry *const entry = members_find(&reading->members, net);

	return entry == NULL ? NULL : &reading->counts[entry - reading->members.entries];
}

/* Returns the count of net, zeroed if it is new; NULL if the table is full. */
static struct nft_count *count_make(struct nft_reading *reading, const struct net *net)
{
	struct nft_count *count = count_of(reading, net);

	if (count != NULL || reading->members.n == reading->members.cap)
		return count;
	assert(reading->counts != NULL); /* allocated together with the entries */
	count = &reading->counts[members_add(&reading->members, net) - reading->members.entries];
	*count = (struct nft_count){0};
	return count;
}

void nft_dropped_skip(struct nft_dropped *dropped)
{
	for (uint32_t i = 0; i < dropped->last.members.n; i++)
		dropped->last.counts[i].new_packets = dropped->last.counts[i].new_bytes = 0;
}

void nft_dropped_restart(struct nft_dropped *dropped)
{
	for (uint32_t i = 0; i < dropped->last.members.n; i++)
		dropped->last.counts[i].packets = dropped->last.counts[i].bytes = 0;
}

/* Records an element. Its previous counter value and its unreported counts are in "before". */
static void note(struct nft_dropped *dropped, const struct nft_element *element)
{
	static const struct nft_count nothing = {0};
	const struct nft_count *const found = count_of(&dropped->before, &element->net);
	const struct nft_count *const known = found == NULL ? &nothing : found;
	const bool goes_on =
		/* otherwise it restarted from 0 */
		known->packets <= element->packets && known->bytes <= element->bytes;
	struct nft_count *const count = count_make(&dropped->last, &element->net);
	const uint64_t left_s = element->left_ms / 1000;

	if (count == NULL)
		return;
	*count = (struct nft_count){.packets = element->packets,
	                            .bytes = element->bytes,
	                            .new_packets =
	                                    known->new_packets + element->packets - (goes_on ? known->packets : 0),
	                            .new_bytes = known->new_bytes + element->bytes - (goes_on ? known->bytes : 0),
	                            .idle_s = left_s > NFT_DROPPED_S ? 0 : NFT_DROPPED_S - (uint32_t)left_s};
}

static int read_set(struct nft_dropped *dropped, const struct root_config *config, unsigned slot,
                    struct mnl_socket *socket, struct nft_answer *answer, struct why *why)
{
	const struct nlmsghdr *nlh;
	struct nft_names names;
	int rc;

	nft_names_init(&names, config, slot, "_dropped");
	rc = nft_ask(answer, socket, NFT_MSG_GETSETELEM, names.table, names.set, why);
	while (rc == 0 && (rc = nft_next(answer, &nlh, why)) == 0 && nlh != NULL) {
		struct nft_reader reader;
		struct nft_element element;

		nft_reader_init(&reader, nlh, names.of.slot);
		while (nft_reader_next(&reader, &element))
			note(dropped, &element);
	}
	return rc;
}

static void swap(struct nft_dropped *dropped)
{
	const struct nft_reading before = dropped->before;

	dropped->before = dropped->last;
	dropped->last = before;
}

/* Keeps the unreported counts of expired elements. */
static void keep_unreported(struct nft_dropped *dropped)
{
	const struct nft_reading *const before = &dropped->before;

	for (uint32_t i = 0; i < before->members.n; i++) {
		const struct net *const net = &before->members.entries[i].net;
		struct nft_count *count;

		if (before->counts[i].new_packets == 0 || count_of(&dropped->last, net) != NULL ||
		    (count = count_make(&dropped->last, net)) == NULL)
			continue;
		*count = before->counts[i];
		count->packets = count->bytes = 0;
	}
}

int nft_dropped_read(struct nft_dropped *dropped, const struct root_config *config, uint32_t slots,
                     struct mnl_socket *socket, struct nft_answer *answer, struct why *why)
{
	int rc = 0;

	swap(dropped);
	members_clear(&dropped->last.members);
	for (unsigned slot = 0; slot < NFT_SLOTS && rc == 0; slot++)
		if ((slots >> slot & 1) != 0)
			rc = read_set(dropped, config, slot, socket, answer, why);
	if (rc == 0)
		keep_unreported(dropped);
	else
		swap(dropped);
	return rc;
}

/* Moves the unreported counts into entry. */
static void report(struct nft_count *count, struct backend_entry *entry)
{
	entry->idle_s = count->idle_s;
	entry->dropped = count->new_packets < UINT32_MAX ? (uint32_t)count->new_packets : UINT32_MAX;
	entry->bytes = count->new_bytes < BACKEND_BYTES_MAX ? count->new_bytes : BACKEND_BYTES_MAX;
	count->new_packets = count->new_bytes = 0;
}

bool nft_dropped_take(struct nft_dropped *dropped, struct backend_entry *entry)
{
	struct nft_count *const count = count_of(&dropped->last, &entry->net);

	if (count == NULL || count->new_packets == 0)
		return false;
	report(count, entry);
	return true;
}

void nft_dropped_next(struct nft_dropped *dropped, struct backend_entry *out, size_t cap, size_t *ret_n)
{
	size_t n = 0;

	for (uint32_t i = 0; i < dropped->last.members.n && n < cap; i++) {
		if (dropped->last.counts[i].new_packets == 0)
			continue;
		out[n] = (struct backend_entry){.net = dropped->last.members.entries[i].net, .left_s = UINT32_MAX};
		report(&dropped->last.counts[i], &out[n++]);
	}
	*ret_n = n;
}
