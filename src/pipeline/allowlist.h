/*
 * allowlist: every network that is never blocked, from all sources: [allow] in the configuration, its files,
 * its DNS names, the networks of its SPF domains, this machine's own addresses and its default gateways.
 *
 * Where config, files (netfile.h), names and verdict meet. Old answers stay valid while name servers fail. Nothing here
 * waits.
 */
#ifndef WFS_PIPELINE_ALLOWLIST_H
#define WFS_PIPELINE_ALLOWLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"
#include "config/config.h"
#include "dns/hostnames.h"
#include "dns/senders.h"
#include "verdict/verdict.h"

enum { ALLOWLIST_ERROR = 1 }; /* positive result of allowlist_refresh: some of it could not be read */

struct allowlist;

/* config is borrowed. Empty until the first allowlist_refresh; names are resolved from then on by allowlist_turn. */
struct allowlist *allowlist_new(const struct config *config);

/* Accepts NULL. */
void allowlist_free(struct allowlist *list);

/*
 * Checks everything again and gives verdict (if not NULL) the result. Cheap when nothing changed.
 * Returns 0, or ALLOWLIST_ERROR with a sentence in why: about a file that cannot be read or a line that is no network;
 * reported once, until the file is edited again.
 */
int allowlist_refresh(struct allowlist *list, struct verdict *verdict, struct why *why);

/* For the poll loop: see hostnames.h, senders.h. True: an answer changed the allowed networks; a refresh should follow.
 */
int allowlist_names_fd(const struct allowlist *list);
int allowlist_senders_fd(const struct allowlist *list);
int allowlist_timeout_ms(const struct allowlist *list, int64_t now_ms);
bool allowlist_turn(struct allowlist *list, int64_t now_ms);

/* What became of an SPF domain in the last turn; false: nothing more. */
bool allowlist_news(struct allowlist *list, struct senders_news *ret);

/* What a name resolves to now, to be kept over a restart. As hostnames_name. */
bool allowlist_name(const struct allowlist *list, size_t number, struct hostnames_name *ret);

/* All of them, as the verdict last received them; sealed, borrowed until the next refresh. */
const struct nets *allowlist_nets(const struct allowlist *list);

/* True when one of them, as the verdict last received them, shares an address with net. */
bool allowlist_overlaps(const struct allowlist *list, const struct net *net);

/* Increments whenever the allowed networks change: the active blocks may have to be checked. */
unsigned allowlist_changes(const struct allowlist *list);

#endif
