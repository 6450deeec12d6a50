/*
 * dnsbl: DNS lists of addresses, queried about clients that have just done something hostile.
 *
 * A subject (an address, or the network that counts for it) is queried once in a window, in every list at once; the
 * answer of a list comes later, by dnsbl_next. No line waits for it, and no block either.
 * An answer in 127.0.0.0/8 is believed; not the codes for "you may not ask" (127.255.255.0/24, 127.0.0.255, 127.0.0.1),
 * and nothing with another address beside it. No answer, and a server failure, mean "not listed".
 * A list that has 127.0.0.1 in it has every address in it: its zone is dead, or another server answers in its place. It
 * is queried at the start and then every DNSBL_CHECK_MS, or DNSBL_RETRY_MS while it lists that address; it is believed
 * while it is known not to be so. Names, where [dns] ptr or ptr_mismatch has a score, are asked for like a list
 * (ptr.h). A server that cannot answer for an address twice, DNSBL_AGAIN_MS apart, while others' questions are
 * answered, is as good as none: the owner of the address has it broken. Limits: DNSBL_OPEN_MAX addresses are queried at
 * a time; one too many is queried with its next evidence. DNSBL_KNOWN_MAX subjects are remembered as queried; of more,
 * the oldest may be queried again within the window. Knows config, resolver and base. Time: now_s Unix seconds; now_ms
 * of any clock that does not go back. Source: RFC 5782 2.1, 2.4, 5; https://www.spamhaus.org/faqs/dnsbl-usage/ and
 * https://www.dnswl.org/?page_id=15 for what they answer to clients they refuse.
 */
#ifndef WFS_DNS_DNSBL_H
#define WFS_DNS_DNSBL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "config/config.h"

enum {
	DNSBL_OPEN_MAX = 256,
	DNSBL_KNOWN_MAX = 1 << 14,
	DNSBL_CHECK_MS = 3600 * 1000,
	DNSBL_AGAIN_MS = 5 * 1000,
	DNSBL_RETRY_MS = 60 * 1000, /* also after a check without an answer */
};

struct dnsbl;

/* config: borrowed; window_s of its [block]. servers: see resolver.h. NULL when [dns] names no list and has no score
 * for names. */
struct dnsbl *dnsbl_new(const struct config *config, const char *servers);

/* Accepts NULL, as all of these: no lists. */
void dnsbl_free(struct dnsbl *dnsbl);

/* Queries addr, at the next dnsbl_turn, unless that was done for its subject. */
void dnsbl_ask(struct dnsbl *dnsbl, const struct net *subject, const struct addr *addr, int64_t now_s);

/* Subject was queried at at_s, by an earlier process. */
void dnsbl_known(struct dnsbl *dnsbl, const struct net *subject, int64_t at_s);

enum dnsbl_word {
	DNSBL_LISTED,   /* addr is in it */
	DNSBL_DEAD,     /* every address is in it, ... */
	DNSBL_SILENT,   /* ... or there is no answer: it is not queried any more */
	DNSBL_ALIVE,    /* now it is again */
	DNSBL_NO_NAME,  /* addr has no name, ... */
	DNSBL_MISMATCH, /* ... or none that is its own, ... */
	DNSBL_BROKEN,   /* ... or its name server cannot say, twice: list is NULL */
};

struct dnsbl_answer {
	enum dnsbl_word word;
	const struct config_list *list; /* of the config */
	struct addr addr;
	struct addr code; /* the first of its answer; of LISTED and DEAD */
};

/* True while a list with "allow" has not answered about an address in net. */
bool dnsbl_awaits(const struct dnsbl *dnsbl, const struct net *net);

/* The next answer; false when there is none now. */
bool dnsbl_next(struct dnsbl *dnsbl, struct dnsbl_answer *ret);

/* For the poll loop: to be polled for reading (-1: nothing), the time-out (-1: none), and then the turn. */
int dnsbl_fd(const struct dnsbl *dnsbl);
int dnsbl_timeout_ms(const struct dnsbl *dnsbl, int64_t now_ms);
void dnsbl_turn(struct dnsbl *dnsbl, int64_t now_ms);

/* The queried name: "7.2.0.192." or 32 digits, and the zone behind it. zone: as the config accepts it. */
enum { DNSBL_NAME_MAX = 254 };
void dnsbl_name(const struct addr *addr, const char *zone, char out[static DNSBL_NAME_MAX]);

#endif
