/*
 * recent_lists: the entries of the backend recent: which list of the kernel holds an address, adding and removing it,
 * and which packets it dropped.
 *
 * A list holds as many as the kernel parameter ip_list_tot, 100 unless it was raised, and when one more is
 * written it silently forgets the eldest. So what a list holds is known here and a full one refuses;
 * when more are wanted than one list holds, recent.c makes 256 lists, and the last byte of an address selects its list.
 * The mask belongs to a list, not to an entry, so each length of networks has its list (recent_rules.h), in which a
 * network is listed by its first address; a network of another length is refused. All entries last as long as the
 * rule's time: left_s is not needed.
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
	bool made;        /* by open: there was no chain */
	bool logged_full; /* since all fitted: so that an attacker's flood is not a flood of lines */
	bool use[RECENT_FAMILIES];
	bool kinds[RECENT_FAMILIES][RECENT_KINDS]; /* there is such a list */
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

/* How many lists there are of a kind; and where one is. */
unsigned recent_lists_of(const struct recent *recent, enum xtables_family family, enum recent_kind kind);
void recent_list_path(const struct recent *recent, enum xtables_family family, enum recent_kind kind, unsigned shard,
                      char out[static RECENT_PATH_MAX]);

/* Reads every list from the kernel. */
int recent_read_all(struct recent *recent, struct why *why);

/* Closes the files of all lists: they are opened again when they are needed. */
void recent_shut_all(struct recent *recent);

#endif
