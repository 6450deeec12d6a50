/*
 * netlink: sends one request to a kernel subsystem and reads the answers; uses libmnl.
 *
 * Call netlink_open, then netlink_begin and netlink_ask as often as needed, then netlink_close. Errors: 0 or the
 * kernel's -errno; the caller writes the message. No call waits: the kernel answers within the call that sends, and
 * writes the next part of a long answer within the call that reads the previous one (netlink_rcv_skb,
 * netlink_recvmsg, net/netlink/af_netlink.c).
 */
#ifndef WFS_ROOT_NETLINK_H
#define WFS_ROOT_NETLINK_H

#include <libmnl/libmnl.h>
#include <stddef.h>
#include <stdint.h>

enum {
	NETLINK_BUFFER = 1 << 15,    /* one packet of answers; the kernel's are at most half as long, NLMSG_GOODSIZE */
	NETLINK_FOUND_MAX = 1 << 16, /* items that one call acts on; the next call handles more */
};

struct netlink {
	struct mnl_socket *socket;
	unsigned sequence;
	char buffer[NETLINK_BUFFER];
};

/*
 * Items collected from the answers to one request, to be acted on when the answers have ended. Zeroed: empty. The
 * caller frees all.
 */
struct netlink_found {
	void *all; /* n items of the caller's type */
	size_t n, cap;
};

/* Returns a new item of that size, uninitialised. NULL if there are NETLINK_FOUND_MAX already or memory is short. */
void *netlink_one_more(struct netlink_found *found, size_t size);

/* bus: NETLINK_SOCK_DIAG or another. netlink_close is needed also after an error. */
int netlink_open(struct netlink *netlink, int bus);

/* Begins a request in the buffer, to be completed with mnl_nlmsg_put_... and mnl_attr_put_... */
struct nlmsghdr *netlink_begin(struct netlink *netlink, uint16_t type, uint16_t flags);

/*
 * Sends the request and passes each answer to one, until the end or the acknowledgement. one: NULL if only an
 * acknowledgement is expected. -EIO: the answer is missing or has no end.
 */
int netlink_ask(struct netlink *netlink, const struct nlmsghdr *request, mnl_cb_t one, void *data);

void netlink_close(struct netlink *netlink);

#endif
