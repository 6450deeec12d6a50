/*
 * query: what the reading commands ask the database.
 *
 * Walks, one at a time: begin, next until STORE_NONE. Strings are borrowed until the next call, never NULL unless said.
 * Errors as of store.h.
 */
#ifndef WFS_STORE_QUERY_H
#define WFS_STORE_QUERY_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/why.h"
#include "store/store.h"

struct query;

int query_open(struct store *store, struct query **ret, struct why *why);

/* Takes NULL. Before store_close. */
void query_close(struct query *query);

/* Who is blocked at now_s, the longest first. */
struct query_active {
	const char *address, *rule, *reason, *category;
	int64_t since_s, until_s, hits, offence, knocks;
	int64_t knocked_s; /* last; 0: never */
};
void query_active(struct query *query, int64_t now_s);
int query_next_active(struct query *query, struct query_active *ret, struct why *why);

/* Every hit of an address, or of those in a network, newest first, at most n_max; n_max 0: all. */
struct query_hit {
	const char *rule, *reason, *detail, *file, *text, *address; /* detail may be NULL */
	int64_t time_s, score, offset;
};
void query_hits(struct query *query, const struct net *net, size_t n_max);
int query_next_hit(struct query *query, struct query_hit *ret, struct why *why);

/* Every block of an address or a network, of networks it lies in and of what lies in it; as query_hits, seen at now_s. */
struct query_block {
	const char *address;                  /* "192.0.2.7", "192.0.2.0/24" */
	const char *rule, *reason, *ended_by; /* ended_by: NULL while it runs, "expired" ... */
	int64_t since_s, until_s, offence;    /* until_s: the end it had, or will have */
	int64_t knocks, knocked_s;            /* knocked_s: last; 0: never */
};
void query_blocks(struct query *query, const struct net *net, size_t n_max, int64_t now_s);
int query_next_block(struct query *query, struct query_block *ret, struct why *why);

/* Of every address with a block that began from from_s to until_s: the last of those; by address, as text sorts. */
struct query_blocked {
	const char *address, *rule, *reason;
	int64_t since_s, until_s, times; /* times: blocks that began so */
};
void query_blocked_between(struct query *query, int64_t from_s, int64_t until_s);
int query_next_blocked_between(struct query *query, struct query_blocked *ret, struct why *why);

/* Networks that are blocked at now_s, as text. */
void query_prefixes(struct query *query, int64_t now_s);
int query_next_prefix(struct query *query, const char **ret, struct why *why);

/* Rules that are suspended. */
struct query_suspension {
	const char *rule, *why;
	int64_t since_s;
};
void query_suspensions(struct query *query);
int query_next_suspension(struct query *query, struct query_suspension *ret, struct why *why);

/* Every log under the path it was last read as; only the newest of each path. */
struct query_log {
	const char *path;
	int64_t position, lines, cut, unparsed, last_line_at; /* last_line_at: 0 when none */
};
void query_logs(struct query *query);
int query_next_log(struct query *query, struct query_log *ret, struct why *why);

struct query_totals {
	int64_t hits, blocks_active, blocks_total;
};
int query_totals(struct query *query, int64_t now_s, struct query_totals *ret, struct why *why);

/* What the daemon last said of itself under key: *ret is NULL when it never did; borrowed until the next call. */
int query_said(struct query *query, const char *key, const char **ret, struct why *why);

#endif
