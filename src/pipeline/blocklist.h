/*
 * blocklist: networks that others list, from the files of [block] file: blocked as long as they are in the file.
 *
 * Where files (netfile.h), verdict and reconcile meet. They are no decisions: nothing of them is in the database, and
 * they have no hits, no offence and no end (BLOCK_LISTED). What is allowed wins: a network that contains an allowed
 * address is blocked in halves, and halves of halves, without it; of IPv6 down to /64. What even in pieces would be too
 * many entries of the kernel, and what contains addresses that are never blocked (net_is_never), is left out. A change
 * is brought to the kernel in slices: first what is new, so that nothing is open in between, then what is gone. Nothing
 * here waits. Limits: as of config and netfile.h. Aborts if memory cannot be allocated.
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

/* list: of ports. Empty until blocklist_configure. */
struct blocklist *blocklist_new(uint8_t list);

/* Accepts NULL. */
void blocklist_free(struct blocklist *blocklist);

/* The files from now on: borrowed until the next call. What was read of those that remain stays. */
void blocklist_configure(struct blocklist *blocklist, const struct config_words *files);

/*
 * Looks at the files, and works out what of them may be blocked when they or what is allowed have changed. verdict: at
 * now, after allowlist has notified it. reconcile: only asked what the kernel can hold; NULL: anything. Cheap when
 * nothing changed. Returns 0, or BLOCKLIST_ERROR with a sentence in why, once for each edit.
 */
int blocklist_refresh(struct blocklist *blocklist, const struct verdict *verdict, const struct allowlist *allowlist,
                      const struct reconcile *reconcile, struct why *why);

/* What is wrong with the files now, the first of it; why one of them cannot be read; NULL: nothing. Borrowed until the
 * next refresh. */
const char *blocklist_trouble(const struct blocklist *blocklist);
const char *blocklist_unreadable(const struct blocklist *blocklist);

/* What a change came to. */
struct blocklist_change {
	size_t n; /* networks that are blocked now; one that is blocked in halves counts as several */
	size_t added, removed;
	size_t left_out;
	struct net first_left_out;
};

/*
 * While blocklist_moves: a slice of the change, some milliseconds. added: what is new is added to it; may be NULL.
 * *ret_ended: it is done, and *ret written. Errors as of reconcile.h.
 */
bool blocklist_moves(const struct blocklist *blocklist);
int blocklist_move(struct blocklist *blocklist, struct reconcile *reconcile, int64_t now_s, struct nets *added,
                   bool *ret_ended, struct blocklist_change *ret, struct why *why);

/* Without a kernel: what the last refresh has worked out is blocked from now on. */
void blocklist_settle(struct blocklist *blocklist);

/* The networks that are blocked now, but for a change that is under way; sealed, borrowed until the next move or
 * settle. */
const struct nets *blocklist_nets(const struct blocklist *blocklist);

/* Of ports: what its networks close. */
uint8_t blocklist_ports(const struct blocklist *blocklist);

/* The listed network that contains net, and where it is listed: the first of several. False: none does. Borrowed until
 * the next refresh. */
struct blocklist_place {
	struct net net;
	const char *path;
	uint32_t line;
};
bool blocklist_find(const struct blocklist *blocklist, const struct net *net, struct blocklist_place *ret);

/* What "status" shows of the i-th file, into the database: under "block_file_I" its networks and its bad lines. */
int blocklist_store(const struct blocklist *blocklist, struct store *store, struct why *why);

#endif
