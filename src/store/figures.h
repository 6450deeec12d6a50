/*
 * figures: reads the data of a report: the sums of days, and the rows of a period.
 *
 * Read-only; the report does the counting. figures_hits and figures_accounts read every hit of the period, which takes
 * seconds for millions; the cost of the others does not depend on the number of hits. Walks and errors: see store.h.
 * Strings are borrowed until the next call. Times are Unix seconds, both ends included; days are counted since 1970,
 * UTC.
 */
#ifndef WFS_STORE_FIGURES_H
#define WFS_STORE_FIGURES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/why.h"
#include "store/store.h"

/* The sums of a rule on a day, sorted by day. rule NULL: of all rules, with each address counted once. */
struct figures_sum {
	const char *rule, *reason, *category;
	/* bytes: only of packets whose backend counts bytes */
	int64_t day, hits, addresses, blocks, dropped, packets, bytes;
};
void figures_sums(struct store *store, int64_t first_day, int64_t last_day);
int figures_next_sum(struct store *store, struct figures_sum *ret, struct why *why);

/* Every hit of the period. */
struct figures_hit {
	const char *rule, *category;
	const char *detail; /* may be NULL */
	bool listed;        /* true: the answer of a DNS list, whose name is detail */
	int64_t time_s;
	struct addr address;
};
void figures_hits(struct store *store, int64_t from_s, int64_t until_s);
int figures_next_hit(struct store *store, struct figures_hit *ret, struct why *why);

/* Every block that began in the period, sorted by its begin; every active block. */
struct figures_block {
	const char *rule, *category;
	int64_t since_s, until_s, offence;
	bool active, proven; /* active: now; proven: although the client was proven good */
	struct net net;
};
void figures_blocks(struct store *store, int64_t from_s, int64_t until_s, int64_t now_s);
void figures_active(struct store *store, int64_t now_s);
int figures_next_block(struct store *store, struct figures_block *ret, struct why *why); /* next row of either */

/* Clients with good evidence since first_day, each once. */
void figures_good(struct store *store, int64_t first_day);
int figures_next_good(struct store *store, struct net *ret, struct why *why);

/* Accounts that many networks tried: failed logins that counted double. Most hits first, at most n_max. */
struct figures_account {
	uint32_t number;  /* base/account.h */
	const char *text; /* the last log line */
	int64_t hits, addresses, last_s;
};
void figures_accounts(struct store *store, int64_t from_s, int64_t until_s, int64_t n_max);
int figures_next_account(struct store *store, struct figures_account *ret, struct why *why);

/*
 * Domains whose mail to one recipient was greylisted from at least this many addresses, most addresses first, at most
 * n_max. They are large senders, whose pool of addresses their SPF record names. domain: in lower case, as the client
 * sent it. recipients: how many recipients this happened to.
 */
struct figures_sender {
	const char *domain;
	int64_t addresses, recipients;
};
void figures_senders(struct store *store, int64_t from_s, int64_t until_s, int64_t addresses, int64_t n_max);
int figures_next_sender(struct store *store, struct figures_sender *ret, struct why *why);

/* Manual actions and notes, newest first. address and reason may be NULL. */
struct figures_act {
	const char *who, *what, *address, *reason;
	int64_t time_s;
};
void figures_acts(struct store *store, int64_t from_s, int64_t until_s, int64_t n_max);
int figures_next_act(struct store *store, struct figures_act *ret, struct why *why);

#endif
