/*
 * nft_expr: writes the expressions of an nf_tables rule into a message.
 *
 * A rule is a list of expressions, evaluated from left to right over registers. The nft_load_... functions fill
 * register 1; others compare it, look it up or change it; the last ones give the verdict. Call them between nft_rule
 * and nft_rule_end. Source: include/uapi/linux/netfilter/nf_tables.h; what 'nft --debug=netlink' prints for the same
 * rule.
 */
#ifndef WFS_ROOT_NFT_EXPR_H
#define WFS_ROOT_NFT_EXPR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "root/nft_batch.h"

struct nft_rule {
	struct nlmsghdr *nlh;
	struct nlattr *expressions;
};

/* Begins a rule at the end of a chain. */
struct nft_rule nft_rule(struct nft_batch *batch, const char *table, const char *chain);
void nft_rule_end(struct nft_batch *batch, struct nft_rule *rule);

/* Match only packets of this family; only TCP. */
void nft_only_family(struct nft_rule *rule, bool ip4);
void nft_only_tcp(struct nft_rule *rule);

/* Loads the first length bits of the source address into register 1. length: 1..32 in IPv4, 1..128 in IPv6. */
void nft_load_source(struct nft_rule *rule, bool ip4, unsigned length);
/* Matches only packets from this network, and only of its family. */
void nft_only_source(struct nft_rule *rule, const struct net *net);
/* Loads the destination port into register 1. */
void nft_load_port(struct nft_rule *rule);
/* Loads the destination port before any DNAT; matches only packets from the side that opened the connection. */
void nft_load_original_port(struct nft_rule *rule);

/*
 * Match only TCP to this port; only packets that the client itself sent to this port, before any DNAT; only packets
 * to an address of this machine.
 */
void nft_only_port(struct nft_rule *rule, uint16_t port);
void nft_only_original_port(struct nft_rule *rule, uint16_t port);
void nft_only_local(struct nft_rule *rule);

/* Matches packets from a loopback interface. Loads the protocol number, one byte, into register 1. */
void nft_only_loopback(struct nft_rule *rule);
void nft_load_protocol(struct nft_rule *rule);

/* Match if register 1 is in the set; if it is not. */
void nft_lookup(struct nft_rule *rule, const char *set);
void nft_lookup_not(struct nft_rule *rule, const char *set);

enum nft_keep { NFT_KEEP_ONLY, NFT_KEEP_COUNTER, NFT_KEEP_LIMIT };

/* More than this many packets in this time; burst may arrive at once. */
struct nft_rate {
	uint32_t packets, seconds, burst;
};

/*
 * Adds register 1 to the set, or restarts the time of its element. The rule then continues, unless the set is full.
 * keep: what the element does: nothing more, counts packets, or matches only packets above the rate (otherwise NULL).
 */
void nft_update(struct nft_rule *rule, const char *set, uint32_t timeout_s, enum nft_keep keep,
                const struct nft_rate *rate);

/* Like nft_update, but an existing element keeps its time. */
void nft_add(struct nft_rule *rule, const char *set, uint32_t timeout_s, enum nft_keep keep,
             const struct nft_rate *rate);
/* Removes register 1 from the set; the rule continues. */
void nft_remove(struct nft_rule *rule, const char *set);

/* Counts the packet in the counter of that name (nft_make.h). */
void nft_count(struct nft_rule *rule, const char *counter);

/* Matches the client's second packet of an established connection: the first alone can be forged. */
void nft_only_established(struct nft_rule *rule);

/* Match the first packet of a TCP connection; of any tracked connection. */
void nft_only_syn(struct nft_rule *rule);
void nft_only_new(struct nft_rule *rule);

/* Logs to the kernel's log: at most ten packets a minute, five at once. */
void nft_log(struct nft_rule *rule, const char *prefix);

/* Rejects the packet. reset: with a TCP reset if it is TCP, otherwise with port unreachable. */
void nft_reject(struct nft_rule *rule, bool reset);

/* Redirects the connection to this local port; in a chain of type nat. */
void nft_redirect(struct nft_rule *rule, uint16_t port);

void nft_drop(struct nft_rule *rule);
/* Accepts the packet as far as this table is concerned. */
void nft_accept(struct nft_rule *rule);
/* Continues in another chain of the table. comes_back: jumps instead of goto, so that what is not dropped returns. */
void nft_to_chain(struct nft_rule *rule, const char *chain, bool comes_back);

#endif
