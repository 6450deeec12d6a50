/*
 * nft_listing: the elements of all our sets, read from the kernel piece by piece, so that a million of them needs no
 * memory.
 *
 * Nothing else is read by its socket until it has ended or begins again. Knows nft_batch and nft_elements.
 * Errors: 0 or -errno with a sentence, of nft_ask and nft_next.
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
	unsigned slot;       /* whose set is read; NFT_SLOTS: all were */
	bool asked, reading; /* the kernel was asked for that set; reader has a message */
	struct nft_reader reader;
	struct nft_answer answer;
};

/* From the beginning. */
void nft_listing_begin(struct nft_listing *listing);

/* The next element; 1: there are no more. slots: the sets that are there, bit by slot. */
int nft_listing_next(struct nft_listing *listing, const struct root_config *config, uint32_t slots,
                     struct mnl_socket *socket, struct nft_element *ret, struct why *why);

#endif
