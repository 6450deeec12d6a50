/*
 * nft_batch: builds and commits one transaction of nf_tables: messages in a buffer, of which the kernel accepts all
 * or none.
 *
 * Call nft_begin, then for each message nft_put, mnl_attr_put or the functions of nft_expr.h to fill it, and nft_end;
 * finally nft_commit. The kernel works while we send, so its errors are available when sending returns: a commit is
 * two system calls and never waits. nft_ask reads instead of changing; give it a socket of its own, so that answers
 * do not mix. A message has at most NFT_MESSAGE_MAX bytes; nft_put asserts that so much space is left. Errors: 0 or
 * -errno with a sentence: -EPERM without the capability, -EOPNOTSUPP if the kernel has no nf_tables, otherwise the
 * kernel's. Source: include/uapi/linux/netfilter/nf_tables.h, nfnetlink.h; net/netfilter/nfnetlink.c
 * nfnetlink_rcv_batch().
 */
#ifndef WFS_ROOT_NFT_BATCH_H
#define WFS_ROOT_NFT_BATCH_H

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"

enum {
	NFT_BATCH_MAX = 192 << 10,  /* below the usual send buffer of a socket, net.core.wmem_default 212992 */
	NFT_MESSAGE_MAX = 48 << 10, /* the length of a nested attribute has 16 bits */
	NFT_ANSWER_MAX = 32 << 10,  /* the kernel fills at most this much of a buffer at once, netlink_recvmsg() */
};

struct nft_batch {
	struct mnl_socket *socket;
	uint32_t number; /* sequence number of the last message */
	size_t len;
	struct nlmsghdr *message; /* the message being written */
	uint16_t failed;          /* after an error: type of the first message that was rejected, NFT_MSG_... */
	_Alignas(8) char bytes[NFT_BATCH_MAX];
};

/* The answer to nft_ask, read message by message. */
struct nft_answer {
	struct mnl_socket *socket;
	int left; /* bytes of the buffer not yet parsed */
	bool done;
	const struct nlmsghdr *next;
	_Alignas(8) char bytes[NFT_ANSWER_MAX];
};

/* Writes the sentence for an errno of the kernel, with the remedy. Returns the error. */
int nft_error(int err, struct why *why);

int nft_open(struct mnl_socket **ret, struct why *why);

/* Begins a transaction. socket: borrowed. */
void nft_begin(struct nft_batch *batch, struct mnl_socket *socket);
/* Begins a message. type: NFT_MSG_...; flags: NLM_F_..., added to NLM_F_REQUEST. */
struct nlmsghdr *nft_put(struct nft_batch *batch, uint16_t type, uint16_t flags);
void nft_end(struct nft_batch *batch);
int nft_commit(struct nft_batch *batch, struct why *why);

/* Add an attribute with an integer in network byte order, as nf_tables expects. */
void nft_put_u32(struct nlmsghdr *nlh, uint16_t type, uint32_t value);
void nft_put_u64(struct nlmsghdr *nlh, uint16_t type, uint64_t value);
/* Return the integer in an attribute of that size; 0 if its size differs. */
uint32_t nft_u32(const struct nlattr *attr);
uint64_t nft_u64(const struct nlattr *attr);
/* Returns whether attr holds that text, with or without its NUL. */
bool nft_is_text(const struct nlattr *attr, const char *text);

/* Iterates over the attributes of a message or of a nested attribute. */
struct nft_attrs {
	const char *at;
	size_t left; /* bytes */
};

struct nft_attrs nft_attrs(const struct nlmsghdr *nlh);
struct nft_attrs nft_attrs_in(const struct nlattr *nest);
/* Returns the next attribute; NULL at the end. */
const struct nlattr *nft_attr(struct nft_attrs *attrs);

/*
 * Asks the kernel for objects of a table, or for all tables. type: NFT_MSG_GET... table and set (NULL: omitted) are
 * sent as attributes 1 and 2, which mean the same for tables, chains, rules and sets.
 */
int nft_ask(struct nft_answer *answer, struct mnl_socket *socket, uint16_t type, const char *table, const char *set,
            struct why *why);

/* Reads the next message into *ret; NULL at the end. -ENOENT: there is no such object. */
int nft_next(struct nft_answer *answer, const struct nlmsghdr **ret, struct why *why);

#endif
