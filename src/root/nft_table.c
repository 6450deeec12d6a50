#include "root/nft_table.h"
#include "root/hooks.h"
#include "root/nft_expr.h"
#include "root/nft_make.h"

#include <stdio.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

enum {
	IP4_BITS = 96,      /* an IPv4 address starts here in the 16 bytes */
	IP4_SLOTS = 18,     /* /32, then /24 ... /8 */
	PREFIX_SLOT = 22,   /* ip6_prefix */
	BEFORE_DNAT = -101, /* NF_IP_PRI_NAT_DST, less one: before the DNAT of containers */
	PRIORITY = -10,     /* NF_IP_PRI_FILTER, less ten: before the administrator's rules */
	FLOOD_S = 60,       /* clients that opened too many connections are fetched within this time */
	RATE_S_MIN = 10,
	HOUR_S = 3600,
};

/* The base chains. */
static const struct nft_base input = {"input", NF_INET_LOCAL_IN, PRIORITY, false},
			     forward = {"forward", NF_INET_FORWARD, PRIORITY, false};
static const struct nft_base tarpit = {"tarpit", NF_INET_PRE_ROUTING, BEFORE_DNAT, true};

bool nft_slot(unsigned slot, const struct root_config *config, struct nft_slot *ret)
{
	static const uint8_t lengths6[] = {128, 64, 48, 32};

	if (slot < IP4_SLOTS)
		*ret = (struct nft_slot){true, slot == 0 ? 32 : (uint8_t)(25 - slot)};
	else if (slot < PREFIX_SLOT)
		*ret = (struct nft_slot){false, lengths6[slot - IP4_SLOTS]};
	else
		*ret = (struct nft_slot){false, config->ip6_prefix};
	return slot < PREFIX_SLOT || (config->ip6_prefix > 48 && config->ip6_prefix < 128 && config->ip6_prefix != 64);
}

unsigned nft_slot_of(const struct net *net, const struct root_config *config)
{
	const bool ip4 = net->len > IP4_BITS && addr_is_ip4(&net->addr);
	unsigned slot;

	for (slot = 0; slot < NFT_SLOTS; slot++) {
		struct nft_slot s;

		if (nft_slot(slot, config, &s) && s.ip4 == ip4 && s.length == net->len - (ip4 ? IP4_BITS : 0))
			break;
	}
	return slot;
}

/* --- names --- */

void nft_table_name(const struct root_config *config, char out[static NFT_NAME_MAX])
{
	const bool usual = strcmp(config->chain, "SPAMMER") == 0;

	if (config->table[0] != '\0')
		(void)snprintf(out, NFT_NAME_MAX, "%s", config->table);
	else
		(void)snprintf(out, NFT_NAME_MAX, "watchforspammers%s%s", usual ? "" : "_", usual ? "" : config->chain);
}

void nft_set_name(const struct root_config *config, struct nft_slot slot, const char *suffix,
                  char out[static NFT_NAME_MAX])
{
	char which[4] = "";

	if (slot.length != (slot.ip4 ? 32 : 128))
		(void)snprintf(which, sizeof which, "%u", slot.length % 1000U);
	else if (!slot.ip4)
		(void)snprintf(which, sizeof which, "6");
	(void)snprintf(out, NFT_NAME_MAX, "%s%s%s", config->list, which, suffix);
}

void nft_flood_name(const struct root_config *config, bool ip4, const char *suffix, char out[static NFT_NAME_MAX])
{
	(void)snprintf(out, NFT_NAME_MAX, "%s%s%s", config->list, ip4 ? "" : "6", suffix);
}

/* --- the messages --- */

/* A list: its table and what it closes. */
struct nft_list {
	const struct root_config *config;
	char table[NFT_NAME_MAX];
	uint32_t slots;
};

static uint32_t size_of(struct nft_slot slot)
{
	return slot.ip4           ? slot.length == 32 ? NFT_ELEMENTS_MAX : NFT_WIDE_MAX
	       : slot.length > 48 ? NFT_ELEMENTS_MAX
	                          : NFT_WIDE_MAX;
}

static void put_slot_sets(struct nft_batch *batch, const struct nft_list *list, struct nft_slot slot)
{
	struct nft_set set = nft_set_of_addresses(slot.ip4, NFT_SET_TIMEOUT, size_of(slot));
	char chain[NFT_NAME_MAX];

	nft_set_name(list->config, slot, "", set.name);
	nft_put_set(batch, list->table, &set);
	set = nft_set_of_addresses(slot.ip4, NFT_SET_TIMEOUT | NFT_SET_EVAL, NFT_DROPPED_MAX);
	nft_set_name(list->config, slot, "_dropped", set.name);
	nft_put_set(batch, list->table, &set);
	nft_set_name(list->config, slot, "_drop", chain);
	nft_put_chain(batch, list->table, chain, NULL);
}

static void put_ports(struct nft_batch *batch, const struct nft_list *list)
{
	char set[NFT_NAME_MAX];

	nft_flood_name(list->config, true, "_ports", set);
	nft_put_ports(batch, list->table, set, list->config->ports, list->config->n_ports);
}

static void put_jump(struct nft_batch *batch, const struct nft_list *list, const struct nft_base *from)
{
	struct nft_rule rule = nft_rule(batch, list->table, from->name);
	char ports[NFT_NAME_MAX];

	if (list->config->n_ports > 0) {
		nft_flood_name(list->config, true, "_ports", ports);
		nft_only_tcp(&rule);
		if (from == &forward)
			nft_load_original_port(&rule);
		else
			nft_load_port(&rule);
		nft_lookup(&rule, ports);
		if (list->config->sessions == ROOT_KEPT)
			nft_only_syn(&rule);
	} else if (list->config->sessions == ROOT_KEPT) {
		nft_only_new(&rule); /* includes protocols without SYN */
	}
	nft_to_chain(&rule, list->config->chain, true);
	nft_rule_end(batch, &rule);
}

/* Writes what is done with packets from one set, and the rule that looks there. */
static void put_slot_rules(struct nft_batch *batch, const struct nft_list *list, struct nft_slot slot)
{
	const struct root_config *const config = list->config;
	char set[NFT_NAME_MAX], dropped[NFT_NAME_MAX], chain[NFT_NAME_MAX];
	struct nft_rule rule;

	nft_set_name(config, slot, "", set);
	nft_set_name(config, slot, "_dropped", dropped);
	nft_set_name(config, slot, "_drop", chain);
	rule = nft_rule(batch, list->table, chain);
	nft_only_family(&rule, slot.ip4); /* for people: nft then shows an address instead of an offset */
	nft_load_source(&rule, slot.ip4, slot.length);
	nft_update(&rule, dropped, NFT_DROPPED_S, NFT_KEEP_COUNTER, NULL);
	nft_rule_end(batch, &rule);
	if (config->log_prefix[0] != '\0') {
		rule = nft_rule(batch, list->table, chain);
		nft_log(&rule, config->log_prefix);
		nft_rule_end(batch, &rule);
	}
	rule = nft_rule(batch, list->table, chain);
	if (config->action == ROOT_DROP || config->action == ROOT_TARPIT)
		nft_drop(&rule);
	else
		nft_reject(&rule, config->action == ROOT_RESET);
	nft_rule_end(batch, &rule);
	rule = nft_rule(batch, list->table, config->chain);
	nft_only_family(&rule, slot.ip4);
	nft_load_source(&rule, slot.ip4, slot.length);
	nft_lookup(&rule, set);
	nft_to_chain(&rule, chain, false);
	nft_rule_end(batch, &rule);
}

/* --- the tarpit --- */

bool nft_has_tarpit(const struct root_config *config)
{
	return config->tarpit_port != 0 && hooks_input(config);
}

static void put_tarpit_slot(struct nft_batch *batch, const struct nft_list *list, struct nft_slot slot)
{
	char set[NFT_NAME_MAX], dropped[NFT_NAME_MAX], chain[NFT_NAME_MAX];
	struct nft_rule rule;

	nft_set_name(list->config, slot, "", set);
	nft_set_name(list->config, slot, "_dropped", dropped);
	nft_set_name(list->config, slot, "_tarpit", chain);
	nft_put_chain(batch, list->table, chain, NULL);
	rule = nft_rule(batch, list->table, chain);
	nft_only_family(&rule, slot.ip4);
	nft_load_source(&rule, slot.ip4, slot.length);
	nft_update(&rule, dropped, NFT_DROPPED_S, NFT_KEEP_COUNTER, NULL);
	nft_rule_end(batch, &rule);
	rule = nft_rule(batch, list->table, chain);
	nft_only_tcp(&rule);
	nft_redirect(&rule, list->config->tarpit_port);
	nft_rule_end(batch, &rule);
	rule = nft_rule(batch, list->table, "clients");
	nft_only_family(&rule, slot.ip4);
	nft_load_source(&rule, slot.ip4, slot.length);
	nft_lookup(&rule, set);
	nft_to_chain(&rule, chain, false);
	nft_rule_end(batch, &rule);
}

/* Redirected packets arrive at the tarpit's port; no other packet may reach it there. */
static void put_tarpit_port(struct nft_batch *batch, const struct nft_list *list)
{
	struct nft_rule rule = nft_rule(batch, list->table, input.name);

	nft_only_port(&rule, list->config->tarpit_port);
	nft_only_original_port(&rule, list->config->tarpit_port);
	nft_drop(&rule);
	nft_rule_end(batch, &rule);
	rule = nft_rule(batch, list->table, input.name);
	nft_only_port(&rule, list->config->tarpit_port);
	nft_accept(&rule);
	nft_rule_end(batch, &rule);
}

static void put_tarpit_jump(struct nft_batch *batch, const struct nft_list *list)
{
	struct nft_rule rule = nft_rule(batch, list->table, tarpit.name);
	char ports[NFT_NAME_MAX];

	nft_only_tcp(&rule);
	nft_only_local(&rule);
	if (list->config->n_ports > 0) {
		nft_flood_name(list->config, true, "_ports", ports);
		nft_load_port(&rule);
		nft_lookup(&rule, ports);
	}
	nft_to_chain(&rule, "clients", true);
	nft_rule_end(batch, &rule);
}

static void put_flood_sets(struct nft_batch *batch, const struct nft_list *list, bool ip4)
{
	struct nft_set set = nft_set_of_addresses(ip4, NFT_SET_TIMEOUT | NFT_SET_EVAL, NFT_DROPPED_MAX);

	nft_flood_name(list->config, ip4, "_rate", set.name);
	nft_put_set(batch, list->table, &set);
	nft_flood_name(list->config, ip4, "_flood", set.name);
	nft_put_set(batch, list->table, &set);
}

static void put_flood_rule(struct nft_batch *batch, const struct nft_list *list, bool ip4)
{
	const struct root_config *const config = list->config;
	/* The rate is per hour: nft shows other periods as "error", and could not load what it saved. */
	const uint32_t per_hour = (config->connections * HOUR_S + config->connections_s - 1) / config->connections_s;
	const struct nft_rate rate = {per_hour, HOUR_S, config->connections};
	const bool prefix = !ip4 && config->ip6_prefix >= 48 && config->ip6_prefix < 128;
	struct nft_rule rule = nft_rule(batch, list->table, config->chain);
	char name[NFT_NAME_MAX];

	nft_only_family(&rule, ip4);
	nft_only_tcp(&rule);
	nft_only_established(&rule);
	nft_load_source(&rule, ip4, ip4 ? 32 : prefix ? config->ip6_prefix : 128);
	nft_flood_name(config, ip4, "_rate", name);
	nft_update(&rule, name, config->connections_s > RATE_S_MIN ? config->connections_s : RATE_S_MIN, NFT_KEEP_LIMIT,
	           &rate);
	nft_load_source(&rule, ip4, ip4 ? 32 : 128);
	nft_flood_name(config, ip4, "_flood", name);
	nft_update(&rule, name, FLOOD_S, NFT_KEEP_ONLY, NULL);
	nft_rule_end(batch, &rule);
}

void nft_table_put(struct nft_batch *batch, const struct root_config *config, uint32_t slots, bool forwards,
                   bool recreate)
{
	struct nft_list list = {.config = config, .slots = slots};
	struct nft_slot slot;

	nft_table_name(config, list.table);
	nft_put_table(batch, list.table);
	if (recreate) {
		nft_put_delete(batch, NFT_MSG_DELTABLE, list.table);
		nft_put_table(batch, list.table);
	}
	nft_put_chain(batch, list.table, input.name, &input);
	if (forwards)
		nft_put_chain(batch, list.table, forward.name, &forward);
	nft_put_chain(batch, list.table, config->chain, NULL);
	nft_put_delete(batch, NFT_MSG_DELRULE, list.table);
	if (config->n_ports > 0)
		put_ports(batch, &list);
	if (nft_has_tarpit(config)) {
		nft_put_chain(batch, list.table, tarpit.name, &tarpit);
		nft_put_chain(batch, list.table, "clients", NULL);
		put_tarpit_port(batch, &list);
		put_tarpit_jump(batch, &list);
	}
	if (hooks_input(config))
		put_jump(batch, &list, &input);
	if (forwards)
		put_jump(batch, &list, &forward);
	for (unsigned i = 0; i < NFT_SLOTS; i++) {
		if ((slots >> i & 1) == 0 || !nft_slot(i, config, &slot))
			continue;
		put_slot_sets(batch, &list, slot);
		put_slot_rules(batch, &list, slot);
		if (nft_has_tarpit(config))
			put_tarpit_slot(batch, &list, slot);
	}
	for (int ip4 = 0; ip4 < 2 && config->connections > 0; ip4++) {
		put_flood_sets(batch, &list, ip4 != 0);
		put_flood_rule(batch, &list, ip4 != 0);
	}
}

void nft_table_delete(struct nft_batch *batch, const struct root_config *config)
{
	char table[NFT_NAME_MAX];

	nft_table_name(config, table);
	nft_put_delete(batch, NFT_MSG_DELTABLE, table);
}

void nft_probe_put(struct nft_batch *batch, const struct root_config *config, bool makes)
{
	struct nft_set set = nft_set_of_addresses(true, NFT_SET_TIMEOUT, 0);
	char table[NFT_NAME_MAX];
	struct nlmsghdr *nlh;

	nft_table_name(config, table);
	nft_set_name(config, (struct nft_slot){true, 32}, "_probe", set.name);
	if (makes) {
		nft_put_set(batch, table, &set);
		return;
	}
	nlh = nft_put(batch, NFT_MSG_DELSET, 0);
	mnl_attr_put_strz(nlh, NFTA_SET_TABLE, table);
	mnl_attr_put_strz(nlh, NFTA_SET_NAME, set.name);
	nft_end(batch);
}

/* --- what exists --- */

/* Returns the slot of the set with that name; NFT_SLOTS if it is not ours. */
static unsigned slot_named(const struct root_config *config, const struct nlattr *name)
{
	for (unsigned i = 0; i < NFT_SLOTS; i++) {
		struct nft_slot slot;
		char ours[NFT_NAME_MAX];

		if (!nft_slot(i, config, &slot))
			continue;
		nft_set_name(config, slot, "", ours);
		if (nft_is_text(name, ours))
			return i;
	}
	return NFT_SLOTS;
}

static int find_sets(const struct root_config *config, struct mnl_socket *socket, struct nft_answer *answer,
                     const char *table, uint32_t *ret_slots, struct why *why)
{
	const struct nlmsghdr *nlh;
	int rc = nft_ask(answer, socket, NFT_MSG_GETSET, table, NULL, why);

	*ret_slots = 0;
	while (rc == 0 && (rc = nft_next(answer, &nlh, why)) == 0 && nlh != NULL) {
		struct nft_attrs attrs = nft_attrs(nlh);
		const struct nlattr *attr;
		unsigned slot = NFT_SLOTS;
		uint32_t flags = 0;

		while ((attr = nft_attr(&attrs)) != NULL) {
			if (mnl_attr_get_type(attr) == NFTA_SET_NAME)
				slot = slot_named(config, attr);
			else if (mnl_attr_get_type(attr) == NFTA_SET_FLAGS)
				flags = nft_u32(attr);
		}
		/* Accepts any hash set whose elements have timeouts, whichever program created it. */
		if (slot < NFT_SLOTS && (flags & (NFT_SET_TIMEOUT | NFT_SET_INTERVAL | NFT_SET_MAP)) == NFT_SET_TIMEOUT)
			*ret_slots |= 1U << slot;
	}
	return rc;
}

int nft_table_find(const struct root_config *config, struct mnl_socket *socket, struct nft_answer *answer,
                   enum nft_found *ret, uint32_t *ret_slots, struct why *why)
{
	char table[NFT_NAME_MAX];
	int rc;

	nft_table_name(config, table);
	*ret_slots = 0;
	rc = nft_find_table(table, socket, answer, ret, why);
	if (rc < 0 || *ret == NFT_FOUND_NONE || (*ret == NFT_FOUND_FOREIGN && config->manage_rules))
		return rc;
	return find_sets(config, socket, answer, table, ret_slots, why);
}

int nft_table_names(const struct root_config *config, struct mnl_socket *socket, struct nft_answer *answer,
                    struct backend_names *ret, struct why *why)
{
	char begin[NFT_NAME_MAX], name[NFT_NAME_MAX];
	const int len = snprintf(begin, sizeof begin, "watchforspammers_%s_", config->chain); /* fits */
	const struct nlmsghdr *nlh;
	int rc = nft_ask(answer, socket, NFT_MSG_GETTABLE, NULL, NULL, why);

	while (rc == 0 && (rc = nft_next(answer, &nlh, why)) == 0 && nlh != NULL)
		if (nft_read_table(nlh, name) && strncmp(name, begin, (size_t)len) == 0)
			backend_name(ret, name + len);
	return rc;
}
