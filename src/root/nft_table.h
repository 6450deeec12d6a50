/*
 * nft_table: defines our nf_tables table, its sets, chains and rules, and writes the messages that create it.
 *
 *   table inet watchforspammers (if the chain is not named SPAMMER: watchforspammers_CHAIN)
 *     set LIST, LIST6, LIST24, LIST64 ...      one hash set for each length of networks in use; elements have timeouts
 *     set LIST_dropped, ...                    blocked clients that sent packets in the last minutes, with counters
 *     set LIST_ports                           the closed ports
 *     chain input   hook input, priority filter - 10: tcp dport @LIST_ports jump CHAIN
 *     chain forward hook forward, likewise: ct direction original ct original proto-dst @LIST_ports jump CHAIN
 *     chain CHAIN   for each set: ip saddr & mask @LIST24 goto LIST24_drop
 *     chain LIST24_drop   update @LIST24_dropped { ip saddr & mask counter }; [log]; drop
 *
 * With a tarpit, the first packet of a connection to this machine is redirected there before that, and only the rest
 * is dropped:
 *     chain tarpit  nat hook prerouting, priority dstnat - 1: fib daddr type local tcp dport @LIST_ports jump clients
 *     chain clients       for each set: ip saddr & mask @LIST24 goto LIST24_tarpit
 *     chain LIST24_tarpit update @LIST24_dropped { ip saddr & mask counter }; redirect to the tarpit's port
 *     chain input   first, for the tarpit's port: drop what a client sent there directly, accept the rest
 *
 * The update is in a rule of its own: a full set ends the rule that updates it, and would end the drop with it. With
 * connections, CHAIN ends with a rule that drops nothing: clients that open too many connections (counted as in
 * recent_rules.h) are put into LIST_flood or LIST6_flood, for the engine to decide; LIST_rate and LIST6_rate hold the
 * rates.
 *
 * Another list (other ports, other hooks) is another struct nft_list in nft_table_put: the names of its sets and
 * chains, and its rules, follow from its name. Pure, except for nft_table_find and nft_table_names.
 */
#ifndef WFS_ROOT_NFT_TABLE_H
#define WFS_ROOT_NFT_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "root/backend.h"
#include "root/nft_batch.h"
#include "root/nft_make.h"
#include "root/root.h"

enum {
	NFT_SLOTS = 23,             /* lengths: IPv4 /32, /24 ... /8; IPv6 /128, /64, /48, /32 and ip6_prefix */
	NFT_ELEMENTS_MAX = 1 << 20, /* in a set of addresses or of IPv6 clients' networks */
	NFT_WIDE_MAX = 1 << 16,     /* in a set of wider networks */
	NFT_DROPPED_MAX = 1 << 16,  /* clients whose packets are counted at a time */
	NFT_DROPPED_S = 300,        /* a count is kept this long after the last packet; it is read more often */
};

/* The kind of network that one set holds. */
struct nft_slot {
	bool ip4;
	uint8_t length; /* 1..32, 1..128 */
};

/*
 * Returns the kind of one slot. slot: below NFT_SLOTS. Returns false if there is no such set: the last slot is unused
 * if ip6_prefix is at most 48, 64 or 128.
 */
bool nft_slot(unsigned slot, const struct root_config *config, struct nft_slot *ret);
/* Returns the slot for a network of this length, or NFT_SLOTS if there is none. */
unsigned nft_slot_of(const struct net *net, const struct root_config *config);

void nft_table_name(const struct root_config *config, char out[static NFT_NAME_MAX]);
/* Writes the name of a set or chain. suffix: "" for the set itself, "_dropped", "_drop" (a chain). */
void nft_set_name(const struct root_config *config, struct nft_slot slot, const char *suffix,
                  char out[static NFT_NAME_MAX]);
void nft_flood_name(const struct root_config *config, bool ip4, const char *suffix, char out[static NFT_NAME_MAX]);

/* Returns whether connections are redirected to a tarpit: there is one, and packets to this machine are dropped. */
bool nft_has_tarpit(const struct root_config *config);

/*
 * Writes the messages that create the table with the sets in slots (a bit per slot), in one transaction. Existing
 * sets keep their elements; all rules are written again. forwards: see hooks_forward. recreate: deletes the table
 * first.
 */
void nft_table_put(struct nft_batch *batch, const struct root_config *config, uint32_t slots, bool forwards,
                   bool recreate);
void nft_table_delete(struct nft_batch *batch, const struct root_config *config);

/* Creates or deletes the set LIST_probe, which no rule uses. */
void nft_probe_put(struct nft_batch *batch, const struct root_config *config, bool makes);

/* Looks for a table of our name, and whether we made it. *ret_slots: the sets in it, a bit per slot. */
int nft_table_find(const struct root_config *config, struct mnl_socket *socket, struct nft_answer *answer,
                   enum nft_found *ret, uint32_t *ret_slots, struct why *why);

/* Finds the tables that we made for lists of ports, as in backend.h. */
int nft_table_names(const struct root_config *config, struct mnl_socket *socket, struct nft_answer *answer,
                    struct backend_names *ret, struct why *why);

#endif
