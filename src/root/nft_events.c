#include "root/nft_events.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/filter.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "root/nft_elements.h"
#include "root/nft_table.h"

enum {
	BUFFER_BYTES = 4 << 20, /* enough for a firewall of some ten thousand elements, loaded at once */
	REST_MS = 100,          /* more than the kernel needs between two messages of a transaction */
	SENDER_AT = 12,         /* offsetof(struct nlmsghdr, nlmsg_pid): the socket that made the change */
};

/*
 * Filters out the messages of one socket. All messages of a transaction have the same sender, so testing the first
 * one of a packet is enough.
 */
static int filter_out(int fd, uint32_t sender, struct why *why)
{
	struct sock_filter code[] = {
		/* BPF loads in network order, the field is in host order */
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SENDER_AT),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ntohl(sender), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	const struct sock_fprog program = {sizeof code / sizeof *code, code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0
	               ? 0
	               : why_set(why, errno, "nftables: cannot leave out our own changes: %s", strerror(errno));
}

/* All open in this process: the kernel announces changes as long as one of them listens. */
static struct nft_events *all;

/* how: NETLINK_ADD_MEMBERSHIP or NETLINK_DROP_MEMBERSHIP. */
static void change_all(int how)
{
	const int group = NFNLGRP_NFTABLES;

	for (const struct nft_events *e = all; e != NULL; e = e->next)
		(void)setsockopt(mnl_socket_get_fd(e->socket), SOL_NETLINK, how, &group,
		                 sizeof group); /* cannot fail, as the bind did not */
}

int nft_events_open(struct nft_events *events, const struct mnl_socket *ours, struct why *why)
{
	struct mnl_socket *const socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
	const int bytes = BUFFER_BYTES;
	int err = socket == NULL ? nft_error(errno, why) : 0;

	if (err == 0)
		err = filter_out(mnl_socket_get_fd(socket), mnl_socket_get_portid(ours), why);
	if (err == 0 && mnl_socket_bind(socket, 1U << (NFNLGRP_NFTABLES - 1), MNL_SOCKET_AUTOPID) < 0)
		err = nft_error(errno, why);
	if (err < 0) {
		if (socket != NULL)
			(void)mnl_socket_close(socket);
		return err;
	}
	/* With a smaller buffer, more counts as changed than really is. */
	(void)setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
	*events = (struct nft_events){.socket = socket, .next = all};
	all = events;
	return 0;
}

void nft_events_close(struct nft_events *events)
{
	struct nft_events **at = &all;

	if (events->socket == NULL)
		return;
	while (*at != events)
		at = &(*at)->next;
	*at = events->next;
	(void)mnl_socket_close(events->socket);
	events->socket = NULL;
}

/* --- large transactions of ours --- */

/* Returns the number of the last transaction; 0 if unknown. */
static uint32_t generation(struct mnl_socket *socket)
{
	_Alignas(8) char bytes[1024];
	struct nlmsghdr *const nlh = mnl_nlmsg_put_header(bytes);
	struct nfgenmsg *const head = mnl_nlmsg_put_extra_header(nlh, sizeof *head);
	struct nft_attrs attrs;
	const struct nlattr *attr;
	ssize_t got;

	nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	head->nfgen_family = NFPROTO_UNSPEC;
	head->version = NFNETLINK_V0;
	if (mnl_socket_sendto(socket, nlh, nlh->nlmsg_len) < 0)
		return 0;
	/* The kernel has answered when sending returns. */
	got = mnl_socket_recvfrom(socket, bytes, sizeof bytes);
	if (got < 0 || !mnl_nlmsg_ok(nlh, (int)got) || (nlh->nlmsg_type & 0xFF) != NFT_MSG_NEWGEN)
		return 0;
	attrs = nft_attrs(nlh);
	attr = nft_attr(&attrs);
	return attr == NULL ? 0 : nft_u32(attr);
}

void nft_events_mute(struct mnl_socket *socket, uint32_t *ret)
{
	*ret = all == NULL ? 0 : generation(socket);
	change_all(NETLINK_DROP_MEMBERSHIP);
}

void nft_events_unmute(struct mnl_socket *socket, uint32_t before, bool committed)
{
	const uint32_t ours = before + committed > 0 ? before + committed : 1; /* the kernel skips 0 */
	uint32_t after;

	change_all(NETLINK_ADD_MEMBERSHIP);
	after = all == NULL ? 0 : generation(socket);
	for (struct nft_events *e = all; e != NULL; e = e->next)
		e->missed |= after == 0 || before == 0 ||
		             (after != ours && after != before); /* after == before: there was nothing to do */
}

/* --- one message --- */

static void note_elements(const struct nlmsghdr *nlh, struct nft_slot slot, struct backend_change *change)
{
	struct nft_reader reader;
	struct nft_element element;

	nft_reader_init(&reader, nlh, slot);
	while (nft_reader_next(&reader, &element)) {
		if (change->n == BACKEND_CHANGE_MAX)
			change->all = true;
		else
			change->touched[change->n++] = (struct backend_touched){.net = element.net};
	}
}

/*
 * Records changed elements of one of our sets. Elements that packets add are not announced; those that others add to
 * these sets do not matter.
 */
static void note_set(const struct root_config *config, const struct nlmsghdr *nlh, const struct nlattr *name,
                     struct backend_change *change, bool *rules)
{
	struct nft_slot slot;
	char ours[NFT_NAME_MAX];

	for (unsigned i = 0; i < NFT_SLOTS; i++) {
		if (!nft_slot(i, config, &slot))
			continue;
		nft_set_name(config, slot, "", ours);
		if (nft_is_text(name, ours))
			note_elements(nlh, slot, change);
	}
	nft_flood_name(config, true, "_ports", ours);
	*rules |= nft_is_text(name, ours);
}

/* Records the process: the last one that changed something of ours. Its name is whatever that process chose. */
static void note_generation(const struct nlmsghdr *nlh, struct backend_change *change)
{
	struct nft_attrs attrs = nft_attrs(nlh);
	const struct nlattr *attr;

	while ((attr = nft_attr(&attrs)) != NULL) {
		if (mnl_attr_get_type(attr) == NFTA_GEN_PROC_PID)
			change->pid = nft_u32(attr);
		else if (mnl_attr_get_type(attr) == NFTA_GEN_PROC_NAME)
			(void)snprintf(change->name, sizeof change->name, "%.*s", (int)mnl_attr_get_payload_len(attr),
			               (const char *)mnl_attr_get_payload(attr));
	}
}

/* In all message types but NEWGEN, the first two attributes are the table's name and the object's name. */
static bool note_change(const struct root_config *config, const struct nlmsghdr *nlh, struct backend_change *change,
                        bool *rules)
{
	struct nft_attrs attrs = nft_attrs(nlh);
	const struct nlattr *const table = nft_attr(&attrs), *const name = nft_attr(&attrs);
	const struct nfgenmsg *const head = mnl_nlmsg_get_payload(nlh);
	char ours[NFT_NAME_MAX];

	nft_table_name(config, ours);
	if (table == NULL || head->nfgen_family != NFPROTO_INET || !nft_is_text(table, ours))
		return false;
	switch (nlh->nlmsg_type & 0xFF) {
	case NFT_MSG_NEWSETELEM:
	case NFT_MSG_DELSETELEM:
		if (name != NULL)
			note_set(config, nlh, name, change, rules);
		return true;
	case NFT_MSG_NEWTABLE:
	case NFT_MSG_DELTABLE:
	case NFT_MSG_NEWSET:
	case NFT_MSG_DELSET:
		change->all = true;
		break;
	default:
		break;
	}
	*rules = true;
	return true;
}

/*
 * Waits for the rest of a transaction. Its messages come one after the other while the kernel commits, and the last one
 * has the name of the process.
 */
static bool comes_more(struct mnl_socket *socket)
{
	struct pollfd readable = {.fd = mnl_socket_get_fd(socket), .events = POLLIN};

	return poll(&readable, 1, REST_MS) > 0;
}

void nft_events_read(struct nft_events *events, const struct root_config *config, struct nft_answer *answer,
                     struct backend_change *ret, bool *ret_rules)
{
	bool ours = false;
	ssize_t got;

	*ret = (struct backend_change){.all = events->missed};
	*ret_rules = events->missed;
	events->missed = false;
	while ((got = mnl_socket_recvfrom(events->socket, answer->bytes, sizeof answer->bytes)) > 0 ||
	       (got < 0 && (errno != EAGAIN || (ours && comes_more(events->socket))))) {
		const struct nlmsghdr *nlh = (const struct nlmsghdr *)answer->bytes;

		if (got < 0 && errno == ENOBUFS)
			ret->all = *ret_rules = true;
		for (int left = (int)got; got > 0 && mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
			if ((nlh->nlmsg_type & 0xFF) != NFT_MSG_NEWGEN)
				ours |= note_change(config, nlh, ret, ret_rules);
			else if (ours)
				note_generation(nlh, ret);
			ours &= (nlh->nlmsg_type & 0xFF) != NFT_MSG_NEWGEN;
		}
	}
}
