/*
 * report: what the reading commands ask the database.
 *
 * Walks, one at a time: begin, next until STORE_NONE. Strings are borrowed until the next call, never NULL unless said.
 * Errors as of store.h.
 */
#ifndef WFS_REPORT_H
#define WFS_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/why.h"
#include "store/store.h"

struct report;

int report_open(struct store *store, struct report **ret, struct why *why);

/* Takes NULL. Before store_close. */
void report_close(struct report *report);

/* Who is blocked at now_s, the longest first. */
struct report_active {
	const char *address, *rule, *reason, *category;
	int64_t since_s, until_s, hits, offence, knocks;
	int64_t knocked_s; /* last; 0: never */
};
void report_active(struct report *report, int64_t now_s);
int report_next_active(struct report *report, struct report_active *ret, struct why *why);

/* Every hit of an address, newest first, at most n_max; n_max 0: all. */
struct report_hit {
	const char *rule, *reason, *detail, *file, *text; /* detail may be NULL */
	int64_t time_s, score, offset;
};
void report_hits(struct report *report, const struct addr *addr, size_t n_max);
int report_next_hit(struct report *report, struct report_hit *ret, struct why *why);

/* Every block of an address and of networks it lies in, newest first, as seen at now_s. */
struct report_block {
	const char *address;                  /* "192.0.2.7", "192.0.2.0/24" */
	const char *rule, *reason, *ended_by; /* ended_by: NULL while it runs, "expired" ... */
	int64_t since_s, until_s, offence;    /* until_s: the end it had, or will have */
	int64_t knocks, knocked_s;            /* knocked_s: last; 0: never */
};
void report_blocks(struct report *report, const struct addr *addr, int64_t now_s);
int report_next_block(struct report *report, struct report_block *ret, struct why *why);

/* Of every address with a block that began from from_s to until_s: the last of those; by address, as text sorts. */
struct report_blocked {
	const char *address, *rule, *reason;
	int64_t since_s, until_s, times; /* times: blocks that began so */
};
void report_blocked_between(struct report *report, int64_t from_s, int64_t until_s);
int report_next_blocked_between(struct report *report, struct report_blocked *ret, struct why *why);

/* Networks that are blocked at now_s, as text. */
void report_prefixes(struct report *report, int64_t now_s);
int report_next_prefix(struct report *report, const char **ret, struct why *why);

/* Rules that are suspended. */
struct report_suspension {
	const char *rule, *why;
	int64_t since_s;
};
void report_suspensions(struct report *report);
int report_next_suspension(struct report *report, struct report_suspension *ret, struct why *why);

/* Every log under the path it was last read as; only the newest of each path. */
struct report_log {
	const char *path;
	int64_t position, lines, cut, unparsed, last_line_at; /* last_line_at: 0 when none */
};
void report_logs(struct report *report);
int report_next_log(struct report *report, struct report_log *ret, struct why *why);

struct report_totals {
	int64_t hits, blocks_active, blocks_total;
};
int report_totals(struct report *report, int64_t now_s, struct report_totals *ret, struct why *why);

/* What the daemon last said of itself under key: *ret is NULL when it never did; borrowed until the next call. */
int report_said(struct report *report, const char *key, const char **ret, struct why *why);

#endif
