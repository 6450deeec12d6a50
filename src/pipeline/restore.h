/*
 * restore: a verdict that knows what the database knows.
 *
 * Where store and verdict meet for engine and replay: after a stop, decisions go on as if there had been none.
 */
#ifndef WFS_PIPELINE_RESTORE_H
#define WFS_PIPELINE_RESTORE_H

#include "base/why.h"
#include "config.h"
#include "dns/dnsbl.h"
#include "pipeline/allowlist.h"
#include "rules/rules.h"
#include "store/store.h"
#include "verdict/greylist.h"
#include "verdict/verdict.h"

/*
 * A verdict by the config's [block] and [allow], at now_s, that remembers blocks, hits and the good from before now_s.
 * rules: whose index a rule's name stands for; NULL: none. live: also rules that are suspended now, which is nothing to
 * an old log.
 * *ret is the caller's: verdict_free. allowlist: tells it whom it allows; NULL: nobody. Errors as of store.h.
 */
int restore_verdict(struct store *store, const struct config *config, const struct rules *rules,
                   struct allowlist *allowlist, bool live, int64_t now_s, struct verdict **ret, struct why *why);

/* Tells a fresh cluster the attempts of the last days before now_s, after restore_verdict. Errors as of store.h. */
int restore_cluster(struct store *store, struct greylist *greylist, const struct verdict *verdict, int64_t now_s,
                   struct why *why);

/*
 * Tells fresh lists, after restore_verdict, who has evidence from after since_s: they were asked about when it was their first.
 * Errors as of store.h.
 */
int restore_lists(struct store *store, struct dnsbl *dnsbl, const struct verdict *verdict, int64_t since_s,
                 struct why *why);

#endif
