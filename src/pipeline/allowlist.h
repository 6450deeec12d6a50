/*
 * allowlist: every network that is never blocked, from wherever it is known: [allow] in the configuration, its files,
 * its DNS names, this machine's own addresses and its default gateways.
 *
 * Where config, names and verdict meet. A file is read again when it was edited, its old content holds while it cannot be
 * read; a name's old answers hold while it cannot be resolved. Nothing here waits.
 */
#ifndef WFS_PIPELINE_ALLOWLIST_H
#define WFS_PIPELINE_ALLOWLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"
#include "config.h"
#include "verdict/verdict.h"

enum {
	ALLOWLIST_FILE_MAX = 1 << 20, /* networks in one file */
	ALLOWLIST_FAULT = 1,          /* positive answer of allowlist_refresh: some of it could not be read */
};

struct allowlist;

/* config is borrowed. Empty until the first allowlist_refresh; names are resolved from then on by allowlist_turn. */
struct allowlist *allowlist_new(const struct config *config);

/* Takes NULL. */
void allowlist_free(struct allowlist *list);

/*
 * Looks at everything again and tells verdict (if not NULL) what there is. Cheap when nothing changed.
 * Returns 0, or ALLOWLIST_FAULT with a sentence in why: about a file that cannot be read or a line that is no network;
 * said once, until it is edited again.
 */
int allowlist_refresh(struct allowlist *list, struct verdict *verdict, struct why *why);

/* For the poll loop: see names.h. True: an answer came that changes who is allowed; a refresh should follow. */
int allowlist_fd(const struct allowlist *list);
int allowlist_timeout_ms(const struct allowlist *list, int64_t now_ms);
bool allowlist_turn(struct allowlist *list, int64_t now_ms);

/* What the names stand for now, to be remembered over a restart. Added to nets. */
void allowlist_named(const struct allowlist *list, struct nets *nets);

/* True when one of them, as the verdict was told last, shares an address with net. */
bool allowlist_overlaps(const struct allowlist *list, const struct net *net);

/* Counts up whenever what is allowed changed: who is blocked may have to be looked through. */
unsigned allowlist_changes(const struct allowlist *list);

#endif
