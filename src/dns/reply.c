#include "dns/reply.h"

#include <arpa/nameser.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/text.h"

enum {
	ALIASES_MAX = 8,           /* in a chain */
	ESCAPED_MAX = NS_MAXDNAME, /* bytes of any name as text */
};

/* Writes the name at p in the packet as text. Returns false if there is none. */
static bool name_at(const ns_msg *message, const uint8_t *p, char out[static ESCAPED_MAX])
{
	return ns_name_uncompress(ns_msg_base(*message), ns_msg_end(*message), p, out, ESCAPED_MAX) >= 0;
}

static bool same_name(const char *a, const char *b)
{
	const size_t len = strlen(a), other = strlen(b);
	const size_t n = len > 0 && a[len - 1] == '.' ? len - 1 : len,
		     m = other > 0 && b[other - 1] == '.' ? other - 1 : other;

	return n == m && strncasecmp(a, b, n) == 0;
}

/* Replaces the name in out by the one that its aliases lead to. */
static void follow_aliases(ns_msg *message, char out[static ESCAPED_MAX])
{
	const int n = ns_msg_count(*message, ns_s_an);
	bool moved = true;

	for (int step = 0; moved && step < ALIASES_MAX; step++) {
		moved = false;
		for (int i = 0; i < n && !moved; i++) {
			ns_rr rr;

			moved = ns_parserr(message, ns_s_an, i, &rr) == 0 && ns_rr_type(rr) == ns_t_cname &&
			        ns_rr_class(rr) == ns_c_in && same_name(ns_rr_name(rr), out) &&
			        name_at(message, ns_rr_rdata(rr), out);
		}
	}
}

static void add_text(struct reply *reply, char *text)
{
	reply->texts = alloc_one_more(reply->texts, reply->n, sizeof *reply->texts, "a name server's reply");
	reply->texts[reply->n++] = text;
}

static bool add_address(struct reply *reply, const uint8_t *data, size_t len)
{
	struct addr addr = {{[10] = 0xFF, [11] = 0xFF}};
	struct net net;

	if (len == 4)
		memcpy(addr.bytes + 12, data, 4);
	else if (len == 16)
		memcpy(addr.bytes, data, 16);
	else
		return false;
	net = net_of(&addr);
	if (reply->nets.n < REPLY_ADDRESSES_MAX)
		nets_add(&reply->nets, &net);
	return true;
}

/* Adds the strings of a TXT record, each preceded by its length, as one text. */
static bool add_strings(struct reply *reply, const uint8_t *data, size_t len)
{
	char *const text = alloc_zero(len + 1, 1, "a name server's reply");
	size_t used = 0, at = 0;

	for (; at < len && at + 1 + data[at] <= len; at += 1U + data[at]) {
		memcpy(text + used, data + at + 1, data[at]);
		used += data[at];
	}
	for (size_t i = 0; i < used; i++)
		text[i] = (char)(text[i] == '\0' ? '\1' : text[i]);
	add_text(reply, text);
	return at == len;
}

/* Adds the name at p, in a record that ends at end. */
static bool add_name(const ns_msg *message, struct reply *reply, const uint8_t *p, const uint8_t *end)
{
	char name[ESCAPED_MAX];
	size_t len;

	if (p >= end || !name_at(message, p, name))
		return false;
	len = strlen(name);
	if (len > 0 && name[len - 1] == '.')
		name[--len] = '\0';
	for (size_t i = 0; i < len; i++)
		name[i] = text_lower(name[i]);
	add_text(reply, alloc_text(name, "a name server's reply"));
	return true;
}

/* Adds a record. Returns false if it is malformed. */
static bool add_record(const ns_msg *message, const ns_rr *rr, enum reply_type type, struct reply *reply)
{
	const uint8_t *const data = ns_rr_rdata(*rr);
	const size_t len = ns_rr_rdlen(*rr);

	switch (type) {
	case REPLY_A:
		return len == 4 && add_address(reply, data, len);
	case REPLY_AAAA:
		return len == 16 && add_address(reply, data, len);
	case REPLY_TXT:
		return add_strings(reply, data, len);
	case REPLY_MX:
		return len > 2 && add_name(message, reply, data + 2, data + len);
	case REPLY_PTR:
		return add_name(message, reply, data, data + len);
	}
	return false;
}

static bool read_records(ns_msg *message, const char *owner, enum reply_type type, struct reply *ret)
{
	const int n = ns_msg_count(*message, ns_s_an);

	for (int i = 0; i < n; i++) {
		ns_rr rr;

		if (ns_parserr(message, ns_s_an, i, &rr) < 0)
			return false;
		if ((int)ns_rr_type(rr) != (int)type || ns_rr_class(rr) != ns_c_in || !same_name(ns_rr_name(rr), owner))
			continue;
		if (!add_record(message, &rr, type, ret))
			return false;
		if (ret->outcome != REPLY_RECORDS || ns_rr_ttl(rr) < ret->ttl_s)
			ret->ttl_s = ns_rr_ttl(rr);
		ret->outcome = REPLY_RECORDS;
	}
	return true;
}

void reply_read(const uint8_t *packet, size_t len, const char *name, enum reply_type type, struct reply *ret)
{
	char owner[ESCAPED_MAX];
	ns_msg message;

	*ret = (struct reply){.outcome = REPLY_FAILED};
	if (len > REPLY_PACKET_MAX || strlen(name) >= sizeof owner || ns_initparse(packet, (int)len, &message) < 0)
		return;
	if (ns_msg_getflag(message, ns_f_rcode) != ns_r_noerror && ns_msg_getflag(message, ns_f_rcode) != ns_r_nxdomain)
		return;
	memcpy(owner, name, strlen(name) + 1);
	follow_aliases(&message, owner);
	ret->outcome = REPLY_NONE;
	if (!read_records(&message, owner, type, ret))
		reply_done(ret);
	nets_seal(&ret->nets);
}

void reply_done(struct reply *reply)
{
	for (size_t i = 0; i < reply->n; i++)
		free(reply->texts[i]);
	free(reply->texts);
	nets_done(&reply->nets);
	*reply = (struct reply){.outcome = REPLY_FAILED};
}
