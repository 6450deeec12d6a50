/*
 * restore: a verdict that knows what the database knows.
 *
 * Where store and verdict meet for engine and replay: after a restart, decisions continue as if there had been none.
 */
#ifndef WFS_PIPELINE_RESTORE_H
#define WFS_PIPELINE_RESTORE_H

#include "base/why.h"
#include "config/config.h"
#include "dns/dnsbl.h"
#include "pipeline/allowlist.h"
#include "rules/rules.h"
#include "store/store.h"
#include "verdict/greylist.h"
#include "verdict/verdict.h"

/*
 * A verdict by the config's [block] and [allow], at now_s, that remembers blocks, hits and the good from before now_s.
 * rules: to map rule names to indices; NULL: none. live: also rules that are suspended now, which does not matter
 * for an old log.
 * *ret is the caller's: verdict_free. allowlist: gives it the allowed networks; NULL: none. Errors as of store.h.
 */
int restore_verdict(struct store *store, const struct config *config, const struct rules *rules,
                    struct allowlist *allowlist, bool live, int64_t now_s, struct verdict **ret, struct why *why);

/* Gives a fresh greylist the attempts of the last days before now_s, after restore_verdict. Errors as of store.h. */
int restore_cluster(struct store *store, struct greylist *greylist, const struct verdict *verdict, int64_t now_s,
                    struct why *why);

/*
 * Gives fresh DNS lists, after restore_verdict, the clients with evidence after since_s: these were queried on their
 * first. Errors as of store.h.
 */
int restore_lists(struct store *store, struct dnsbl *dnsbl, const struct verdict *verdict, int64_t since_s,
                  struct why *why);

#endif
