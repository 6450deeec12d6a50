/*
 * nft_expr: the expressions of a rule of nf_tables, written one behind the other into a message.
 *
 * A rule is a list of them, evaluated from left to right over registers: nft_load_... fill register 1, the others
 * compare, look up or change it, nft_verdict ends. Between nft_rule and nft_end (nft_batch.h). Source:
 * include/uapi/linux/netfilter/nf_tables.h; what 'nft --debug=netlink' prints for the same rule.
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

/* A rule at the end of a chain. */
struct nft_rule nft_rule(struct nft_batch *batch, const char *table, const char *chain);
void nft_rule_end(struct nft_batch *batch, struct nft_rule *rule);

/* Only packets of this family; of TCP. */
void nft_only_family(struct nft_rule *rule, bool ip4);
void nft_only_tcp(struct nft_rule *rule);

/* The source address' first bits into register 1. length: 1..32, 1..128. */
void nft_load_source(struct nft_rule *rule, bool ip4, unsigned length);
/* Only packets from this network, whose family it is. */
void nft_only_source(struct nft_rule *rule, const struct net *net);
/* The destination's port into register 1. */
void nft_load_port(struct nft_rule *rule);
/* The same as the client had it, before any DNAT; only packets of who opened the connection go on. */
void nft_load_original_port(struct nft_rule *rule);

/* Only TCP to this port; only what the client has sent to it, before any DNAT; only to an address of this machine. */
void nft_only_port(struct nft_rule *rule, uint16_t port);
void nft_only_original_port(struct nft_rule *rule, uint16_t port);
void nft_only_local(struct nft_rule *rule);

/* Packets that come in by a loopback interface; a packet's protocol, one byte, into register 1. */
void nft_only_loopback(struct nft_rule *rule);
void nft_load_protocol(struct nft_rule *rule);

/* Goes on if register 1 is in the set; if it is not. */
void nft_lookup(struct nft_rule *rule, const char *set);
void nft_lookup_not(struct nft_rule *rule, const char *set);

enum nft_keep { NFT_KEEP_ONLY, NFT_KEEP_COUNTER, NFT_KEEP_LIMIT };

/* More than so many packets in that time, of which burst may come at once. */
struct nft_rate {
	uint32_t packets, seconds, burst;
};

/*
 * Register 1 becomes an element of the set, or starts its time again; then the packet goes on, with a full set it does
 * not. keep: what the element does: counts packets, or lets go on only what is above the rate (else NULL).
 */
void nft_update(struct nft_rule *rule, const char *set, uint32_t timeout_s, enum nft_keep keep,
                const struct nft_rate *rate);

/* The same, but an element that is there keeps its time. */
void nft_add(struct nft_rule *rule, const char *set, uint32_t timeout_s, enum nft_keep keep,
             const struct nft_rate *rate);
/* Register 1 is no element of the set any more; the packet goes on. */
void nft_remove(struct nft_rule *rule, const char *set);

/* Counts the packet in a counter of that name (nft_make.h). */
void nft_count(struct nft_rule *rule, const char *counter);

/* The second packet of an established connection, of the client: the first alone can be forged. */
void nft_only_established(struct nft_rule *rule);

/* The first packet of a TCP connection; of whatever else is tracked. */
void nft_only_syn(struct nft_rule *rule);
void nft_only_new(struct nft_rule *rule);

/* At most ten packets a minute, five at once; into the kernel's log. */
void nft_log(struct nft_rule *rule, const char *prefix);

/* Answers, and drops. reset: with a TCP reset, where the packet is TCP; else port unreachable. */
void nft_reject(struct nft_rule *rule, bool reset);

/* The connection goes to this port of our own; in a chain of nat. */
void nft_redirect(struct nft_rule *rule, uint16_t port);

void nft_drop(struct nft_rule *rule);
/* As far as this table is concerned. */
void nft_accept(struct nft_rule *rule);
/* To another chain of the table; comes_back: as a call, for what it does not drop. */
void nft_to_chain(struct nft_rule *rule, const char *chain, bool comes_back);

#endif
