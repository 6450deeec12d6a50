/*
 * nft_dropped: how many packets and bytes of whom were dropped, from the counters in the sets LIST_dropped
 * (nft_table.h).
 *
 * The counters are in sets of their own and not in the elements that block: they outlive an element that is added
 * again, removed or run out, and cost nothing for a million clients that send nothing. Each reading is reported as the
 * difference to the one before, once. A counter that is lower than it was is a new one, which counts from 0. What a
 * table counted after its last reading is lost when somebody deletes it, so all numbers are "at least". NFT_DROPPED_MAX
 * clients of a set are counted at a time; the packets of others are dropped and not counted.
 *
 * Knows nft_batch, nft_elements, members. Source: measured on 6.18, tests/unit/root/nftables.c,
 * tests/netns/counters.sh.
 */
#ifndef WFS_ROOT_NFT_DROPPED_H
#define WFS_ROOT_NFT_DROPPED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/why.h"
#include "root/backend.h"
#include "root/members.h"
#include "root/nft_batch.h"
#include "root/nft_table.h"

/* Of one client. */
struct nft_count {
	uint64_t packets, bytes;         /* that the counter showed */
	uint64_t new_packets, new_bytes; /* not reported yet */
	uint32_t idle_s;                 /* since the last packet, when it was read */
};

struct nft_reading {
	struct members members;   /* whose */
	struct nft_count *counts; /* of the entry of the same place */
};

struct nft_dropped {
	struct nft_reading last, before;
};

/* False: memory cannot be allocated. */
bool nft_dropped_init(struct nft_dropped *dropped);
void nft_dropped_done(struct nft_dropped *dropped);

/* What was read is not reported: another daemon did it. */
void nft_dropped_skip(struct nft_dropped *dropped);

/* The table was recreated: all counters count from 0. */
void nft_dropped_restart(struct nft_dropped *dropped);

/* Reads the sets of these slots, bit by slot. After an error nothing is lost. */
int nft_dropped_read(struct nft_dropped *dropped, const struct root_config *config, uint32_t slots,
                     struct mnl_socket *socket, struct nft_answer *answer, struct why *why);

/* What is new of that network: fills in idle_s, dropped and bytes. False, and they are unchanged: nothing. */
bool nft_dropped_take(struct nft_dropped *dropped, struct backend_entry *entry);

/* The next, at most cap, of which something is new; *ret_n: how many. */
void nft_dropped_next(struct nft_dropped *dropped, struct backend_entry *out, size_t cap, size_t *ret_n);

#endif
