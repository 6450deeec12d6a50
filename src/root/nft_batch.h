/*
 * nft_batch: one transaction of nf_tables: messages in a buffer, which the kernel accepts all or none of.
 *
 * batch_begin, then messages: nft_put starts one, mnl_attr_put and the functions of nft_expr.h fill it, nft_end closes
 * it; then nft_commit. The kernel works while we send, so its errors are there when sending returns: a commit is two
 * system calls and never waits. nft_ask reads instead of changing, with a socket of its own, so that answers do not
 * mix. A writer leaves NFT_MESSAGE_MAX bytes for a message that it begins, which nft_put asserts. Errors: 0 or -errno
 * with a sentence: -EPERM no capability, -EOPNOTSUPP the kernel has no nf_tables, else the kernel's. Source:
 * include/uapi/linux/netfilter/nf_tables.h, nfnetlink.h; net/netfilter/nfnetlink.c nfnetlink_rcv_batch().
 */
#ifndef WFS_ROOT_NFT_BATCH_H
#define WFS_ROOT_NFT_BATCH_H

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"

enum {
	NFT_BATCH_MAX = 192 << 10,  /* below the usual limit of a socket, net.core.wmem_default 212992 */
	NFT_MESSAGE_MAX = 48 << 10, /* a nest's length has 16 bits */
	NFT_ANSWER_MAX = 32 << 10,  /* the kernel fills up to so much of a buffer at once, netlink_recvmsg() */
};

struct nft_batch {
	struct mnl_socket *socket;
	uint32_t number; /* of the last message */
	size_t len;
	struct nlmsghdr *message; /* that is being written */
	uint16_t failed;          /* after an error: type of the first message that was not accepted, NFT_MSG_... */
	_Alignas(8) char bytes[NFT_BATCH_MAX];
};

/* What comes of a question, message by message. */
struct nft_answer {
	struct mnl_socket *socket;
	int left; /* bytes of the buffer that were not looked at */
	bool done;
	const struct nlmsghdr *next;
	_Alignas(8) char bytes[NFT_ANSWER_MAX];
};

/* The sentence for an errno of the kernel, with the remedy; returns the error. */
int nft_error(int err, struct why *why);

int nft_open(struct mnl_socket **ret, struct why *why);

/* socket: borrowed. */
void nft_begin(struct nft_batch *batch, struct mnl_socket *socket);
/* type: NFT_MSG_...; flags: NLM_F_..., beside NLM_F_REQUEST. */
struct nlmsghdr *nft_put(struct nft_batch *batch, uint16_t type, uint16_t flags);
void nft_end(struct nft_batch *batch);
int nft_commit(struct nft_batch *batch, struct why *why);

/* Whole numbers in network order, as nf_tables wants them. */
void nft_put_u32(struct nlmsghdr *nlh, uint16_t type, uint32_t value);
void nft_put_u64(struct nlmsghdr *nlh, uint16_t type, uint64_t value);
/* The numbers of an attribute of that size; another size: 0. */
uint32_t nft_u32(const struct nlattr *attr);
uint64_t nft_u64(const struct nlattr *attr);
/* True when attr is that text, with or without its NUL. */
bool nft_is_text(const struct nlattr *attr, const char *text);

/* The attributes of a message, or of an attribute, one after the other. */
struct nft_attrs {
	const char *at;
	size_t left; /* bytes */
};

struct nft_attrs nft_attrs(const struct nlmsghdr *nlh);
struct nft_attrs nft_attrs_in(const struct nlattr *nest);
/* NULL: there are no more. */
const struct nlattr *nft_attr(struct nft_attrs *attrs);

/*
 * Asks: a message of one name or two (set: NULL: none), as attributes 1 and 2, which tables, chains, rules and sets
 * have in common. type: NFT_MSG_GET...
 */
int nft_ask(struct nft_answer *answer, struct mnl_socket *socket, uint16_t type, const char *table, const char *set,
            struct why *why);

/* The next message; NULL in *ret: there are no more. -ENOENT: there is no such thing. */
int nft_next(struct nft_answer *answer, const struct nlmsghdr **ret, struct why *why);

#endif
