#include "root/kill.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum {
	FOUND_MAX = 1 << 16, /* connections ended by one call; the next one ends more */
	BUFFER = 1 << 15,    /* a netlink answer: NLMSG_GOODSIZE is at most that, linux/netlink.h */
	TUPLE_MAX = 128,     /* CTA_TUPLE_ORIG of IPv6 has 76 bytes */
	TCP_FIRST = 1,       /* TCP_ESTABLISHED, include/net/tcp_states.h, to ... */
	TCP_LAST = 12,       /* ... TCP_NEW_SYN_RECV, but not these: */
	TCP_TIME_WAITS = 6,
	TCP_CLOSED = 7,
	TCP_LISTENS = 10,
};

/* A connection to be ended. */
struct found {
	struct inet_diag_sockid id; /* of a socket */
	uint32_t ct_id;             /* of an entry of connection tracking, in network order, with ... */
	uint16_t zone, tuple_len;   /* (network order) */
	uint8_t family;
	uint8_t tuple[TUPLE_MAX];   /* ... the contents of its CTA_TUPLE_ORIG */
};

struct work {
	const struct kill_query *query;
	struct mnl_socket *netlink;
	unsigned sequence;
	size_t n, cap;
	struct found *found;
	char buffer[BUFFER];
};

static bool is_port(const struct kill_query *query, uint16_t port)
{
	bool is = query->n_ports == 0;

	for (size_t i = 0; i < query->n_ports && !is; i++)
		is = query->ports[i] == port;
	return is;
}

static bool is_client(const struct kill_query *query, const struct addr *addr)
{
	bool is = false;

	for (size_t i = 0; i < query->n && !is; i++)
		is = net_has(&query->nets[i], addr);
	return is;
}

/* bytes: 4 or 16 of them, as the family has it. */
static struct addr addr_of(uint8_t family, const void *bytes)
{
	struct addr addr = {{[10] = 0xFF, [11] = 0xFF}};

	if (family == AF_INET)
		memcpy(addr.bytes + 12, bytes, 4);
	else
		memcpy(addr.bytes, bytes, sizeof addr.bytes); /* an IPv4 client of an IPv6 socket is mapped here as it is there */
	return addr;
}

/* NULL: that is enough of them, or no memory. */
static struct found *one_more(struct work *w)
{
	if (w->n == w->cap) {
		const size_t cap = w->cap == 0 ? 64 : 2 * w->cap;
		struct found *const larger = cap > FOUND_MAX ? NULL : realloc(w->found, cap * sizeof *larger);

		if (larger == NULL)
			return NULL;
		w->found = larger;
		w->cap = cap;
	}
	w->found[w->n] = (struct found){0};
	return &w->found[w->n++];
}

/* --- one request --- */

static struct nlmsghdr *begin(struct work *w, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *const header = mnl_nlmsg_put_header(w->buffer);

	header->nlmsg_type = type;
	header->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	header->nlmsg_seq = ++w->sequence;
	return header;
}

/* Sends it and passes what comes back to one, up to the end or the acknowledgement. */
static int ask(struct work *w, const struct nlmsghdr *header, mnl_cb_t one)
{
	int rc = mnl_socket_sendto(w->netlink, header, header->nlmsg_len) < 0 ? MNL_CB_ERROR : MNL_CB_OK;

	while (rc == MNL_CB_OK) {
		const ssize_t len = mnl_socket_recvfrom(w->netlink, w->buffer, sizeof w->buffer);

		rc = len < 0 ? MNL_CB_ERROR
		             : mnl_cb_run(w->buffer, (size_t)len, w->sequence, mnl_socket_get_portid(w->netlink), one, w);
	}
	return rc == MNL_CB_ERROR ? -errno : 0;
}

static int connect_to(struct work *w, int bus)
{
	w->n = 0;
	w->netlink = mnl_socket_open2(bus, SOCK_CLOEXEC);
	if (w->netlink == NULL)
		return -errno;
	return mnl_socket_bind(w->netlink, 0, MNL_SOCKET_AUTOPID) < 0 ? -errno : 0;
}

static void disconnect(struct work *w)
{
	if (w->netlink != NULL)
		(void)mnl_socket_close(w->netlink);
	w->netlink = NULL;
}

/* --- sockets of this machine --- */

static int find_socket(const struct nlmsghdr *header, void *data)
{
	const struct inet_diag_msg *const diag = mnl_nlmsg_get_payload(header);
	struct work *const w = data;
	struct found *found;
	struct addr client;

	if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY || mnl_nlmsg_get_payload_len(header) < sizeof *diag)
		return MNL_CB_OK;
	client = addr_of(diag->idiag_family, diag->id.idiag_dst);
	if (!is_port(w->query, ntohs(diag->id.idiag_sport)) || !is_client(w->query, &client) || (found = one_more(w)) == NULL)
		return MNL_CB_OK;
	found->family = diag->idiag_family;
	found->id = diag->id;
	return MNL_CB_OK;
}

static int list_sockets(struct work *w, uint8_t family)
{
	struct nlmsghdr *const header = begin(w, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP);
	struct inet_diag_req_v2 *const request = mnl_nlmsg_put_extra_header(header, sizeof *request);

	request->sdiag_family = family;
	request->sdiag_protocol = IPPROTO_TCP;
	for (unsigned state = TCP_FIRST; state <= TCP_LAST; state++)
		if (state != TCP_TIME_WAITS && state != TCP_CLOSED && state != TCP_LISTENS)
			request->idiag_states |= 1U << state;
	return ask(w, header, find_socket);
}

static int destroy(struct work *w, const struct found *found)
{
	struct nlmsghdr *const header = begin(w, SOCK_DESTROY, NLM_F_ACK);
	struct inet_diag_req_v2 *const request = mnl_nlmsg_put_extra_header(header, sizeof *request);

	request->sdiag_family = found->family;
	request->sdiag_protocol = IPPROTO_TCP;
	request->id = found->id;
	return ask(w, header, NULL);
}

/* Whether the kernel can: there is no socket from port 0 to port 0. */
static int try_destroy(struct work *w)
{
	const struct found none = {
	        .family = AF_INET, .id = {.idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}}};
	const int err = destroy(w, &none);

	return err == -ENOENT ? 0 : err;
}

static int kill_sockets(struct work *w, uint32_t *ended, struct why *why)
{
	int err = connect_to(w, NETLINK_SOCK_DIAG);

	if (err == 0)
		err = try_destroy(w);
	if (err == 0 && w->query->n > 0)
		err = list_sockets(w, AF_INET);
	if (err == 0 && w->query->n > 0)
		err = list_sockets(w, AF_INET6);
	for (size_t i = 0; i < w->n && err == 0; i++) {
		err = destroy(w, &w->found[i]);
		*ended += err == 0;
		if (err == -ENOENT)
			err = 0; /* it has just ended */
	}
	disconnect(w);
	if (err == -EOPNOTSUPP || err == -EINVAL)
		return why_set(why, EOPNOTSUPP,
		               "open connections cannot be ended: the kernel is built without CONFIG_INET_DIAG_DESTROY, or "
		               "lacks the module tcp_diag: 'modprobe tcp_diag'");
	return err == 0 ? 0 : why_set(why, -err, "open connections cannot be ended: inet_diag: %s", strerror(-err));
}

/* --- connections through this machine --- */

/* The attributes of a message or a nest, by type; CTA_MAX is the largest of any here. */
struct attributes {
	const struct nlattr *of[CTA_MAX + 1];
};

static int note_attribute(const struct nlattr *attr, void *data)
{
	struct attributes *const attributes = data;

	if (mnl_attr_get_type(attr) <= CTA_MAX)
		attributes->of[mnl_attr_get_type(attr)] = attr;
	return MNL_CB_OK;
}

/* The attribute of that type in a nest, NULL: none; at least len bytes long. */
static const struct nlattr *attribute(const struct nlattr *nest, uint16_t type, size_t len)
{
	struct attributes in = {{NULL}};

	if (nest != NULL)
		(void)mnl_attr_parse_nested(nest, note_attribute, &in);
	return in.of[type] != NULL && mnl_attr_get_payload_len(in.of[type]) >= len ? in.of[type] : NULL;
}

/* The client of a connection that is open, of TCP, to one of the ports. */
static bool is_open(const struct kill_query *query, uint8_t family, const struct nlattr *tuple, const struct nlattr *info)
{
	const struct nlattr *const ip = attribute(tuple, CTA_TUPLE_IP, 0), *const proto = attribute(tuple, CTA_TUPLE_PROTO, 0);
	const struct nlattr *const source = family == AF_INET ? attribute(ip, CTA_IP_V4_SRC, 4) : attribute(ip, CTA_IP_V6_SRC, 16);
	const struct nlattr *const number = attribute(proto, CTA_PROTO_NUM, 1), *const port = attribute(proto, CTA_PROTO_DST_PORT, 2);
	const struct nlattr *const state = attribute(attribute(info, CTA_PROTOINFO_TCP, 0), CTA_PROTOINFO_TCP_STATE, 1);
	struct addr client;

	if (source == NULL || number == NULL || port == NULL || state == NULL || mnl_attr_get_u8(number) != IPPROTO_TCP ||
	    mnl_attr_get_u8(state) == TCP_CONNTRACK_TIME_WAIT || mnl_attr_get_u8(state) == TCP_CONNTRACK_CLOSE)
		return false;
	client = addr_of(family, mnl_attr_get_payload(source));
	return is_port(query, ntohs(mnl_attr_get_u16(port))) && is_client(query, &client);
}

static int find_tracked(const struct nlmsghdr *header, void *data)
{
	const struct nfgenmsg *const message = mnl_nlmsg_get_payload(header);
	const struct nlattr *tuple, *id, *zone;
	struct attributes in = {{NULL}};
	struct work *const w = data;
	struct found *found;

	if (mnl_nlmsg_get_payload_len(header) < sizeof *message)
		return MNL_CB_OK;
	(void)mnl_attr_parse(header, sizeof *message, note_attribute, &in);
	tuple = in.of[CTA_TUPLE_ORIG];
	id = in.of[CTA_ID];
	zone = in.of[CTA_ZONE];
	if (tuple == NULL || id == NULL || mnl_attr_get_payload_len(id) < 4 || mnl_attr_get_payload_len(tuple) > TUPLE_MAX ||
	    !is_open(w->query, message->nfgen_family, tuple, in.of[CTA_PROTOINFO]) || (found = one_more(w)) == NULL)
		return MNL_CB_OK;
	found->family = message->nfgen_family;
	found->ct_id = mnl_attr_get_u32(id);
	found->zone = zone != NULL && mnl_attr_get_payload_len(zone) >= 2 ? mnl_attr_get_u16(zone) : 0;
	found->tuple_len = mnl_attr_get_payload_len(tuple);
	memcpy(found->tuple, mnl_attr_get_payload(tuple), found->tuple_len);
	return MNL_CB_OK;
}

static struct nlmsghdr *begin_ct(struct work *w, uint16_t verb, uint16_t flags, uint8_t family)
{
	struct nlmsghdr *const header = begin(w, (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | verb), flags);
	struct nfgenmsg *const message = mnl_nlmsg_put_extra_header(header, sizeof *message);

	message->nfgen_family = family;
	message->version = NFNETLINK_V0;
	return header;
}

static int delete_tracked(struct work *w, const struct found *found)
{
	struct nlmsghdr *const header = begin_ct(w, IPCTNL_MSG_CT_DELETE, NLM_F_ACK, found->family);

	mnl_attr_put(header, NLA_F_NESTED | CTA_TUPLE_ORIG, found->tuple_len, found->tuple);
	mnl_attr_put_u32(header, CTA_ID, found->ct_id);
	if (found->zone != 0)
		mnl_attr_put_u16(header, CTA_ZONE, found->zone);
	return ask(w, header, NULL);
}

/* After the sockets: those of this machine are in state CLOSE by now. */
static int kill_forwarded(struct work *w, uint32_t *ended, struct why *why)
{
	int err = connect_to(w, NETLINK_NETFILTER);

	if (err == 0)
		err = ask(w, begin_ct(w, IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC), find_tracked);
	for (size_t i = 0; i < w->n && err == 0; i++) {
		err = delete_tracked(w, &w->found[i]);
		*ended += err == 0;
		if (err == -ENOENT)
			err = 0; /* it has just ended */
	}
	disconnect(w);
	if (err == -EINVAL || err == -EOPNOTSUPP)
		return why_set(why, EOPNOTSUPP,
		               "forwarded connections cannot be ended: the kernel lacks nf_conntrack_netlink: 'modprobe "
		               "nf_conntrack_netlink'");
	return err == 0 ? 0 : why_set(why, -err, "forwarded connections cannot be ended: ctnetlink: %s", strerror(-err));
}

int kill_connections(const struct kill_query *query, uint32_t *ret_ended, struct why *why)
{
	struct work work = {.query = query};
	uint32_t ended = 0;
	int err = kill_sockets(&work, &ended, why);

	if (err == 0 && query->forwarded)
		err = kill_forwarded(&work, &ended, why);
	free(work.found);
	if (err == 0)
		*ret_ended = ended;
	return err;
}
