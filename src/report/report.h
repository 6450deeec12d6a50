/*
 * report: collects the figures of a period, which summary.c prints as text and page.c as HTML.
 *
 * It reads the database once and keeps only totals. Lists are sorted, the highest first; n entries are valid. Strings
 * are copies, escaped as in the database; summary.c and page.c escape them for their own format. Hours and weekdays
 * are local or UTC, as requested; days are UTC, like the database's daily totals. Errors: those of the database, see
 * store.h. Call report_done afterwards, also after an error.
 */
#ifndef WFS_REPORT_REPORT_H
#define WFS_REPORT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/duration.h"
#include "base/why.h"
#include "store/gates.h"
#include "store/store.h"

enum {
	REPORT_DAYS_MAX = 3660, /* ten years */
	REPORT_TOP = 15,        /* networks, addresses and accounts */
	REPORT_ACTS = 40,
	REPORT_SENDER_MIN = 3,  /* minimum number of addresses that send for a domain, for it to be reported */
	REPORT_CATEGORIES = 16, /* further ones are counted in the last */
};

struct report_query {
	int64_t from_s, until_s, now_s; /* until_s: the last second; the period has at most REPORT_DAYS_MAX days */
	const char *category;           /* only this category; NULL: all. Borrowed */
	bool utc;
};

/* A rule, a category or a DNS list. */
struct report_row {
	char *name, *reason, *category; /* reason and category: only of rules, otherwise NULL */
	int64_t hits, addresses, blocks, active, dropped, packets, bytes; /* see figures_sum */
	int64_t good;                                                     /* hits of clients with good evidence */
};

struct report_rows {
	size_t n;
	struct report_row *list;
};

struct report_day {
	int64_t hits, addresses, blocks, packets, bytes;
	int64_t by_category[REPORT_CATEGORIES]; /* hits; indices as in report.categories */
};

struct report_place {
	struct net net;
	int64_t blocks, offence, addresses; /* addresses: only for networks */
	bool active;
};

struct report_places {
	size_t n;
	struct report_place list[REPORT_TOP];
};

/* An account that many networks tried, so that its failed logins counted double. */
struct report_account {
	char *name; /* NULL: the stored line does not contain it */
	int64_t hits, addresses, last_s;
};

/* A domain that sends from many addresses and is greylisted: a candidate for [allow] spf. */
struct report_sender {
	char *domain; /* only letters, digits, "-", "_" and "." */
	int64_t addresses, recipients;
};

struct report_act {
	int64_t time_s;
	char *who, *what, *address, *reason; /* address and reason may be NULL */
};

/* A gate, from the first day until now. */
struct report_gate {
	struct store_gate_sums sums;
	int64_t waiting; /* clients waiting now */
	int64_t passed;  /* connections of clients that need not wait */
	int64_t never;   /* clients that did not return */
	int64_t delay_s; /* average delay of those that returned; 0: unknown */
};

struct report {
	struct report_query query;
	int64_t first_day;
	size_t n_days;
	struct report_day *days;
	int64_t hits, addresses, blocks, active, packets, bytes; /* addresses: each counts once per day */
	struct report_rows categories, rules, lists;
	int64_t hours[7][24]; /* blocks by weekday and hour of their start; Sunday is 0 */
	struct report_places networks, addresses_worst;
	size_t n_accounts;
	struct report_account accounts[REPORT_TOP]; /* most hits first */
	size_t n_senders;
	struct report_sender senders[REPORT_TOP]; /* most addresses first */
	size_t n_acts;
	struct report_act acts[REPORT_ACTS]; /* newest first */
	size_t n_gates;
	struct report_gate gates[GATES_CAP];
};

int report_collect(struct report *report, struct store *store, const struct report_query *query, struct why *why);

/* Collects only the totals of all time: days, categories and rules. */
int report_sums(struct report *report, struct store *store, int64_t now_s, struct why *why);
void report_done(struct report *report);

/* Returns the peer whose blocks these are, borrowed; NULL for a rule of this host. */
const char *report_peer(const struct report_row *rule);

/*
 * Returns the totals of n days, beginning with day first; days after the last count as zero. addresses: each counts
 * once per day.
 */
struct report_day report_days(const struct report *report, size_t first, size_t n);

/* Writes "2026-11-28". */
void report_day_text(int64_t day, char out[static TIME_TEXT_MAX]);

#endif
