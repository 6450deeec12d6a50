/*
 * nft_elements: writes the messages that add and remove the elements of an nf_tables set, and parses those that the
 * kernel sends.
 *
 * An element is an address, or the first address of a network, with its timeout. Pure. Source:
 * include/uapi/linux/netfilter/nf_tables.h; measured on 6.18.
 */
#ifndef WFS_ROOT_NFT_ELEMENTS_H
#define WFS_ROOT_NFT_ELEMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "root/nft_batch.h"
#include "root/nft_table.h"

enum { NFT_AT_ONCE = 1000 }; /* elements per message: the length of a nested attribute has 16 bits */

struct nft_element {
	struct net net;
	uint64_t timeout_ms;     /* 0: no timeout */
	uint64_t left_ms;        /* remaining part of timeout_ms; when adding, 0 means all of it */
	uint64_t packets, bytes; /* of the element's counter; output only */
};

/* Identifies a set. */
struct nft_set_of {
	const char *table, *set;
	struct nft_slot slot;
};

/* The names of the set of one slot, or of its companion with that suffix (nft_set_name). */
struct nft_names {
	char table[NFT_NAME_MAX], set[NFT_NAME_MAX];
	struct nft_set_of of; /* points into table and set */
};
void nft_names_init(struct nft_names *names, const struct root_config *config, unsigned slot, const char *suffix);

/*
 * Sorts the elements and keeps each network once, with its longest timeout: the kernel refuses to remove an element
 * twice, and gives one that is added twice the first timeout. Returns how many remain.
 */
size_t nft_elements_unique(struct nft_element *elements, size_t n);

/*
 * Writes one message that adds (NFT_MSG_NEWSETELEM) or removes (NFT_MSG_DELSETELEM) n elements, 1..NFT_AT_ONCE. n 0:
 * removes all, DELSETELEM only. Adding an element that exists is no error; removing one that is absent is an error.
 */
void nft_elements_put(struct nft_batch *batch, uint16_t type, const struct nft_set_of *of,
                      const struct nft_element *elements, size_t n);

/* Iterates over the elements in a message from the kernel. */
struct nft_reader {
	struct nft_slot slot;
	struct nft_attrs elements;
};

/* nlh: NFT_MSG_NEWSETELEM or NFT_MSG_DELSETELEM, borrowed. */
void nft_reader_init(struct nft_reader *reader, const struct nlmsghdr *nlh, struct nft_slot slot);
/* Returns false at the end. Skips elements that cannot be parsed. */
bool nft_reader_next(struct nft_reader *reader, struct nft_element *ret);

#endif
