/*
 * nft_gate: the table of the gates (base/gates.h): what its sets, chains and rules are, and the messages that make it
 * so.
 *
 *   table inet watchforspammers.gate (with a chain of another name than SPAMMER: watchforspammers_CHAIN.gate)
 *     set pass4_24, pass6_128 ...    who need not wait, a set for each length of networks in use
 *     of each gate G, and of each family (4, 6) where there is a 4:
 *     set G_ports
 *     set G_alive      has an element while the gate is closed: it lasts open_after, so that without us the gate opens
 *     set G_paused4    refused since the first SYN, for pause
 *     set G_window4    the same for pause + window: in it, but not paused any more: may connect
 *     set G_tries4     how often it tried during the pause: who does so too often has to wait from the beginning
 *     set G_uses4      how often it connected in the window; G_spent4: too often, so it is refused until the window is
 * over set G_came4      who connected in the window; G_seen4: who was refused and did not, for LATE_S longer than the
 * window counter G_asked, G_refused, G_admitted, G_began, G_came, G_late chain input, forward   priority filter - 9,
 * behind the blocks: SYNs, and the second packet of a connection, which proves that the address is not forged, to chain
 * networks         which gate: by the longest network; then G_gate4: the port as the client has it, closed? chain
 * G_door4          passes; paused; window; else the pause begins A set that is full lets the client in: in a rule a
 * full set is no match. A lookup in a set with rates would use up a token, so those sets have no other use. Pure.
 * Source: net/netfilter/nft_dynset.c, nft_limit.c; tried with nft 1.0.6 on 6.18.
 */
#ifndef WFS_ROOT_NFT_GATE_H
#define WFS_ROOT_NFT_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/gates.h"
#include "base/lengths.h"
#include "root/nft_batch.h"
#include "root/nft_elements.h"
#include "root/root.h"

enum {
	/* In each set of clients. One that waits is in four of them, and has about 600 bytes of the kernel's memory:
	   measured on 6.18. */
	NFT_GATE_CLIENTS_MAX = 1 << 17,
	NFT_GATE_PASSES_MAX = 1 << 20,
	NFT_GATE_LENGTHS_MAX =
		48, /* of networks in pass sets: the rules of all are one transaction of at most NFT_BATCH_MAX */
	NFT_GATE_TRIES = 30, /* in a pause: a busy server tries once for each message */
};

enum nft_gate_counter {
	NFT_GATE_ASKED,    /* connections */
	NFT_GATE_REFUSED,  /* of them refused */
	NFT_GATE_ADMITTED, /* of them let in by the window; the rest by a pass */
	NFT_GATE_BEGAN,    /* clients whose pause began */
	NFT_GATE_CAME,     /* of them connected in the window */
	NFT_GATE_LATE,     /* clients whose pause began again because they came after the window */
	NFT_GATE_COUNTERS,
};

void nft_gate_table_name(const struct root_config *config, char out[static NFT_NAME_MAX]);

/* what: "paused", "window" ...; the family's digit is put behind it. */
void nft_gate_set_name(const struct gate *gate, const char *what, bool ip4, char out[static NFT_NAME_MAX]);
/* The length of what counts as one client. */
struct nft_slot nft_gate_slot(const struct root_config *config, bool ip4);
/* The set of passes of that length. */
void nft_gate_pass_name(struct nft_slot slot, char out[static NFT_NAME_MAX]);
/* The gate and the counter of that name. False: it is none of ours. */
bool nft_gate_counter_of(const struct root_config *config, const struct nlattr *name, size_t *ret_gate,
                         enum nft_gate_counter *ret);
/* True when a set of that name belongs to the gates as configured; a set of passes: adds its length to *passes. */
bool nft_gate_has_set(const struct root_config *config, const struct nlattr *name, struct lengths *passes);

/* How the table is written. */
struct nft_gate_table {
	const struct root_config *config;
	const struct lengths *passes; /* whose sets are there */
	bool forwards;                /* hooks_forward */
	bool observes;                /* refused connections are only counted */
	bool recreates;               /* the table is deleted first */
};

/*
 * The messages that make the table as it shall be: sets and counters that are there keep what they hold, all rules are
 * written again. Returns the number of rules.
 */
unsigned nft_gate_put(struct nft_batch *batch, const struct nft_gate_table *table);
/* The gate is closed from now on, for open_after_s. */
void nft_gate_put_alive(struct nft_batch *batch, const struct root_config *config);
/* Without rules it is open, and the sets stay. */
void nft_gate_put_open(struct nft_batch *batch, const struct root_config *config);
void nft_gate_put_gone(struct nft_batch *batch, const struct root_config *config);

#endif
