#include "root/nft_make.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

/* User data that nft shows as the table's comment: type 0, length, text. */
static const char mark[] = "\0\x25"
			   "made and removed by watchforspammers";

struct nft_set nft_set_of_addresses(bool ip4, uint32_t flags, uint32_t size)
{
	return (struct nft_set){
		.type = ip4 ? NFT_TYPE_IP4 : NFT_TYPE_IP6, .key_len = ip4 ? 4 : 16, .flags = flags, .size = size};
}

void nft_put_table(struct nft_batch *batch, const char *table)
{
	struct nlmsghdr *const nlh = nft_put(batch, NFT_MSG_NEWTABLE, NLM_F_CREATE);

	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, table);
	nft_put_u32(nlh, NFTA_TABLE_FLAGS, 0); /* not dormant */
	mnl_attr_put(nlh, NFTA_TABLE_USERDATA, sizeof mark, mark);
	nft_end(batch);
}

void nft_put_delete(struct nft_batch *batch, uint16_t type, const char *table)
{
	mnl_attr_put_strz(nft_put(batch, type, 0), NFTA_TABLE_NAME, table);
	nft_end(batch);
}

void nft_put_set(struct nft_batch *batch, const char *table, const struct nft_set *set)
{
	static uint32_t id;
	struct nlmsghdr *const nlh = nft_put(batch, NFT_MSG_NEWSET, NLM_F_CREATE);

	mnl_attr_put_strz(nlh, NFTA_SET_TABLE, table);
	mnl_attr_put_strz(nlh, NFTA_SET_NAME, set->name);
	nft_put_u32(nlh, NFTA_SET_FLAGS, set->flags);
	nft_put_u32(nlh, NFTA_SET_KEY_TYPE, set->type);
	nft_put_u32(nlh, NFTA_SET_KEY_LEN, set->key_len);
	nft_put_u32(nlh, NFTA_SET_ID, ++id); /* the kernel requires it */
	if (set->size > 0) {
		struct nlattr *const desc = mnl_attr_nest_start(nlh, NFTA_SET_DESC);

		nft_put_u32(nlh, NFTA_SET_DESC_SIZE, set->size);
		mnl_attr_nest_end(nlh, desc);
	}
	nft_end(batch);
}

static struct nlmsghdr *put_elements(struct nft_batch *batch, uint16_t type, uint16_t flags, const char *table,
                                     const char *set)
{
	struct nlmsghdr *const nlh = nft_put(batch, type, flags);

	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, table);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set);
	return nlh;
}

void nft_put_ports(struct nft_batch *batch, const char *table, const char *set, const uint16_t ports[], size_t n)
{
	struct nft_set made = {.type = NFT_TYPE_PORT, .key_len = sizeof *ports};
	struct nlmsghdr *nlh;
	struct nlattr *elements;

	(void)snprintf(made.name, sizeof made.name, "%s", set);
	nft_put_set(batch, table, &made);
	/* Removes ports of an earlier configuration, or that somebody added. */
	(void)put_elements(batch, NFT_MSG_DELSETELEM, 0, table, set);
	nft_end(batch);
	nlh = put_elements(batch, NFT_MSG_NEWSETELEM, NLM_F_CREATE, table, set);
	elements = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	for (size_t i = 0; i < n; i++) {
		const uint16_t port = htobe16(ports[i]);
		struct nlattr *const element = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
		struct nlattr *const key = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_KEY);

		mnl_attr_put(nlh, NFTA_DATA_VALUE, sizeof port, &port);
		mnl_attr_nest_end(nlh, key);
		mnl_attr_nest_end(nlh, element);
	}
	mnl_attr_nest_end(nlh, elements);
	nft_end(batch);
}

void nft_put_chain(struct nft_batch *batch, const char *table, const char *name, const struct nft_base *base)
{
	struct nlmsghdr *const nlh = nft_put(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE);

	mnl_attr_put_strz(nlh, NFTA_CHAIN_TABLE, table);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, name);
	if (base != NULL) {
		struct nlattr *const hook = mnl_attr_nest_start(nlh, NFTA_CHAIN_HOOK);

		nft_put_u32(nlh, NFTA_HOOK_HOOKNUM, base->hook);
		nft_put_u32(nlh, NFTA_HOOK_PRIORITY, (uint32_t)base->priority);
		mnl_attr_nest_end(nlh, hook);
		nft_put_u32(nlh, NFTA_CHAIN_POLICY, NF_ACCEPT);
		mnl_attr_put_strz(nlh, NFTA_CHAIN_TYPE, base->nat ? "nat" : "filter");
	}
	nft_end(batch);
}

void nft_put_counter(struct nft_batch *batch, const char *table, const char *name)
{
	struct nlmsghdr *const nlh = nft_put(batch, NFT_MSG_NEWOBJ, NLM_F_CREATE);
	struct nlattr *data;

	mnl_attr_put_strz(nlh, NFTA_OBJ_TABLE, table);
	mnl_attr_put_strz(nlh, NFTA_OBJ_NAME, name);
	nft_put_u32(nlh, NFTA_OBJ_TYPE, NFT_OBJECT_COUNTER);
	data = mnl_attr_nest_start(nlh, NFTA_OBJ_DATA);
	nft_put_u64(nlh, NFTA_COUNTER_BYTES, 0);
	nft_put_u64(nlh, NFTA_COUNTER_PACKETS, 0);
	mnl_attr_nest_end(nlh, data);
	nft_end(batch);
}

bool nft_read_table(const struct nlmsghdr *nlh, char ret_name[static NFT_NAME_MAX])
{
	struct nft_attrs attrs = nft_attrs(nlh);
	const struct nlattr *attr;
	bool ours = false;

	ret_name[0] = '\0';
	while ((attr = nft_attr(&attrs)) != NULL) {
		const char *const bytes = mnl_attr_get_payload(attr);
		const uint16_t len = mnl_attr_get_payload_len(attr);

		if (mnl_attr_get_type(attr) == NFTA_TABLE_NAME)
			(void)snprintf(ret_name, NFT_NAME_MAX, "%.*s", len, bytes);
		else if (mnl_attr_get_type(attr) == NFTA_TABLE_USERDATA)
			ours = len == sizeof mark && memcmp(bytes, mark, sizeof mark) == 0;
	}
	return ours;
}

int nft_find_table(const char *table, struct mnl_socket *socket, struct nft_answer *answer, enum nft_found *ret,
                   struct why *why)
{
	const struct nlmsghdr *nlh = NULL;
	char name[NFT_NAME_MAX];
	int rc = nft_ask(answer, socket, NFT_MSG_GETTABLE, table, NULL, why);

	*ret = NFT_FOUND_NONE;
	if (rc == 0)
		rc = nft_next(answer, &nlh, why);
	if (rc == -ENOENT)
		return 0;
	if (rc < 0 || nlh == NULL)
		return rc;
	*ret = nft_read_table(nlh, name) ? NFT_FOUND_OURS : NFT_FOUND_FOREIGN;
	return 0;
}
