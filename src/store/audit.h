/*
 * audit: records manual actions and who requested them. The view acts and query.h read them.
 *
 * Must be called within a transaction of store.h. Errors: see store.h.
 */
#ifndef WFS_STORE_AUDIT_H
#define WFS_STORE_AUDIT_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/why.h"
#include "store/store.h"

/* An operator's note for that day; the only kind of action that is kept for ever. */
#define AUDIT_NOTE "note"

/* Adds one action. who: "uid 0 (root)"; what: "block", "unblock all" ...; net may be NULL; reason: "" for none. */
int audit_add(struct store *store, int64_t time_s, const char *who, const char *what, const struct net *net,
              const char *reason, struct why *why);

/* Removes at most n_max actions older than before_s, except notes. */
int audit_purge(struct store *store, int64_t before_s, size_t n_max, struct why *why);

#endif
