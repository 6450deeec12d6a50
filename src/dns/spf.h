/*
 * spf: finds the networks that a domain sends mail from, according to its SPF record.
 *
 * Private to the folder. These are all addresses for which check_host() of RFC 7208 returns "pass" for any sender, by
 * all, ip4, ip6, a, mx, include and redirect, with their qualifiers, in order. Terms that depend on the message (ptr,
 * exists, macros) match nothing here, and are noted. Limits: 10 terms that query name servers, 2 of them without an
 * answer, and 10 names per mx; exceeding one is an error of the domain. So are an invalid record, two records, and an
 * include of a domain without one (RFC 7208 4.6.4, 5.2). A domain with networks that are together larger than an IPv4
 * /8 or an IPv6 /20 gets none: a domain with "+all" allows everybody. Pure: the answers come from lookups. Aborts if
 * memory cannot be allocated.
 */
#ifndef WFS_DNS_SPF_H
#define WFS_DNS_SPF_H

#include <stddef.h>
#include <stdint.h>

#include "base/nets.h"
#include "base/why.h"
#include "dns/lookups.h"

enum {
	SPF_WAITS = 1, /* positive result of spf_expand: it needs more answers */
	SPF_LOOKUPS_MAX = 10,
	SPF_VOID_MAX = 2,
	SPF_MX_MAX = 10,
	SPF_NETS_MAX = 4096,
	SPF_NOTES_MAX = 16,
	SPF_NOTE_MAX = 160,
};

struct spf_networks {
	struct nets nets;
	uint32_t ttl_s; /* the shortest TTL of all answers */
	size_t n_notes;
	char notes[SPF_NOTES_MAX][SPF_NOTE_MAX]; /* "example.com: ptr: depends on the message" */
};

/*
 * Expands the record of a domain, which is in the form that spf_record_domain writes. Returns 0 with *ret set; the
 * caller frees ret->nets with nets_done. Returns SPF_WAITS if answers are missing. Errors, with a sentence that names
 * the domain: -EAGAIN if a name server failed; -ENOENT if the domain does not exist or has no SPF record; -EINVAL if
 * its record is invalid or exceeds a limit.
 */
int spf_expand(const char *domain, struct lookups *lookups, struct spf_networks *ret, struct why *why);

#endif
