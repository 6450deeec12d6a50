#include "root/nft_listing.h"

#include <linux/netfilter/nf_tables.h>

void nft_listing_begin(struct nft_listing *l)
{
	l->slot = 0;
	l->asked = l->reading = false;
}

int nft_listing_next(struct nft_listing *l, const struct root_config *config, uint32_t slots, struct mnl_socket *socket,
                     struct nft_element *ret, struct why *why)
{
	const struct nlmsghdr *nlh = NULL;
	struct nft_names names;

	while (l->slot < NFT_SLOTS) {
		int rc;

		if ((slots >> l->slot & 1) == 0) {
			l->slot++;
			continue;
		}
		if (l->reading && nft_reader_next(&l->reader, ret))
			return 0;
		nft_names_init(&names, config, l->slot, "");
		rc = l->asked ? 0 : nft_ask(&l->answer, socket, NFT_MSG_GETSETELEM, names.table, names.set, why);
		if (rc == 0)
			rc = nft_next(&l->answer, &nlh, why);
		if (rc < 0)
			return rc;
		l->asked = l->reading = nlh != NULL;
		if (nlh != NULL)
			nft_reader_init(&l->reader, nlh, names.of.slot);
		else
			l->slot++;
	}
	return 1;
}
