/*
 * admin: what somebody asked for over the control socket is done, or found out, and replied to.
 *
 * Where control meets store, verdict and firewall. A change is recorded (who, when, what, why) in the transaction that
 * makes it (pipeline/change); after the commit the verdict knows it, and then the kernel is told. After an error of the
 * database nothing was changed; a vote that was counted before is forgotten when the engine does what admin_todo.restore
 * says. While evidence waits to be written, nothing is ordered: pending_ready.
 *
 * A block by hand is a block of rule "manual", category "manual": it runs its time whatever else is known, and a later
 * one of the same address takes its place. Votes are hits of rules "vote-black" and "vote-white", category "vote"; the
 * score of a white one is negative, and while one is younger than [block] window, black ones count nothing. An
 * unblock, a white vote and an allow end every running block that the address is in, networks too, whoever began it.
 *
 * An allowance by hand is one of cause "by hand": while it lasts no hit counts, like under [allow] in the configuration.
 */
#ifndef WFS_ADMIN_ADMIN_H
#define WFS_ADMIN_ADMIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/why.h"
#include "config.h"
#include "control/protocol.h"
#include "control/reply.h"
#include "admin/problems.h"
#include "pipeline/reconcile.h"
#include "store/store.h"
#include "verdict/verdict.h"

enum {
	ADMIN_BLACK = 50,  /* score of a vote that names none */
	ADMIN_WHITE = 100,
	ADMIN_ALLOW_S = 31 * 86400, /* of an allowance by hand that names no time; what is for ever is configured */
	ADMIN_NEWEST = 20000,   /* of all hits, and of all blocks, so many are read to find those of an address */
	ADMIN_HITS_SHOWN = 20,
	ADMIN_BLOCKS_SHOWN = 20,
	ADMIN_LIST_SHOWN = 500, /* more than fit into a reply */
	ADMIN_LIFTED_SHOWN = 100,
};

struct admin {
	struct store *store;
	struct verdict *verdict;     /* at now_s: verdict_at */
	struct reconcile *reconcile;
	const struct problems *problems; /* NULL: no daemon */
	const struct config *config;
};

/* What the engine has to do yet. */
struct admin_todo {
	int64_t until_s;  /* a block ends then; 0: none was begun */
	bool sync;        /* the kernel did not take it at once: compare and say why */
	bool restore;     /* a vote was counted that could not be written: the verdict must learn again what the database has */
	int rc;           /* of the firewall when < 0, sentence in why */
	size_t refused;   /* entries that the kernel did not take, the reason of the first in why */
	struct why why;

	/* For the log: what was begun, by which rule, and what was lifted (the first ADMIN_LIFTED_SHOWN of them). */
	size_t n_begun, n_lifted;
	struct block begun[VERDICT_BLOCKS_MAX];
	const char *rule, *reason;
	struct net lifted[ADMIN_LIFTED_SHOWN];
};

/*
 * who: for the record. Not for reload and resume, of which the engine does its part first, see below. reply: as reply_new
 * makes it; every outcome is in it.
 */
void admin_run(const struct admin *admin, const struct protocol_request *request, const char *who, int64_t now_s,
                json_t *reply, struct admin_todo *ret);

/* Resumes the rule that request names; rule: its number for the verdict, or VERDICT_NO_RULE when there is none now. */
void admin_resume(const struct admin *admin, const struct protocol_request *request, unsigned rule, const char *who,
                   int64_t now_s, json_t *reply);

/* Records a reload that worked, with so many rules. */
void admin_reloaded(const struct admin *admin, size_t rules, const char *who, int64_t now_s, json_t *reply);

#endif
