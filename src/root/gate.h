/*
 * gate: the kernel's end of the gates: their table (nft_gate.h) is kept as configured, and closed only while the daemon
 * says so.
 *
 * All that decides about a client is in the kernel; here is only what is to pass, what begins again, and what was
 * counted. The sets outlive a stop, so that a client that waits need not begin again; the rules do not, so that then
 * all clients are let in. A network that is to pass is in the set of its length; a set is made when the first of its
 * length passes.
 *
 * Knows nft_gate, nft_elements. One process, one thread, as root; never waits. Errors: 0 or -errno with a sentence that
 * names the remedy: -EEXIST a table of another program, else as of nft_batch.h.
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

/* A network that passes. */
struct gate_pass {
	struct net net;  /* IPv4 at least /1, IPv6 likewise */
	uint32_t left_s; /* 1 at least */
};

/* What one gate has counted since it was asked before, and whom it holds now. */
struct gate_counts {
	uint32_t asked, refused, admitted, began, came, late; /* nft_gate.h; at most 2^32 - 1 */
	uint32_t paused, window;                              /* clients now; window: not paused any more ... */
	uint32_t waiting;  /* ... those of both that did not connect in the window yet */
	uint32_t n_delays; /* clients that came since then, whose delay was seen */
	uint64_t delays_s; /* their sum, since the first SYN of each */
	uint32_t waits_s;  /* how long the one that has waited longest has been waiting; 0: none waits */
	struct addr waits; /* which one */
};

/* config: borrowed, with gates. observes: refused connections are only counted. */
int gate_open(const struct root_config *config, bool observes, struct gate_keeper **ret, struct why *why);

/*
 * Makes what is missing: *ret_repaired: the table was recreated, and passes may be gone. closes: the gates are closed
 * for their open_after from now on.
 */
int gate_keep(struct gate_keeper *keeper, bool closes, bool *ret_repaired, struct why *why);

/* Adds, or starts the time again; all or none of them. n: at most NFT_AT_ONCE. */
int gate_pass(struct gate_keeper *keeper, const struct gate_pass *passes, size_t n, struct why *why);
/* What does not pass is no error. */
int gate_unpass(struct gate_keeper *keeper, const struct net *nets, size_t n, struct why *why);
/* These clients begin again: addresses, of which each gate forgets what it holds. */
int gate_forget(struct gate_keeper *keeper, const struct net *nets, size_t n, struct why *why);

/*
 * What a gate counted; in pieces, so that no call takes long. number: of the gate. *cursor: 0 first; 0 afterwards: *ret
 * is complete; else call again with it.
 */
int gate_count(struct gate_keeper *keeper, size_t number, uint32_t *cursor, struct gate_counts *ret, struct why *why);

/* LEAVE: all stays, and the gates open by themselves. UNDO, REMOVE: the rules go, the sets stay. NULL does nothing. */
int gate_close(struct gate_keeper *keeper, enum backend_end end, struct why *why);

/* Removes the whole table of a daemon with such a configuration. *ret_removed: there was one. */
int gate_clean(const struct root_config *config, bool *ret_removed, struct why *why);

#endif
