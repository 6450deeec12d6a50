#include "root/xtables_rule.h"

#include <assert.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter/xt_LOG.h>
#include <linux/netfilter/xt_limit.h>
#include <linux/netfilter/xt_multiport.h>
#include <linux/netfilter/xt_state.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <linux/netfilter_ipv4/ipt_REJECT.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

void rule_begin(struct rule *rule, enum xtables_family family)
{
	memset(rule, 0, sizeof *rule);
	memset(rule->mask, 0xFF, sizeof rule->mask);
	rule->len = xtables_families[family].head_len;
}

void *rule_match(struct rule *rule, const char *name, uint8_t revision, size_t size, size_t same)
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

void *rule_target(struct rule *rule, const char *name, size_t size)
{
	struct xt_entry_target *const target = (void *)(rule->u.bytes + rule->len);
	const size_t len =
		size == 0 ? XT_ALIGN(sizeof(struct xt_standard_target)) : XT_ALIGN(sizeof *target) + XT_ALIGN(size);

	assert(rule->len + len <= RULE_MAX && strlen(name) < sizeof target->u.user.name);
	target->u.user.target_size = (uint16_t)len; /* <= RULE_MAX */
	(void)snprintf(target->u.user.name, sizeof target->u.user.name, "%s", name);
	rule->target_at = rule->len;
	rule->len += len;
	return target->data;
}

void rule_end(struct rule *rule, enum xtables_family family, uint8_t protocol, unsigned byte, uint8_t value,
              uint8_t mask)
{
	xtables_families[family].finish(rule, protocol, byte, value, mask);
}

static void match_tcp(bool opening, uint16_t first, uint16_t last, struct rule *rule)
{
	struct xt_tcp *const tcp = rule_match(rule, "tcp", 0, sizeof *tcp, sizeof *tcp);

	tcp->spts[1] = UINT16_MAX; /* 0:65535, any; ports are in host order here */
	tcp->dpts[0] = first;
	tcp->dpts[1] = last;
	if (opening) {
		tcp->flg_mask = TH_FIN | TH_SYN | TH_RST | TH_ACK;
		tcp->flg_cmp = TH_SYN;
	}
}

void rule_match_opening(const struct root_config *config, struct rule *rule)
{
	if (config->sessions == ROOT_KEPT)
		match_tcp(true, 0, UINT16_MAX, rule);
}

void rule_match_ports(const struct root_config *config, struct rule *rule)
{
	assert(config->n_ports <= XT_MULTI_PORTS);
	if (config->n_ports == 1) {
		match_tcp(config->sessions == ROOT_KEPT, config->ports[0], config->ports[0], rule);
	} else if (config->n_ports > 1) {
		struct xt_multiport_v1 *ports;

		rule_match_opening(config, rule);
		ports = rule_match(rule, "multiport", 1, sizeof *ports, sizeof *ports);
		ports->flags = XT_MULTIPORT_DESTINATION;
		ports->count = (uint8_t)config->n_ports;
		for (size_t i = 0; i < config->n_ports; i++)
			ports->ports[i] = config->ports[i];
	} else if (config->sessions == ROOT_KEPT) {
		/* Includes protocols without SYN. */
		struct xt_state_info *const state = rule_match(rule, "state", 0, sizeof *state, sizeof *state);

		state->statemask = XT_STATE_BIT(IP_CT_NEW);
	}
}

void rule_target_log(const struct root_config *config, struct rule *rule)
{
	/* The fields from prev on are the kernel's own state. */
	struct xt_rateinfo *const limit =
		rule_match(rule, "limit", 0, sizeof *limit, offsetof(struct xt_rateinfo, prev));
	struct xt_log_info *log;

	limit->avg = XT_LIMIT_SCALE * 60 / 10;
	limit->burst = 5;
	log = rule_target(rule, "LOG", sizeof *log);
	log->level = LOG_WARNING;
	(void)snprintf(log->prefix, sizeof log->prefix, "%s", config->log_prefix);
}

void rule_target_reject(enum xtables_family family, bool reset, struct rule *rule)
{
	struct ipt_reject_info *const reject = rule_target(rule, "REJECT", sizeof *reject);

	/* struct ip6t_reject_info is a single integer of the same size. */
	reject->with = reset ? xtables_families[family].reset : xtables_families[family].reject;
}
