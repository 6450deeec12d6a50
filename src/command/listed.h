/*
 * listed: the networks of [block] file, for "list --files", "export" and [export].
 *
 * They are in no database, so they are read from the files, as the daemon does it: what is allowed is left out, by the
 * configuration and its files, and by the allowances in the database, which names and SPF records are among. What the
 * kernel cannot hold is in it. Errors as of store.h; -ENOENT and the like: a file cannot be read.
 */
#ifndef WFS_LISTED_H
#define WFS_LISTED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/why.h"
#include "config/config.h"
#include "pipeline/blocklist.h"
#include "store/store.h"

/* *ret is the caller's: blocklist_free; config must live as long. Its networks: blocklist_nets, blocklist_find. */
int listed_read(const struct config *config, struct store *store, int64_t now_s, struct blocklist **ret,
                struct why *why);

/* Another number when one of the files was edited: of [block] and of [allow]. */
uint64_t listed_stamp(const struct config *config);

/* "list --files": one line for each network, or one object. */
int listed_print(const struct config *config, bool json, struct why *why);

#endif
