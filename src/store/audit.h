/*
 * audit: manual actions, and who requested them. Read by the view acts, and by query.h.
 *
 * Inside a transaction of store.h. Errors as of store.h.
 */
#ifndef WFS_STORE_AUDIT_H
#define WFS_STORE_AUDIT_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/why.h"
#include "store/store.h"

/* A note of the operator for that day; the only acts that are kept for ever. */
#define AUDIT_NOTE "note"

/* One action. who: "uid 0 (root)"; what: "block", "unblock all" ...; net may be NULL; reason: "" for none. */
int audit_add(struct store *store, int64_t time_s, const char *who, const char *what, const struct net *net,
              const char *reason, struct why *why);

/* Removes at most n_max acts from before before_s, but no notes. */
int audit_purge(struct store *store, int64_t before_s, size_t n_max, struct why *why);

#endif
