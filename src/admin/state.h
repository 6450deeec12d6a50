/*
 * state: collects what "status" shows, except the problems: how far the logs were read, how much is in the database,
 * and the status that the daemon last recorded there. It is the one place that defines these members, for the command
 * and the control socket. The daemon adds what waits to be written.
 */
#ifndef WFS_ADMIN_STATE_H
#define WFS_ADMIN_STATE_H

#include "base/json.h"
#include "config/config.h"
#include "pipeline/pending.h"
#include "store/query.h"

/*
 * Adds the members to object. store NULL: nothing can be read. pending NULL: no daemon. What cannot be read is 0, null
 * or empty, and the first error is returned; see store.h. bytes: limit of all lists together.
 */
int state_put(json_t *object, struct store *store, const struct pending *pending, const struct config *config,
              int64_t now_s, struct query_bound bound, size_t bytes, struct why *why);

#endif
