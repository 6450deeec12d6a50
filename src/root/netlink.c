#include "root/netlink.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

void *netlink_one_more(struct netlink_found *found, size_t size)
{
	if (found->n == found->cap) {
		const size_t cap = found->cap == 0 ? 64 : 2 * found->cap;
		void *const larger = cap > NETLINK_FOUND_MAX ? NULL : realloc(found->all, cap * size);

		if (larger == NULL)
			return NULL;
		found->all = larger;
		found->cap = cap;
	}
	return (char *)found->all + found->n++ * size;
}

int netlink_open(struct netlink *n, int bus)
{
	n->sequence = 0;
	n->socket = mnl_socket_open2(bus, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (n->socket == NULL)
		return -errno;
	return mnl_socket_bind(n->socket, 0, MNL_SOCKET_AUTOPID) < 0 ? -errno : 0;
}

struct nlmsghdr *netlink_begin(struct netlink *n, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *const header = mnl_nlmsg_put_header(n->buffer);

	header->nlmsg_type = type;
	header->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	header->nlmsg_seq = ++n->sequence;
	return header;
}

int netlink_ask(struct netlink *n, const struct nlmsghdr *request, mnl_cb_t one, void *data)
{
	int rc = mnl_socket_sendto(n->socket, request, request->nlmsg_len) < 0 ? MNL_CB_ERROR : MNL_CB_OK;

	while (rc == MNL_CB_OK) {
		const ssize_t len = mnl_socket_recvfrom(n->socket, n->buffer, sizeof n->buffer);

		rc = len < 0 ? MNL_CB_ERROR
		             : mnl_cb_run(n->buffer, (size_t)len, n->sequence, mnl_socket_get_portid(n->socket), one,
		                          data);
	}
	if (rc == MNL_CB_ERROR && errno == EAGAIN)
		return -EIO;
	return rc == MNL_CB_ERROR ? -errno : 0;
}

void netlink_close(struct netlink *n)
{
	if (n->socket != NULL)
		(void)mnl_socket_close(n->socket);
	n->socket = NULL;
}
