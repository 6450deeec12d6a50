/*
 * report: the figures of a time, counted: for the text and the page that show them.
 *
 * Reads the database once, keeps sums only. Lists are sorted, the most first, and never NULL beyond n.
 * Strings are copies, escaped as the database has them; text.c and page.c escape them for their own form.
 * Hours and weekdays are local or UTC, as asked for; days are UTC, as the sums of the database are.
 * Errors: those of the database, see store.h. report_done after it, also after an error.
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
	REPORT_SENDER_MIN = 3,  /* addresses that a message came from, for its domain to be named */
	REPORT_CATEGORIES = 16, /* more of them are counted as the last */
};

struct report_query {
	int64_t from_s, until_s, now_s; /* until_s: the last second; at most REPORT_DAYS_MAX days */
	const char *category;           /* only this one; NULL: all. Borrowed */
	bool utc;
};

/* A rule, a category or a DNS list. */
struct report_row {
	char *name, *reason, *category;                                   /* reason, category: of a rule, else NULL */
	int64_t hits, addresses, blocks, active, dropped, packets, bytes; /* as of figures_sum */
	int64_t good; /* hits of clients with evidence for the good */
};

struct report_rows {
	size_t n;
	struct report_row *list;
};

struct report_day {
	int64_t hits, addresses, blocks, packets, bytes;
	int64_t by_category[REPORT_CATEGORIES]; /* hits; see report.categories */
};

struct report_place {
	struct net net;
	int64_t blocks, offence, addresses; /* addresses: of a network */
	bool active;
};

struct report_places {
	size_t n;
	struct report_place list[REPORT_TOP];
};

/* An account that many networks tried: what counted double because of that. */
struct report_account {
	char *name; /* NULL: it is not in the stored line */
	int64_t hits, addresses, last_s;
};

/* A domain that sends from many addresses, and is greylisted: perhaps one for [allow] spf. */
struct report_sender {
	char *domain; /* letters, digits and "-_." */
	int64_t addresses, recipients;
};

struct report_act {
	int64_t time_s;
	char *who, *what, *address, *reason; /* the last two may be NULL */
};

/* A gate, from the first day until now. */
struct report_gate {
	struct store_gate_sums sums;
	int64_t waiting; /* clients, now */
	int64_t passed;  /* connections of clients that need not wait */
	int64_t never;   /* clients that did not come back */
	int64_t delay_s; /* of those that came back, on average; 0: not known */
};

struct report {
	struct report_query query;
	int64_t first_day;
	size_t n_days;
	struct report_day *days;
	int64_t hits, addresses, blocks, active, packets, bytes; /* addresses: each counts once for each day */
	struct report_rows categories, rules, lists;
	int64_t hours[7][24]; /* blocks that began; Sunday is 0 */
	struct report_places networks, addresses_worst;
	size_t n_accounts;
	struct report_account accounts[REPORT_TOP]; /* those with most hits first */
	size_t n_senders;
	struct report_sender senders[REPORT_TOP]; /* those with most addresses first */
	size_t n_acts;
	struct report_act acts[REPORT_ACTS]; /* newest first */
	size_t n_gates;
	struct report_gate gates[GATES_CAP];
};

int report_collect(struct report *report, struct store *store, const struct report_query *query, struct why *why);

/* The same with the sums of all time only: days, categories and rules. */
int report_sums(struct report *report, struct store *store, int64_t now_s, struct why *why);
void report_done(struct report *report);

/* The host whose blocks these are, or NULL: a rule of this host. Borrowed. */
const char *report_peer(const struct report_row *rule);

/* What n days from first on have together; days beyond the last are none. addresses: each counts once for each day. */
struct report_day report_days(const struct report *report, size_t first, size_t n);

/* "2026-11-28" */
void report_day_text(int64_t day, char out[static TIME_TEXT_MAX]);

#endif
