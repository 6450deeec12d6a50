/*
 * dnsbl: queries DNS blocklists and allowlists about clients that have just done something hostile.
 *
 * A subject (an address, or the network that counts for it) is queried once per window, in all lists at the same time;
 * the answers of the lists come later, from dnsbl_next. No line waits for them, and no block does, unless the caller
 * asks dnsbl_awaits.
 * An answer in 127.0.0.0/8 counts, except the codes that mean "query refused" (127.255.255.0/24, 127.0.0.255,
 * 127.0.0.1), and only if no other address comes with it. No answer or a server failure means "not listed".
 * A list that contains 127.0.0.1 lists every address: its zone is dead, or another server answers in its place. Each
 * list is queried for that address at the start and then every DNSBL_CHECK_MS, or every DNSBL_RETRY_MS while it lists
 * the address. A list counts only while this check passes.
 * If [dns] ptr or ptr_mismatch has a score, the client's name is looked up in the same way (ptr.h). If a name server
 * twice fails to answer for an address, DNSBL_AGAIN_MS apart, while queries about others are answered, the address
 * counts as having no name: its owner broke it.
 * Limits: DNSBL_OPEN_MAX addresses are queried at the same time; any more are queried with their next evidence.
 * DNSBL_KNOWN_MAX subjects are remembered as queried; beyond that, the oldest may be queried again within the window.
 * Knows config, resolver and base. Time: now_s is Unix seconds; now_ms is from any monotonic clock. Source: RFC 5782
 * 2.1, 2.4, 5; https://www.spamhaus.org/faqs/dnsbl-usage/ and https://www.dnswl.org/?page_id=15 for the replies to
 * clients that are refused.
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

/*
 * Creates the queries for config, which is borrowed; uses [dns] and [block] window. servers: see resolver.h. Returns
 * NULL if [dns] has no list and no score for names.
 */
struct dnsbl *dnsbl_new(const struct config *config, const char *servers);

/* Frees dnsbl. This and all following functions accept NULL, which means no lists. */
void dnsbl_free(struct dnsbl *dnsbl);

/* Queries addr at the next dnsbl_turn, unless its subject was queried already. */
void dnsbl_ask(struct dnsbl *dnsbl, const struct net *subject, const struct addr *addr, int64_t now_s);

/* Records that an earlier process queried the subject at at_s. */
void dnsbl_known(struct dnsbl *dnsbl, const struct net *subject, int64_t at_s);

enum dnsbl_word {
	DNSBL_LISTED,   /* addr is in the list */
	DNSBL_DEAD,     /* the list contains every address, ... */
	DNSBL_SILENT,   /* ... or does not answer: it is no longer queried */
	DNSBL_ALIVE,    /* the list works again */
	DNSBL_NO_NAME,  /* addr has no name, ... */
	DNSBL_MISMATCH, /* ... or none that resolves to it, ... */
	DNSBL_BROKEN,   /* ... or its name server failed twice; list is NULL for these three */
};

struct dnsbl_answer {
	enum dnsbl_word word;
	const struct config_list *list; /* a list in the config */
	struct addr addr;
	struct addr code; /* the first of its answer; of LISTED and DEAD */
};

/* Returns true while a list with "allow" has not answered about an address in net. */
bool dnsbl_awaits(const struct dnsbl *dnsbl, const struct net *net);

/* Returns the next answer; false if there is none now. */
bool dnsbl_next(struct dnsbl *dnsbl, struct dnsbl_answer *ret);

/*
 * For the poll loop: the descriptor to poll for reading (-1: none), the timeout (-1: none), and the work to do after
 * poll.
 */
int dnsbl_fd(const struct dnsbl *dnsbl);
int dnsbl_timeout_ms(const struct dnsbl *dnsbl, int64_t now_ms);
void dnsbl_turn(struct dnsbl *dnsbl, int64_t now_ms);

/* Writes the name to query: "7.2.0.192." or 32 digits, followed by the zone. zone: as the config accepts it. */
enum { DNSBL_NAME_MAX = 254 };
void dnsbl_name(const struct addr *addr, const char *zone, char out[static DNSBL_NAME_MAX]);

#endif
