/*
 * spf: the networks that a domain sends mail from, by its SPF record.
 *
 * Private to the folder. All addresses for which RFC 7208's check_host() returns "pass", for any sender: all, ip4, ip6,
 * a, mx, include and redirect, with each qualifier, in their order. What depends on the message (ptr, exists, macros)
 * matches nothing here, and is noted. At most 10 terms that ask name servers, 2 of them without an answer, and 10 names
 * of an mx; more is an error of the domain, as are a record that is none, two of them, and an include of a domain
 * without one (RFC 7208 4.6.4, 5.2). Nothing at all comes of a domain whose networks together are larger than an IPv4
 * /8 or an IPv6 /20: a domain with "+all" allows everybody. Pure: the answers come from lookups. Aborts if memory
 * cannot be allocated.
 */
#ifndef WFS_DNS_SPF_H
#define WFS_DNS_SPF_H

#include <stddef.h>
#include <stdint.h>

#include "base/nets.h"
#include "base/why.h"
#include "dns/lookups.h"

enum {
	SPF_WAITS = 1, /* positive result of spf_expand: answers are wanted */
	SPF_LOOKUPS_MAX = 10,
	SPF_VOID_MAX = 2,
	SPF_MX_MAX = 10,
	SPF_NETS_MAX = 4096,
	SPF_NOTES_MAX = 16,
	SPF_NOTE_MAX = 160,
};

struct spf_networks {
	struct nets nets;
	uint32_t ttl_s; /* the shortest of all answers */
	size_t n_notes;
	char notes[SPF_NOTES_MAX][SPF_NOTE_MAX]; /* "example.com: ptr: depends on the message" */
};

/*
 * domain: as of spf_record_domain. Returns 0 and fills *ret (the caller's: nets_done); SPF_WAITS; or, with a sentence
 * that has the domain: -EAGAIN: a name server failed; -ENOENT: the domain does not exist or has no SPF record; -EINVAL:
 * its record has an error, or exceeds a limit.
 */
int spf_expand(const char *domain, struct lookups *lookups, struct spf_networks *ret, struct why *why);

#endif
