#include "root/recent_rules.h"
#include "root/hooks.h"
#include "root/xtables_rule.h" /* after the C library's headers, before the kernel's */

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/xt_connbytes.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_hashlimit.h>
#include <linux/netfilter/xt_recent.h>
#include <linux/netfilter/xt_state.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

enum {
	IP4_BITS = 96, /* an IPv4 address starts here in the 16 bytes */
	/* clients counted by hashlimit at a time; when its table is full, it drops packets of others */
	CLIENTS_MAX = 1 << 20,
	EXPIRE_MS_MIN = 10000,      /* a client's count expires after this time, ... */
	GC_MS = 1000,               /* ... checked this often, as in iptables */
	SUBS = 16,                  /* chains that the 16 values of the low four bits lead to, for each kind */
	MAIN = RECENT_KINDS * SUBS, /* number of the chain that packets enter; those before it are reached from it */
	FORWARDED,                  /* the chain that forwarded packets enter first */
	CHAINS,
};

uint8_t recent_length(enum xtables_family family, enum recent_kind kind, const struct root_config *config)
{
	const uint8_t prefix = config->ip6_prefix;
	const bool prefixes = family == XTABLES_IP6 && prefix >= 48 && prefix < 128;

	switch (kind) {
	case RECENT_SINGLE:
		return 128;
	case RECENT_PREFIX:
		return prefixes ? prefix : 0;
	case RECENT_NETWORK:
		if (!config->networks || (prefixes && prefix == 48))
			return 0;
		return family == XTABLES_IP4 ? IP4_BITS + 24 : 48;
	case RECENT_KINDS:
		break;
	}
	return 0;
}

unsigned recent_shard_byte(uint8_t length)
{
	return length / 8U - 1; /* the last byte that is wholly in it */
}

void recent_list_name(enum xtables_family family, enum recent_kind kind, const struct root_config *config,
                      unsigned n_shards, unsigned shard, char out[static RECENT_LIST_MAX])
{
	const unsigned length = recent_length(family, kind, config);
	char which[4] = "";

	if (kind != RECENT_SINGLE)
		(void)snprintf(which, sizeof which, "%u", (family == XTABLES_IP4 ? length - IP4_BITS : length) % 1000);
	else if (family == XTABLES_IP6)
		(void)snprintf(which, sizeof which, "6");
	if (n_shards == 1)
		(void)snprintf(out, RECENT_LIST_MAX, "%s%s", config->list, which);
	else
		(void)snprintf(out, RECENT_LIST_MAX, "%s%s_%02x", config->list, which, shard % RECENT_SHARDS);
}

void recent_flood_name(enum xtables_family family, const struct root_config *config, char out[static RECENT_LIST_MAX])
{
	(void)snprintf(out, RECENT_LIST_MAX, "%s%s_flood", config->list, family == XTABLES_IP4 ? "" : "6");
}

/*
 * Returns "SPAMMER" for MAIN and "SPAMMERf" for FORWARDED. "SPAMMER_0" to "SPAMMER_f" lead to addresses, "SPAMMERp_0"
 * ... to prefixes, "SPAMMERn_0" ... to networks.
 */
static struct label chain_name(const void *of, unsigned chain)
{
	static const char *const kinds[RECENT_KINDS] = {
		[RECENT_SINGLE] = "", [RECENT_PREFIX] = "p", [RECENT_NETWORK] = "n"};
	const struct recent_layout *const layout = of;
	struct label label = {""};

	if (chain == MAIN || chain == FORWARDED)
		(void)snprintf(label.text, sizeof label.text, "%s%s", layout->config->chain, chain == MAIN ? "" : "f");
	else
		(void)snprintf(label.text, sizeof label.text, "%s%s_%x", layout->config->chain, kinds[chain / SUBS],
		               chain % SUBS);
	return label;
}

struct label recent_split_chain(const struct root_config *config)
{
	return chain_name(&(struct recent_layout){.config = config}, 0);
}

/* Sets the first length bits. length counts in the 16 bytes; the mask starts at the family's first byte. */
static void set_mask(enum xtables_family family, uint8_t length, union nf_inet_addr *mask)
{
	const unsigned bits = family == XTABLES_IP4 ? length - IP4_BITS : length;
	unsigned char bytes[sizeof *mask] = {0};

	for (unsigned bit = 0; bit < bits; bit++)
		bytes[bit / 8] |= (unsigned char)(0x80U >> bit % 8);
	memcpy(mask, bytes, sizeof *mask);
}

static void rule_match_recent(const struct recent_layout *layout, enum recent_kind kind, unsigned shard, uint8_t how,
                              struct rule *rule)
{
	/*
	 * Revision 1 has the mask. For addresses all 128 bits are set, not only those of IPv4: the mask belongs to
	 * the list, and if the rest were zero, IPv6 would be looked up by its first 32 bits. In an IPv4 rule only 32
	 * bits are compared, because iptables-restore sets no more.
	 */
	const size_t mask_len = layout->family == XTABLES_IP4 ? sizeof(struct in_addr) : sizeof(struct in6_addr);
	const uint8_t length = recent_length(layout->family, kind, layout->config);
	struct xt_recent_mtinfo_v1 *const recent =
		rule_match(rule, "recent", 1, sizeof *recent, offsetof(struct xt_recent_mtinfo_v1, mask) + mask_len);
	char name[RECENT_LIST_MAX];

	recent_list_name(layout->family, kind, layout->config, layout->n_shards, shard, name);
	recent->seconds = layout->config->seconds;
	recent->check_set = how;
	recent->side = XT_RECENT_SOURCE;
	(void)snprintf(recent->name, sizeof recent->name, "%s", name);
	memset(&recent->mask, 0xFF, sizeof recent->mask);
	if (length < 128)
		set_mask(layout->family, length, &recent->mask);
}

/* --- the rules --- */

/* [LOG], then the action; after RESET, if all protocols are closed, a DROP for those that have no RST. */
static unsigned rules_per_list(const struct root_config *config)
{
	return 1U + (config->log_prefix[0] != '\0') + (config->action == ROOT_RESET && config->n_ports == 0);
}

/* Writes rule number "place" of one list; place is below rules_per_list. */
static void list_rule(const struct recent_layout *layout, enum recent_kind kind, unsigned shard, unsigned place,
                      struct rule *rule)
{
	const struct root_config *const config = layout->config;
	const unsigned n_log = config->log_prefix[0] != '\0';
	uint8_t protocol = 0;

	rule_begin(rule, layout->family);
	rule_match_recent(layout, kind, shard, place < n_log ? XT_RECENT_CHECK : XT_RECENT_UPDATE, rule);
	if (place < n_log) {
		rule_target_log(config, rule);
	} else if (config->action == ROOT_DROP || place > n_log) {
		(void)rule_target(rule, "DROP", 0);
	} else {
		rule_target_reject(layout->family, config->action == ROOT_RESET, rule);
		if (config->action == ROOT_RESET)
			protocol = IPPROTO_TCP; /* the kernel requires it */
	}
	rule_end(rule, layout->family, protocol, recent_shard_byte(recent_length(layout->family, kind, config)),
	         (uint8_t)shard, layout->n_shards == 1 ? 0 : 0xFF); /* shard < 256 */
}

/* Matches the client's second packet of an established connection: the first alone can be forged. */
static void rule_match_established(struct rule *rule)
{
	struct xt_state_info *const state = rule_match(rule, "state", 0, sizeof *state, sizeof *state);
	struct xt_connbytes_info *bytes;

	state->statemask = XT_STATE_BIT(IP_CT_ESTABLISHED);
	bytes = rule_match(rule, "connbytes", 0, sizeof *bytes, sizeof *bytes);
	bytes->count.from = bytes->count.to = 2;
	bytes->what = XT_CONNBYTES_PKTS;
	bytes->direction = XT_CONNBYTES_DIR_ORIGINAL;
}

/* "--hashlimit-above N/S --hashlimit-burst N --hashlimit-mode srcip" */
static void rule_match_rate(const struct recent_layout *layout, struct rule *rule)
{
	const struct root_config *const config = layout->config;
	struct xt_hashlimit_mtinfo3 *const limit =
		rule_match(rule, "hashlimit", 3, sizeof *limit, offsetof(struct xt_hashlimit_mtinfo3, hinfo));

	/* An existing hashlimit table of that name is used unchanged, so another rate needs another name. */
	(void)snprintf(limit->name, sizeof limit->name, "%s_%u_%u", config->list, config->connections,
	               config->connections_s);
	limit->cfg.mode = XT_HASHLIMIT_HASH_SIP | XT_HASHLIMIT_INVERT;
	limit->cfg.avg = (uint64_t)XT_HASHLIMIT_SCALE_v2 * config->connections_s / config->connections;
	limit->cfg.burst = config->connections;
	limit->cfg.max = CLIENTS_MAX;
	limit->cfg.gc_interval = GC_MS;
	limit->cfg.expire = config->connections_s * 1000 > EXPIRE_MS_MIN ? config->connections_s * 1000 : EXPIRE_MS_MIN;
	limit->cfg.srcmask = layout->family == XTABLES_IP4 ? 32 : config->ip6_prefix >= 48 ? config->ip6_prefix : 128;
}

static void flood_rule(const struct recent_layout *layout, struct rule *rule)
{
	struct xt_recent_mtinfo_v1 *recent;
	char name[RECENT_LIST_MAX];

	rule_begin(rule, layout->family);
	rule_match_established(rule);
	rule_match_rate(layout, rule);
	recent = rule_match(rule, "recent", 1, sizeof *recent,
	                    offsetof(struct xt_recent_mtinfo_v1, mask) +
	                            (layout->family == XTABLES_IP4 ? sizeof(struct in_addr) : sizeof(struct in6_addr)));
	recent_flood_name(layout->family, layout->config, name);
	recent->check_set = XT_RECENT_SET;
	recent->side = XT_RECENT_SOURCE;
	(void)snprintf(recent->name, sizeof recent->name, "%s", name);
	memset(&recent->mask, 0xFF, sizeof recent->mask);
	(void)rule_target(rule, "", 0);
	rule_end(rule, layout->family, IPPROTO_TCP, 15, 0, 0);
}

/* Writes rule number "place" of MAIN: for each kind, the rules of its only list, or jumps to the chains of its many. */
static bool main_rule(const struct recent_layout *layout, unsigned place, struct rule *rule)
{
	const unsigned per_list = rules_per_list(layout->config);

	for (enum recent_kind kind = RECENT_SINGLE; kind < RECENT_KINDS; kind++) {
		const uint8_t length = recent_length(layout->family, kind, layout->config);
		const bool split = layout->n_shards > 1;
		const unsigned n = length == 0 ? 0 : split ? SUBS : per_list;

		if (place >= n) {
			place -= n;
			continue;
		}
		if (!split) {
			list_rule(layout, kind, 0, place, rule);
			return true;
		}
		rule_begin(rule, layout->family);
		(void)rule_target(rule, chain_name(layout, (unsigned)kind * SUBS + place).text, 0);
		rule_end(rule, layout->family, 0, recent_shard_byte(length), (uint8_t)place, 0x0F); /* place < 16 */
		return true;
	}
	if (place > 0 || layout->config->connections == 0)
		return false;
	flood_rule(layout, rule);
	return true;
}

/* Writes one rule for each port: the match holds only one. */
static bool forwarded_rule(const struct recent_layout *layout, unsigned place, struct rule *rule)
{
	struct xt_conntrack_mtinfo3 *tracked;

	if (!layout->forward || place >= layout->config->n_ports)
		return false;
	rule_begin(rule, layout->family);
	tracked = rule_match(rule, "conntrack", 3, sizeof *tracked, sizeof *tracked);
	tracked->match_flags = XT_CONNTRACK_DIRECTION | XT_CONNTRACK_ORIGDST_PORT;
	tracked->origdst_port = tracked->origdst_port_high = layout->config->ports[place];
	rule_match_opening(layout->config, rule);
	(void)rule_target(rule, layout->config->chain, 0);
	rule_end(rule, layout->family, IPPROTO_TCP, 15, 0, 0);
	return true;
}

/* Writes rule number "place" of a chain. */
static bool rule_of_chain(const void *of, unsigned chain, unsigned place, struct rule *rule)
{
	const struct recent_layout *const layout = of;
	const unsigned per_list = rules_per_list(layout->config);
	const enum recent_kind kind = (enum recent_kind)(chain / SUBS); /* MAIN and FORWARDED give RECENT_KINDS */

	if (chain == MAIN)
		return main_rule(layout, place, rule);
	if (chain == FORWARDED)
		return forwarded_rule(layout, place, rule);
	if (layout->n_shards == 1 || recent_length(layout->family, kind, layout->config) == 0 ||
	    place == SUBS * per_list)
		return false;
	list_rule(layout, kind, place / per_list * SUBS + chain % SUBS, place % per_list, rule);
	return true;
}

static void jump(const void *of, unsigned chain, struct rule *rule)
{
	const struct recent_layout *const layout = of;

	rule_begin(rule, layout->family);
	if (chain == MAIN)
		rule_match_ports(layout->config, rule);
	(void)rule_target(rule, chain_name(layout, chain).text, 0);
	rule_end(rule, layout->family, layout->config->n_ports > 0 ? IPPROTO_TCP : 0, 15, 0, 0);
}

/*
 * Sets the chains that packets come from. Docker keeps DOCKER-USER in front of its own rules in FORWARD, where ours
 * would not stay first; Docker may not create it for IPv6.
 */
static void set_jumps(const struct recent_layout *layout, struct xtables_plan *plan)
{
	const struct root_config *const config = layout->config;

	for (size_t i = 0; i < config->n_jump_from; i++) {
		plan->jumps[plan->n_jumps].from = config->jump_from[i];
		/* A misspelt name is noticed in IPv4. */
		plan->jumps[plan->n_jumps++].optional = layout->family == XTABLES_IP6;
	}
	if (config->n_jump_from > 0)
		return;
	if (hooks_input(config))
		plan->jumps[plan->n_jumps++].from = "INPUT";
	if (!layout->forward)
		return;
	plan->jumps[plan->n_jumps++].from = "FORWARD";
	plan->jumps[plan->n_jumps].from = "DOCKER-USER";
	plan->jumps[plan->n_jumps++].optional = true;
}

/*
 * Returns the kernel modules needed: if the action is not DROP or is logged, and if connections are counted or
 * tracked.
 */
static const char *modules(const struct recent_layout *layout)
{
#define USUAL    "xt_recent xt_multiport xt_tcpudp"
#define ACTIONS  " xt_limit xt_LOG ipt_REJECT ip6t_REJECT"
#define COUNTING " xt_hashlimit xt_connbytes xt_state xt_conntrack"
	const struct root_config *const config = layout->config;
	const bool actions = config->log_prefix[0] != '\0' || config->action != ROOT_DROP;

	if (config->connections > 0 || layout->forward)
		return actions ? USUAL ACTIONS COUNTING : USUAL COUNTING;
	return actions ? USUAL ACTIONS : USUAL;
#undef USUAL
#undef ACTIONS
#undef COUNTING
}

struct xtables_plan recent_plan(const struct recent_layout *layout)
{
	struct xtables_plan plan = {.modules = modules(layout),
	                            .n_chains = CHAINS,
	                            .main = MAIN,
	                            .forwarded = layout->config->n_ports > 0 ? FORWARDED : MAIN,
	                            .of = layout,
	                            .name = chain_name,
	                            .rule = rule_of_chain,
	                            .jump = jump};

	set_jumps(layout, &plan);
	return plan;
}
