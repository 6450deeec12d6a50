/*
 * reconcile: the kernel is made to hold what the database says is running, and what the kernel saw comes back.
 *
 * Where store and firewall meet for the engine. Wanted state is read from the database at each sync, never
 * remembered; the only memory is when each entry was last fed, so that a packet the kernel dropped can be told from
 * our own feeding.
 * Errors: 0 or -errno with a sentence; doing it again does no harm.
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
 * store, client: borrowed. What is to be blocked goes into the kernel as it is when the backend can hold such a network,
 * else in pieces of the next longer length that it can, at most RECONCILE_PIECES_MAX; of a larger one it says no.
 * refresh_s: what has been idle so long is added again. started_s: what the kernel saw before is not taken for a dropped
 * packet.
 */
struct reconcile *reconcile_new(struct store *store, struct client *client, uint32_t refresh_s, int64_t started_s);

/* Takes NULL. */
void reconcile_free(struct reconcile *reconcile);

struct reconcile_result {
	struct client_drift drift;
	size_t running; /* blocks after it */
	size_t expired; /* released by it; the first RECONCILE_RELEASED_MAX are in released */
	size_t dropped; /* extended by it */
	struct net released[RECONCILE_RELEASED_MAX];
};

/*
 * The pieces net goes into: how many, 1 when it goes as it is; 0: there would be more than RECONCILE_PIECES_MAX.
 */
size_t reconcile_pieces(const struct reconcile *reconcile, const struct net *net, struct net out[static RECONCILE_PIECES_MAX]);

/*
 * Feeds and refreshes what runs, extends what knocked (extend; a block then lasts its full time from the last packet
 * on), and takes out of the kernel what does not run.
 */
int reconcile_sync(struct reconcile *reconcile, struct verdict *verdict, bool extend, int64_t now_s, struct reconcile_result *ret,
                struct why *why);

/*
 * True when an active block contains net: of the one that lasts longest *ret is net and until_s. From memory: what ran at the last sync,
 * and what was added and lifted by the calls below since. Until reconcile_is_known it knows nothing of before.
 */
bool reconcile_runs(const struct reconcile *reconcile, const struct net *net, int64_t now_s, struct block *ret);
bool reconcile_is_known(const struct reconcile *reconcile);

/* The fast way for blocks just lifted: out of the kernel at once. What is not there does no harm. */
int reconcile_del(struct reconcile *reconcile, const struct net *nets, size_t n, struct why *why);

/*
 * The fast way for blocks just committed: into the kernel at once. *ret_refused may count some entries: why then says why the
 * first; a sync tries again. -ENOSPC: a sync must follow, and lays the lists out anew.
 */
int reconcile_add(struct reconcile *reconcile, const struct block *blocks, size_t n, int64_t now_s, size_t *ret_refused,
               struct why *why);

#endif
