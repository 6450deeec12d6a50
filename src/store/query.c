#include "store/query.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/nets.h"
#include "store/sql.h"

enum question {
	ACTIVE,
	HITS,
	BLOCKS,
	BLOCKED_BETWEEN,
	PREFIXES,
	SUSPENSIONS,
	LOGS,
	TOTALS,
	SAID,
	N_QUESTIONS,
};

static const char *const sql[N_QUESTIONS] = {
	[ACTIVE] = "WITH running AS (SELECT * FROM block WHERE until > ?1 AND ended IS NULL), "
		   "counted (address, hits) AS (SELECT address, count(*) FROM hit "
		   "WHERE address IN (SELECT address FROM running) GROUP BY address "
		   "UNION ALL SELECT prefix_of(address), count(*) FROM hit WHERE ?2 AND prefix_of(address) IS NOT NULL "
		   "GROUP BY 1) "
		   "SELECT b.address, b.since, b.until, r.name, r.reason, r.category, coalesce(c.hits, 0), b.offence, "
		   "b.knocks, coalesce(b.knocked, 0) FROM running b JOIN rule r ON r.id = b.rule LEFT JOIN counted c ON c.address = b.address "
		   "ORDER BY b.until DESC, b.id",
	[HITS] = "SELECT h.time, r.name, r.reason, h.score, h.detail, coalesce(l.path, ''), h.offset, h.text, h.address FROM hit h "
		 "JOIN rule r ON r.id = h.rule LEFT JOIN log l ON l.id = h.log "
		 "WHERE h.address = ?1 OR (?3 AND in_asked(h.address)) "
		 "ORDER BY h.time DESC, h.id DESC LIMIT ?2",
	[BLOCKS] = "SELECT b.since, coalesce(b.ended, b.until), b.offence, r.name, r.reason, "
		   "CASE WHEN b.ended IS NULL AND b.until <= ?2 THEN 'expired' ELSE b.ended_by END, b.address, b.knocks, "
		   "coalesce(b.knocked, 0) FROM block b JOIN rule r ON r.id = b.rule "
		   "WHERE b.address IN (SELECT value FROM json_each(?1)) OR (?3 AND in_asked(b.address)) "
		   "ORDER BY b.since DESC, b.id DESC LIMIT ?4",
	[BLOCKED_BETWEEN] = "SELECT b.address, max(b.since), b.until, count(*), r.name, r.reason FROM block b "
			    "JOIN rule r ON r.id = b.rule WHERE b.since BETWEEN ?1 AND ?2 "
			    "GROUP BY b.address ORDER BY b.address",
	[PREFIXES] = "SELECT DISTINCT address FROM block WHERE until > ?1 AND ended IS NULL AND address LIKE '%/%' "
		     "ORDER BY address",
	[SUSPENSIONS] = "SELECT rule, why, since FROM suspension WHERE ended IS NULL ORDER BY since, id",
	[LOGS] = "SELECT path, position, lines, cut, unparsed, coalesce(last_line_at, 0) FROM log "
		 "WHERE id IN (SELECT max(id) FROM log GROUP BY path) ORDER BY path",
	[TOTALS] = "SELECT (SELECT count(*) FROM hit), "
		   "(SELECT count(*) FROM block WHERE until > ?1 AND ended IS NULL), (SELECT count(*) FROM block)",
	[SAID] = "SELECT value FROM daemon WHERE key = ?1",
};

struct query {
	struct store *store;
	struct nets prefixes; /* that run, of the last query_active */
	struct net asked;     /* of the last query_hits or query_blocks */
	sqlite3_stmt *questions[N_QUESTIONS];
};

/* SQL's prefix_of(ADDRESS): the network that is blocked and that it lies in, or null. */
static void prefix_of(sqlite3_context *context, int n, sqlite3_value **values)
{
	const struct query *const r = sqlite3_user_data(context);
	const char *const text = (const char *)sqlite3_value_text(values[0]);
	char out[NET_TEXT_MAX];
	const struct net *net = NULL;
	struct addr addr;

	(void)n;
	if (text != NULL && addr_parse(text, strlen(text), &addr))
		net = nets_find(&r->prefixes, &addr);
	if (net != NULL)
		sqlite3_result_text(context, out, (int)net_text(net, out), SQLITE_TRANSIENT);
}

/* SQL's in_asked(ADDRESS): does it, or the network, lie in the one that is asked about? */
static void in_asked(sqlite3_context *context, int n, sqlite3_value **values)
{
	const struct query *const r = sqlite3_user_data(context);
	const char *const text = (const char *)sqlite3_value_text(values[0]);
	struct net net;

	(void)n;
	sqlite3_result_int(context, text != NULL && net_parse(text, strlen(text), &net) && net.len >= r->asked.len &&
	                                    net_has(&r->asked, &net.addr));
}

int query_open(struct store *store, struct query **ret, struct why *why)
{
	struct query *const r = alloc_zero(1, sizeof *r, "the queries");
	int rc;

	r->store = store;
	rc = sqlite3_create_function(store->db, "prefix_of", 1, SQLITE_UTF8, r, prefix_of, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_create_function(store->db, "in_asked", 1, SQLITE_UTF8, r, in_asked, NULL, NULL);
	for (size_t i = 0; i < N_QUESTIONS && rc == SQLITE_OK; i++)
		rc = sqlite3_prepare_v2(store->db, sql[i], -1, &r->questions[i], NULL);
	if (rc != SQLITE_OK) {
		rc = sql_fail(store, "cannot use it", why);
		query_close(r);
		return rc;
	}
	*ret = r;
	return 0;
}

void query_close(struct query *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < N_QUESTIONS; i++)
		(void)sqlite3_finalize(r->questions[i]);
	(void)sqlite3_create_function(r->store->db, "prefix_of", 1, SQLITE_UTF8, NULL, NULL, NULL, NULL);
	(void)sqlite3_create_function(r->store->db, "in_asked", 1, SQLITE_UTF8, NULL, NULL, NULL, NULL);
	nets_done(&r->prefixes);
	free(r);
}

static void ask(struct query *r, enum question which, int64_t number)
{
	(void)sqlite3_reset(r->questions[which]);
	sql_bind_number(r->questions[which], 1, number);
}

/* ?3: true when it is a network, and what lies in it is wanted as well. */
static void ask_net(struct query *r, enum question which, const struct net *net)
{
	(void)sqlite3_reset(r->questions[which]);
	r->asked = *net;
	(void)sqlite3_bind_int(r->questions[which], 3, net->len < 128);
}

static void bind_limit(struct query *r, enum question which, int i, size_t n_max)
{
	(void)sqlite3_bind_int64(r->questions[which], i, n_max == 0 ? -1 : (sqlite3_int64)n_max);
}

/* What is not a network is only not counted. */
static void read_prefixes(struct query *r, int64_t now_s)
{
	sqlite3_stmt *const s = r->questions[PREFIXES];
	struct why ignored;
	struct net net;

	nets_done(&r->prefixes);
	ask(r, PREFIXES, now_s);
	while (sql_row(r->store, s, &ignored) == 0)
		if (net_parse(sql_text(s, 0), strlen(sql_text(s, 0)), &net))
			nets_add(&r->prefixes, &net);
	nets_seal(&r->prefixes);
}

void query_active(struct query *r, int64_t now_s)
{
	read_prefixes(r, now_s);
	ask(r, ACTIVE, now_s);
	(void)sqlite3_bind_int(r->questions[ACTIVE], 2, r->prefixes.n > 0);
}

int query_next_active(struct query *r, struct query_active *ret, struct why *why)
{
	sqlite3_stmt *const s = r->questions[ACTIVE];
	const int rc = sql_row(r->store, s, why);

	if (rc == 0)
		*ret = (struct query_active){.address = sql_text(s, 0),
		                              .since_s = sqlite3_column_int64(s, 1),
		                              .until_s = sqlite3_column_int64(s, 2),
		                              .rule = sql_text(s, 3),
		                              .reason = sql_text(s, 4),
		                              .category = sql_text(s, 5),
		                              .hits = sqlite3_column_int64(s, 6),
		                              .offence = sqlite3_column_int64(s, 7),
		                              .knocks = sqlite3_column_int64(s, 8),
		                              .knocked_s = sqlite3_column_int64(s, 9)};
	return rc;
}

void query_hits(struct query *r, const struct net *net, size_t n_max)
{
	char text[NET_TEXT_MAX];
	const size_t len = net_text(net, text);

	ask_net(r, HITS, net);
	(void)sqlite3_bind_text(r->questions[HITS], 1, text, (int)len, SQLITE_TRANSIENT);
	bind_limit(r, HITS, 2, n_max);
}

int query_next_hit(struct query *r, struct query_hit *ret, struct why *why)
{
	sqlite3_stmt *const s = r->questions[HITS];
	const int rc = sql_row(r->store, s, why);

	if (rc == 0)
		*ret = (struct query_hit){.time_s = sqlite3_column_int64(s, 0),
		                           .rule = sql_text(s, 1),
		                           .reason = sql_text(s, 2),
		                           .score = sqlite3_column_int64(s, 3),
		                           .detail = sql_text(s, 4),
		                           .file = sql_text(s, 5),
		                           .offset = sqlite3_column_int64(s, 6),
		                           .text = sql_text(s, 7),
		                          .address = sql_text(s, 8)};
	return rc;
}

void query_blocks(struct query *r, const struct net *net, size_t n_max, int64_t now_s)
{
	ask_net(r, BLOCKS, net);
	sql_bind_around(r->questions[BLOCKS], 1, net);
	(void)sqlite3_bind_int64(r->questions[BLOCKS], 2, now_s);
	bind_limit(r, BLOCKS, 4, n_max);
}

int query_next_block(struct query *r, struct query_block *ret, struct why *why)
{
	sqlite3_stmt *const s = r->questions[BLOCKS];
	const int rc = sql_row(r->store, s, why);

	if (rc == 0)
		*ret = (struct query_block){.since_s = sqlite3_column_int64(s, 0),
		                             .until_s = sqlite3_column_int64(s, 1),
		                             .offence = sqlite3_column_int64(s, 2),
		                             .rule = sql_text(s, 3),
		                             .reason = sql_text(s, 4),
		                             .ended_by = sql_text(s, 5),
		                             .address = sql_text(s, 6),
		                             .knocks = sqlite3_column_int64(s, 7),
		                             .knocked_s = sqlite3_column_int64(s, 8)};
	return rc;
}

void query_blocked_between(struct query *r, int64_t from_s, int64_t until_s)
{
	ask(r, BLOCKED_BETWEEN, from_s);
	(void)sqlite3_bind_int64(r->questions[BLOCKED_BETWEEN], 2, until_s);
}

int query_next_blocked_between(struct query *r, struct query_blocked *ret, struct why *why)
{
	sqlite3_stmt *const s = r->questions[BLOCKED_BETWEEN];
	const int rc = sql_row(r->store, s, why);

	if (rc == 0)
		*ret = (struct query_blocked){.address = sql_text(s, 0),
		                               .since_s = sqlite3_column_int64(s, 1),
		                               .until_s = sqlite3_column_int64(s, 2),
		                               .times = sqlite3_column_int64(s, 3),
		                               .rule = sql_text(s, 4),
		                               .reason = sql_text(s, 5)};
	return rc;
}

void query_prefixes(struct query *r, int64_t now_s)
{
	ask(r, PREFIXES, now_s);
}

int query_next_prefix(struct query *r, const char **ret, struct why *why)
{
	sqlite3_stmt *const s = r->questions[PREFIXES];
	const int rc = sql_row(r->store, s, why);

	if (rc == 0)
		*ret = sql_text(s, 0);
	return rc;
}

void query_suspensions(struct query *r)
{
	(void)sqlite3_reset(r->questions[SUSPENSIONS]);
}

int query_next_suspension(struct query *r, struct query_suspension *ret, struct why *why)
{
	sqlite3_stmt *const s = r->questions[SUSPENSIONS];
	const int rc = sql_row(r->store, s, why);

	if (rc == 0)
		*ret = (struct query_suspension){sql_text(s, 0), sql_text(s, 1), sqlite3_column_int64(s, 2)};
	return rc;
}

void query_logs(struct query *r)
{
	(void)sqlite3_reset(r->questions[LOGS]);
}

int query_next_log(struct query *r, struct query_log *ret, struct why *why)
{
	sqlite3_stmt *const s = r->questions[LOGS];
	const int rc = sql_row(r->store, s, why);

	if (rc == 0)
		*ret = (struct query_log){.path = sql_text(s, 0),
		                           .position = sqlite3_column_int64(s, 1),
		                           .lines = sqlite3_column_int64(s, 2),
		                           .cut = sqlite3_column_int64(s, 3),
		                           .unparsed = sqlite3_column_int64(s, 4),
		                           .last_line_at = sqlite3_column_int64(s, 5)};
	return rc;
}

int query_totals(struct query *r, int64_t now_s, struct query_totals *ret, struct why *why)
{
	sqlite3_stmt *const s = r->questions[TOTALS];
	int rc;

	ask(r, TOTALS, now_s);
	rc = sql_row(r->store, s, why);
	if (rc == 0)
		*ret = (struct query_totals){.hits = sqlite3_column_int64(s, 0),
		                              .blocks_active = sqlite3_column_int64(s, 1),
		                              .blocks_total = sqlite3_column_int64(s, 2)};
	(void)sqlite3_reset(s);
	return rc;
}

int query_said(struct query *r, const char *key, const char **ret, struct why *why)
{
	sqlite3_stmt *const s = r->questions[SAID];
	int rc;

	(void)sqlite3_reset(s);
	sql_bind_text(s, 1, key);
	rc = sql_row(r->store, s, why);
	*ret = rc == 0 ? sql_text(s, 0) : NULL;
	return rc < 0 ? rc : 0;
}
