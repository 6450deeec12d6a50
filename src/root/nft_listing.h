/*
 * nft_listing: reads the elements of all our sets from the kernel piece by piece, so that a million of them needs no
 * memory.
 *
 * Its socket must not be used for anything else until the listing has ended or begins again. Knows nft_batch and
 * nft_elements. Errors: 0 or -errno with a sentence, from nft_ask and nft_next.
 */
#ifndef WFS_ROOT_NFT_LISTING_H
#define WFS_ROOT_NFT_LISTING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/why.h"
#include "root/nft_batch.h"
#include "root/nft_elements.h"
#include "root/root.h"

struct nft_listing {
	unsigned slot;       /* slot of the set being read; NFT_SLOTS: all were read */
	bool asked, reading; /* asked: the kernel was asked for that set; reading: reader holds a message */
	struct nft_reader reader;
	struct nft_answer answer;
};

/* Starts from the beginning. */
void nft_listing_begin(struct nft_listing *listing);

/* Reads the next element. Returns 1 at the end. slots: the sets that exist, a bit per slot. */
int nft_listing_next(struct nft_listing *listing, const struct root_config *config, uint32_t slots,
                     struct mnl_socket *socket, struct nft_element *ret, struct why *why);

#endif
