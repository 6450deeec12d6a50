/*
 * recent_rules: which lists of xt_recent there are, their names, and which rules query them: the plan that xtables.h
 * carries out. Pure.
 *
 * One list:   jump_from -p tcp --dports ... -j CHAIN      CHAIN: recent --update --name LIST -j DROP
 * 256 lists:  jump_from -p tcp --dports ... -j CHAIN      CHAIN: -s 0.0.0.x/0.0.0.15 -j CHAIN_x (16 of them)
 *             CHAIN_x: -s 0.0.0.yx/0.0.0.255, recent --update --name LIST_yx -j DROP (16 in each)
 * because the kernel looks at one list in 1.3 us a packet and at 256 lists in a row in 340 (measured).
 * A list has one mask for all it holds, so networks have lists of their own, one for each length, behind the
 * addresses', and split as they are by the last whole byte of the prefix: LIST64 (IPv6 clients, chains CHAINp_x),
 * LIST24 and LIST48 (CHAINn_x).
 *
 * What is forwarded comes to CHAINf first, where DNAT may have changed the port: for each of the ports
 *   CHAINf: -p tcp -m conntrack --ctdir ORIGINAL --ctorigdstport PORT -j CHAIN
 * ORIGINAL: not the answers to what a container sends to such a port of a client that is blocked.
 *
 * With connections, CHAIN ends with a rule that drops nothing: whose connections (the second packet of each, of the
 * client, which cannot be forged without seeing the answers) are more than hashlimit allows is listed in LIST_flood,
 * for the engine to decide. This calls for connection tracking.
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
	RECENT_SHARDS = 256,                 /* one for each value of an address' or a prefix' last byte */
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
	bool forward;                     /* hooks_forward: what is forwarded, too */
};

/* The length (of struct net) that everything in the list has; 0: there is no such list. */
uint8_t recent_length(enum xtables_family family, enum recent_kind kind, const struct root_config *config);

/* The byte of the 16 that selects one of 256 lists. length: as recent_length gave it. */
unsigned recent_shard_byte(uint8_t length);

/* Writes the name of a kernel list. n_shards: as of the layout; shard: below it. */
void recent_list_name(enum xtables_family family, enum recent_kind kind, const struct root_config *config,
                      unsigned n_shards, unsigned shard, char out[static RECENT_LIST_MAX]);

/* The list of addresses that opened too many connections: "spammer_flood", "spammer6_flood". */
void recent_flood_name(enum xtables_family family, const struct root_config *config, char out[static RECENT_LIST_MAX]);

/* The chains and rules of a layout, which is borrowed. */
struct xtables_plan recent_plan(const struct recent_layout *layout);

/* A chain that only a layout of RECENT_SHARDS has. */
struct label recent_split_chain(const struct root_config *config);

#endif
