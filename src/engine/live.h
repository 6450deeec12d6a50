/*
 * live: the active configuration, rules, allow list and verdict, and their replacement on reload.
 *
 * Private to the folder. A new configuration is loaded completely or not at all; only at start are the rules loaded as
 * far as possible (see examples_load_good). Errors in rules are logged, and stored for "status" under the key
 * "rules_fault", in a sentence that says what follows from them. The new verdict knows what the database knows. Blocks
 * of addresses that have become allowed are lifted.
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

/* Other files may use the first nine members, but must not change them. */
struct live {
	struct config *config;
	struct rules *rules;
	struct rules_scratch *scratch;
	struct sessions *sessions;
	struct allowlist *allowlist;
	struct blocklist *blocklist;
	struct verdict *verdict;
	struct greylist *greylist;
	struct dnsbl *dnsbl; /* NULL: no DNS lists */

	struct rules_watch *rules_watch; /* watches rule files; NULL: not possible */
	struct handed handed;            /* how a reload gets the configuration */
	struct config *started;          /* some keys keep their values from the start until a restart */
	struct store *store;
	struct pending *pending;
	struct problems *problems;
	struct events *events;
	const struct elsewhere *elsewhere; /* from sharing; or NULL */
	unsigned lifted;                   /* the allowlist_changes that blocks were last checked for */
	/* blocks of allowed addresses are being looked for; those before lift_place have been checked */
	bool lifts;
	uint32_t lift_place;
	int64_t names_at; /* when to store the names' addresses, by clock_steady_ms */
};

/*
 * Takes ownership of config, copies handed, and borrows problems and events. From now on no edit of a rule file is
 * missed.
 */
void live_init(struct live *live, struct config *config, const struct handed *handed, struct problems *problems,
               struct events *events);

/*
 * Loads the rules, except files with errors, and restores what the database holds, into reconcile as well. Borrows
 * store and pending. Errors: those of the database and of reconcile_load.
 */
int live_load(struct live *live, struct store *store, struct pending *pending, struct reconcile *reconcile,
              struct why *why);

void live_done(struct live *live);

/*
 * Reloads configuration and rules, and notifies systemd. Errors are logged and leave everything as it was. Returns
 * -EAGAIN while hits are pending, which refer to the current rules.
 */
int live_reload(struct live *live, struct why *why);

/* Reloads the rules if a rule file was edited. Only while no hits are pending. */
void live_edited(struct live *live);

/* Sets the clients that are good on other hosts, for this verdict and later ones. Borrowed. */
void live_share(struct live *live, const struct elsewhere *elsewhere);

/*
 * Restores the verdict from the database with the same rules, because it counted a vote that could not be written. Only
 * while nothing is pending. Errors are logged: then the vote counts until the next reload.
 */
void live_restore(struct live *live);

/*
 * Receives and stores the addresses of [allow] name. Returns true if the allow list changed: call live_refresh_allowed.
 */
bool live_receive_names(struct live *live);

/*
 * live_refresh_allowed reads the allowed addresses again; live_earned makes the next refresh check blocks although the
 * allow list is the same. If addresses became allowed, call live_lift_allowed while live_lifts returns true: each call
 * checks some blocks and lifts those of allowed addresses.
 */
void live_refresh_allowed(struct live *live);
void live_earned(struct live *live);
void live_lift_allowed(struct live *live, struct reconcile *reconcile);
bool live_lifts(const struct live *live);

/*
 * live_refresh_listed reads the networks that others list again; call it after live_refresh_allowed. If they changed,
 * each live_move_listed passes a slice of the change to the kernel, while blocklist_moves returns true. Errors: see
 * reconcile.h.
 */
void live_refresh_listed(struct live *live, const struct reconcile *reconcile);
int live_move_listed(struct live *live, struct reconcile *reconcile, struct nets *added, struct why *why);

#endif
