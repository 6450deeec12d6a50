/*
 * state: what "status" shows but for the problems: how far the logs are read, how much is in the database, and the
 * status that the daemon last recorded there. One place for its members, for the command and for the control socket.
 */
#ifndef WFS_ADMIN_STATE_H
#define WFS_ADMIN_STATE_H

#include "base/json.h"
#include "config/config.h"
#include "store/query.h"

/*
 * Puts the members into object. store NULL: none can be read. What cannot be read is 0, null or empty, and the first
 * error is returned, as of store.h. bytes: at most, of all lists.
 */
int state_put(json_t *object, struct store *store, const struct config *config, int64_t now_s, struct query_bound bound,
              size_t bytes, struct why *why);

#endif
