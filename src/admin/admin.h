/*
 * admin: executes requests from the control socket and replies to them.
 *
 * This is where control meets store, verdict and firewall. The transaction that makes a change also records who
 * requested it, when, what and why (pipeline/change). After the commit the verdict is updated, then the kernel. After a
 * database error nothing was changed; if a vote was counted before the error, the engine must follow
 * admin_todo.restore. No request is executed while evidence waits to be written: see pending_ready.
 *
 * A manual block has rule "manual", category "manual". It lasts its full time regardless of other evidence; a later one
 * of the same address replaces it. Votes are hits of rules "vote-black" and "vote-white", category "vote". A white vote
 * has a negative score, and while it is younger than [block] window, black votes do not count. An unblock, a white vote
 * and an allow end every active block that contains the address, including networks, whatever its cause.
 *
 * A manual allowance has the cause "by hand". While it lasts no hit counts, as with [allow] in the configuration.
 */
#ifndef WFS_ADMIN_ADMIN_H
#define WFS_ADMIN_ADMIN_H

#include <stdbool.h>
#include <stdint.h>

#include "admin/problems.h"
#include "base/why.h"
#include "config/config.h"
#include "control/protocol.h"
#include "control/reply.h"
#include "pipeline/blocklist.h"
#include "pipeline/pending.h"
#include "pipeline/reconcile.h"
#include "pipeline/sharing.h"
#include "store/store.h"
#include "verdict/verdict.h"

enum {
	ADMIN_BLACK = 50, /* score of a vote without one */
	ADMIN_WHITE = 100,
	/* duration of a manual allowance without one; permanent ones belong in the configuration */
	ADMIN_ALLOW_S = 31 * 86400,
	ADMIN_NEWEST = 20000, /* how many hits, and how many blocks, are read to find those of an address */
	ADMIN_HITS_SHOWN = 20,
	ADMIN_BLOCKS_SHOWN = 20,
	ADMIN_LIST_SHOWN = 500, /* more than fit into a reply */
	ADMIN_LIFTED_SHOWN = 100,
};

struct admin {
	struct store *store;
	struct verdict *verdict; /* at now_s (verdict_at) */
	struct reconcile *reconcile;
	const struct problems *problems; /* NULL: no daemon */
	const struct config *config;
	const struct blocklist *blocklist; /* NULL: no daemon */
	struct sharing *sharing;           /* NULL: no daemon */
	const struct pending *pending;     /* NULL: no daemon */
};

/* What the engine still has to do after a request. */
struct admin_todo {
	bool sync;      /* the kernel did not accept the change at once: compare, and report why */
	bool restore;   /* a counted vote could not be written: restore the verdict from the database */
	int rc;         /* if negative, the firewall's error; the sentence is in why */
	size_t refused; /* entries that the kernel refused; the reason is in why */
	struct why why;

	/* For the log: which blocks began, their rule, and what was lifted (the first ADMIN_LIFTED_SHOWN networks). */
	size_t n_begun, n_lifted;
	struct block begun[VERDICT_BLOCKS_MAX];
	const char *rule, *reason;
	int voted;        /* a vote was counted: negative for black, positive for white, 0 for none ... */
	struct net votee; /* ... about this address or network */
	struct net lifted[ADMIN_LIFTED_SHOWN];
};

/*
 * Executes a request. who: for the audit. Not for reload and resume, whose part the engine does first, see below.
 * reply: from reply_new; it receives every outcome.
 */
void admin_run(const struct admin *admin, const struct protocol_request *request, const char *who, int64_t now_s,
               json_t *reply, struct admin_todo *ret);

/*
 * Resumes the rule that request names. rule: its index for the verdict, or VERDICT_NO_RULE if there is no such rule
 * now.
 */
void admin_resume(const struct admin *admin, const struct protocol_request *request, unsigned rule, const char *who,
                  int64_t now_s, json_t *reply);

/* Records a successful reload; rules: how many there are. */
void admin_reloaded(const struct admin *admin, size_t rules, const char *who, int64_t now_s, json_t *reply);

#endif
