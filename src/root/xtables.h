/*
 * xtables: our chain, the jump to it and its rules, in the legacy iptables of both families.
 *
 * The only place that knows libiptc. What must be there is computed from the configuration, compared with
 * what is there, and only what differs is written, in one commit; so calling it twice does no harm. Other
 * people's chains and rules are never touched, but for jumps to our chain. Feeding the lists is not its work.
 *
 * One list:   jump_from -p tcp --dports ... -j CHAIN      CHAIN: recent --update --name LIST -j DROP
 * 256 lists:  jump_from -p tcp --dports ... -j CHAIN      CHAIN: -s 0.0.0.x/0.0.0.15 -j CHAIN_x (16 of them)
 *             CHAIN_x: -s 0.0.0.yx/0.0.0.255, recent --update --name LIST_yx -j DROP (16 in each)
 * because the kernel looks at one list in 1.3 us a packet and at 256 lists in a row in 340 (measured).
 * A list has one mask for all it holds, so networks have lists of their own, one for each length, behind the addresses', and
 * split as they are by the last whole byte of the prefix: LIST64 (IPv6 clients, chains CHAINp_x), LIST24 and LIST48 (CHAINn_x).
 *
 * With connections, CHAIN ends with a rule that drops nothing: whose connections (the second packet of each, of the client,
 * which nobody can forge who does not see the answers) are more than hashlimit allows is listed in LIST_flood, for the engine
 * to decide. This calls for connection tracking.
 *
 * Locking: flock on /run/xtables.lock ($XTABLES_LOCKFILE), as iptables does: the kernel notices a foreign
 * change only when it changes the number of rules, and would undo any other silently (measured).
 * Errors: -errno with the remedy; -EPERM no capability, -ENOENT or -ENOPROTOOPT no legacy xtables or no
 * such match, -EAFNOSUPPORT no IPv6, -EBUSY the lock is held for too long.
 * Source: iptables 1.8.9 libiptc/; net/netfilter/xt_recent.c; measured on 6.18.
 */
#ifndef WFS_ROOT_XTABLES_H
#define WFS_ROOT_XTABLES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/why.h"
#include "root/root.h"

enum {
	XTABLES_SHARDS = 256,                 /* one for each value of an address' or a prefix' last byte */
	XTABLES_LIST_MAX = ROOT_NAME_MAX + 7, /* "spammer" + "127_ff" and its NUL */
};

enum xtables_family { XTABLES_IP4, XTABLES_IP6 };

/* What a list holds. */
enum xtables_kind {
	XTABLES_SINGLE,  /* addresses: "spammer", "spammer6" */
	XTABLES_PREFIX,  /* networks of IPv6 clients: "spammer64" */
	XTABLES_NETWORK, /* wider networks: "spammer24", "spammer48" */
	XTABLES_KINDS,
};

/* The length (of struct net) that everything in the list has; 0: there is no such list. */
uint8_t xtables_length(enum xtables_family family, enum xtables_kind kind, const struct root_config *config);

/* The byte of the 16 that says which of 256 lists. length: as xtables_length gave it. */
unsigned xtables_shard_byte(uint8_t length);

/* Writes the name of a kernel list. n_shards: 1 or XTABLES_SHARDS; shard: below it. */
void xtables_list_name(enum xtables_family family, enum xtables_kind kind, const struct root_config *config,
                    unsigned n_shards, unsigned shard, char out[static XTABLES_LIST_MAX]);

/* The list of those who opened too many connections: "spammer_flood", "spammer6_flood". */
void xtables_flood_name(enum xtables_family family, const struct root_config *config, char out[static XTABLES_LIST_MAX]);

/*
 * Makes the kernel's rules what they shall be. n_shards: 1 or XTABLES_SHARDS; 0: our chains and every jump to
 * them go, and with the rules the kernel drops their lists. *ret_changed: something had to be done.
 */
int xtables_apply(enum xtables_family family, const struct root_config *config, unsigned n_shards,
               bool *ret_changed, struct why *why);

/* The layout that is there, perhaps from a daemon before us: *ret is 0 (no chain), 1 or XTABLES_SHARDS. */
int xtables_look(enum xtables_family family, const struct root_config *config, unsigned *ret, struct why *why);

#endif
