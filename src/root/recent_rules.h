/*
 * recent_rules: defines the xt_recent lists, their names and the rules that query them, as a plan for xtables.h.
 * Pure.
 *
 *   One list:   jump_from -p tcp --dports ... -j CHAIN      CHAIN: recent --update --name LIST -j DROP
 *   256 lists:  jump_from -p tcp --dports ... -j CHAIN      CHAIN: -s 0.0.0.x/0.0.0.15 -j CHAIN_x (16 of them)
 *               CHAIN_x: -s 0.0.0.yx/0.0.0.255, recent --update --name LIST_yx -j DROP (16 in each)
 *
 * The chains form a tree because the kernel needs 1.3 us per packet for one list and 340 us for 256 lists in a row
 * (measured). A list has one mask for everything it holds, so networks have lists of their own, one for each length,
 * queried after those of addresses and split like them, by the last whole byte of the prefix: LIST64 (IPv6 clients,
 * chains CHAINp_x), LIST24 and LIST48 (CHAINn_x).
 *
 * Forwarded packets, whose port DNAT may have changed, enter CHAINf first, which has for each port:
 *   CHAINf: -p tcp -m conntrack --ctdir ORIGINAL --ctorigdstport PORT -j CHAIN
 * ORIGINAL excludes the answers to connections that a container opened to such a port of a blocked client.
 *
 * With connections, CHAIN ends with a rule that drops nothing: if a client opens more connections than hashlimit
 * allows, it is added to LIST_flood, for the engine to decide. It counts the client's second packet of each
 * connection, which cannot be forged without seeing the answers. This needs connection tracking.
 *
 * Source: include/uapi/linux/netfilter/xt_*.h; measured on 6.18.
 */
#ifndef WFS_ROOT_RECENT_RULES_H
#define WFS_ROOT_RECENT_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "root/root.h"
#include "root/xtables.h"

enum {
	RECENT_SHARDS = 256,                 /* one for each value of the last byte of an address or prefix */
	RECENT_LIST_MAX = ROOT_NAME_MAX + 7, /* "spammer" + "127_ff" and its NUL */
};

/* What a list holds. */
enum recent_kind {
	RECENT_SINGLE,  /* addresses: "spammer", "spammer6" */
	RECENT_PREFIX,  /* networks of IPv6 clients: "spammer64" */
	RECENT_NETWORK, /* wider networks: "spammer24", "spammer48" */
	RECENT_KINDS,
};

struct recent_layout {
	enum xtables_family family;
	const struct root_config *config; /* borrowed */
	unsigned n_shards;                /* lists of each kind: 1 or RECENT_SHARDS */
	bool forward;                     /* also covers forwarded packets: hooks_forward_recent */
};

/* Returns the length (as in struct net) of everything in the list; 0 if there is no such list. */
uint8_t recent_length(enum xtables_family family, enum recent_kind kind, const struct root_config *config);

/* Returns which of the 16 bytes selects one of 256 lists. length: as returned by recent_length. */
unsigned recent_shard_byte(uint8_t length);

/* Writes the name of a kernel list. n_shards: as in the layout; shard: below n_shards. */
void recent_list_name(enum xtables_family family, enum recent_kind kind, const struct root_config *config,
                      unsigned n_shards, unsigned shard, char out[static RECENT_LIST_MAX]);

/* Writes the name of the list of addresses that opened too many connections: "spammer_flood", "spammer6_flood". */
void recent_flood_name(enum xtables_family family, const struct root_config *config, char out[static RECENT_LIST_MAX]);

/* Returns the chains and rules of a layout; borrows layout. */
struct xtables_plan recent_plan(const struct recent_layout *layout);

/* Returns a chain that only a layout with RECENT_SHARDS has. */
struct label recent_split_chain(const struct root_config *config);

#endif
