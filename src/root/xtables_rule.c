#include "root/xtables_rule.h"

#include <assert.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter/xt_LOG.h>
#include <linux/netfilter/xt_connbytes.h>
#include <linux/netfilter/xt_hashlimit.h>
#include <linux/netfilter/xt_limit.h>
#include <linux/netfilter/xt_multiport.h>
#include <linux/netfilter/xt_recent.h>
#include <linux/netfilter/xt_state.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <linux/netfilter_ipv4/ipt_REJECT.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

enum {
	IP4_BITS = 96,           /* an IPv4 address starts here in the 16 bytes */
	CLIENTS_MAX = 1 << 20,   /* hashlimit counts at a time; when it is full it drops packets of others */
	EXPIRE_MS_MIN = 10000,   /* a client's count is forgotten after that, ... */
	GC_MS = 1000,            /* ... looked at so often: as iptables has it */
};

uint8_t xtables_length(enum xtables_family family, enum xtables_kind kind, const struct root_config *config)
{
	const uint8_t prefix = config->ip6_prefix;
	const bool prefixes = family == XTABLES_IP6 && prefix >= 48 && prefix < 128;

	switch (kind) {
	case XTABLES_SINGLE:
		return 128;
	case XTABLES_PREFIX:
		return prefixes ? prefix : 0;
	case XTABLES_NETWORK:
		if (!config->networks || (prefixes && prefix == 48))
			return 0;
		return family == XTABLES_IP4 ? IP4_BITS + 24 : 48;
	case XTABLES_KINDS:
		break;
	}
	return 0;
}

unsigned xtables_shard_byte(uint8_t length)
{
	return length / 8U - 1; /* the last that lies in it as a whole */
}

void xtables_list_name(enum xtables_family family, enum xtables_kind kind, const struct root_config *config,
                    unsigned n_shards, unsigned shard, char out[static XTABLES_LIST_MAX])
{
	const unsigned length = xtables_length(family, kind, config);
	char which[4] = "";

	if (kind != XTABLES_SINGLE)
		(void)snprintf(which, sizeof which, "%u",
		               (family == XTABLES_IP4 ? length - IP4_BITS : length) % 1000);
	else if (family == XTABLES_IP6)
		(void)snprintf(which, sizeof which, "6");
	if (n_shards == 1)
		(void)snprintf(out, XTABLES_LIST_MAX, "%s%s", config->list, which);
	else
		(void)snprintf(out, XTABLES_LIST_MAX, "%s%s_%02x", config->list, which, shard % XTABLES_SHARDS);
}

void xtables_flood_name(enum xtables_family family, const struct root_config *config, char out[static XTABLES_LIST_MAX])
{
	(void)snprintf(out, XTABLES_LIST_MAX, "%s%s_flood", config->list, family == XTABLES_IP4 ? "" : "6");
}

/*
 * "SPAMMER" for RULE_MAIN; "SPAMMER_0" to "SPAMMER_f" lead to addresses, "SPAMMERp_0" ... to prefixes, "SPAMMERn_0" ... to
 * networks.
 */
struct label rule_chain(const struct root_config *config, unsigned chain)
{
	static const char *const kinds[XTABLES_KINDS] = {
	        [XTABLES_SINGLE] = "", [XTABLES_PREFIX] = "p", [XTABLES_NETWORK] = "n"};
	struct label label = {""};

	if (chain == RULE_MAIN)
		(void)snprintf(label.text, sizeof label.text, "%s", config->chain);
	else
		(void)snprintf(label.text, sizeof label.text, "%s%s_%x", config->chain,
		               kinds[chain / RULE_SUBS], chain % RULE_SUBS);
	return label;
}

/* --- matches and targets --- */

static void rule_begin(struct rule *rule, const struct family *family)
{
	memset(rule, 0, sizeof *rule);
	memset(rule->mask, 0xFF, sizeof rule->mask);
	rule->len = family->head_len;
}

/* Room for a match; returns its size bytes of data, zeroed. The first "same" of them count in a comparison. */
static void *rule_match(struct rule *rule, const char *name, uint8_t revision, size_t size, size_t same)
{
	struct xt_entry_match *const match = (void *)(rule->u.bytes + rule->len);
	const size_t len = XT_ALIGN(sizeof *match) + XT_ALIGN(size);

	assert(rule->len + len <= RULE_MAX && strlen(name) < sizeof match->u.user.name);
	match->u.user.match_size = (uint16_t)len; /* <= RULE_MAX */
	match->u.user.revision = revision;
	(void)snprintf(match->u.user.name, sizeof match->u.user.name, "%s", name);
	memset(rule->mask + rule->len + sizeof *match + same, 0, len - sizeof *match - same);
	rule->len += len;
	return match->data;
}

/*
 * Room for the target: "ACCEPT", "DROP" or a chain's name (libiptc knows which; size 0), or an extension
 * with its data.
 */
static void *rule_target(struct rule *rule, const char *name, size_t size)
{
	struct xt_entry_target *const target = (void *)(rule->u.bytes + rule->len);
	const size_t len = size == 0 ? XT_ALIGN(sizeof(struct xt_standard_target))
	                             : XT_ALIGN(sizeof *target) + XT_ALIGN(size);

	assert(rule->len + len <= RULE_MAX && strlen(name) < sizeof target->u.user.name);
	target->u.user.target_size = (uint16_t)len; /* <= RULE_MAX */
	(void)snprintf(target->u.user.name, sizeof target->u.user.name, "%s", name);
	rule->target_at = rule->len;
	rule->len += len;
	return target->data;
}

/* The first length bits; length counts in the 16 bytes, a mask from the family's own beginning. */
static void set_mask(enum xtables_family family, uint8_t length, union nf_inet_addr *mask)
{
	const unsigned bits = family == XTABLES_IP4 ? length - IP4_BITS : length;
	unsigned char bytes[sizeof *mask] = {0};

	for (unsigned bit = 0; bit < bits; bit++)
		bytes[bit / 8] |= (unsigned char)(0x80U >> bit % 8);
	memcpy(mask, bytes, sizeof *mask);
}

static void rule_match_recent(const struct layout *layout, enum xtables_kind kind, unsigned shard, uint8_t how,
                              struct rule *rule)
{
	/*
	 * Revision 1 has the mask. For addresses all of it is set, not the IPv4 part alone: it belongs to the
	 * list, and with zeros behind it IPv6 would be looked up by its first 32 bits. In an IPv4 rule only
	 * 32 bits are compared, as iptables-restore sets no more.
	 */
	const size_t mask_len = layout->family == XTABLES_IP4 ? sizeof(struct in_addr) : sizeof(struct in6_addr);
	const uint8_t length = xtables_length(layout->family, kind, layout->config);
	struct xt_recent_mtinfo_v1 *const recent = rule_match(
	        rule, "recent", 1, sizeof *recent, offsetof(struct xt_recent_mtinfo_v1, mask) + mask_len);
	char name[XTABLES_LIST_MAX];

	xtables_list_name(layout->family, kind, layout->config, layout->n_shards, shard, name);
	recent->seconds = layout->config->seconds;
	recent->check_set = how;
	recent->side = XT_RECENT_SOURCE;
	(void)snprintf(recent->name, sizeof recent->name, "%s", name);
	memset(&recent->mask, 0xFF, sizeof recent->mask);
	if (length < 128)
		set_mask(layout->family, length, &recent->mask);
}

static void rule_match_ports(const struct root_config *config, struct rule *rule)
{
	assert(config->n_ports <= XT_MULTI_PORTS);
	if (config->n_ports == 1) {
		struct xt_tcp *const tcp = rule_match(rule, "tcp", 0, sizeof *tcp, sizeof *tcp);

		tcp->spts[1] = UINT16_MAX; /* 0:65535, any; ports are in host order here */
		tcp->dpts[0] = tcp->dpts[1] = config->ports[0];
	} else if (config->n_ports > 1) {
		struct xt_multiport_v1 *const ports =
		        rule_match(rule, "multiport", 1, sizeof *ports, sizeof *ports);

		ports->flags = XT_MULTIPORT_DESTINATION;
		ports->count = (uint8_t)config->n_ports;
		for (size_t i = 0; i < config->n_ports; i++)
			ports->ports[i] = config->ports[i];
	}
}

/* "--limit 10/minute --limit-burst 5", before a LOG with the prefix. */
static void rule_log(const struct root_config *config, struct rule *rule)
{
	/* From prev on it is the kernel's own reckoning. */
	struct xt_rateinfo *const limit =
	        rule_match(rule, "limit", 0, sizeof *limit, offsetof(struct xt_rateinfo, prev));
	struct xt_log_info *log;

	limit->avg = XT_LIMIT_SCALE * 60 / 10;
	limit->burst = 5;
	log = rule_target(rule, "LOG", sizeof *log);
	log->level = LOG_WARNING;
	(void)snprintf(log->prefix, sizeof log->prefix, "%s", config->log_prefix);
}

static void rule_reject(const struct family *family, bool reset, struct rule *rule)
{
	struct ipt_reject_info *const reject = rule_target(rule, "REJECT", sizeof *reject);

	/* struct ip6t_reject_info is one number of the same size. */
	reject->with = reset ? family->reset : family->reject;
}

/* --- which rules there are --- */

/* [LOG], then what is done; and a DROP behind RESET when all protocols come here, for what has no RST. */
static unsigned rules_per_list(const struct root_config *config)
{
	return 1U + (config->log_prefix[0] != '\0') + (config->action == ROOT_RESET && config->n_ports == 0);
}

/* Rule number "place" of one list, below rules_per_list. */
static void list_rule(const struct layout *layout, enum xtables_kind kind, unsigned shard, unsigned place,
                      struct rule *rule)
{
	const struct root_config *const config = layout->config;
	const unsigned n_log = config->log_prefix[0] != '\0';
	uint8_t protocol = 0;

	rule_begin(rule, &iptc_families[layout->family]);
	rule_match_recent(layout, kind, shard, place < n_log ? XT_RECENT_CHECK : XT_RECENT_UPDATE, rule);
	if (place < n_log) {
		rule_log(config, rule);
	} else if (config->action == ROOT_DROP || place > n_log) {
		(void)rule_target(rule, "DROP", 0);
	} else {
		rule_reject(&iptc_families[layout->family], config->action == ROOT_RESET, rule);
		if (config->action == ROOT_RESET)
			protocol = IPPROTO_TCP; /* the kernel insists */
	}
	iptc_families[layout->family].finish(
	        rule, protocol, xtables_shard_byte(xtables_length(layout->family, kind, config)), (uint8_t)shard,
	        layout->n_shards == 1 ? 0 : 0xFF); /* shard < 256 */
}

/* The client's second packet, of a connection that is established: the first alone can be forged. */
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
static void rule_match_rate(const struct layout *layout, struct rule *rule)
{
	const struct root_config *const config = layout->config;
	struct xt_hashlimit_mtinfo3 *const limit = rule_match(
	        rule, "hashlimit", 3, sizeof *limit, offsetof(struct xt_hashlimit_mtinfo3, hinfo));

	/* The kernel goes on with the table of that name as it is: another rate, another name. */
	(void)snprintf(limit->name, sizeof limit->name, "%s_%u_%u", config->list, config->connections,
	               config->connections_s);
	limit->cfg.mode = XT_HASHLIMIT_HASH_SIP | XT_HASHLIMIT_INVERT;
	limit->cfg.avg = (uint64_t)XT_HASHLIMIT_SCALE_v2 * config->connections_s / config->connections;
	limit->cfg.burst = config->connections;
	limit->cfg.max = CLIENTS_MAX;
	limit->cfg.gc_interval = GC_MS;
	limit->cfg.expire = config->connections_s * 1000 > EXPIRE_MS_MIN ? config->connections_s * 1000
	                                                                 : EXPIRE_MS_MIN;
	limit->cfg.srcmask = layout->family == XTABLES_IP4    ? 32
	                     : config->ip6_prefix >= 48 ? config->ip6_prefix
	                                                : 128;
}

static void flood_rule(const struct layout *layout, struct rule *rule)
{
	struct xt_recent_mtinfo_v1 *recent;
	char name[XTABLES_LIST_MAX];

	rule_begin(rule, &iptc_families[layout->family]);
	rule_match_established(rule);
	rule_match_rate(layout, rule);
	recent = rule_match(rule, "recent", 1, sizeof *recent,
	                    offsetof(struct xt_recent_mtinfo_v1, mask) +
	                            (layout->family == XTABLES_IP4 ? sizeof(struct in_addr)
	                                                        : sizeof(struct in6_addr)));
	xtables_flood_name(layout->family, layout->config, name);
	recent->check_set = XT_RECENT_SET;
	recent->side = XT_RECENT_SOURCE;
	(void)snprintf(recent->name, sizeof recent->name, "%s", name);
	memset(&recent->mask, 0xFF, sizeof recent->mask);
	(void)rule_target(rule, "", 0);
	iptc_families[layout->family].finish(rule, IPPROTO_TCP, 15, 0, 0);
}

/* Rule number "place" of RULE_MAIN: kind by kind, the rules of a list, or jumps to the chains that lead to
 * many. */
static bool main_rule(const struct layout *layout, unsigned place, struct rule *rule)
{
	const unsigned per_list = rules_per_list(layout->config);

	for (enum xtables_kind kind = XTABLES_SINGLE; kind < XTABLES_KINDS; kind++) {
		const uint8_t length = xtables_length(layout->family, kind, layout->config);
		const bool split = layout->n_shards > 1;
		const unsigned n = length == 0 ? 0 : split ? RULE_SUBS : per_list;

		if (place >= n) {
			place -= n;
			continue;
		}
		if (!split) {
			list_rule(layout, kind, 0, place, rule);
			return true;
		}
		rule_begin(rule, &iptc_families[layout->family]);
		(void)rule_target(rule, rule_chain(layout->config, (unsigned)kind * RULE_SUBS + place).text,
		                  0);
		iptc_families[layout->family].finish(rule, 0, xtables_shard_byte(length), (uint8_t)place,
		                                     0x0F); /* place < 16 */
		return true;
	}
	if (place > 0 || layout->config->connections == 0)
		return false;
	flood_rule(layout, rule);
	return true;
}

/* Rule number "place" of a chain. False: it has no more; a chain without any is not wanted. */
bool rule_of_chain(const struct layout *layout, unsigned chain, unsigned place, struct rule *rule)
{
	const unsigned per_list = rules_per_list(layout->config);
	const enum xtables_kind kind = (enum xtables_kind)(chain / RULE_SUBS); /* XTABLES_KINDS: RULE_MAIN */

	if (chain == RULE_MAIN)
		return main_rule(layout, place, rule);
	if (layout->n_shards == 1 || xtables_length(layout->family, kind, layout->config) == 0 ||
	    place == RULE_SUBS * per_list)
		return false;
	list_rule(layout, kind, place / per_list * RULE_SUBS + chain % RULE_SUBS, place % per_list, rule);
	return true;
}

void rule_jump(const struct layout *layout, struct rule *rule)
{
	rule_begin(rule, &iptc_families[layout->family]);
	rule_match_ports(layout->config, rule);
	(void)rule_target(rule, layout->config->chain, 0);
	iptc_families[layout->family].finish(rule, layout->config->n_ports > 0 ? IPPROTO_TCP : 0, 15, 0, 0);
}
