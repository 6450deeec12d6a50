/*
 * reconcile: make the kernel's sets match the active blocks in the database, and collect which of them dropped packets.
 *
 * Where store and firewall meet for the engine. Wanted state is read from the database at each sync, never
 * remembered; the only memory is when each entry was last added, so that a packet the kernel dropped can be distinguished
 * from our own adding.
 * Errors: 0 or -errno with a sentence; repeating a call is safe.
 */
#ifndef WFS_PIPELINE_RECONCILE_H
#define WFS_PIPELINE_RECONCILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/why.h"
#include "firewall/client.h"
#include "store/store.h"
#include "verdict/verdict.h"

struct reconcile;

enum {
	RECONCILE_PIECES_BITS = 10,
	RECONCILE_PIECES_MAX = 1 << RECONCILE_PIECES_BITS,
	RECONCILE_RELEASED_MAX = 256,
};

/*
 * store, client: borrowed. A network goes into the kernel unchanged when the backend can hold its prefix length,
 * else in pieces of the next longer length that it can, at most RECONCILE_PIECES_MAX; a larger network is refused.
 * refresh_s: an entry idle for so long is added again. started_s: what the kernel saw before does not count as a dropped
 * packet.
 */
struct reconcile *reconcile_new(struct store *store, struct client *client, uint32_t refresh_s, int64_t started_s);

/* Accepts NULL. */
void reconcile_free(struct reconcile *reconcile);

struct reconcile_result {
	struct client_drift drift;
	size_t running; /* blocks after it */
	size_t expired; /* released by it; the first RECONCILE_RELEASED_MAX are in released */
	size_t dropped; /* extended, because they dropped packets */
	struct net released[RECONCILE_RELEASED_MAX];
};

/*
 * How many pieces net is split into: 1 when it is not split; 0: there would be more than RECONCILE_PIECES_MAX.
 */
size_t reconcile_pieces(const struct reconcile *reconcile, const struct net *net, struct net out[static RECONCILE_PIECES_MAX]);

/*
 * Adds and refreshes active blocks, extends those that dropped packets (if extend; a block then lasts its full time from
 * the last packet on, but no longer than the next offence's would), and removes from the kernel what is no longer active.
 */
int reconcile_sync(struct reconcile *reconcile, struct verdict *verdict, bool extend, int64_t now_s, struct reconcile_result *ret,
                struct why *why);

/*
 * True when an active block contains net: of the one that lasts longest *ret is net and until_s. From memory: what was active at the last
 * sync, and what the calls below have added and lifted since. Before reconcile_is_known it knows only the latter.
 */
bool reconcile_runs(const struct reconcile *reconcile, const struct net *net, int64_t now_s, struct block *ret);
bool reconcile_is_known(const struct reconcile *reconcile);

/* The fast way for blocks just lifted: removes them from the kernel at once. Absent entries are ignored. */
int reconcile_del(struct reconcile *reconcile, const struct net *nets, size_t n, struct why *why);

/*
 * The fast way for blocks just committed: into the kernel at once. *ret_refused may count some entries: why then has the
 * reason of the first; a sync tries again. -ENOSPC: a sync must follow, and recreates the lists.
 */
int reconcile_add(struct reconcile *reconcile, const struct block *blocks, size_t n, int64_t now_s, size_t *ret_refused,
               struct why *why);

#endif
