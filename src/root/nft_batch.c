#include "root/nft_batch.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

enum { END_MAX = 64 }; /* the message that ends a batch has 20 bytes */

int nft_error(int err, struct why *why)
{
	switch (err) {
	case EPERM:
	case EACCES:
		return why_set(why, EPERM, "nftables: may not change the rules: run as root, or with CAP_NET_ADMIN");
	case EOPNOTSUPP:
	case EPROTONOSUPPORT:
	case EAFNOSUPPORT:
		return why_set(why, EOPNOTSUPP,
		               "nftables: the kernel has no nf_tables: load it with 'modprobe nf_tables', or "
		               "set [firewall] backend = recent");
	case ENFILE:
		return why_set(why, ENFILE, "nftables: a set is full");
	case ENOBUFS:
	case ENOMEM:
		return why_set(why, ENOMEM, "nftables: the kernel has no memory for that");
	default:
		return why_set(why, err, "nftables: the kernel did not accept that: %s", strerror(err));
	}
}

int nft_open(struct mnl_socket **ret, struct why *why)
{
	struct mnl_socket *const socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int err;

	if (socket == NULL)
		return nft_error(errno, why);
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		err = errno;
		(void)mnl_socket_close(socket);
		return nft_error(err, why);
	}
	*ret = socket;
	return 0;
}

/* MNL_ALIGN in unsigned arithmetic. */
static size_t aligned(size_t len)
{
	return (len + MNL_ALIGNTO - 1) / MNL_ALIGNTO * MNL_ALIGNTO;
}

static struct nlmsghdr *put(struct nft_batch *batch, uint16_t type, uint16_t flags, uint8_t family, uint16_t subsystem)
{
	struct nlmsghdr *const nlh = mnl_nlmsg_put_header(batch->bytes + batch->len);
	struct nfgenmsg *const head = mnl_nlmsg_put_extra_header(nlh, sizeof *head);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	nlh->nlmsg_seq = ++batch->number;
	head->nfgen_family = family;
	head->version = NFNETLINK_V0;
	head->res_id = htobe16(subsystem);
	batch->message = nlh;
	return nlh;
}

void nft_begin(struct nft_batch *batch, struct mnl_socket *socket)
{
	batch->socket = socket;
	batch->number = 0;
	batch->len = 0;
	(void)put(batch, NFNL_MSG_BATCH_BEGIN, 0, NFPROTO_UNSPEC, NFNL_SUBSYS_NFTABLES);
	nft_end(batch);
}

static bool fits(const struct nft_batch *batch)
{
	return batch->len + NFT_MESSAGE_MAX + END_MAX <= sizeof batch->bytes;
}

struct nlmsghdr *nft_put(struct nft_batch *batch, uint16_t type, uint16_t flags)
{
	assert(fits(batch));
	return put(batch, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, NFPROTO_INET, 0);
}

void nft_end(struct nft_batch *batch)
{
	assert(batch->message->nlmsg_len <= NFT_MESSAGE_MAX);
	batch->len += aligned(batch->message->nlmsg_len);
}

/* Returns the first error in the kernel's answer to a batch; 0 if it accepted everything. */
static int first_error(struct nft_batch *batch)
{
	_Alignas(8) char bytes[8192];
	ssize_t got;
	int first = 0;

	while ((got = mnl_socket_recvfrom(batch->socket, bytes, sizeof bytes)) > 0 || (got < 0 && errno == EINTR)) {
		const struct nlmsghdr *nlh = (const struct nlmsghdr *)bytes;

		for (int left = (int)got; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
			const struct nlmsgerr *const err = mnl_nlmsg_get_payload(nlh);

			if (nlh->nlmsg_type != NLMSG_ERROR || mnl_nlmsg_get_payload_len(nlh) < sizeof *err ||
			    first != 0)
				continue;
			first = -err->error;
			batch->failed = err->msg.nlmsg_type & 0xFF;
		}
	}
	/* More errors than fit into the socket buffer also mean failure. */
	return first == 0 && got < 0 && errno != EAGAIN ? errno : first;
}

int nft_commit(struct nft_batch *batch, struct why *why)
{
	int err;

	(void)put(batch, NFNL_MSG_BATCH_END, 0, NFPROTO_UNSPEC, NFNL_SUBSYS_NFTABLES);
	nft_end(batch);
	batch->failed = 0;
	if (mnl_socket_sendto(batch->socket, batch->bytes, batch->len) < 0)
		return nft_error(errno, why);
	err = first_error(batch);
	return err == 0 ? 0 : nft_error(err, why);
}

void nft_put_u32(struct nlmsghdr *nlh, uint16_t type, uint32_t value)
{
	mnl_attr_put_u32(nlh, type, htobe32(value));
}

void nft_put_u64(struct nlmsghdr *nlh, uint16_t type, uint64_t value)
{
	mnl_attr_put_u64(nlh, type, htobe64(value));
}

uint32_t nft_u32(const struct nlattr *attr)
{
	return mnl_attr_get_payload_len(attr) == sizeof(uint32_t) ? be32toh(mnl_attr_get_u32(attr)) : 0;
}

uint64_t nft_u64(const struct nlattr *attr)
{
	return mnl_attr_get_payload_len(attr) == sizeof(uint64_t) ? be64toh(mnl_attr_get_u64(attr)) : 0;
}

bool nft_is_text(const struct nlattr *attr, const char *text)
{
	const size_t len = mnl_attr_get_payload_len(attr), want = strlen(text);
	const char *const bytes = mnl_attr_get_payload(attr);

	return (len == want || (len == want + 1 && bytes[want] == '\0')) && memcmp(bytes, text, want) == 0;
}

struct nft_attrs nft_attrs(const struct nlmsghdr *nlh)
{
	const size_t head = sizeof(struct nfgenmsg), len = mnl_nlmsg_get_payload_len(nlh);

	return len < head ? (struct nft_attrs){NULL, 0}
	                  : (struct nft_attrs){mnl_nlmsg_get_payload_offset(nlh, head), len - head};
}

struct nft_attrs nft_attrs_in(const struct nlattr *nest)
{
	return (struct nft_attrs){mnl_attr_get_payload(nest), mnl_attr_get_payload_len(nest)};
}

const struct nlattr *nft_attr(struct nft_attrs *attrs)
{
	const struct nlattr *const attr = (const struct nlattr *)(const void *)attrs->at; /* the kernel aligns it */
	size_t len;

	if (attrs->left == 0 || !mnl_attr_ok(attr, (int)attrs->left)) /* at most one message long */
		return NULL;
	len = aligned(mnl_attr_get_len(attr));
	len = len < attrs->left ? len : attrs->left;
	attrs->at += len;
	attrs->left -= len;
	return attr;
}

int nft_ask(struct nft_answer *answer, struct mnl_socket *socket, uint16_t type, const char *table, const char *set,
            struct why *why)
{
	_Alignas(8) char bytes[1024]; /* fits two names of at most 63 characters */
	struct nlmsghdr *const nlh = mnl_nlmsg_put_header(bytes);
	struct nfgenmsg *const head = mnl_nlmsg_put_extra_header(nlh, sizeof *head);

	/* Discards the unread rest of the previous answer. */
	while (mnl_socket_recvfrom(socket, answer->bytes, sizeof answer->bytes) > 0)
		;
	answer->socket = socket;
	answer->left = 0;
	answer->done = false;
	nlh->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
	/* One table is asked for by name; of everything else the kernel dumps all that is there. */
	nlh->nlmsg_flags =
		(uint16_t)(NLM_F_REQUEST | (type == NFT_MSG_GETTABLE && table != NULL ? NLM_F_ACK : NLM_F_DUMP));
	nlh->nlmsg_seq = 1;
	head->nfgen_family = NFPROTO_INET;
	head->version = NFNETLINK_V0;
	if (table != NULL)
		mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, table);
	if (set != NULL)
		mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set);
	return mnl_socket_sendto(socket, nlh, nlh->nlmsg_len) < 0 ? nft_error(errno, why) : 0;
}

/* Reads more of the answer. The kernel writes the next part while this one is read. */
static int refill(struct nft_answer *answer, struct why *why)
{
	ssize_t got;

	do
		got = mnl_socket_recvfrom(answer->socket, answer->bytes, sizeof answer->bytes);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		return why_set(why, EIO, "nftables: the kernel's answer ends early: %s",
		               got < 0 ? strerror(errno) : "it is empty");
	answer->left = (int)got;
	answer->next = (const struct nlmsghdr *)answer->bytes;
	return 0;
}

int nft_next(struct nft_answer *answer, const struct nlmsghdr **ret, struct why *why)
{
	*ret = NULL;
	while (!answer->done) {
		const struct nlmsghdr *const nlh = answer->next;
		const struct nlmsgerr *err;
		int rc;

		if (answer->left == 0 || !mnl_nlmsg_ok(nlh, answer->left)) {
			if ((rc = refill(answer, why)) < 0)
				return rc;
			continue;
		}
		answer->next = mnl_nlmsg_next(nlh, &answer->left);
		if (nlh->nlmsg_type == NLMSG_DONE || nlh->nlmsg_type == NLMSG_ERROR)
			answer->done = true;
		err = mnl_nlmsg_get_payload(nlh);
		if (nlh->nlmsg_type == NLMSG_ERROR && mnl_nlmsg_get_payload_len(nlh) >= sizeof *err && err->error != 0)
			return nft_error(-err->error, why);
		if (!answer->done && nlh->nlmsg_type >> 8 == NFNL_SUBSYS_NFTABLES) {
			*ret = nlh;
			return 0;
		}
	}
	return 0;
}
