/*
 * reconcile_state: what the files of reconcile.h share.
 *
 * Private to reconcile.c, reconcile_ends.c, reconcile_dropped.c and reconcile_compare.c. reconcile.c holds what is
 * wanted and sends it to the kernel; reconcile_ends.c ends blocks; reconcile_dropped.c handles packets that the kernel
 * dropped; reconcile_compare.c compares with the kernel.
 */
#ifndef WFS_PIPELINE_RECONCILE_STATE_H
#define WFS_PIPELINE_RECONCILE_STATE_H

#include "pipeline/capacity.h"
#include "pipeline/change.h"
#include "pipeline/portmap.h"
#include "pipeline/reconcile.h"
#include "pipeline/wanted.h"
#include "store/blocks.h"

enum {
	RECONCILE_AHEAD = 16,            /* entries whose memory is prefetched */
	RECONCILE_DROPPED_MAX = 1 << 16, /* notes waiting to be written; in normal operation never full */
};

/* What the kernel has and should not have. */
struct extra {
	struct net net;
	uint8_t list;
};

/* The stages of a comparison, in order: list what the kernel has, remove what it should not have, add what it lacks. */
enum stage {
	STAGE_NONE,
	STAGE_LIST,
	STAGE_CLEAN,
	STAGE_FEED,
};

struct comparison {
	enum stage stage;
	uint32_t number; /* of this comparison; entries found in the kernel, or added, get it as seen */
	uint32_t cursor; /* LIST: see client_list */
	size_t n_extra, cap_extra, at;
	struct extra *extra;      /* CLEAN: those before at are removed */
	uint32_t place;           /* FEED: entries below it are still to come; one round per rank, the highest first */
	unsigned rank, next_rank; /* next_rank: the highest rank below rank that was found */
	bool ranked;              /* false: all ranks in one round */
	/* the kernel is assumed to have what we sent: LIST only asks which blocks dropped packets */
	bool trusts;
	struct capacity_cut cut4, cut6;
	struct reconcile_drift drift;
};

/* Entries to be sent in one packet. */
struct feed {
	size_t n, packets;
	size_t n_sent; /* of the packet before, which root is adding meanwhile; 0: none */
	unsigned at;   /* which of entries is being filled; the other one was sent */
	struct client_entry entries[2][CLIENT_PACKET];
};

struct reconcile {
	struct store *store;
	struct portmap ports;
	struct client *client;
	uint32_t refresh_s;
	int64_t blind_s; /* packets dropped before this time do not count */
	bool known;      /* wanted equals the database */
	bool due;        /* a comparison is due */
	bool proven;     /* the kernel was as wanted, and no other program has changed it since */
	bool filling;    /* the kernel is being filled after the start: missing entries are not drift */
	struct wanted wanted;
	size_t n_rows;
	struct block rows[RECONCILE_AHEAD]; /* being loaded: what wanted has of them is prefetched */
	struct comparison c;
	struct why refusal; /* the last one */
	bool full;          /* dropped is full: further notes are lost */
	size_t n_dropped;
	struct change_dropped *dropped; /* RECONCILE_DROPPED_MAX; not written yet */
};

/* Asks for the backend's limits, which must be known before anything is sent. */
int reconcile_learn_limits(const struct reconcile *rec, struct why *why);

/*
 * Splits a network into pieces. Leaves it whole if no list can hold it or it would need too many pieces: the backend
 * then returns the reason.
 */
size_t reconcile_pieces_of(const struct reconcile *rec, const struct net *net,
                           struct net out[static RECONCILE_PIECES_MAX]);

/* Returns the network of the block that an entry is a piece of. */
struct net reconcile_whole(const struct wanted_entry *e);

/* Returns true for the first piece of a block. Statistics of a block are noted with its first piece only. */
bool reconcile_is_first_piece(const struct wanted_entry *e);

/* Returns the entry of a block's piece, or NULL. */
struct wanted_entry *reconcile_find(const struct reconcile *rec, uint8_t list, const struct net *piece, uint8_t whole,
                                    uint8_t cause);

/* --- sending: reconcile.c --- */

/*
 * reconcile_fits returns true if the last comparison's choice leaves room for the entry in the kernel;
 * reconcile_leave_out records that there is none.
 */
bool reconcile_fits(const struct reconcile *rec, const struct wanted_entry *e);
void reconcile_leave_out(struct reconcile *rec, struct wanted_entry *e);

/* Returns the seconds until the entry ends, at least 1. */
uint32_t reconcile_left(const struct wanted_entry *e, int64_t now_s);

/* Returns true if the kernel forgets the entry soon, and before its block ends. */
bool reconcile_runs_out(const struct reconcile *rec, const struct wanted_entry *e, int64_t now_s);

/*
 * reconcile_feed adds an entry to the packet, and sends the packet when it is full; root works on it while the next is
 * filled. reconcile_send sends the rest and waits for the answers: call it before anything else is asked of root. Both
 * add to *refused. After an error nothing is left in f.
 */
int reconcile_feed(struct reconcile *rec, struct feed *f, const struct wanted_entry *e, int64_t now_s, size_t *refused,
                   struct why *why);
int reconcile_send(struct reconcile *rec, struct feed *f, int64_t now_s, size_t *refused, struct why *why);

/* --- packets that the kernel dropped: reconcile_dropped.c --- */

/*
 * Notes that a block dropped packets, for reconcile_write. Does nothing if block_id is 0: the block is not stored yet.
 */
void reconcile_note(struct reconcile *rec, int64_t block_id, struct store_dropped what);

/*
 * Returns which of an element's entries to charge its dropped packets to: the one of an evidence block, else the one
 * that lasts longest; NULL if there is none.
 */
struct wanted_entry *reconcile_bearer(const struct reconcile *rec, uint8_t list, const struct net *net);

/* Notes what a listing or query says about the entry's element, and extends its block. */
void reconcile_note_dropped(struct reconcile *rec, struct wanted_entry *e, const struct client_entry *element,
                            const struct reconcile_rule *rule, int64_t now_s, struct reconcile_result *result);

/* The same for the bearer of that element; an element that is no longer wanted has none. */
void reconcile_note_bearer(struct reconcile *rec, const struct client_entry *element, const struct reconcile_rule *rule,
                           int64_t now_s, struct reconcile_result *result);

#endif
