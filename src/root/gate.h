/*
 * gate: manages the kernel's part of the gates: keeps their table (nft_gate.h) as configured, and closed only while
 * the daemon asks for it.
 *
 * The kernel makes all decisions about clients. This module only controls which networks pass and which clients start
 * over, and reads the counters. The sets outlive a stop, so that a waiting client need not start over; the rules do
 * not, so that all clients are let in then. A network that passes is in the set for its length; each set is created
 * when the first network of its length passes.
 *
 * Knows nft_gate and nft_elements. One process, one thread, as root; never waits. Errors: 0 or -errno with a sentence
 * that names the remedy: -EEXIST if the table belongs to another program, otherwise as nft_batch.h.
 */
#ifndef WFS_ROOT_GATE_H
#define WFS_ROOT_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/why.h"
#include "root/backend.h"
#include "root/root.h"

struct gate_keeper;

/* A network whose clients need not wait. */
struct gate_pass {
	struct net net;  /* length at least 1 bit, in IPv4 as in IPv6 */
	uint32_t left_s; /* at least 1 */
};

/* What one gate has counted since the previous call, and the clients it holds now. */
struct gate_counts {
	uint32_t asked, refused, admitted, began, came, late; /* see nft_gate.h; at most 2^32 - 1 */
	uint32_t paused, window;                              /* clients now; window: no longer paused ... */
	uint32_t waiting;  /* ... of both, those that have not yet connected in the window */
	uint32_t n_delays; /* clients that came since the previous call, whose delay is known */
	uint64_t delays_s; /* sum of their delays, each since the first SYN */
	uint32_t waits_s;  /* how long the client that has waited longest has been waiting; 0: none waits */
	struct addr waits; /* that client */
};

/* Opens the gates. config: borrowed, has gates. observes: refused connections are only counted. */
int gate_open(const struct root_config *config, bool observes, struct gate_keeper **ret, struct why *why);

/*
 * Recreates what is missing. *ret_repaired: the table was recreated, so passes may be lost. closes: closes the gates
 * from now on for open_after.
 */
int gate_keep(struct gate_keeper *keeper, bool closes, bool *ret_repaired, struct why *why);

/*
 * These three: n is at most NFT_AT_ONCE, and a network may be named more than once.
 * Adds passes, or restarts their time; all or none.
 */
int gate_pass(struct gate_keeper *keeper, const struct gate_pass *passes, size_t n, struct why *why);
/* Removes passes; an absent one is no error. */
int gate_unpass(struct gate_keeper *keeper, const struct net *nets, size_t n, struct why *why);
/* Makes these clients start over: every gate forgets them. Networks of several clients are ignored. */
int gate_forget(struct gate_keeper *keeper, const struct net *nets, size_t n, struct why *why);

/*
 * Returns what a gate counted, in pieces, so that no call takes long. number: the gate's. *cursor: pass 0 first; if
 * it is 0 afterwards, *ret is complete; otherwise call again with that value.
 */
int gate_count(struct gate_keeper *keeper, size_t number, uint32_t *cursor, struct gate_counts *ret, struct why *why);

/*
 * Closes the gates and frees keeper. LEAVE: everything stays, and the gates open by themselves. UNDO, REMOVE: the
 * rules are removed, the sets stay. NULL does nothing.
 */
int gate_close(struct gate_keeper *keeper, enum backend_end end, struct why *why);

/* Removes the whole table of a daemon that had this configuration. *ret_removed: there was one. */
int gate_clean(const struct root_config *config, bool *ret_removed, struct why *why);

#endif
