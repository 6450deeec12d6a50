/*
 * reconcile: keeps the kernel's lists equal to the active blocks, and collects which of them dropped packets.
 *
 * The wanted blocks are in memory (wanted.h): reconcile_load reads them from the database once, then each decision,
 * admin request and expiry changes them. A change goes to the kernel immediately. From time to time, after an error,
 * and when another program changed the kernel, the two are compared completely, in slices of a few packets so that no
 * log line has to wait. The first comparison also fills the kernel, highest ranks first. capacity.h chooses once per
 * comparison what does not fit.
 *
 * The kernel list of a block is struct block.list, which the creator of the block sets from its category; its entries
 * inherit it. Nothing here looks at categories or ports.
 *
 * A block is sent to the kernel before it is in the database; its entries have no id until reconcile_stored. If the
 * daemon is killed in between, the next start finds an unwanted element in the kernel and removes it. Errors: 0, or
 * -errno with a sentence in why. Repeating a call is safe.
 */
#ifndef WFS_PIPELINE_RECONCILE_H
#define WFS_PIPELINE_RECONCILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/portlists.h"
#include "base/why.h"
#include "firewall/client.h"
#include "store/store.h"
#include "verdict/verdict.h"

struct reconcile;

enum {
	RECONCILE_PIECES_BITS = 10,
	RECONCILE_PIECES_MAX = 1 << RECONCILE_PIECES_BITS,
	RECONCILE_RELEASED_MAX = 256, /* blocks released by one call */
};

/*
 * Borrows store, ports and client. ports: maps the rule of a stored block to its list. A network goes into the kernel
 * unchanged if the backend can hold its prefix length; otherwise it is split into at most RECONCILE_PIECES_MAX pieces
 * of the next longer length that the backend can hold; a larger network is refused. refresh_s: entries that the kernel
 * would forget within this time, before their block ends, are added again. started_s: packets dropped before it do not
 * count.
 */
struct reconcile *reconcile_new(struct store *store, const struct portlists *ports, struct client *client,
                                uint32_t refresh_s, int64_t started_s);

/* Accepts NULL. */
void reconcile_free(struct reconcile *reconcile);

/*
 * Splits net into pieces and returns their number: 1 if it is not split, 0 if there would be more than
 * RECONCILE_PIECES_MAX.
 */
size_t reconcile_pieces(const struct reconcile *reconcile, const struct net *net,
                        struct net out[static RECONCILE_PIECES_MAX]);

/* --- what is wanted --- */

/*
 * Reads all blocks that are active at now_s. Blocks that are stored but no longer active become unwanted. The next
 * comparison, which begins at once, updates the kernel.
 */
int reconcile_load(struct reconcile *reconcile, int64_t now_s, struct why *why);

/*
 * The same in parts, for a caller that reads the blocks anyway: begin, then each stored block, active or not, and end
 * when all were read. reconcile_load_block sets block.list itself.
 */
int reconcile_load_begin(struct reconcile *reconcile, struct why *why);
void reconcile_load_block(struct reconcile *reconcile, const struct block *block, int64_t now_s);
void reconcile_load_end(struct reconcile *reconcile, int64_t now_s);

/*
 * Adds blocks that were decided or requested just now to the kernel. *ret_refused counts refused entries; if it is not
 * 0, why holds the reason of the last. After an error a comparison must follow, which adds them.
 */
int reconcile_add(struct reconcile *reconcile, const struct block *blocks, size_t n, int64_t now_s, size_t *ret_refused,
                  struct why *why);

/*
 * Makes networks that others list (BLOCK_LISTED: net, list, until_s) wanted from now on. The next comparison puts them
 * into the kernel.
 */
void reconcile_want(struct reconcile *reconcile, const struct block *blocks, size_t n);

/* Records that the blocks are now in the database and have ids. */
void reconcile_stored(struct reconcile *reconcile, const struct block *blocks, size_t n, int64_t now_s);

/*
 * Removes lifted blocks (net, cause, list) from the kernel at once, unless another block wants the same element. Absent
 * ones are ignored.
 */
int reconcile_del(struct reconcile *reconcile, const struct block *blocks, size_t n, int64_t now_s, struct why *why);

/*
 * Iterates over the wanted blocks in portions. *place: set it to 0 first; it is 0 again after the last portion. Returns
 * how many of out were filled with net, since_s, until_s, id, cause, offence and list.
 */
size_t reconcile_some(const struct reconcile *reconcile, uint32_t *place, struct block *out, size_t cap);

/*
 * Returns true if an active block contains net, and sets net and until_s of *ret from the one that lasts longest. Until
 * reconcile_is_known is true, only blocks from reconcile_add are known.
 */
bool reconcile_runs(const struct reconcile *reconcile, const struct net *net, int64_t now_s, struct block *ret);

/* reconcile_blocks fills out with the blocks of exactly net and cause that are wanted, one for each list of ports that
 * has one, like reconcile_some. Returns their number. */
size_t reconcile_blocks(const struct reconcile *reconcile, const struct net *net, enum block_cause cause,
                        struct block out[static PORTLISTS_MAX]);
bool reconcile_is_known(const struct reconcile *reconcile);

/* --- keeping the kernel equal --- */

/* How dropped packets change a block: with extend, the block lasts its full time from the last dropped packet on. */
struct reconcile_rule {
	struct verdict *verdict;
	bool extend;
};

struct reconcile_drift {
	size_t missing;     /* elements that vanished since we added them */
	size_t extra;       /* elements that are not wanted */
	bool repaired;      /* rules or lists had vanished and were recreated */
	size_t refused;     /* wanted but absent: on the never-block list, or they do not fit */
	struct why refusal; /* reason of the last refusal */
};

/* The result of one call, except drift, which covers a whole comparison and is valid once that has ended. */
struct reconcile_result {
	bool ended; /* a comparison ended */
	struct reconcile_drift drift;
	size_t dropped;    /* blocks extended because they dropped packets */
	size_t running;    /* entries wanted after the call */
	size_t n_released; /* blocks that expired */
	struct net released[RECONCILE_RELEASED_MAX];
};

/*
 * The next reconcile_compare begins a comparison, or restarts the one in progress. If root watches for changes by other
 * programs (client.watched) and the last comparison succeeded, the new one does not list the kernel until another
 * program changes it: it only asks which blocks dropped packets, and adds again what the kernel would forget.
 */
void reconcile_begin(struct reconcile *reconcile);

/* Another program changed the kernel's lists: the next comparison lists them. */
void reconcile_changed(struct reconcile *reconcile);

/* Another program changed only these elements: adds or removes them at once, as wanted. */
int reconcile_touched(struct reconcile *reconcile, const struct client_touched *touched, size_t n, int64_t now_s,
                      struct why *why);

/* Returns true if a comparison is due or in progress. */
bool reconcile_is_busy(const struct reconcile *reconcile);

/* Runs the next slice of a comparison, a few milliseconds. An error abandons the comparison; call reconcile_begin. */
int reconcile_compare(struct reconcile *reconcile, const struct reconcile_rule *rule, int64_t now_s,
                      struct reconcile_result *ret, struct why *why);

/* Releases at most RECONCILE_RELEASED_MAX expired blocks. Those that dropped packets meanwhile are extended instead. */
int reconcile_release(struct reconcile *reconcile, const struct reconcile_rule *rule, int64_t now_s,
                      struct reconcile_result *ret, struct why *why);

/* Returns when reconcile_release is due next; INT64_MAX: never. */
int64_t reconcile_next_end(const struct reconcile *reconcile);

/*
 * Runs a whole comparison and releases everything that expired; loads the blocks first if necessary. For callers that
 * have nothing else to do meanwhile.
 */
int reconcile_sync(struct reconcile *reconcile, const struct reconcile_rule *rule, int64_t now_s,
                   struct reconcile_result *ret, struct why *why);

/* Collects what was dropped until now, when the daemon ends. A comparison does this, too. */
int reconcile_count(struct reconcile *reconcile, const struct reconcile_rule *rule, int64_t now_s, struct why *why);

/*
 * reconcile_write writes which blocks dropped packets, how many, and their new ends. If the database fails, the counts
 * of at most about 30,000 blocks are kept for the next call. Errors: see store.h.
 */
bool reconcile_has_news(const struct reconcile *reconcile);
int reconcile_write(struct reconcile *reconcile, struct why *why);

#endif
