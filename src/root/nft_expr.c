#include "root/nft_expr.h"

#include <arpa/inet.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>

enum {
	IP4_BITS = 96,   /* an IPv4 address starts here in the 16 bytes */
	IP4_SOURCE = 12, /* struct iphdr, offsetof saddr */
	IP6_SOURCE = 8,  /* struct ipv6hdr, offsetof saddr */
	TCP_PORT = 2,    /* struct tcphdr, offsetof dest */
	TCP_FLAGS = 13,  /* the byte that contains FIN to ECE */
	LOG_PER_MINUTE = 10,
	LOG_BURST = 5,
	LOG_WARNING_LEVEL = 4, /* NFT_LOGLEVEL_WARNING, as in iptables' LOG */
};

struct nft_rule nft_rule(struct nft_batch *batch, const char *table, const char *chain)
{
	struct nlmsghdr *const nlh = nft_put(batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);

	mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, table);
	mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN, chain);
	return (struct nft_rule){nlh, mnl_attr_nest_start(nlh, NFTA_RULE_EXPRESSIONS)};
}

void nft_rule_end(struct nft_batch *batch, struct nft_rule *rule)
{
	mnl_attr_nest_end(rule->nlh, rule->expressions);
	nft_end(batch);
}

/* --- an expression: its name and its data --- */

struct expression {
	struct nlattr *all, *data;
};

/* type: NFTA_LIST_ELEM in a rule, or the attribute that holds a single expression. */
static struct expression begin_in(struct nlmsghdr *nlh, uint16_t type, const char *name)
{
	struct expression e;

	e.all = mnl_attr_nest_start(nlh, type);
	mnl_attr_put_strz(nlh, NFTA_EXPR_NAME, name);
	e.data = mnl_attr_nest_start(nlh, NFTA_EXPR_DATA);
	return e;
}

static struct expression begin(struct nft_rule *rule, const char *name)
{
	return begin_in(rule->nlh, NFTA_LIST_ELEM, name);
}

static void end(struct nlmsghdr *nlh, struct expression *e)
{
	mnl_attr_nest_end(nlh, e->data);
	mnl_attr_nest_end(nlh, e->all);
}

static void put_data(struct nlmsghdr *nlh, uint16_t type, const void *bytes, size_t len)
{
	struct nlattr *const nest = mnl_attr_nest_start(nlh, type);

	mnl_attr_put(nlh, NFTA_DATA_VALUE, len, bytes);
	mnl_attr_nest_end(nlh, nest);
}

static void load_meta(struct nft_rule *rule, uint32_t key)
{
	struct expression e = begin(rule, "meta");

	nft_put_u32(rule->nlh, NFTA_META_KEY, key);
	nft_put_u32(rule->nlh, NFTA_META_DREG, NFT_REG_1);
	end(rule->nlh, &e);
}

static void load_payload(struct nft_rule *rule, uint32_t base, uint32_t offset, uint32_t len)
{
	struct expression e = begin(rule, "payload");

	nft_put_u32(rule->nlh, NFTA_PAYLOAD_DREG, NFT_REG_1);
	nft_put_u32(rule->nlh, NFTA_PAYLOAD_BASE, base);
	nft_put_u32(rule->nlh, NFTA_PAYLOAD_OFFSET, offset);
	nft_put_u32(rule->nlh, NFTA_PAYLOAD_LEN, len);
	end(rule->nlh, &e);
}

static void load_ct(struct nft_rule *rule, uint32_t key, bool original)
{
	struct expression e = begin(rule, "ct");

	nft_put_u32(rule->nlh, NFTA_CT_DREG, NFT_REG_1);
	nft_put_u32(rule->nlh, NFTA_CT_KEY, key);
	if (original)
		mnl_attr_put_u8(rule->nlh, NFTA_CT_DIRECTION, IP_CT_DIR_ORIGINAL);
	end(rule->nlh, &e);
}

static void compare(struct nft_rule *rule, uint32_t op, const void *bytes, size_t len)
{
	struct expression e = begin(rule, "cmp");

	nft_put_u32(rule->nlh, NFTA_CMP_SREG, NFT_REG_1);
	nft_put_u32(rule->nlh, NFTA_CMP_OP, op);
	put_data(rule->nlh, NFTA_CMP_DATA, bytes, len);
	end(rule->nlh, &e);
}

/* Sets register 1 to register 1 & mask; len bytes. */
static void mask(struct nft_rule *rule, const void *bytes, size_t len)
{
	static const uint8_t zeros[16];
	struct expression e = begin(rule, "bitwise");

	nft_put_u32(rule->nlh, NFTA_BITWISE_SREG, NFT_REG_1);
	nft_put_u32(rule->nlh, NFTA_BITWISE_DREG, NFT_REG_1);
	nft_put_u32(rule->nlh, NFTA_BITWISE_LEN, (uint32_t)len); /* at most 16 */
	put_data(rule->nlh, NFTA_BITWISE_MASK, bytes, len);
	put_data(rule->nlh, NFTA_BITWISE_XOR, zeros, len);
	end(rule->nlh, &e);
}

static void put_limit(struct nlmsghdr *nlh, uint64_t packets, uint64_t unit_s, uint32_t burst, uint32_t flags)
{
	nft_put_u64(nlh, NFTA_LIMIT_RATE, packets);
	nft_put_u64(nlh, NFTA_LIMIT_UNIT, unit_s);
	nft_put_u32(nlh, NFTA_LIMIT_BURST, burst);
	nft_put_u32(nlh, NFTA_LIMIT_TYPE, NFT_LIMIT_PKTS);
	nft_put_u32(nlh, NFTA_LIMIT_FLAGS, flags);
}

/* --- expressions of rules --- */

void nft_only_family(struct nft_rule *rule, bool ip4)
{
	const uint8_t family = ip4 ? NFPROTO_IPV4 : NFPROTO_IPV6;

	load_meta(rule, NFT_META_NFPROTO);
	compare(rule, NFT_CMP_EQ, &family, sizeof family);
}

void nft_only_loopback(struct nft_rule *rule)
{
	const uint16_t type = ARPHRD_LOOPBACK; /* in host order */

	load_meta(rule, NFT_META_IIFTYPE);
	compare(rule, NFT_CMP_EQ, &type, sizeof type);
}

void nft_load_protocol(struct nft_rule *rule)
{
	load_meta(rule, NFT_META_L4PROTO);
}

void nft_only_tcp(struct nft_rule *rule)
{
	const uint8_t protocol = IPPROTO_TCP;

	nft_load_protocol(rule);
	compare(rule, NFT_CMP_EQ, &protocol, sizeof protocol);
}

void nft_load_source(struct nft_rule *rule, bool ip4, unsigned length)
{
	const uint32_t len = ip4 ? 4 : 16;
	uint8_t bits[16] = {0};

	load_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, ip4 ? IP4_SOURCE : IP6_SOURCE, len);
	if (length == 8 * len)
		return;
	for (unsigned bit = 0; bit < length; bit++)
		bits[bit / 8] |= (uint8_t)(0x80U >> bit % 8);
	mask(rule, bits, len);
}

void nft_only_source(struct nft_rule *rule, const struct net *net)
{
	const bool ip4 = net->len > IP4_BITS && addr_is_ip4(&net->addr);
	const unsigned skipped = ip4 ? IP4_BITS : 0;

	nft_load_source(rule, ip4, net->len - skipped);
	compare(rule, NFT_CMP_EQ, net->addr.bytes + skipped / 8, sizeof net->addr.bytes - skipped / 8);
}

void nft_load_port(struct nft_rule *rule)
{
	load_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, TCP_PORT, sizeof(uint16_t));
}

void nft_load_original_port(struct nft_rule *rule)
{
	const uint8_t original = IP_CT_DIR_ORIGINAL;

	load_ct(rule, NFT_CT_DIRECTION, false);
	compare(rule, NFT_CMP_EQ, &original, sizeof original);
	load_ct(rule, NFT_CT_PROTO_DST, true);
}

static void lookup(struct nft_rule *rule, const char *set, uint32_t flags)
{
	struct expression e = begin(rule, "lookup");

	mnl_attr_put_strz(rule->nlh, NFTA_LOOKUP_SET, set);
	nft_put_u32(rule->nlh, NFTA_LOOKUP_SREG, NFT_REG_1);
	if (flags != 0)
		nft_put_u32(rule->nlh, NFTA_LOOKUP_FLAGS, flags);
	end(rule->nlh, &e);
}

void nft_lookup(struct nft_rule *rule, const char *set)
{
	lookup(rule, set, 0);
}

void nft_lookup_not(struct nft_rule *rule, const char *set)
{
	lookup(rule, set, NFT_LOOKUP_F_INV);
}

/* op: NFT_DYNSET_OP_... */
static struct expression begin_change(struct nft_rule *rule, const char *set, uint32_t op)
{
	const struct expression e = begin(rule, "dynset");

	mnl_attr_put_strz(rule->nlh, NFTA_DYNSET_SET_NAME, set);
	nft_put_u32(rule->nlh, NFTA_DYNSET_OP, op);
	nft_put_u32(rule->nlh, NFTA_DYNSET_SREG_KEY, NFT_REG_1);
	return e;
}

static void put_member(struct nft_rule *rule, const char *set, uint32_t op, uint32_t timeout_s, enum nft_keep keep,
                       const struct nft_rate *rate)
{
	struct nlmsghdr *const nlh = rule->nlh;
	struct expression e = begin_change(rule, set, op), kept;

	nft_put_u64(nlh, NFTA_DYNSET_TIMEOUT, (uint64_t)timeout_s * 1000);
	switch (keep) {
	case NFT_KEEP_ONLY:
		break;
	case NFT_KEEP_COUNTER:
		kept = begin_in(nlh, NFTA_DYNSET_EXPR, "counter");
		end(nlh, &kept);
		break;
	case NFT_KEEP_LIMIT:
		kept = begin_in(nlh, NFTA_DYNSET_EXPR, "limit");
		put_limit(nlh, rate->packets, rate->seconds, rate->burst, NFT_LIMIT_F_INV);
		end(nlh, &kept);
		break;
	}
	end(nlh, &e);
}

void nft_update(struct nft_rule *rule, const char *set, uint32_t timeout_s, enum nft_keep keep,
                const struct nft_rate *rate)
{
	put_member(rule, set, NFT_DYNSET_OP_UPDATE, timeout_s, keep, rate);
}

void nft_add(struct nft_rule *rule, const char *set, uint32_t timeout_s, enum nft_keep keep,
             const struct nft_rate *rate)
{
	put_member(rule, set, NFT_DYNSET_OP_ADD, timeout_s, keep, rate);
}

void nft_remove(struct nft_rule *rule, const char *set)
{
	struct expression e = begin_change(rule, set, NFT_DYNSET_OP_DELETE);

	end(rule->nlh, &e);
}

void nft_count(struct nft_rule *rule, const char *counter)
{
	struct expression e = begin(rule, "objref");

	nft_put_u32(rule->nlh, NFTA_OBJREF_IMM_TYPE, NFT_OBJECT_COUNTER);
	mnl_attr_put_strz(rule->nlh, NFTA_OBJREF_IMM_NAME, counter);
	end(rule->nlh, &e);
}

/* The state bits are in host order. */
static void only_state(struct nft_rule *rule, unsigned state)
{
	const uint32_t bit = 1U << (state + 1), none = 0; /* NF_CT_STATE_BIT() */

	load_ct(rule, NFT_CT_STATE, false);
	mask(rule, &bit, sizeof bit);
	compare(rule, NFT_CMP_NEQ, &none, sizeof none);
}

void nft_only_established(struct nft_rule *rule)
{
	const uint64_t second = 2; /* in host order */

	only_state(rule, IP_CT_ESTABLISHED);
	load_ct(rule, NFT_CT_PKTS, true);
	compare(rule, NFT_CMP_EQ, &second, sizeof second);
}

void nft_only_port(struct nft_rule *rule, uint16_t port)
{
	const uint16_t big = htons(port);

	nft_only_tcp(rule);
	nft_load_port(rule);
	compare(rule, NFT_CMP_EQ, &big, sizeof big);
}

void nft_only_original_port(struct nft_rule *rule, uint16_t port)
{
	const uint16_t big = htons(port);

	nft_load_original_port(rule);
	compare(rule, NFT_CMP_EQ, &big, sizeof big);
}

void nft_only_local(struct nft_rule *rule)
{
	const uint32_t local = RTN_LOCAL; /* in host order */
	struct expression e = begin(rule, "fib");

	nft_put_u32(rule->nlh, NFTA_FIB_DREG, NFT_REG_1);
	nft_put_u32(rule->nlh, NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	nft_put_u32(rule->nlh, NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR);
	end(rule->nlh, &e);
	compare(rule, NFT_CMP_EQ, &local, sizeof local);
}

void nft_only_syn(struct nft_rule *rule)
{
	const uint8_t flags = TH_FIN | TH_SYN | TH_RST | TH_ACK, syn = TH_SYN;

	load_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, TCP_FLAGS, sizeof flags);
	mask(rule, &flags, sizeof flags);
	compare(rule, NFT_CMP_EQ, &syn, sizeof syn);
}

void nft_only_new(struct nft_rule *rule)
{
	only_state(rule, IP_CT_NEW);
}

void nft_log(struct nft_rule *rule, const char *prefix)
{
	struct expression e = begin(rule, "limit");

	put_limit(rule->nlh, LOG_PER_MINUTE, 60, LOG_BURST, 0);
	end(rule->nlh, &e);
	e = begin(rule, "log");
	mnl_attr_put_strz(rule->nlh, NFTA_LOG_PREFIX, prefix);
	nft_put_u32(rule->nlh, NFTA_LOG_LEVEL, LOG_WARNING_LEVEL);
	end(rule->nlh, &e);
}

void nft_reject(struct nft_rule *rule, bool reset)
{
	struct expression e = begin(rule, "reject");

	nft_put_u32(rule->nlh, NFTA_REJECT_TYPE, reset ? NFT_REJECT_TCP_RST : NFT_REJECT_ICMPX_UNREACH);
	if (!reset)
		mnl_attr_put_u8(rule->nlh, NFTA_REJECT_ICMP_CODE, NFT_REJECT_ICMPX_PORT_UNREACH);
	end(rule->nlh, &e);
}

static void put_verdict(struct nft_rule *rule, int32_t code, const char *chain)
{
	struct expression e = begin(rule, "immediate");
	struct nlattr *data, *verdict;

	nft_put_u32(rule->nlh, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = mnl_attr_nest_start(rule->nlh, NFTA_IMMEDIATE_DATA);
	verdict = mnl_attr_nest_start(rule->nlh, NFTA_DATA_VERDICT);
	nft_put_u32(rule->nlh, NFTA_VERDICT_CODE, (uint32_t)code);
	if (chain != NULL)
		mnl_attr_put_strz(rule->nlh, NFTA_VERDICT_CHAIN, chain);
	mnl_attr_nest_end(rule->nlh, verdict);
	mnl_attr_nest_end(rule->nlh, data);
	end(rule->nlh, &e);
}

void nft_redirect(struct nft_rule *rule, uint16_t port)
{
	const uint16_t big = htons(port);
	struct expression e = begin(rule, "immediate");

	nft_put_u32(rule->nlh, NFTA_IMMEDIATE_DREG, NFT_REG_1);
	put_data(rule->nlh, NFTA_IMMEDIATE_DATA, &big, sizeof big);
	end(rule->nlh, &e);
	e = begin(rule, "redir");
	nft_put_u32(rule->nlh, NFTA_REDIR_REG_PROTO_MIN, NFT_REG_1);
	end(rule->nlh, &e);
}

void nft_drop(struct nft_rule *rule)
{
	put_verdict(rule, NF_DROP, NULL);
}

void nft_accept(struct nft_rule *rule)
{
	put_verdict(rule, NF_ACCEPT, NULL);
}

void nft_to_chain(struct nft_rule *rule, const char *chain, bool comes_back)
{
	put_verdict(rule, comes_back ? NFT_JUMP : NFT_GOTO, chain);
}
