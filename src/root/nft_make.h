/*
 * nft_make: writes the messages that create the parts of an nf_tables table: the table itself, sets, chains,
 * counters.
 *
 * What already exists as wanted is left as it is. A table carries our mark as its comment, by which we recognise it.
 * Pure, except for nft_find_table. Source: include/uapi/linux/netfilter/nf_tables.h; what 'nft --debug=netlink'
 * prints.
 */
#ifndef WFS_ROOT_NFT_MAKE_H
#define WFS_ROOT_NFT_MAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"
#include "root/nft_batch.h"

enum { NFT_NAME_MAX = 64 }; /* "spammer24_dropped" and the like, including the NUL; the kernel's own limit is 255 */

/* The kernel ignores these types; nft needs them. Source: include/datatype.h of nft. */
enum { NFT_TYPE_IP4 = 7, NFT_TYPE_IP6 = 8, NFT_TYPE_PROTOCOL = 12, NFT_TYPE_PORT = 13 };

struct nft_set {
	char name[NFT_NAME_MAX];
	uint32_t type, key_len; /* NFT_TYPE_...; key_len in bytes */
	uint32_t flags;         /* NFT_SET_... */
	uint32_t size;          /* elements at most; 0: unlimited */
};

/* A base chain: one that a hook enters. */
struct nft_base {
	const char *name;
	uint32_t hook; /* NF_INET_... */
	int32_t priority;
	bool nat; /* type nat; otherwise filter */
};

/* Returns a set of addresses, as yet without a name. */
struct nft_set nft_set_of_addresses(bool ip4, uint32_t flags, uint32_t size);

void nft_put_table(struct nft_batch *batch, const char *table);
/* Deletes. type: NFT_MSG_DELTABLE, or NFT_MSG_DELRULE for all rules of the table. */
void nft_put_delete(struct nft_batch *batch, uint16_t type, const char *table);
void nft_put_set(struct nft_batch *batch, const char *table, const struct nft_set *set);
/* Creates a set of ports with exactly these elements. n: at least 1. */
void nft_put_ports(struct nft_batch *batch, const char *table, const char *set, const uint16_t ports[], size_t n);
/* Creates a chain. base: NULL for a chain that is entered from rules only. */
void nft_put_chain(struct nft_batch *batch, const char *table, const char *name, const struct nft_base *base);
void nft_put_counter(struct nft_batch *batch, const char *table, const char *name);

enum nft_found { NFT_FOUND_NONE, NFT_FOUND_OURS, NFT_FOUND_FOREIGN };

/* Reads what the kernel tells about a table: its name, cut off if need be. Returns true if we made it. */
bool nft_read_table(const struct nlmsghdr *nlh, char ret_name[static NFT_NAME_MAX]);

/* Looks for a table of that name, and whether we made it. */
int nft_find_table(const char *table, struct mnl_socket *socket, struct nft_answer *answer, enum nft_found *ret,
                   struct why *why);

#endif
