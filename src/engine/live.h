/*
 * live: what decides now, and how something else takes its place: configuration, rules, allow list and verdict.
 *
 * All of a new policy is taken or nothing; only a start takes what it can of the rules (see examples_load_good). What
 * was wrong with them is logged, and kept for "status" under "rules_fault", a sentence with its consequence. The verdict is one
 * that knows what the database knows, and blocks of addresses that are allowed now are lifted.
 */
#ifndef WFS_ENGINE_LIVE_H
#define WFS_ENGINE_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/why.h"
#include "config.h"
#include "dns/dnsbl.h"
#include "engine/events.h"
#include "engine/handed.h"
#include "admin/problems.h"
#include "engine/rules_watch.h"
#include "pipeline/allowlist.h"
#include "pipeline/pending.h"
#include "rules/rules.h"
#include "rules/sessions.h"
#include "store/store.h"
#include "verdict/greylist.h"
#include "verdict/verdict.h"

/* The first eight are for everybody to use, never to change. */
struct live {
	struct config *config;
	struct rules *rules;
	struct rules_scratch *scratch;
	struct sessions *sessions;
	struct allowlist *allowlist;
	struct verdict *verdict;
	struct greylist *greylist;
	struct dnsbl *dnsbl; /* NULL: none */

	struct rules_watch *rules_watch; /* of rule files; NULL: not seen */
	struct handed handed;   /* where a reload gets the configuration */
	struct config *started; /* what some keys keep to until a restart */
	struct store *store;
	struct pending *pending;
	struct problems *problems;
	struct events *events;
	unsigned lifted;  /* allowlist_changes that were acted upon */
	int64_t names_at; /* clock_steady_ms when they are to be written down */
};

/* config: taken. handed: copied. problems, events: borrowed. From now on no edit of a rule file is missed. */
void live_init(struct live *live, struct config *config, const struct handed *handed, struct problems *problems,
               struct events *events);

/*
 * The rules, without files that have a fault, and what the database remembers. store and pending are borrowed. Errors:
 * those of the database.
 */
int live_load(struct live *live, struct store *store, struct pending *pending, struct why *why);

void live_done(struct live *live);

/*
 * Reads configuration and rules again, and tells systemd. Errors are logged already; all is as before then: -EAGAIN
 * while hits are pending, which were found by the rules there are.
 */
int live_reload(struct live *live, struct why *why);

/* Where a rule file was saved: reads the rules again. Only while no hits are pending. */
void live_edited(struct live *live);

/*
 * The verdict learns again what the database knows, with the same rules: it counted a vote that could not be written. Only
 * while nothing is pending. Errors are logged: the vote counts until the next reload then.
 */
void live_restore(struct live *live);

/* Hears and remembers what [allow] name stands for. True: who is allowed has changed, look again. */
bool live_hear_names(struct live *live);

/* Looks again at who is allowed, where something changed or somebody has earned it since, and lifts their blocks. */
void live_refresh_allowed(struct live *live);
void live_earned(struct live *live);

#endif
