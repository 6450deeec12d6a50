/*
 * listed: reads the networks of [block] file, for "list --files", "export" and [export].
 *
 * They are not in the database, so they are read from the files, as the daemon does it. What is allowed is left out:
 * by the configuration and its files, and by the allowances in the database, which include names and SPF records.
 * Networks that the kernel cannot hold are included. Errors as in store.h; -ENOENT and others if a file cannot be
 * read.
 */
#ifndef WFS_COMMAND_LISTED_H
#define WFS_COMMAND_LISTED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/why.h"
#include "config/config.h"
#include "pipeline/blocklist.h"
#include "store/store.h"

/*
 * Reads the files. The caller frees *ret with blocklist_free; config must live as long. Read the networks with
 * blocklist_nets and blocklist_find.
 */
int listed_read(const struct config *config, struct store *store, int64_t now_s, struct blocklist **ret,
                struct why *why);

/* Returns a number that changes when a file of [block] or [allow] is edited. */
uint64_t listed_stamp(const struct config *config);

/* Implements "list --files": prints a line or a JSON object for each network. */
int listed_print(const struct config *config, bool json, struct why *why);

#endif
