/*
 * live: the active configuration, rules, allow list and verdict, and their replacement on reload.
 *
 * Private to the folder. A new policy is loaded wholly or not at all; only a start loads what it can of the rules (see
 * examples_load_good). What was wrong with them is logged, and kept for "status" under "rules_fault", a sentence with
 * its consequence. The new verdict holds what the database holds, and blocks of addresses that are now allowed are
 * lifted.
 */
#ifndef WFS_ENGINE_LIVE_H
#define WFS_ENGINE_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "admin/problems.h"
#include "base/why.h"
#include "config/config.h"
#include "dns/dnsbl.h"
#include "engine/events.h"
#include "engine/handed.h"
#include "engine/rules_watch.h"
#include "pipeline/allowlist.h"
#include "pipeline/blocklist.h"
#include "pipeline/pending.h"
#include "pipeline/reconcile.h"
#include "rules/rules.h"
#include "rules/sessions.h"
#include "store/store.h"
#include "verdict/greylist.h"
#include "verdict/verdict.h"

/* All callers may use the first nine, but never change them. */
struct live {
	struct config *config;
	struct rules *rules;
	struct rules_scratch *scratch;
	struct sessions *sessions;
	struct allowlist *allowlist;
	struct blocklist *blocklist;
	struct verdict *verdict;
	struct greylist *greylist;
	struct dnsbl *dnsbl; /* NULL: none */

	struct rules_watch *rules_watch; /* of rule files; NULL: not seen */
	struct handed handed;            /* where a reload gets the configuration */
	struct config *started;          /* what some keys keep to until a restart */
	struct store *store;
	struct pending *pending;
	struct problems *problems;
	struct events *events;
	const struct elsewhere *elsewhere; /* of sharing; or NULL */
	unsigned lifted;                   /* allowlist_changes that were acted upon */
	bool lifts;                        /* blocks of allowed addresses; looked at up to lift_place */
	uint32_t lift_place;
	int64_t names_at; /* clock_steady_ms when they are to be written down */
};

/* config: now owned here. handed: copied. problems, events: borrowed. From here on no edit of a rule file is missed. */
void live_init(struct live *live, struct config *config, const struct handed *handed, struct problems *problems,
               struct events *events);

/*
 * Loads the rules, without files that have an error, and what the database holds. store and pending are borrowed.
 * Errors: those of the database.
 */
int live_load(struct live *live, struct store *store, struct pending *pending, struct why *why);

void live_done(struct live *live);

/*
 * Reads configuration and rules again, and notifies systemd. Errors are already logged, and all stays as it was:
 * -EAGAIN while hits are pending, which were found by the rules there are.
 */
int live_reload(struct live *live, struct why *why);

/* After a rule file was saved: reloads the rules. Only while no hits are pending. */
void live_edited(struct live *live);

/* What other hosts know of good clients, for this verdict and those that follow. Borrowed. */
void live_share(struct live *live, const struct elsewhere *elsewhere);

/*
 * Restores the verdict from the database, with the same rules: it counted a vote that could not be written. Only
 * while nothing is pending. Errors are logged: then the vote counts until the next reload.
 */
void live_restore(struct live *live);

/* Receives and stores the addresses of [allow] name. True: the allow list has changed, so call live_refresh_allowed. */
bool live_receive_names(struct live *live);

/*
 * Reads the allowed addresses again. When they have changed, or one has earned it, their blocks are lifted by the calls
 * of live_lift_allowed that follow, each of which looks at some blocks, as long as live_lifts.
 */
void live_refresh_allowed(struct live *live);
void live_earned(struct live *live);
void live_lift_allowed(struct live *live, struct reconcile *reconcile);
bool live_lifts(const struct live *live);

/*
 * Reads the networks that others list again, after live_refresh_allowed. When they have changed, live_move_listed
 * brings a slice of that to the kernel, as long as blocklist_moves. Errors as of reconcile.h.
 */
void live_refresh_listed(struct live *live, const struct reconcile *reconcile);
int live_move_listed(struct live *live, struct reconcile *reconcile, struct nets *added, struct why *why);

#endif
