#include "root/nft_probe.h"

#include <linux/netfilter/nf_tables.h>

#include "root/nft_elements.h"
#include "root/nft_table.h"

enum { TIME_MS = 200000, FIRST_MS = 100000 }; /* the element's timeout, and the time it has left at first */

/* Commits a transaction that adds the element. left_ms: as in nft_element. */
static int add(struct nft_batch *batch, struct mnl_socket *socket, const struct nft_set_of *of, uint64_t left_ms,
               struct why *why)
{
	const struct nft_element element = {
		.net = {.addr = {{[10] = 0xFF, [11] = 0xFF}}, .len = 128}, .timeout_ms = TIME_MS, .left_ms = left_ms};

	nft_begin(batch, socket);
	nft_elements_put(batch, NFT_MSG_NEWSETELEM, of, &element, 1);
	return nft_commit(batch, why);
}

/* Returns whether the set's element has more time left than at first. */
static int look(struct nft_answer *answer, struct mnl_socket *socket, const struct nft_set_of *of, bool *ret,
                struct why *why)
{
	const struct nlmsghdr *nlh;
	int rc = nft_ask(answer, socket, NFT_MSG_GETSETELEM, of->table, of->set, why);

	*ret = false;
	while (rc == 0 && (rc = nft_next(answer, &nlh, why)) == 0 && nlh != NULL) {
		struct nft_reader reader;
		struct nft_element element;

		nft_reader_init(&reader, nlh, of->slot);
		while (nft_reader_next(&reader, &element))
			*ret |= element.left_ms > FIRST_MS;
	}
	return rc;
}

int nft_probe(const struct root_config *config, struct nft_batch *batch, struct mnl_socket *socket,
              struct nft_answer *answer, bool *ret, struct why *why)
{
	const struct nft_slot slot = {true, 32};
	char table[NFT_NAME_MAX], set[NFT_NAME_MAX];
	const struct nft_set_of of = {table, set, slot};
	struct why ignored;
	int rc;

	nft_table_name(config, table);
	nft_set_name(config, slot, "_probe", set);
	nft_begin(batch, socket);
	nft_probe_put(batch, config, true);
	rc = nft_commit(batch, why);
	if (rc < 0)
		return rc;
	rc = add(batch, socket, &of, FIRST_MS, why);
	if (rc == 0)
		rc = add(batch, socket, &of, 0, why);
	if (rc == 0)
		rc = look(answer, socket, &of, ret, why);
	nft_begin(batch, socket);
	nft_probe_put(batch, config, false);
	(void)nft_commit(batch, &ignored); /* a leftover set does no harm */
	return rc;
}
