/*
 * spf_record: parses an SPF record into a list of terms, in order.
 *
 * Pure: untrusted text in, terms out. A record with any syntax error has no terms, as RFC 7208 demands. Macros are
 * recognised but not interpreted. Modifiers other than redirect have no term. Source: RFC 7208 4.5, 4.6.1, 5, 6, 12.
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
	SPF_RECORD_REDIRECT, /* always the last term, wherever it is in the record */
};

struct spf_record_term {
	enum spf_record_kind kind;
	char qualifier;              /* '+', '-', '~' or '?' */
	bool macro;                  /* its domain has macros, and domain is "" */
	struct net net;              /* for IP */
	uint8_t len4, len6;          /* for A and MX: the length of the network around each address, 0..32, 0..128 */
	char domain[REPLY_NAME_MAX]; /* in lower case, without a trailing dot; "": the record's own */
	struct span text;            /* in the record */
};

struct spf_record {
	size_t n;
	struct spf_record_term *terms;
};

/* Returns true for "v=spf1" alone or followed by a blank. */
bool spf_record_is(struct span text);

/*
 * Parses text, for which spf_record_is returns true; it must stay valid as long as *ret. The caller frees *ret with
 * spf_record_done. Errors: -EINVAL with the term in why.
 */
int spf_record_parse(struct span text, struct spf_record *ret, struct why *why);

void spf_record_done(struct spf_record *record);

/* Writes a domain name in lower case, without a trailing dot. Returns false if the text is no valid domain name. */
bool spf_record_domain(struct span text, char out[static REPLY_NAME_MAX]);

#endif
