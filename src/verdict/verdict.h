/*
 * verdict: who is to be blocked, and until when. Numbers in, decision out.
 *
 * Knows addr only: no clock, no database, no log, no rule. The same calls give the same answers, always.
 *
 * An address is blocked when the scores of its hits in the last window reach the threshold. The block
 * lasts for_s[0], for_s[1], ... for the first, second ... offence within memory; from then on the address starts
 * anew: what was counted before or during a block never counts again.
 * A hit not younger than the window is history and counts for nothing.
 *
 * Time is what verdict_at was told last: the clock in the daemon, the line's own time in replay.
 * Memory: about 100 bytes for each address that has something in the window, a running block or an offence
 * within memory; at VERDICT_ADDRESSES_MAX the quietest are forgotten first, and counted.
 */
#ifndef WFS_VERDICT_H
#define WFS_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

enum {
	VERDICT_DURATIONS_MAX = 8,
	VERDICT_ADDRESSES_MAX = 1 << 20,
	VERDICT_SCORES_MAX = 256, /* of one address in the window, by second; more are summed up */
};

struct verdict_policy {
	int64_t threshold; /* > 0 */
	int64_t window_s;  /* > 0 */
	int64_t memory_s;
	size_t n_for;      /* 1..VERDICT_DURATIONS_MAX */
	int64_t for_s[VERDICT_DURATIONS_MAX];
	uint64_t seed; /* any number, best one that strangers cannot know: it only orders memory, never decisions */
};

/* verdict_hit's answers. */
enum verdict_outcome {
	VERDICT_COUNTED,  /* noted; not enough yet */
	VERDICT_BLOCK,    /* enough: *ret says for how long */
	VERDICT_RUNNING,  /* blocked already, or evidence from before the last block ended */
	VERDICT_HISTORY,  /* too old to matter now */
	VERDICT_ALLOWED,  /* never blocked */
};

struct verdict_block {
	struct net net;
	int64_t since_s, until_s;
	unsigned offence; /* 1...VERDICT_DURATIONS_MAX; the last means "or more" */
};

struct verdict;

/* policy is copied. Never NULL: no memory ends the process. */
struct verdict *verdict_new(const struct verdict_policy *policy);

/* Takes NULL. */
void verdict_free(struct verdict *verdict);

/* Networks that are never blocked, besides those of net_is_never. Copied; replaces what was given before. */
void verdict_allow(struct verdict *verdict, const struct net *nets, size_t n);

/* True when addr is never blocked. */
bool verdict_is_allowed(const struct verdict *verdict, const struct addr *addr);

/* The time of all that follows, Unix seconds. */
void verdict_at(struct verdict *verdict, int64_t now_s);

/* A hit of addr will come soon: fetches what is known of it while others are worked on. Changes nothing. */
void verdict_expect(const struct verdict *verdict, const struct addr *addr);

/*
 * One hit of addr with a score, at its own time (a time to come counts as now).
 * VERDICT_BLOCK fills *ret and starts that block.
 */
enum verdict_outcome verdict_hit(struct verdict *verdict, const struct addr *addr, int score, int64_t time_s,
                                 struct verdict_block *ret);

/*
 * A block that is known from before (the database at start): since and until as they were, until moved to
 * where it was lifted when it was. Give blocks before hits, oldest first.
 */
void verdict_known_block(struct verdict *verdict, const struct net *net, int64_t since_s, int64_t until_s);

/* A hit that is known from before: it counts, but decides nothing; the next one does. After the blocks. */
void verdict_known_hit(struct verdict *verdict, const struct addr *addr, int score, int64_t time_s);

/* A running block now ends at until_s: extended, or lifted by hand (until_s = now). */
void verdict_until(struct verdict *verdict, const struct net *net, int64_t until_s);

/* How long a block of that offence lasts. */
int64_t verdict_duration(const struct verdict *verdict, unsigned offence);

struct verdict_stat {
	size_t addresses;   /* held now */
	uint64_t forgotten; /* for want of room, since start */
};
struct verdict_stat verdict_stat(const struct verdict *verdict);

#endif
