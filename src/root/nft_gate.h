/*
 * nft_gate: defines the table of the gates (base/gates.h), its sets, chains and rules, and writes the messages that
 * create it.
 *
 *   table inet watchforspammers.gate (if the chain is not named SPAMMER: watchforspammers_CHAIN.gate)
 *     set pass4_24, pass6_128 ...    networks that need not wait; one set for each length in use
 *     for each gate G, and for each family (4, 6) where the name ends in 4:
 *     set G_ports
 *     set G_alive      has an element while the gate is closed; it lasts open_after, then the gate opens
 *     set G_paused4    clients refused, from their first SYN on, for pause
 *     set G_window4    the same clients for pause + window; one that is here and no longer paused may connect
 *     set G_tries4     tries during the pause, until it has been silent for one; too many make it start over
 *     set G_uses4      number of connections in the window
 *     set G_spent4     clients that connected too often, refused until the window is over
 *     set G_came4      clients that connected in the window
 *     set G_seen4      clients that were refused and did not come, for LATE_S longer than the window
 *     counter G_asked, G_refused, G_admitted, G_began, G_came, G_late
 *     chain input, forward   priority filter - 9, after the blocks: passes SYNs, and the second packet of a connection
 *                            (which proves that the address is not forged), to networks
 *     chain networks         selects the gate by the longest network and goes to its G_gate4
 *     chain G_gate4          matches the port as the client sees it, if the gate is closed, and goes to G_door4
 *     chain G_door4          passes; paused; window; otherwise the pause begins
 *
 * A full set lets the client in: in a rule, a full set is no match. A lookup in a set with rates would use up a
 * token, so those sets have no other use. Pure. Source: net/netfilter/nft_dynset.c, nft_limit.c; tried with nft 1.0.6
 * on 6.18.
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
	/*
	 * In each set of clients. A waiting client is in four sets and takes about 600 bytes of kernel memory
	 * (measured on 6.18).
	 */
	NFT_GATE_CLIENTS_MAX = 1 << 17,
	NFT_GATE_PASSES_MAX = 1 << 20,
	NFT_GATE_LENGTHS_MAX = 48, /* lengths in pass sets: all their rules fit one NFT_BATCH_MAX */
	NFT_GATE_TRIES = 30,       /* tries in a pause: a busy server tries once for each message */
};

enum nft_gate_counter {
	NFT_GATE_ASKED,    /* connection attempts */
	NFT_GATE_REFUSED,  /* attempts refused */
	NFT_GATE_ADMITTED, /* attempts let in by the window; the rest were let in by a pass */
	NFT_GATE_BEGAN,    /* clients whose pause began */
	NFT_GATE_CAME,     /* of these, clients that connected in the window */
	NFT_GATE_LATE,     /* clients whose pause began again because they came after the window */
	NFT_GATE_COUNTERS,
};

void nft_gate_table_name(const struct root_config *config, char out[static NFT_NAME_MAX]);

/* Writes the name of a set. what: "paused", "window" ...; the family's digit is appended. */
void nft_gate_set_name(const struct gate *gate, const char *what, bool ip4, char out[static NFT_NAME_MAX]);
/* Returns the length of network that counts as one client. */
struct nft_slot nft_gate_slot(const struct root_config *config, bool ip4);
/* Writes the name of the pass set for that length. */
void nft_gate_pass_name(struct nft_slot slot, char out[static NFT_NAME_MAX]);
/* Finds the gate and the counter of that name. Returns false if it is not ours. */
bool nft_gate_counter_of(const struct root_config *config, const struct nlattr *name, size_t *ret_gate,
                         enum nft_gate_counter *ret);
/*
 * Returns whether a set of that name belongs to the configured gates. If it is a pass set, adds its length to
 * *passes.
 */
bool nft_gate_has_set(const struct root_config *config, const struct nlattr *name, struct lengths *passes);

/* What nft_gate_put is to write. */
struct nft_gate_table {
	const struct root_config *config;
	const struct lengths *passes; /* lengths whose pass sets exist */
	bool forwards;                /* see hooks_forward */
	bool observes;                /* refused connections are only counted */
	bool recreates;               /* deletes the table first */
};

/*
 * Writes the messages that create the table. Existing sets and counters keep their contents; all rules are written
 * again. Returns the number of rules.
 */
unsigned nft_gate_put(struct nft_batch *batch, const struct nft_gate_table *table);
/* Closes the gates from now on, for open_after_s. */
void nft_gate_put_alive(struct nft_batch *batch, const struct root_config *config);
/* Removes the rules, which opens the gates; the sets stay. */
void nft_gate_put_open(struct nft_batch *batch, const struct root_config *config);
void nft_gate_put_gone(struct nft_batch *batch, const struct root_config *config);

#endif
