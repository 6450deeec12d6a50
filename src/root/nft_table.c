#include "root/nft_table.h"
#include "root/hooks.h"
#include "root/nft_expr.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

enum {
	IP4_BITS = 96,      /* an IPv4 address starts here in the 16 bytes */
	IP4_SLOTS = 18,     /* /32, then /24 ... /8 */
	PREFIX_SLOT = 22,   /* ip6_prefix */
	PRIORITY = -10,     /* NF_IP_PRI_FILTER, less ten: before the administrator's rules */
	TYPE_IP4 = 7,       /* the kernel does not look at these: for nft, its include/datatype.h */
	TYPE_IP6 = 8,
	TYPE_PORT = 13,
	FLOOD_S = 60,       /* who opened too many connections is fetched within that */
	RATE_S_MIN = 10,
	HOUR_S = 3600,
};

/* The chains that the kernel enters. */
static const struct base {
	const char *name;
	uint32_t hook;
} input = {"input", NF_INET_LOCAL_IN}, forward = {"forward", NF_INET_FORWARD};

/* What nft shows as the table's comment: type 0, length, text. By this we know our table. */
static const char mark[] = "\0\x25" "made and removed by watchforspammers";

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

void nft_set_name(const struct root_config *config, struct nft_slot slot, const char *suffix, char out[static NFT_NAME_MAX])
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

/* A list: its name in the table, and what it closes. */
struct nft_list {
	const struct root_config *config;
	char table[NFT_NAME_MAX];
	uint32_t slots;
};

struct set {
	char name[NFT_NAME_MAX];
	uint32_t type, key_len, flags, size; /* size 0: as many as it is given */
};

static void put_table(struct nft_batch *batch, const char *table)
{
	struct nlmsghdr *const nlh = nft_put(batch, NFT_MSG_NEWTABLE, NLM_F_CREATE);

	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, table);
	nft_put_u32(nlh, NFTA_TABLE_FLAGS, 0); /* awake */
	mnl_attr_put(nlh, NFTA_TABLE_USERDATA, sizeof mark, mark);
	nft_end(batch);
}

static void put_delete(struct nft_batch *batch, uint16_t type, const char *table)
{
	mnl_attr_put_strz(nft_put(batch, type, 0), NFTA_TABLE_NAME, table);
	nft_end(batch);
}

static void put_set(struct nft_batch *batch, const char *table, const struct set *set)
{
	static uint32_t id;
	struct nlmsghdr *const nlh = nft_put(batch, NFT_MSG_NEWSET, NLM_F_CREATE);

	mnl_attr_put_strz(nlh, NFTA_SET_TABLE, table);
	mnl_attr_put_strz(nlh, NFTA_SET_NAME, set->name);
	nft_put_u32(nlh, NFTA_SET_FLAGS, set->flags);
	nft_put_u32(nlh, NFTA_SET_KEY_TYPE, set->type);
	nft_put_u32(nlh, NFTA_SET_KEY_LEN, set->key_len);
	nft_put_u32(nlh, NFTA_SET_ID, ++id); /* the kernel insists */
	if (set->size > 0) {
		struct nlattr *const desc = mnl_attr_nest_start(nlh, NFTA_SET_DESC);

		nft_put_u32(nlh, NFTA_SET_DESC_SIZE, set->size);
		mnl_attr_nest_end(nlh, desc);
	}
	nft_end(batch);
}

/* base: NULL for a chain that rules lead to. */
static void put_chain(struct nft_batch *batch, const char *table, const char *name, const struct base *base)
{
	struct nlmsghdr *const nlh = nft_put(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE);

	mnl_attr_put_strz(nlh, NFTA_CHAIN_TABLE, table);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, name);
	if (base != NULL) {
		struct nlattr *const hook = mnl_attr_nest_start(nlh, NFTA_CHAIN_HOOK);

		nft_put_u32(nlh, NFTA_HOOK_HOOKNUM, base->hook);
		nft_put_u32(nlh, NFTA_HOOK_PRIORITY, (uint32_t)PRIORITY);
		mnl_attr_nest_end(nlh, hook);
		nft_put_u32(nlh, NFTA_CHAIN_POLICY, NF_ACCEPT);
		mnl_attr_put_strz(nlh, NFTA_CHAIN_TYPE, "filter");
	}
	nft_end(batch);
}

static struct set addresses(bool ip4, uint32_t flags, uint32_t size)
{
	return (struct set){
	        .type = ip4 ? TYPE_IP4 : TYPE_IP6, .key_len = ip4 ? 4 : 16, .flags = flags, .size = size};
}

static uint32_t size_of(struct nft_slot slot)
{
	return slot.ip4 ? slot.length == 32 ? NFT_ELEMENTS_MAX : NFT_WIDE_MAX
	                : slot.length > 48 ? NFT_ELEMENTS_MAX : NFT_WIDE_MAX;
}

static void put_slot_sets(struct nft_batch *batch, const struct nft_list *list, struct nft_slot slot)
{
	struct set set = addresses(slot.ip4, NFT_SET_TIMEOUT, size_of(slot));
	char chain[NFT_NAME_MAX];

	nft_set_name(list->config, slot, "", set.name);
	put_set(batch, list->table, &set);
	set = addresses(slot.ip4, NFT_SET_TIMEOUT | NFT_SET_EVAL, NFT_DROPPED_MAX);
	nft_set_name(list->config, slot, "_dropped", set.name);
	put_set(batch, list->table, &set);
	nft_set_name(list->config, slot, "_drop", chain);
	put_chain(batch, list->table, chain, NULL);
}

static void put_ports(struct nft_batch *batch, const struct nft_list *list)
{
	const struct root_config *const config = list->config;
	struct set set = {.type = TYPE_PORT, .key_len = 2, .flags = 0, .size = 0};
	struct nlmsghdr *nlh;
	struct nlattr *elements;

	nft_flood_name(config, true, "_ports", set.name);
	put_set(batch, list->table, &set);
	/* Another configuration's, or what somebody added. */
	nlh = nft_put(batch, NFT_MSG_DELSETELEM, 0);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, list->table);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set.name);
	nft_end(batch);
	nlh = nft_put(batch, NFT_MSG_NEWSETELEM, NLM_F_CREATE);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, list->table);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set.name);
	elements = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	for (size_t i = 0; i < config->n_ports; i++) {
		const uint16_t port = htobe16(config->ports[i]);
		struct nlattr *const element = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
		struct nlattr *const key = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_KEY);

		mnl_attr_put(nlh, NFTA_DATA_VALUE, sizeof port, &port);
		mnl_attr_nest_end(nlh, key);
		mnl_attr_nest_end(nlh, element);
	}
	mnl_attr_nest_end(nlh, elements);
	nft_end(batch);
}

static void put_jump(struct nft_batch *batch, const struct nft_list *list, const struct base *from)
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
		nft_only_new(&rule); /* protocols without SYN, too */
	}
	nft_to_chain(&rule, list->config->chain, true);
	nft_rule_end(batch, &rule);
}

/* What is done with packets of one set, and the rule that looks there. */
static void put_slot_rules(struct nft_batch *batch, const struct nft_list *list, struct nft_slot slot)
{
	const struct root_config *const config = list->config;
	char set[NFT_NAME_MAX], dropped[NFT_NAME_MAX], chain[NFT_NAME_MAX];
	struct nft_rule rule;

	nft_set_name(config, slot, "", set);
	nft_set_name(config, slot, "_dropped", dropped);
	nft_set_name(config, slot, "_drop", chain);
	rule = nft_rule(batch, list->table, chain);
	nft_only_family(&rule, slot.ip4); /* for people: nft then shows an address, not an offset */
	nft_load_source(&rule, slot.ip4, slot.length);
	nft_update(&rule, dropped, NFT_DROPPED_S, NFT_KEEP_COUNTER, NULL);
	nft_rule_end(batch, &rule);
	if (config->log_prefix[0] != '\0') {
		rule = nft_rule(batch, list->table, chain);
		nft_log(&rule, config->log_prefix);
		nft_rule_end(batch, &rule);
	}
	rule = nft_rule(batch, list->table, chain);
	if (config->action == ROOT_DROP)
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

static void put_flood_sets(struct nft_batch *batch, const struct nft_list *list, bool ip4)
{
	struct set set = addresses(ip4, NFT_SET_TIMEOUT | NFT_SET_EVAL, NFT_DROPPED_MAX);

	nft_flood_name(list->config, ip4, "_rate", set.name);
	put_set(batch, list->table, &set);
	nft_flood_name(list->config, ip4, "_flood", set.name);
	put_set(batch, list->table, &set);
}

static void put_flood_rule(struct nft_batch *batch, const struct nft_list *list, bool ip4)
{
	const struct root_config *const config = list->config;
	/* By the hour: other periods nft shows as "error", so that what it saves it could not load. */
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
	nft_update(&rule, name, config->connections_s > RATE_S_MIN ? config->connections_s : RATE_S_MIN, NFT_KEEP_LIMIT, &rate);
	nft_load_source(&rule, ip4, ip4 ? 32 : 128);
	nft_flood_name(config, ip4, "_flood", name);
	nft_update(&rule, name, FLOOD_S, NFT_KEEP_ONLY, NULL);
	nft_rule_end(batch, &rule);
}

void nft_table_put(struct nft_batch *batch, const struct root_config *config, uint32_t slots, bool forwards, bool anew)
{
	struct nft_list list = {.config = config, .slots = slots};
	struct nft_slot slot;

	nft_table_name(config, list.table);
	put_table(batch, list.table);
	if (anew) {
		put_delete(batch, NFT_MSG_DELTABLE, list.table);
		put_table(batch, list.table);
	}
	put_chain(batch, list.table, input.name, &input);
	if (forwards)
		put_chain(batch, list.table, forward.name, &forward);
	put_chain(batch, list.table, config->chain, NULL);
	put_delete(batch, NFT_MSG_DELRULE, list.table);
	if (config->n_ports > 0)
		put_ports(batch, &list);
	if (hooks_input(config))
		put_jump(batch, &list, &input);
	if (forwards)
		put_jump(batch, &list, &forward);
	for (unsigned i = 0; i < NFT_SLOTS; i++) {
		if ((slots >> i & 1) == 0 || !nft_slot(i, config, &slot))
			continue;
		put_slot_sets(batch, &list, slot);
		put_slot_rules(batch, &list, slot);
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
	put_delete(batch, NFT_MSG_DELTABLE, table);
}

void nft_probe_put(struct nft_batch *batch, const struct root_config *config, bool makes)
{
	struct set set = addresses(true, NFT_SET_TIMEOUT, 0);
	char table[NFT_NAME_MAX];
	struct nlmsghdr *nlh;

	nft_table_name(config, table);
	nft_set_name(config, (struct nft_slot){true, 32}, "_probe", set.name);
	if (makes) {
		put_set(batch, table, &set);
		return;
	}
	nlh = nft_put(batch, NFT_MSG_DELSET, 0);
	mnl_attr_put_strz(nlh, NFTA_SET_TABLE, table);
	mnl_attr_put_strz(nlh, NFTA_SET_NAME, set.name);
	nft_end(batch);
}

/* --- what is there --- */

/* The slot of a set of that name; NFT_SLOTS: none of ours. */
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
		/* Whoever made it: a hash set, whose elements have a time. */
		if (slot < NFT_SLOTS && (flags & (NFT_SET_TIMEOUT | NFT_SET_INTERVAL | NFT_SET_MAP)) == NFT_SET_TIMEOUT)
			*ret_slots |= 1U << slot;
	}
	return rc;
}

int nft_table_find(const struct root_config *config, struct mnl_socket *socket, struct nft_answer *answer,
                   enum nft_found *ret, uint32_t *ret_slots, struct why *why)
{
	const struct nlmsghdr *nlh = NULL;
	const struct nlattr *attr = NULL;
	struct nft_attrs attrs;
	char table[NFT_NAME_MAX];
	int rc;

	nft_table_name(config, table);
	*ret = NFT_FOUND_NONE;
	*ret_slots = 0;
	rc = nft_ask(answer, socket, NFT_MSG_GETTABLE, table, NULL, why);
	if (rc == 0)
		rc = nft_next(answer, &nlh, why);
	if (rc == -ENOENT)
		return 0;
	if (rc < 0 || nlh == NULL)
		return rc;
	*ret = NFT_FOUND_FOREIGN;
	attrs = nft_attrs(nlh);
	while ((attr = nft_attr(&attrs)) != NULL)
		if (mnl_attr_get_type(attr) == NFTA_TABLE_USERDATA && mnl_attr_get_payload_len(attr) == sizeof mark &&
		    memcmp(mnl_attr_get_payload(attr), mark, sizeof mark) == 0)
			*ret = NFT_FOUND_OURS;
	return *ret == NFT_FOUND_OURS || !config->manage_rules ? find_sets(config, socket, answer, table, ret_slots, why) : 0;
}
