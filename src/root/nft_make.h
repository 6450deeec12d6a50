/*
 * nft_make: what a table of nf_tables is made of: the table itself, sets, chains, counters, as messages.
 *
 * Whatever is there already and as it shall be stays as it is. A table carries our mark as its comment: by that we know
 * it. Pure, but for nft_find_table. Source: include/uapi/linux/netfilter/nf_tables.h; what 'nft --debug=netlink'
 * prints.
 */
#ifndef WFS_ROOT_NFT_MAKE_H
#define WFS_ROOT_NFT_MAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"
#include "root/nft_batch.h"

enum { NFT_NAME_MAX = 64 }; /* "spammer24_dropped" and the like, NUL-ended; the kernel's own limit is 255 */

/* The kernel does not look at these: they are for nft, include/datatype.h of its source. */
enum { NFT_TYPE_IP4 = 7, NFT_TYPE_IP6 = 8, NFT_TYPE_PROTOCOL = 12, NFT_TYPE_PORT = 13 };

struct nft_set {
	char name[NFT_NAME_MAX];
	uint32_t type, key_len; /* NFT_TYPE_...; bytes */
	uint32_t flags;         /* NFT_SET_... */
	uint32_t size;          /* elements; 0: as many as it is given */
};

/* A chain that the kernel enters. */
struct nft_base {
	const char *name;
	uint32_t hook; /* NF_INET_... */
	int32_t priority;
	bool nat; /* else a filter */
};

/* A set of addresses without a name. */
struct nft_set nft_set_of_addresses(bool ip4, uint32_t flags, uint32_t size);

void nft_put_table(struct nft_batch *batch, const char *table);
/* type: NFT_MSG_DELTABLE, or NFT_MSG_DELRULE: all rules of the table. */
void nft_put_delete(struct nft_batch *batch, uint16_t type, const char *table);
void nft_put_set(struct nft_batch *batch, const char *table, const struct nft_set *set);
/* A set of ports that holds these and no others. n: 1 at least. */
void nft_put_ports(struct nft_batch *batch, const char *table, const char *set, const uint16_t ports[], size_t n);
/* base: NULL for a chain that rules lead to. */
void nft_put_chain(struct nft_batch *batch, const char *table, const char *name, const struct nft_base *base);
void nft_put_counter(struct nft_batch *batch, const char *table, const char *name);

enum nft_found { NFT_FOUND_NONE, NFT_FOUND_OURS, NFT_FOUND_FOREIGN };

/* Is there a table of that name, and did we make it? */
int nft_find_table(const char *table, struct mnl_socket *socket, struct nft_answer *answer, enum nft_found *ret,
                   struct why *why);

#endif
