/*
 * restore: builds a verdict from the database, after a restart, for engine and replay: decisions continue as if there
 * had been no restart.
 *
 * This is where store and verdict meet.
 */
#ifndef WFS_PIPELINE_RESTORE_H
#define WFS_PIPELINE_RESTORE_H

#include "base/why.h"
#include "config/config.h"
#include "dns/dnsbl.h"
#include "pipeline/allowlist.h"
#include "pipeline/reconcile.h"
#include "rules/rules.h"
#include "store/store.h"
#include "verdict/greylist.h"
#include "verdict/verdict.h"

/* What a verdict is restored from. All borrowed. */
struct restore_from {
	struct store *store;
	const struct config *config;
	const struct rules *rules;   /* maps rule names to indices; may be NULL */
	struct allowlist *allowlist; /* passes the allowed networks to the verdict; may be NULL */
	struct reconcile *reconcile; /* may be NULL; else loaded as by reconcile_load, from the same rows */
	const struct net *only; /* NULL: all; else only hits and blocks of this network, to answer about its clients */
	bool live;              /* also restores which rules are suspended now, which does not matter for an old log */
};

/*
 * Creates a verdict with the config's [block] and [allow] at now_s, which remembers blocks, hits and good evidence from
 * before now_s. The caller frees *ret with verdict_free. Errors: see store.h; those of reconcile_load.
 */
int restore_verdict(const struct restore_from *from, int64_t now_s, struct verdict **ret, struct why *why);

/*
 * Fills a new greylist with the attempts of the last days before now_s. Call after restore_verdict. Errors: see
 * store.h.
 */
int restore_cluster(struct store *store, struct greylist *greylist, const struct verdict *verdict, int64_t now_s,
                    struct why *why);

/*
 * Passes to new DNS lists which clients had evidence after since_s: they were queried at their first evidence. Call
 * after restore_verdict. Errors: see store.h.
 */
int restore_lists(struct store *store, struct dnsbl *dnsbl, const struct verdict *verdict, int64_t since_s,
                  struct why *why);

#endif
