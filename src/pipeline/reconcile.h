/*
 * reconcile: keeps the kernel's lists equal to the active blocks, and collects which of them dropped packets.
 *
 * What is wanted is in memory (wanted.h): read from the database once, by reconcile_load, and changed by each decision,
 * order and end. A change goes to the kernel at once, as packets about what changed. From time to time, after an error
 * and when somebody else changed the kernel, both are compared as a whole, in slices of a few packets, so that no line
 * waits for it; the first comparison also fills the kernel, the worst and those that last longest first. What does not
 * fit is chosen once for each comparison (capacity.h).
 *
 * How a list is chosen: a block says which of the kernel's lists it belongs to (struct block.list, which the maker of
 * the block fills in from its category), and its entries carry that on. Nothing here looks at a category or a port.
 *
 * A block is sent to the kernel before it is in the database: entries of such have no id until reconcile_stored. A kill
 * in between leaves an element that the next start does not want and removes. Errors: 0 or -errno with a sentence;
 * repeating a call is safe.
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
 * store, ports, client: borrowed. ports: the list of a stored block, whose rule says what it did. A network goes into
 * the kernel unchanged when the backend can hold its prefix length, else in pieces of the next longer length that it
 * can, at most RECONCILE_PIECES_MAX; a larger network is refused. refresh_s: what the kernel would forget within so
 * long, though it is wanted for longer, is added again. started_s: what the kernel saw before does not count as a
 * dropped packet.
 */
struct reconcile *reconcile_new(struct store *store, const struct portlists *ports, struct client *client,
                                uint32_t refresh_s, int64_t started_s);

/* Accepts NULL. */
void reconcile_free(struct reconcile *reconcile);

/* How many pieces net is split into: 1 when it is not split; 0: there would be more than RECONCILE_PIECES_MAX. */
size_t reconcile_pieces(const struct reconcile *reconcile, const struct net *net,
                        struct net out[static RECONCILE_PIECES_MAX]);

/* --- what is wanted --- */

/*
 * Reads all blocks that are active at now_s; what is stored and no longer active there is no longer wanted. The kernel
 * follows with the next comparison, which begins at once.
 */
int reconcile_load(struct reconcile *reconcile, int64_t now_s, struct why *why);

/*
 * Blocks that were decided or ordered just now: into the kernel at once. *ret_refused may count some entries: why then
 * has the reason of the first. Errors: a comparison must follow, which adds them.
 */
int reconcile_add(struct reconcile *reconcile, const struct block *blocks, size_t n, int64_t now_s, size_t *ret_refused,
                  struct why *why);

/* Networks that others list (BLOCK_LISTED: net, list, until_s): wanted from now on; the next comparison puts them into
 * the kernel. */
void reconcile_want(struct reconcile *reconcile, const struct block *blocks, size_t n);

/* They are in the database now, and have ids. */
void reconcile_stored(struct reconcile *reconcile, const struct block *blocks, size_t n, int64_t now_s);

/* Blocks (net, cause, list) that were lifted: out of the kernel at once, but where another one wants it. Absent ones
 * are ignored. */
int reconcile_del(struct reconcile *reconcile, const struct block *blocks, size_t n, int64_t now_s, struct why *why);

/*
 * The blocks that are wanted, some at a time: *place: 0 first; 0 afterwards: that was all. Returns how many of out are
 * filled in with net, since_s, until_s, id, cause, offence and list.
 */
size_t reconcile_some(const struct reconcile *reconcile, uint32_t *place, struct block *out, size_t cap);

/*
 * True when an active block contains net: of the one that lasts longest *ret is net and until_s. Before
 * reconcile_is_known it knows only those of reconcile_add.
 */
bool reconcile_runs(const struct reconcile *reconcile, const struct net *net, int64_t now_s, struct block *ret);

/* True when the kernel is to hold a block of exactly net and that cause: *ret as of reconcile_some. */
bool reconcile_has(const struct reconcile *reconcile, const struct net *net, enum block_cause cause, struct block *ret);
bool reconcile_is_known(const struct reconcile *reconcile);

/* --- keeping the kernel equal --- */

/* How packets that the kernel dropped change a block: with extend it then lasts its full time from the last packet on.
 */
struct reconcile_rule {
	struct verdict *verdict;
	bool extend;
};

struct reconcile_drift {
	size_t missing;     /* were there before, and were gone */
	size_t extra;       /* there, not wanted */
	bool repaired;      /* rules or lists had vanished */
	size_t refused;     /* wanted and not there: never-block list, or they do not fit */
	struct why refusal; /* why the last of them */
};

/* Of one call, but drift, which is of a whole comparison and good when that has ended. */
struct reconcile_result {
	bool ended; /* a comparison */
	struct reconcile_drift drift;
	size_t dropped;    /* extended, because they dropped packets */
	size_t running;    /* entries wanted after it */
	size_t n_released; /* blocks that expired */
	struct net released[RECONCILE_RELEASED_MAX];
};

/*
 * A comparison begins with the next reconcile_compare, or again when one is under way. Where root is notified of what
 * others change (client.watched), one after another that ended well only asks who dropped packets and adds again what
 * the kernel would forget: the kernel is not listed until another program has changed it.
 */
void reconcile_begin(struct reconcile *reconcile);

/* Another program changed the kernel's lists: the next comparison lists them. */
void reconcile_changed(struct reconcile *reconcile);

/* The same, but only these elements were changed: added or removed at once, as they are wanted or not. */
int reconcile_touched(struct reconcile *reconcile, const struct client_touched *touched, size_t n, int64_t now_s,
                      struct why *why);

/* Whether one is due or under way. */
bool reconcile_is_busy(const struct reconcile *reconcile);

/* The next slice of a comparison, a few milliseconds. After an error it is given up: reconcile_begin. */
int reconcile_compare(struct reconcile *reconcile, const struct reconcile_rule *rule, int64_t now_s,
                      struct reconcile_result *ret, struct why *why);

/* Releases what expired, RECONCILE_RELEASED_MAX at most; what dropped packets until now is extended instead. */
int reconcile_release(struct reconcile *reconcile, const struct reconcile_rule *rule, int64_t now_s,
                      struct reconcile_result *ret, struct why *why);

/* When reconcile_release is due next; INT64_MAX: never. */
int64_t reconcile_next_end(const struct reconcile *reconcile);

/* A whole comparison, and all that expired, at once; what must be read first is read. For who has nothing else to do.
 */
int reconcile_sync(struct reconcile *reconcile, const struct reconcile_rule *rule, int64_t now_s,
                   struct reconcile_result *ret, struct why *why);

/* Collects what was dropped until now, at the end of the daemon; a comparison does it, too. */
int reconcile_count(struct reconcile *reconcile, const struct reconcile_rule *rule, int64_t now_s, struct why *why);

/*
 * Writes which blocks dropped packets, how many, and how long they last now. While the database fails it is kept for
 * the next call, of more than 30,000 blocks. Errors as of store.h.
 */
bool reconcile_has_news(const struct reconcile *reconcile);
int reconcile_write(struct reconcile *reconcile, struct why *why);

#endif
