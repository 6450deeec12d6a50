/*
 * admin: carries out requests from the control socket and replies to them.
 *
 * Where control meets store, verdict and firewall. A change is recorded (who, when, what, why) in the transaction that
 * makes it (pipeline/change); after the commit the verdict is updated, then the kernel. After a database
 * error nothing was changed; a vote counted before the error is forgotten when the engine follows
 * admin_todo.restore. While evidence waits to be written, no request is carried out: pending_ready.
 *
 * A manual block has rule "manual", category "manual": it lasts its full time regardless of other evidence, and a later
 * one of the same address replaces it. Votes are hits of rules "vote-black" and "vote-white", category "vote"; the
 * score of a white one is negative, and while one is younger than [block] window, black ones count nothing. An
 * unblock, a white vote and an allow end every active block that contains the address, networks too, whatever its
 * cause.
 *
 * A manual allowance has the cause "by hand": while it lasts no hit counts, as with [allow] in the configuration.
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
#include "pipeline/reconcile.h"
#include "pipeline/sharing.h"
#include "store/store.h"
#include "verdict/verdict.h"

enum {
	ADMIN_BLACK = 50, /* score of a vote that names none */
	ADMIN_WHITE = 100,
	ADMIN_ALLOW_S = 31 * 86400, /* of a manual allowance without a duration; permanent ones are configured */
	ADMIN_NEWEST = 20000,       /* how many hits, and how many blocks, are read to find those of an address */
	ADMIN_HITS_SHOWN = 20,
	ADMIN_BLOCKS_SHOWN = 20,
	ADMIN_LIST_SHOWN = 500, /* more than fit into a reply */
	ADMIN_LIFTED_SHOWN = 100,
};

struct admin {
	struct store *store;
	struct verdict *verdict; /* at now_s: verdict_at */
	struct reconcile *reconcile;
	const struct problems *problems; /* NULL: no daemon */
	const struct config *config;
	const struct blocklist *blocklist; /* NULL: no daemon */
	struct sharing *sharing;           /* NULL: no daemon */
};

/* What the engine still has to do. */
struct admin_todo {
	bool sync;      /* the kernel did not accept it at once: compare and report why */
	bool restore;   /* a counted vote could not be written: the verdict must be restored from the database */
	int rc;         /* of the firewall when < 0, sentence in why */
	size_t refused; /* entries that the kernel refused, the reason of the first in why */
	struct why why;

	/* For the log: which block began, by which rule, and what was lifted (the first ADMIN_LIFTED_SHOWN of them). */
	size_t n_begun, n_lifted;
	struct block begun[VERDICT_BLOCKS_MAX];
	const char *rule, *reason;
	int voted;        /* a vote was counted: below 0 a black one, above 0 a white one ... */
	struct net votee; /* ... about this address or network */
	struct net lifted[ADMIN_LIFTED_SHOWN];
};

/*
 * who: for the audit. Not for reload and resume: the engine does its part of these first, see below. reply: as
 * reply_new makes it; every outcome is in it.
 */
void admin_run(const struct admin *admin, const struct protocol_request *request, const char *who, int64_t now_s,
               json_t *reply, struct admin_todo *ret);

/* Resumes the rule that request names; rule: its number for the verdict, or VERDICT_NO_RULE when there is none now. */
void admin_resume(const struct admin *admin, const struct protocol_request *request, unsigned rule, const char *who,
                  int64_t now_s, json_t *reply);

/* Records a reload that worked, with so many rules. */
void admin_reloaded(const struct admin *admin, size_t rules, const char *who, int64_t now_s, json_t *reply);

#endif
