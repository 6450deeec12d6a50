#include "root/tracked.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/localaddrs.h"
#include "root/netlink.h"

enum { TUPLE_MAX = 128 }; /* CTA_TUPLE_ORIG of IPv6 has 76 bytes */

/* An entry to delete. */
struct found {
	uint32_t id;              /* network order, like ... */
	uint16_t zone, tuple_len; /* ... the zone */
	uint8_t family;
	uint8_t tuple[TUPLE_MAX]; /* contents of its CTA_TUPLE_ORIG */
};

struct walk {
	const struct tracked_query *query;
	struct netlink netlink;
	struct netlink_found found; /* items are struct found */
	uint16_t published;
	size_t n_own;
	struct net own[LOCALADDRS_MAX]; /* addresses of this machine */
};

/* --- parsing an entry --- */

/* The attributes of a message or a nested attribute, by type; CTA_MAX is the largest type used here. */
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

static struct attributes attributes_of(const struct nlmsghdr *header)
{
	struct attributes in = {{NULL}};

	if (mnl_nlmsg_get_payload_len(header) >= sizeof(struct nfgenmsg))
		(void)mnl_attr_parse(header, sizeof(struct nfgenmsg), note_attribute, &in);
	return in;
}

/* Returns the attribute of that type in a nest; NULL if it is absent or shorter than len bytes. */
static const struct nlattr *attribute(const struct nlattr *nest, uint16_t type, size_t len)
{
	struct attributes in = {{NULL}};

	if (nest != NULL)
		(void)mnl_attr_parse_nested(nest, note_attribute, &in);
	return in.of[type] != NULL && mnl_attr_get_payload_len(in.of[type]) >= len ? in.of[type] : NULL;
}

/* Returns the source address of a tuple in *ret; false if it has none. */
static bool source_of(uint8_t family, const struct nlattr *tuple, struct addr *ret)
{
	const struct nlattr *const ip = attribute(tuple, CTA_TUPLE_IP, 0);
	const struct nlattr *const source =
		family == AF_INET ? attribute(ip, CTA_IP_V4_SRC, 4) : attribute(ip, CTA_IP_V6_SRC, 16);

	if (source == NULL)
		return false;
	*ret = (struct addr){{[10] = 0xFF, [11] = 0xFF}};
	if (family == AF_INET)
		memcpy(ret->bytes + 12, mnl_attr_get_payload(source), 4);
	else
		memcpy(ret->bytes, mnl_attr_get_payload(source), sizeof ret->bytes);
	return true;
}

/* Returns the port that the client of an open TCP connection connected to, if it is one of the query's; otherwise 0. */
static uint16_t port_of(const struct tracked_query *query, const struct attributes *in)
{
	const struct nlattr *const proto = attribute(in->of[CTA_TUPLE_ORIG], CTA_TUPLE_PROTO, 0);
	const struct nlattr *const number = attribute(proto, CTA_PROTO_NUM, 1);
	const struct nlattr *const dst = attribute(proto, CTA_PROTO_DST_PORT, 2);
	const struct nlattr *const info = attribute(in->of[CTA_PROTOINFO], CTA_PROTOINFO_TCP, 0);
	const struct nlattr *const state = attribute(info, CTA_PROTOINFO_TCP_STATE, 1);
	uint16_t port;
	bool is = query->n_ports == 0;

	if (number == NULL || dst == NULL || state == NULL || mnl_attr_get_u8(number) != IPPROTO_TCP ||
	    mnl_attr_get_u8(state) == TCP_CONNTRACK_TIME_WAIT || mnl_attr_get_u8(state) == TCP_CONNTRACK_CLOSE)
		return 0;
	port = ntohs(mnl_attr_get_u16(dst));
	for (size_t i = 0; i < query->n_ports && !is; i++)
		is = query->ports[i] == port;
	return is ? port : 0;
}

static uint8_t family_of(const struct nlmsghdr *header)
{
	const struct nfgenmsg *const message = mnl_nlmsg_get_payload(header);

	return message->nfgen_family;
}

/* --- requests --- */

static struct nlmsghdr *begin(struct walk *w, uint16_t verb, uint16_t flags, uint8_t family)
{
	struct nlmsghdr *const header =
		netlink_begin(&w->netlink, (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | verb), flags);
	struct nfgenmsg *const message = mnl_nlmsg_put_extra_header(header, sizeof *message);

	message->nfgen_family = family;
	message->version = NFNETLINK_V0;
	return header;
}

static int list(struct walk *w, mnl_cb_t one)
{
	const int err = netlink_open(&w->netlink, NETLINK_NETFILTER);

	return err < 0 ? err : netlink_ask(&w->netlink, begin(w, IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC), one, w);
}

/* --- deleting --- */

static int find_client(const struct nlmsghdr *header, void *data)
{
	const struct attributes in = attributes_of(header);
	const struct nlattr *const tuple = in.of[CTA_TUPLE_ORIG], *const id = in.of[CTA_ID],
				   *const zone = in.of[CTA_ZONE];
	struct walk *const w = data;
	struct found *found;
	struct addr client;
	bool is = false;

	if (tuple == NULL || id == NULL || mnl_attr_get_payload_len(id) < 4 ||
	    mnl_attr_get_payload_len(tuple) > TUPLE_MAX || port_of(w->query, &in) == 0 ||
	    !source_of(family_of(header), tuple, &client))
		return MNL_CB_OK;
	for (size_t i = 0; i < w->query->n && !is; i++)
		is = net_has(&w->query->nets[i], &client);
	if (!is || (found = netlink_one_more(&w->found, sizeof *found)) == NULL)
		return MNL_CB_OK;
	*found = (struct found){
		.id = mnl_attr_get_u32(id), .family = family_of(header), .tuple_len = mnl_attr_get_payload_len(tuple)};
	if (zone != NULL && mnl_attr_get_payload_len(zone) >= 2)
		found->zone = mnl_attr_get_u16(zone);
	memcpy(found->tuple, mnl_attr_get_payload(tuple), found->tuple_len);
	return MNL_CB_OK;
}

static int delete (struct walk *w, const struct found *found)
{
	struct nlmsghdr *const header = begin(w, IPCTNL_MSG_CT_DELETE, NLM_F_ACK, found->family);

	mnl_attr_put(header, NLA_F_NESTED | CTA_TUPLE_ORIG, found->tuple_len, found->tuple);
	mnl_attr_put_u32(header, CTA_ID, found->id);
	if (found->zone != 0)
		mnl_attr_put_u16(header, CTA_ZONE, found->zone);
	return netlink_ask(&w->netlink, header, NULL, NULL);
}

int tracked_delete(const struct tracked_query *query, uint32_t *ended)
{
	struct walk w = {.query = query};
	int err = list(&w, find_client);
	const struct found *const found = w.found.all;

	for (size_t i = 0; i < w.found.n && err == 0; i++) {
		err = delete (&w, &found[i]);
		*ended += err == 0;
		if (err == -ENOENT)
			err = 0; /* it has just been closed */
	}
	netlink_close(&w.netlink);
	free(w.found.all);
	return err;
}

/* --- finding published ports --- */

static int find_published(const struct nlmsghdr *header, void *data)
{
	const struct attributes in = attributes_of(header);
	const struct nlattr *const status = in.of[CTA_STATUS];
	struct walk *const w = data;
	struct addr server;
	uint16_t port;

	if (w->published != 0 || status == NULL || mnl_attr_get_payload_len(status) < 4 ||
	    (ntohl(mnl_attr_get_u32(status)) & IPS_DST_NAT) == 0 || (port = port_of(w->query, &in)) == 0 ||
	    !source_of(family_of(header), in.of[CTA_TUPLE_REPLY], &server))
		return MNL_CB_OK;
	/* DNAT to another port of this machine: such packets pass through INPUT. */
	for (size_t i = 0; i < w->n_own; i++)
		if (net_has(&w->own[i], &server))
			return MNL_CB_OK;
	w->published = port;
	return MNL_CB_OK;
}

int tracked_published(const struct tracked_query *query, uint16_t *ret_port)
{
	struct walk w = {.query = query};
	int err;

	w.n_own = localaddrs_addresses(w.own);
	err = list(&w, find_published);
	netlink_close(&w.netlink);
	if (err == 0)
		*ret_port = w.published;
	return err;
}
