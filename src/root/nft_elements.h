/*
 * nft_elements: the elements of a set of nf_tables: messages that add and remove them, and what the kernel reports of
 * them.
 *
 * An element is an address or the first one of a network, with its time. Pure.
 * Source: include/uapi/linux/netfilter/nf_tables.h; measured on 6.18.
 */
#ifndef WFS_ROOT_NFT_ELEMENTS_H
#define WFS_ROOT_NFT_ELEMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "root/nft_batch.h"
#include "root/nft_table.h"

enum { NFT_AT_ONCE = 1000 }; /* elements in a message: a nest's length has 16 bits */

struct nft_element {
	struct net net;
	uint64_t timeout_ms;     /* 0: for ever */
	uint64_t left_ms;        /* of it; 0 when it is added: all */
	uint64_t packets, bytes; /* of its counter; out only */
};

/* Which set. */
struct nft_set_of {
	const char *table, *set;
	struct nft_slot slot;
};

/* Names of the set of one slot, or of the one with that suffix beside it (nft_set_name). */
struct nft_names {
	char table[NFT_NAME_MAX], set[NFT_NAME_MAX];
	struct nft_set_of of; /* borrows them */
};
void nft_names_init(struct nft_names *names, const struct root_config *config, unsigned slot, const char *suffix);

/*
 * One message: adds (NFT_MSG_NEWSETELEM) or removes (NFT_MSG_DELSETELEM) n elements, 1..NFT_AT_ONCE, or all (n 0, only
 * DELSETELEM). An element that is there already is no error when added; one that is absent is an error when removed.
 */
void nft_elements_put(struct nft_batch *batch, uint16_t type, const struct nft_set_of *of,
                      const struct nft_element *elements, size_t n);

/* Reads the elements of a message of the kernel, one after the other. */
struct nft_reader {
	struct nft_slot slot;
	struct nft_attrs elements;
};

/* nlh: NFT_MSG_NEWSETELEM or NFT_MSG_DELSETELEM, borrowed. */
void nft_reader_init(struct nft_reader *reader, const struct nlmsghdr *nlh, struct nft_slot slot);
/* False: there are no more. An element that does not look like one is left out. */
bool nft_reader_next(struct nft_reader *reader, struct nft_element *ret);

#endif
