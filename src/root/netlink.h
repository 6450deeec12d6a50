/*
 * netlink: one request to a part of the kernel, and its answers; over libmnl.
 *
 * netlink_open, then netlink_begin and netlink_ask as often as needed, netlink_close. Errors: 0 or -errno, as the
 * kernel has it; the caller finds the words. Nothing waits: the kernel answers within the call that asks, and writes
 * the next part of a long answer within the call that reads one (netlink_rcv_skb, netlink_recvmsg,
 * net/netlink/af_netlink.c).
 */
#ifndef WFS_ROOT_NETLINK_H
#define WFS_ROOT_NETLINK_H

#include <libmnl/libmnl.h>
#include <stddef.h>
#include <stdint.h>

enum {
	NETLINK_BUFFER = 1 << 15,    /* one packet of answers: the kernel's are at most half of that, NLMSG_GOODSIZE */
	NETLINK_FOUND_MAX = 1 << 16, /* acted on by one call; the next one acts on more */
};

struct netlink {
	struct mnl_socket *socket;
	unsigned sequence;
	char buffer[NETLINK_BUFFER];
};

/* What came up in the answers to one request, to be acted on when these have ended. Zeroed: empty; free(all) at the
 * end. */
struct netlink_found {
	void *all; /* n of the caller's type */
	size_t n, cap;
};

/* Another one of that size, not filled in. NULL: NETLINK_FOUND_MAX are enough for one call, or no memory. */
void *netlink_one_more(struct netlink_found *found, size_t size);

/* bus: NETLINK_SOCK_DIAG ... After an error, too, netlink_close. */
int netlink_open(struct netlink *netlink, int bus);

/* A request in the buffer, to be completed with mnl_nlmsg_put_... and mnl_attr_put_... */
struct nlmsghdr *netlink_begin(struct netlink *netlink, uint16_t type, uint16_t flags);

/*
 * Sends it and passes each answer to one (NULL: there is only an acknowledgement), to the end or the acknowledgement.
 * -EIO: the answer has no end, or there is none.
 */
int netlink_ask(struct netlink *netlink, const struct nlmsghdr *request, mnl_cb_t one, void *data);

void netlink_close(struct netlink *netlink);

#endif
