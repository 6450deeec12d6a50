#include "root/nft_elements.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

enum { IP4_BITS = 96 }; /* an IPv4 address starts here in the 16 bytes */

static size_t key_len(struct nft_slot slot)
{
	return slot.ip4 ? 4 : 16;
}

static void put_element(struct nlmsghdr *nlh, struct nft_slot slot, const struct nft_element *element, bool timed)
{
	struct nlattr *const nest = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	struct nlattr *const key = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_KEY);
	const size_t len = key_len(slot);

	mnl_attr_put(nlh, NFTA_DATA_VALUE, len, element->net.addr.bytes + sizeof element->net.addr.bytes - len);
	mnl_attr_nest_end(nlh, key);
	/*
	 * The remaining time is written too: otherwise an existing element would keep its remaining time if the
	 * timeout is the same as before.
	 */
	if (timed && element->timeout_ms > 0) {
		nft_put_u64(nlh, NFTA_SET_ELEM_TIMEOUT, element->timeout_ms);
		nft_put_u64(nlh, NFTA_SET_ELEM_EXPIRATION,
		            element->left_ms > 0 ? element->left_ms : element->timeout_ms);
	}
	mnl_attr_nest_end(nlh, nest);
}

void nft_names_init(struct nft_names *names, const struct root_config *config, unsigned slot, const char *suffix)
{
	(void)nft_slot(slot, config, &names->of.slot);
	nft_table_name(config, names->table);
	nft_set_name(config, names->of.slot, suffix, names->set);
	names->of.table = names->table;
	names->of.set = names->set;
}

/* Compares by network; of the same one, the longest timeout is first. */
static int by_net(const void *a, const void *b)
{
	const struct nft_element *const x = a, *const y = b;
	const int order = net_order(&x->net, &y->net);

	return order != 0 ? order : (x->timeout_ms < y->timeout_ms) - (x->timeout_ms > y->timeout_ms);
}

size_t nft_elements_unique(struct nft_element *elements, size_t n)
{
	size_t kept = 0;

	qsort(elements, n, sizeof *elements, by_net);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || net_order(&elements[kept - 1].net, &elements[i].net) != 0)
			elements[kept++] = elements[i];
	return kept;
}

void nft_elements_put(struct nft_batch *batch, uint16_t type, const struct nft_set_of *of,
                      const struct nft_element *elements, size_t n)
{
	const bool adds = type == NFT_MSG_NEWSETELEM;
	struct nlmsghdr *const nlh = nft_put(batch, type, adds ? NLM_F_CREATE : 0);
	struct nlattr *list;

	assert(n <= NFT_AT_ONCE && (n > 0 || !adds));
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, of->table);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, of->set);
	if (n > 0) {
		list = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
		for (size_t i = 0; i < n; i++)
			put_element(nlh, of->slot, &elements[i], adds);
		mnl_attr_nest_end(nlh, list);
	}
	nft_end(batch);
}

void nft_reader_init(struct nft_reader *reader, const struct nlmsghdr *nlh, struct nft_slot slot)
{
	struct nft_attrs attrs = nft_attrs(nlh);
	const struct nlattr *attr;

	*reader = (struct nft_reader){.slot = slot};
	while ((attr = nft_attr(&attrs)) != NULL)
		if (mnl_attr_get_type(attr) == NFTA_SET_ELEM_LIST_ELEMENTS)
			reader->elements = nft_attrs_in(attr);
}

static void read_counter(const struct nlattr *counter, struct nft_element *ret)
{
	struct nft_attrs attrs = nft_attrs_in(counter);
	const struct nlattr *attr;

	while ((attr = nft_attr(&attrs)) != NULL)
		if (mnl_attr_get_type(attr) == NFTA_COUNTER_PACKETS)
			ret->packets = nft_u64(attr);
		else if (mnl_attr_get_type(attr) == NFTA_COUNTER_BYTES)
			ret->bytes = nft_u64(attr);
}

/* Reads an element's expression, if it is a counter. */
static void read_expression(const struct nlattr *expression, struct nft_element *ret)
{
	struct nft_attrs attrs = nft_attrs_in(expression);
	const struct nlattr *attr;
	bool is_counter = false;

	while ((attr = nft_attr(&attrs)) != NULL)
		if (mnl_attr_get_type(attr) == NFTA_EXPR_NAME)
			is_counter = nft_is_text(attr, "counter");
		else if (mnl_attr_get_type(attr) == NFTA_EXPR_DATA && is_counter)
			read_counter(attr, ret);
}

/* Reads the address into net. Returns false if its length differs from the set's. */
static bool read_key(const struct nlattr *key, struct nft_slot slot, struct net *net)
{
	struct addr addr = {.bytes = {[10] = 0xFF, [11] = 0xFF}};
	struct nft_attrs attrs = nft_attrs_in(key);
	const struct nlattr *attr;
	const size_t len = key_len(slot);

	while ((attr = nft_attr(&attrs)) != NULL)
		if (mnl_attr_get_type(attr) == NFTA_DATA_VALUE && mnl_attr_get_payload_len(attr) == len) {
			memcpy(addr.bytes + sizeof addr.bytes - len, mnl_attr_get_payload(attr), len);
			*net = net_around(&addr, (uint8_t)(slot.length + (slot.ip4 ? IP4_BITS : 0))); /* 1..128 */
			return true;
		}
	return false;
}

static bool read_element(const struct nlattr *element, struct nft_slot slot, struct nft_element *ret)
{
	struct nft_attrs attrs = nft_attrs_in(element);
	const struct nlattr *attr;
	bool has_key = false;

	*ret = (struct nft_element){0};
	while ((attr = nft_attr(&attrs)) != NULL)
		switch (mnl_attr_get_type(attr)) {
		case NFTA_SET_ELEM_KEY:
			has_key = read_key(attr, slot, &ret->net);
			break;
		case NFTA_SET_ELEM_TIMEOUT:
			ret->timeout_ms = nft_u64(attr);
			break;
		case NFTA_SET_ELEM_EXPIRATION:
			ret->left_ms = nft_u64(attr);
			break;
		case NFTA_SET_ELEM_EXPR:
			read_expression(attr, ret);
			break;
		default:
			break;
		}
	return has_key;
}

bool nft_reader_next(struct nft_reader *reader, struct nft_element *ret)
{
	const struct nlattr *attr;

	while ((attr = nft_attr(&reader->elements)) != NULL)
		if (mnl_attr_get_type(attr) == NFTA_LIST_ELEM && read_element(attr, reader->slot, ret))
			return true;
	return false;
}
