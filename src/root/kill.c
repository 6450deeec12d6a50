#include "root/kill.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "root/netlink.h"

enum {
	TCP_FIRST = 1, /* TCP_ESTABLISHED, include/net/tcp_states.h, to ... */
	TCP_LAST = 12, /* ... TCP_NEW_SYN_RECV, but not these: */
	TCP_TIME_WAITS = 6,
	TCP_CLOSED = 7,
	TCP_LISTENS = 10,
};

/* A socket to destroy. */
struct found {
	uint8_t family;
	struct inet_diag_sockid id;
};

struct work {
	const struct tracked_query *clients;
	struct netlink netlink;
	struct netlink_found found; /* items are struct found */
};

static bool is_port(const struct tracked_query *clients, uint16_t port)
{
	bool is = clients->n_ports == 0;

	for (size_t i = 0; i < clients->n_ports && !is; i++)
		is = clients->ports[i] == port;
	return is;
}

static bool is_client(const struct tracked_query *clients, const struct addr *addr)
{
	bool is = false;

	for (size_t i = 0; i < clients->n && !is; i++)
		is = net_has(&clients->nets[i], addr);
	return is;
}

/* bytes: an address of the family, 4 or 16 bytes. */
static struct addr addr_of(uint8_t family, const void *bytes)
{
	struct addr addr = {{[10] = 0xFF, [11] = 0xFF}};

	if (family == AF_INET)
		memcpy(addr.bytes + 12, bytes, 4);
	else
		memcpy(addr.bytes, bytes,
		       /* for an IPv4 client of an IPv6 socket, the kernel uses the same mapped form */
		       sizeof addr.bytes);
	return addr;
}

static int find_socket(const struct nlmsghdr *header, void *data)
{
	const struct inet_diag_msg *const diag = mnl_nlmsg_get_payload(header);
	struct work *const w = data;
	struct found *found;
	struct addr client;

	if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY || mnl_nlmsg_get_payload_len(header) < sizeof *diag)
		return MNL_CB_OK;
	client = addr_of(diag->idiag_family, diag->id.idiag_dst);
	if (!is_port(w->clients, ntohs(diag->id.idiag_sport)) || !is_client(w->clients, &client) ||
	    (found = netlink_one_more(&w->found, sizeof *found)) == NULL)
		return MNL_CB_OK;
	*found = (struct found){diag->idiag_family, diag->id};
	return MNL_CB_OK;
}

static int list_sockets(struct work *w, uint8_t family)
{
	struct nlmsghdr *const header = netlink_begin(&w->netlink, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP);
	struct inet_diag_req_v2 *const request = mnl_nlmsg_put_extra_header(header, sizeof *request);

	request->sdiag_family = family;
	request->sdiag_protocol = IPPROTO_TCP;
	for (unsigned state = TCP_FIRST; state <= TCP_LAST; state++)
		if (state != TCP_TIME_WAITS && state != TCP_CLOSED && state != TCP_LISTENS)
			request->idiag_states |= 1U << state;
	return netlink_ask(&w->netlink, header, find_socket, w);
}

static int destroy(struct work *w, const struct found *found)
{
	struct nlmsghdr *const header = netlink_begin(&w->netlink, SOCK_DESTROY, NLM_F_ACK);
	struct inet_diag_req_v2 *const request = mnl_nlmsg_put_extra_header(header, sizeof *request);

	request->sdiag_family = found->family;
	request->sdiag_protocol = IPPROTO_TCP;
	request->id = found->id;
	return netlink_ask(&w->netlink, header, NULL, NULL);
}

/* Tests whether the kernel supports it: no socket connects port 0 to port 0. */
static int try_destroy(struct work *w)
{
	const struct found none = {.family = AF_INET, .id = {.idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}}};
	const int err = destroy(w, &none);

	return err == -ENOENT ? 0 : err;
}

static int kill_sockets(struct work *w, uint32_t *ended, struct why *why)
{
	const struct found *found;
	int err = netlink_open(&w->netlink, NETLINK_SOCK_DIAG);

	if (err == 0)
		err = try_destroy(w);
	if (err == 0 && w->clients->n > 0)
		err = list_sockets(w, AF_INET);
	if (err == 0 && w->clients->n > 0)
		err = list_sockets(w, AF_INET6);
	found = w->found.all;
	for (size_t i = 0; i < w->found.n && err == 0; i++) {
		err = destroy(w, &found[i]);
		*ended += err == 0;
		if (err == -ENOENT)
			err = 0; /* it has just been closed */
	}
	netlink_close(&w->netlink);
	if (err == -EOPNOTSUPP || err == -EINVAL)
		return why_set(
			why, EOPNOTSUPP,
			"open connections cannot be ended: the kernel is built without CONFIG_INET_DIAG_DESTROY, or "
			"lacks the module tcp_diag: 'modprobe tcp_diag'");
	return err == 0 ? 0 : why_set(why, -err, "open connections cannot be ended: inet_diag: %s", strerror(-err));
}

/* Runs after the sockets are destroyed: by then, the entries of this machine's own connections are in state CLOSE. */
static int kill_forwarded(const struct tracked_query *clients, uint32_t *ended, struct why *why)
{
	const int err = tracked_delete(clients, ended);

	if (err == -EINVAL || err == -EOPNOTSUPP)
		return why_set(
			why, EOPNOTSUPP,
			"forwarded connections cannot be ended: the kernel lacks nf_conntrack_netlink: 'modprobe "
			"nf_conntrack_netlink'");
	return err == 0 ? 0
	                : why_set(why, -err, "forwarded connections cannot be ended: ctnetlink: %s", strerror(-err));
}

int kill_connections(const struct tracked_query *clients, bool forwarded, uint32_t *ret_ended, struct why *why)
{
	struct work work = {.clients = clients};
	uint32_t ended = 0;
	int err = kill_sockets(&work, &ended, why);

	if (err == 0 && forwarded)
		err = kill_forwarded(clients, &ended, why);
	free(work.found.all);
	if (err == 0)
		*ret_ended = ended;
	return err;
}
