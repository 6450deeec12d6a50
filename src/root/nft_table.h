/*
 * nft_table: our table of nf_tables: what its sets, chains and rules are, and the messages that make it so.
 *
 *   table inet watchforspammers (with a chain of another name than SPAMMER: watchforspammers_CHAIN)
 *     set LIST, LIST6, LIST24, LIST64 ...      one hash set for each length of networks in use, each element with its
 * time set LIST_dropped, ...                    who of them sent packets in the last minutes, and how many set
 * LIST_ports                           the ports that are closed chain input   hook input, priority filter - 10: tcp
 * dport @LIST_ports jump CHAIN chain forward hook forward, likewise: ct direction original ct original proto-dst
 * @LIST_ports jump CHAIN chain CHAIN   for each set: ip saddr & mask @LIST24 goto LIST24_drop chain LIST24_drop update
 * @LIST24_dropped { ip saddr & mask counter }; [log]; drop With a tarpit the first packet of a connection to this
 * machine is led there before that, and only the rest is dropped: chain tarpit  nat hook prerouting, priority dstnat -
 * 1: fib daddr type local tcp dport @LIST_ports jump clients chain clients       for each set: ip saddr & mask @LIST24
 * goto LIST24_tarpit chain LIST24_tarpit update @LIST24_dropped { ip saddr & mask counter }; redirect to the tarpit's
 * port chain input   at first: to that port: what the client has sent there itself is dropped, else accepted A packet
 * is noted in a rule of its own: a full set ends the rule in which it is updated, and with it would end the drop. With
 * connections, CHAIN ends with a rule that drops nothing: who opens too many connections (as recent_rules.h counts
 * them) is in LIST_flood, LIST6_flood, for the engine to decide; LIST_rate, LIST6_rate hold the rates.
 *
 * Another list (other ports, other hooks) is another struct nft_list in nft_table_put: sets, chains and rules follow
 * from its name. Pure, but for nft_table_find.
 */
#ifndef WFS_ROOT_NFT_TABLE_H
#define WFS_ROOT_NFT_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "root/nft_batch.h"
#include "root/nft_make.h"
#include "root/root.h"

enum {
	NFT_SLOTS = 23,             /* lengths: IPv4 /32, /24 ... /8; IPv6 /128, /64, /48, /32 and ip6_prefix */
	NFT_ELEMENTS_MAX = 1 << 20, /* in a set of addresses or of IPv6 clients' networks */
	NFT_WIDE_MAX = 1 << 16,     /* in a set of wider networks */
	NFT_DROPPED_MAX = 1 << 16,  /* whose packets are counted at a time */
	NFT_DROPPED_S = 300,        /* a count is kept so long after the last packet; it is fetched more often */
};

/* What one set holds. */
struct nft_slot {
	bool ip4;
	uint8_t length; /* 1..32, 1..128 */
};

/* slot: below NFT_SLOTS. False: there is no such set (ip6_prefix is one of the others, or 48 at least). */
bool nft_slot(unsigned slot, const struct root_config *config, struct nft_slot *ret);
/* Which slot holds such a network; NFT_SLOTS: none. */
unsigned nft_slot_of(const struct net *net, const struct root_config *config);

void nft_table_name(const struct root_config *config, char out[static NFT_NAME_MAX]);
/* suffix: "" for the set itself, "_dropped", "_drop" (a chain). */
void nft_set_name(const struct root_config *config, struct nft_slot slot, const char *suffix,
                  char out[static NFT_NAME_MAX]);
void nft_flood_name(const struct root_config *config, bool ip4, const char *suffix, char out[static NFT_NAME_MAX]);

/* The tarpit gets connections: there is one, and those to this machine are closed. */
bool nft_has_tarpit(const struct root_config *config);

/*
 * The messages that make the table as it shall be, with the sets in slots (bit by slot): sets that are there keep their
 * elements, all rules are written again, in one transaction. forwards: hooks_forward. recreate: the table is deleted
 * first.
 */
void nft_table_put(struct nft_batch *batch, const struct root_config *config, uint32_t slots, bool forwards,
                   bool recreate);
void nft_table_delete(struct nft_batch *batch, const struct root_config *config);

/* Makes or deletes a set LIST_probe, which nothing uses. */
void nft_probe_put(struct nft_batch *batch, const struct root_config *config, bool makes);

/* Is there a table of our name, and did we make it? *ret_slots: bit by slot, the sets in it. */
int nft_table_find(const struct root_config *config, struct mnl_socket *socket, struct nft_answer *answer,
                   enum nft_found *ret, uint32_t *ret_slots, struct why *why);

#endif
