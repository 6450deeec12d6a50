/*
 * recall: a verdict that knows what the database knows.
 *
 * Where store and verdict meet for engine and replay: after a stop, decisions go on as if there had been none.
 */
#ifndef WFS_RECALL_H
#define WFS_RECALL_H

#include "base/why.h"
#include "config.h"
#include "store/store.h"
#include "verdict/verdict.h"

/*
 * A verdict by the config's [block] and [allow], at now_s, that remembers the blocks and hits from before now_s.
 * *ret is the caller's: verdict_free. Errors as of store.h.
 */
int recall_verdict(struct store *store, const struct config *config, int64_t now_s, struct verdict **ret,
                   struct why *why);

/* Gives verdict the config's allow list and the addresses this machine has now. */
void recall_allow(struct verdict *verdict, const struct config *config);

#endif
