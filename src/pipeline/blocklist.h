/*
 * blocklist: blocks the networks in the files of [block] file for as long as they are in the file.
 *
 * This is where files (netfile.h), verdict and reconcile meet. A listed network is not a decision: it is not stored in
 * the database and has no hits, no offence and no end (BLOCK_LISTED). Allowed addresses take precedence: a network that
 * contains one is halved, repeatedly, and blocked without it; for IPv6, down to /64. A network is left out if even its
 * pieces would need too many kernel entries, or if it contains addresses that are never blocked (net_is_never). A
 * change reaches the kernel in slices: first the new networks, so that there is no gap, then the removals. Nothing here
 * blocks the process. Limits: see config and netfile.h. Aborts if memory cannot be allocated.
 */
#ifndef WFS_PIPELINE_BLOCKLIST_H
#define WFS_PIPELINE_BLOCKLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/nets.h"
#include "base/why.h"
#include "config/config.h"
#include "pipeline/allowlist.h"
#include "pipeline/reconcile.h"
#include "store/store.h"
#include "verdict/verdict.h"

enum { BLOCKLIST_ERROR = 1 }; /* positive result of blocklist_refresh: some of it could not be read */

struct blocklist;

/* list: the port list of the blocks. There are no networks until blocklist_configure. */
struct blocklist *blocklist_new(uint8_t list);

/* Accepts NULL. */
void blocklist_free(struct blocklist *blocklist);

/* Sets the files, borrowed until the next call. Files that remain keep their content. */
void blocklist_configure(struct blocklist *blocklist, const struct config_words *files);

/*
 * Checks the files. If they or the allowed networks changed, works out what may be blocked. verdict: at the current
 * time, and already notified by allowlist. reconcile is only asked what the kernel can hold; NULL means anything. Cheap
 * when nothing changed. Returns 0, or BLOCKLIST_ERROR with a sentence in why, once for each edit.
 */
int blocklist_refresh(struct blocklist *blocklist, const struct verdict *verdict, const struct allowlist *allowlist,
                      const struct reconcile *reconcile, struct why *why);

/*
 * Return the first current problem with the files, and why one of them cannot be read; NULL if there is none. Borrowed
 * until the next refresh.
 */
const char *blocklist_trouble(const struct blocklist *blocklist);
const char *blocklist_unreadable(const struct blocklist *blocklist);

/* The outcome of a change. */
struct blocklist_change {
	size_t n; /* networks blocked now; each piece of a halved network counts */
	size_t added, removed;
	size_t left_out;
	struct net first_left_out;
};

/*
 * While blocklist_moves is true, blocklist_move applies one slice of the change, which takes some milliseconds. It adds
 * the new networks to added, which may be NULL. *ret_ended becomes true after the last slice; only then is *ret
 * written. Errors: see reconcile.h.
 */
bool blocklist_moves(const struct blocklist *blocklist);
int blocklist_move(struct blocklist *blocklist, struct reconcile *reconcile, int64_t now_s, struct nets *added,
                   bool *ret_ended, struct blocklist_change *ret, struct why *why);

/* For callers without a kernel: what the last refresh worked out counts as blocked from now on. */
void blocklist_settle(struct blocklist *blocklist);

/*
 * Returns the networks that are blocked now, without a change in progress. They are sealed, and borrowed until the next
 * move or settle.
 */
const struct nets *blocklist_nets(const struct blocklist *blocklist);

/* Returns the port list whose ports the networks are blocked on. */
uint8_t blocklist_ports(const struct blocklist *blocklist);

/*
 * Finds the listed network that contains net, and its file and line; the first if there are several. Returns false if
 * there is none. Borrowed until the next refresh.
 */
struct blocklist_place {
	struct net net;
	const char *path;
	uint32_t line;
};
bool blocklist_find(const struct blocklist *blocklist, const struct net *net, struct blocklist_place *ret);

/*
 * Stores the counts that "status" shows for the I-th file under the key "block_file_I": its networks and its bad lines.
 */
int blocklist_store(const struct blocklist *blocklist, struct store *store, struct why *why);

#endif
