#include "root/xtables_family.h"

#include <libiptc/libip6tc.h>
#include <libiptc/libiptc.h>
#include <linux/netfilter_ipv4/ipt_REJECT.h>
#include <linux/netfilter_ipv6/ip6t_REJECT.h>
#include <netinet/in.h>

static void finish4(struct rule *rule, uint8_t protocol, unsigned byte, uint8_t value, uint8_t mask)
{
	const unsigned shift = 8 * (15 - byte); /* byte: 12..15 */

	rule->u.ip4.ip.proto = protocol;
	rule->u.ip4.ip.src.s_addr = htonl((uint32_t)value << shift);
	rule->u.ip4.ip.smsk.s_addr = htonl((uint32_t)mask << shift);
	rule->u.ip4.target_offset = (uint16_t)rule->target_at; /* <= RULE_MAX */
	rule->u.ip4.next_offset = (uint16_t)rule->len;
}

static void finish6(struct rule *rule, uint8_t protocol, unsigned byte, uint8_t value, uint8_t mask)
{
	rule->u.ip6.ipv6.proto = protocol;
	if (protocol != 0)
		rule->u.ip6.ipv6.flags |= IP6T_F_PROTO; /* otherwise the kernel ignores it */
	rule->u.ip6.ipv6.src.s6_addr[byte] = value;
	rule->u.ip6.ipv6.smsk.s6_addr[byte] = mask;
	rule->u.ip6.target_offset = (uint16_t)rule->target_at; /* <= RULE_MAX */
	rule->u.ip6.next_offset = (uint16_t)rule->len;
}

static int has4(const char *chain, struct rule *rule, struct xtc_handle *handle)
{
	return iptc_check_entry(chain, &rule->u.ip4, rule->mask, handle);
}

static int has6(const char *chain, struct rule *rule, struct xtc_handle *handle)
{
	return ip6tc_check_entry(chain, &rule->u.ip6, rule->mask, handle);
}

static int append4(const char *chain, const struct rule *rule, struct xtc_handle *handle)
{
	return iptc_append_entry(chain, &rule->u.ip4, handle);
}

static int append6(const char *chain, const struct rule *rule, struct xtc_handle *handle)
{
	return ip6tc_append_entry(chain, &rule->u.ip6, handle);
}

static int insert_first4(const char *chain, const struct rule *rule, struct xtc_handle *handle)
{
	return iptc_insert_entry(chain, &rule->u.ip4, 0, handle);
}

static int insert_first6(const char *chain, const struct rule *rule, struct xtc_handle *handle)
{
	return ip6tc_insert_entry(chain, &rule->u.ip6, 0, handle);
}

static const void *next4(const char *chain, const void *rule, struct xtc_handle *handle)
{
	return rule == NULL ? iptc_first_rule(chain, handle) : iptc_next_rule(rule, handle);
}

static const void *next6(const char *chain, const void *rule, struct xtc_handle *handle)
{
	return rule == NULL ? ip6tc_first_rule(chain, handle) : ip6tc_next_rule(rule, handle);
}

static const char *target4(const void *rule, struct xtc_handle *handle)
{
	return iptc_get_target(rule, handle);
}

static const char *target6(const void *rule, struct xtc_handle *handle)
{
	return ip6tc_get_target(rule, handle);
}

const struct family xtables_families[] = {
	[XTABLES_IP4] = {"iptables", "iptable_filter", &iptc_ops, sizeof(struct ipt_entry), IPT_ICMP_PORT_UNREACHABLE,
                         IPT_TCP_RESET, finish4, has4, append4, insert_first4, iptc_delete_num_entry, iptc_delete_chain,
                         next4, target4},
	[XTABLES_IP6] = {"ip6tables", "ip6table_filter", &ip6tc_ops, sizeof(struct ip6t_entry), IP6T_ICMP6_PORT_UNREACH,
                         IP6T_TCP_RESET, finish6, has6, append6, insert_first6, ip6tc_delete_num_entry,
                         ip6tc_delete_chain, next6, target6},
};
