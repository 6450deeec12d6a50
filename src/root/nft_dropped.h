/*
 * nft_dropped: counts the packets and bytes dropped from each client, from the counters in the sets LIST_dropped
 * (nft_table.h).
 *
 * The counters are in sets of their own, not in the elements that block. So they outlive an element that is added
 * again, removed or expired, and cost nothing for a million clients that send nothing. Each reading is reported once,
 * as the difference from the previous one. A counter that is lower than before is a new one that started from 0.
 * Counts made after the last reading are lost if somebody deletes the table, so all numbers are lower bounds.
 * NFT_DROPPED_MAX clients of a set are counted at a time; packets from others are dropped and not counted.
 *
 * Knows nft_batch, nft_elements and members. Source: measured on 6.18, tests/unit/root/nftables.c,
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

/* The counts of one client. */
struct nft_count {
	uint64_t packets, bytes;         /* values of the counter */
	uint64_t new_packets, new_bytes; /* not yet reported */
	uint32_t idle_s;                 /* since the last packet, at the time of reading */
};

struct nft_reading {
	struct members members;   /* the clients */
	struct nft_count *counts; /* of the entry with the same index */
};

struct nft_dropped {
	struct nft_reading last, before;
};

/* Returns false if memory cannot be allocated. */
bool nft_dropped_init(struct nft_dropped *dropped);
void nft_dropped_done(struct nft_dropped *dropped);

/* Marks everything read as reported: another daemon reported it. */
void nft_dropped_skip(struct nft_dropped *dropped);

/* Notes that the table was recreated: all counters start from 0. */
void nft_dropped_restart(struct nft_dropped *dropped);

/* Reads the sets of these slots; slots has a bit per slot. After an error nothing is lost. */
int nft_dropped_read(struct nft_dropped *dropped, const struct root_config *config, uint32_t slots,
                     struct mnl_socket *socket, struct nft_answer *answer, struct why *why);

/*
 * Takes the unreported counts of entry's network: fills in idle_s, dropped and bytes. Returns false and changes
 * nothing if there are none.
 */
bool nft_dropped_take(struct nft_dropped *dropped, struct backend_entry *entry);

/* Takes the next clients with unreported counts, at most cap; *ret_n: how many. */
void nft_dropped_next(struct nft_dropped *dropped, struct backend_entry *out, size_t cap, size_t *ret_n);

#endif
