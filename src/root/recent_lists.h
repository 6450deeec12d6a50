/*
 * recent_lists: manages the entries of the backend recent: which kernel list holds an address, adding and removing
 * it, and which packets were dropped.
 *
 * A list holds as many entries as the kernel parameter ip_list_tot, 100 unless raised; writing one more silently
 * evicts the oldest. So the contents of each list are tracked here, and a full list refuses. If more entries are
 * wanted than one list holds, recent.c creates 256 lists, and the last byte of an address selects its list. The mask
 * belongs to a list, not to an entry, so each length of networks has a list of its own (recent_rules.h), which holds
 * networks by their first address; a network of any other length is refused. All entries last as long as the rule's
 * timeout: left_s is ignored.
 *
 * Knows recent_rules and recent_file; recent.c alone includes it. The functions are those of backend.h, with a struct
 * recent. Source: net/netfilter/xt_recent.c; measured on 6.18, tests/unit/root/root.c.
 */
#ifndef WFS_ROOT_RECENT_LISTS_H
#define WFS_ROOT_RECENT_LISTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/why.h"
#include "root/backend.h"
#include "root/recent_file.h"
#include "root/recent_rules.h"
#include "root/xtables.h"

enum { RECENT_FAMILIES = 2 };

struct recent {
	const struct root_config *config; /* borrowed */
	unsigned n_shards;
	bool made;        /* open created the chain */
	bool logged_full; /* since all entries last fitted; logged once, so that an attack does not flood the log */
	bool use[RECENT_FAMILIES];
	bool kinds[RECENT_FAMILIES][RECENT_KINDS]; /* this list exists */
	struct why without6;
	struct recent_files files;
	struct recent_file lists[RECENT_FAMILIES][RECENT_KINDS][RECENT_SHARDS];
};

int recent_add(void *self, const struct backend_entry *entries, size_t n, struct backend_refused *refused,
               struct why *why);
int recent_del(void *self, const struct net *nets, size_t n, struct why *why);
int recent_list(void *self, uint32_t cursor, struct backend_entry *out, size_t cap, size_t *ret_n, struct why *why);
int recent_look(void *self, struct backend_entry *entries, size_t n, struct why *why);
int recent_floods(void *self, struct addr *out, size_t cap, size_t *ret_n, struct why *why);
void recent_limits(const void *self, struct backend_limits *ret);

/* Return how many lists there are of a kind, and the path of one. */
unsigned recent_lists_of(const struct recent *recent, enum xtables_family family, enum recent_kind kind);
void recent_list_path(const struct recent *recent, enum xtables_family family, enum recent_kind kind, unsigned shard,
                      char out[static RECENT_PATH_MAX]);

/* Reads all lists from the kernel. */
int recent_read_all(struct recent *recent, struct why *why);

/* Closes the files of all lists; they are opened again when needed. */
void recent_shut_all(struct recent *recent);

#endif
