/*
 * spf_record: an SPF record as a list of terms, in its order.
 *
 * Pure: text in, terms out; untrusted text. A record with any error of syntax has no terms, as RFC 7208 demands. What
 * is more than names and addresses (macros) is kept as such, without its meaning. Modifiers other than redirect have no
 * term. Source: RFC 7208 4.5, 4.6.1, 5, 6, 12.
 */
#ifndef WFS_DNS_SPF_RECORD_H
#define WFS_DNS_SPF_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/text.h"
#include "base/why.h"
#include "dns/reply.h"

enum { SPF_RECORD_TERMS_MAX = 1024 };

enum spf_record_kind {
	SPF_RECORD_ALL,
	SPF_RECORD_IP, /* ip4 and ip6 */
	SPF_RECORD_A,
	SPF_RECORD_MX,
	SPF_RECORD_INCLUDE,
	SPF_RECORD_PTR,
	SPF_RECORD_EXISTS,
	SPF_RECORD_REDIRECT, /* the last term, wherever it was in the record */
};

struct spf_record_term {
	enum spf_record_kind kind;
	char qualifier;              /* '+', '-', '~' or '?' */
	bool macro;                  /* its domain has macros: domain is "" */
	struct net net;              /* of IP */
	uint8_t len4, len6;          /* of A and MX: of the network around each address, 0..32, 0..128 */
	char domain[REPLY_NAME_MAX]; /* in lower case, without a dot at the end; "": the record's own */
	struct span text;            /* in the record */
};

struct spf_record {
	size_t n;
	struct spf_record_term *terms;
};

/* True for "v=spf1" alone or with a blank behind it. */
bool spf_record_is(struct span text);

/* text: spf_record_is; borrowed as long as ret. ret: the caller's, spf_record_done. Errors: -EINVAL with the term in
 * why. */
int spf_record_parse(struct span text, struct spf_record *ret, struct why *why);

void spf_record_done(struct spf_record *record);

/* A domain name as text in lower case, without a dot at the end; false when it is none that has networks. */
bool spf_record_domain(struct span text, char out[static REPLY_NAME_MAX]);

#endif
