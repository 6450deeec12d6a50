/*
 * reconcile_state: what the files of reconcile.h share.
 *
 * Private to reconcile.c, which has what is wanted and how it gets into the kernel, reconcile_ends.c, what ends,
 * reconcile_dropped.c, the packets that the kernel dropped, and reconcile_compare.c, the comparison with the kernel.
 */
#ifndef WFS_PIPELINE_RECONCILE_STATE_H
#define WFS_PIPELINE_RECONCILE_STATE_H

#include "pipeline/capacity.h"
#include "pipeline/change.h"
#include "pipeline/portmap.h"
#include "pipeline/reconcile.h"
#include "pipeline/wanted.h"
#include "store/blocks.h"

enum { RECONCILE_DROPPED_MAX = 1 << 16 }; /* to be written, while the database works */

/* What the kernel has and should not have. */
struct extra {
	struct net net;
	uint8_t list;
};

/* Of a comparison, in this order: what the kernel has, what it should not have, what it lacks. */
enum stage {
	STAGE_NONE,
	STAGE_LIST,
	STAGE_CLEAN,
	STAGE_FEED,
};

struct comparison {
	enum stage stage;
	uint32_t number; /* entries of the kernel's and new ones are seen in it */
	uint32_t cursor; /* LIST: as of client_list */
	size_t n_extra, cap_extra, at;
	struct extra *extra;      /* CLEAN: removed up to "at" */
	uint32_t place;           /* FEED: those below it are still to come; in rounds, the highest rank first */
	unsigned rank, next_rank; /* next_rank: the highest below rank that was met */
	bool ranked;              /* else all are in one round */
	bool trusts;              /* that the kernel has what we know of: LIST only asks who dropped packets */
	struct capacity_cut cut4, cut6;
	struct reconcile_drift drift;
};

/* Entries on their way. */
struct feed {
	size_t n, packets;
	struct client_entry entries[CLIENT_PACKET];
};

struct reconcile {
	struct store *store;
	struct portmap ports;
	struct client *client;
	uint32_t refresh_s;
	int64_t blind_s; /* what the kernel saw before does not count as a dropped packet */
	bool known;      /* wanted holds what the database holds */
	bool due;        /* a comparison */
	bool proven;     /* the kernel was as wanted, and nobody else has changed it since */
	bool filling;    /* the kernel, since the start: that is no drift */
	struct wanted wanted;
	struct comparison c;
	struct why refusal; /* the last */
	bool full;          /* dropped: what else is seen is lost */
	size_t n_dropped;
	struct change_dropped *dropped; /* RECONCILE_DROPPED_MAX, not written yet */
};

/* What the backend can hold is known before anything is sent. */
int reconcile_learn_limits(const struct reconcile *rec, struct why *why);

/* The pieces of a network, whole when no list can hold it, or would hold too many: the backend then returns why. */
size_t reconcile_pieces_of(const struct reconcile *rec, const struct net *net,
                           struct net out[static RECONCILE_PIECES_MAX]);

/* The network of the block that an entry is a piece of. */
struct net reconcile_whole(const struct wanted_entry *e);

/* Whether it is the first piece of its block: the others say nothing about it. */
bool reconcile_is_first_piece(const struct wanted_entry *e);

/* The entry of a block's piece, or NULL. */
struct wanted_entry *reconcile_find(const struct reconcile *rec, uint8_t list, const struct net *piece, uint8_t whole,
                                    uint8_t cause);

/* --- sending: reconcile.c --- */

/* Whether it is among those that the kernel has room for, as the last comparison has chosen; and that it is not. */
bool reconcile_fits(const struct reconcile *rec, const struct wanted_entry *e);
void reconcile_leave_out(struct reconcile *rec, struct wanted_entry *e);

/* Seconds that it lasts, 1 at least. */
uint32_t reconcile_left(const struct wanted_entry *e, int64_t now_s);

/* True when the kernel forgets it soon, and before its block ends. */
bool reconcile_runs_out(const struct reconcile *rec, const struct wanted_entry *e, int64_t now_s);

/* Adds it to what is on its way, which is sent when a packet is full; reconcile_send: what is left. *refused: counted
 * up. */
int reconcile_feed(struct reconcile *rec, struct feed *f, const struct wanted_entry *e, int64_t now_s, size_t *refused,
                   struct why *why);
int reconcile_send(struct reconcile *rec, struct feed *f, int64_t now_s, size_t *refused, struct why *why);

/* --- packets that the kernel dropped: reconcile_dropped.c --- */

/* A block dropped packets; written by reconcile_write. block_id 0: it is not stored yet, and nothing is noted. */
void reconcile_note(struct reconcile *rec, int64_t block_id, struct store_dropped what);

/* Of the entries of an element, the one whose block dropped its packets: that of evidence, or the one that lasts
 * longest; or NULL. */
struct wanted_entry *reconcile_bearer(const struct reconcile *rec, uint8_t list, const struct net *net);

/* Its element was listed or looked at: what that says is noted, and its block extended. */
void reconcile_note_dropped(struct reconcile *rec, struct wanted_entry *e, const struct client_entry *element,
                            const struct reconcile_rule *rule, int64_t now_s, struct reconcile_result *result);

/* The same for the bearer of that element; what is not wanted any more has none. */
void reconcile_note_bearer(struct reconcile *rec, const struct client_entry *element, const struct reconcile_rule *rule,
                           int64_t now_s, struct reconcile_result *result);

#endif
