/*
 * allowlist: collects every network that must never be blocked. The sources are [allow] in the configuration, its
 * files, its DNS names, the networks of its SPF domains, this machine's own addresses and its default gateways.
 *
 * This is where config, files (netfile.h), names and verdict meet. Answers from before stay valid while name servers
 * fail. Nothing here blocks the process.
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

/*
 * Borrows config. The list is empty until the first allowlist_refresh; allowlist_turn resolves its names from then on.
 */
struct allowlist *allowlist_new(const struct config *config);

/*
 * Moves what the files of from hold to those of to, which has read none yet: a file that cannot be read now keeps its
 * last contents when the configuration is read again. from may be NULL.
 */
void allowlist_move_files(struct allowlist *to, struct allowlist *from);

/* Accepts NULL. */
void allowlist_free(struct allowlist *list);

/*
 * Checks all sources again and passes the result to verdict, unless that is NULL. Cheap when nothing changed. Returns
 * 0, or ALLOWLIST_ERROR with a sentence in why if a file cannot be read or one of its lines is not a network. The error
 * is returned once, and again after the file was edited.
 */
int allowlist_refresh(struct allowlist *list, struct verdict *verdict, struct why *why);

/* Returns why a file, or a line of it, cannot be used, NULL if all can; borrowed until the next refresh. */
const char *allowlist_trouble(const struct allowlist *list);

/*
 * For the poll loop; see hostnames.h and senders.h. allowlist_turn returns true if an answer changed the allowed
 * networks: the caller should then call allowlist_refresh.
 */
int allowlist_names_fd(const struct allowlist *list);
int allowlist_senders_fd(const struct allowlist *list);
int allowlist_timeout_ms(const struct allowlist *list, int64_t now_ms);
bool allowlist_turn(struct allowlist *list, int64_t now_ms);

/* Returns the result for one SPF domain in the last turn; false if there are no more. */
bool allowlist_news(struct allowlist *list, struct senders_news *ret);

/* Returns what a name resolves to now, to be kept across a restart; see hostnames_name. */
bool allowlist_name(const struct allowlist *list, size_t number, struct hostnames_name *ret);

/* Returns all networks as last passed to the verdict. They are sealed, and borrowed until the next refresh. */
const struct nets *allowlist_nets(const struct allowlist *list);

/* Returns true if one of the networks last passed to the verdict shares an address with net. */
bool allowlist_overlaps(const struct allowlist *list, const struct net *net);

/* Returns a counter that grows whenever the allowed networks change, so that the caller can re-check active blocks. */
unsigned allowlist_changes(const struct allowlist *list);

#endif
