/*
 * figures: what a report reads: the sums of days, and the rows of a time.
 *
 * Reading only; the report counts. figures_hits and figures_accounts read every hit of the time and take seconds for
 * millions; the rest does not depend on how many hits there are. Walks and errors as of store.h. Strings are borrowed
 * until the next call. Times are Unix seconds, both ends included; days since 1970, UTC.
 */
#ifndef WFS_STORE_FIGURES_H
#define WFS_STORE_FIGURES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/why.h"
#include "store/store.h"

/* The sums of a rule on a day. rule NULL: of all rules, where an address counts once. By day. */
struct figures_sum {
	const char *rule, *reason, *category;
	int64_t day, hits, addresses, blocks, dropped, packets, bytes; /* bytes: of packets whose backend counts them */
};
void figures_sums(struct store *store, int64_t first_day, int64_t last_day);
int figures_next_sum(struct store *store, struct figures_sum *ret, struct why *why);

/* Every hit. */
struct figures_hit {
	const char *rule, *category;
	const char *detail; /* may be NULL */
	bool listed;        /* it is the answer of a DNS list; detail is its name */
	int64_t time_s;
	struct addr address;
};
void figures_hits(struct store *store, int64_t from_s, int64_t until_s);
int figures_next_hit(struct store *store, struct figures_hit *ret, struct why *why);

/* Every block that began; that is active now. By begin. */
struct figures_block {
	const char *rule, *category;
	int64_t since_s, until_s, offence;
	bool active, proven; /* now; although the client had proven good */
	struct net net;
};
void figures_blocks(struct store *store, int64_t from_s, int64_t until_s, int64_t now_s);
void figures_active(struct store *store, int64_t now_s);
int figures_next_block(struct store *store, struct figures_block *ret, struct why *why); /* of these two */

/* Clients with evidence for the good since then, each once. */
void figures_good(struct store *store, int64_t first_day);
int figures_next_good(struct store *store, struct net *ret, struct why *why);

/* Accounts that many networks tried: failed logins that counted double. Those with most first, n_max at most. */
struct figures_account {
	uint32_t number;  /* base/account.h */
	const char *text; /* the last line */
	int64_t hits, addresses, last_s;
};
void figures_accounts(struct store *store, int64_t from_s, int64_t until_s, int64_t n_max);
int figures_next_account(struct store *store, struct figures_account *ret, struct why *why);

/*
 * Domains whose mail to one recipient was greylisted from at least so many addresses, those with most first, n_max at
 * most: large senders, whose pool is known by their SPF record. domain: in lower case, as the client sent it.
 * recipients: to whom that happened.
 */
struct figures_sender {
	const char *domain;
	int64_t addresses, recipients;
};
void figures_senders(struct store *store, int64_t from_s, int64_t until_s, int64_t addresses, int64_t n_max);
int figures_next_sender(struct store *store, struct figures_sender *ret, struct why *why);

/* Manual actions, and notes: newest first. address and reason may be NULL. */
struct figures_act {
	const char *who, *what, *address, *reason;
	int64_t time_s;
};
void figures_acts(struct store *store, int64_t from_s, int64_t until_s, int64_t n_max);
int figures_next_act(struct store *store, struct figures_act *ret, struct why *why);

#endif
