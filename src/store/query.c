#include "store/query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/nets.h"
#include "store/sql.h"

/* --- functions of SQL --- */

static const char nets_type[] = "struct nets"; /* of a pointer, for SQLite */

static bool parse(sqlite3_value *value, struct net *ret)
{
	const char *const text = (const char *)sqlite3_value_text(value);

	return text != NULL && net_parse(text, strlen(text), ret);
}

/* prefix_of(ADDRESS, NETS): the network of these that it lies in, or null. */
static void prefix_of(sqlite3_context *context, int n, sqlite3_value **values)
{
	const struct nets *const nets = sqlite3_value_pointer(values[1], nets_type);
	char out[NET_TEXT_MAX];
	const struct net *found = NULL;
	struct net net;

	(void)n;
	if (nets != NULL && parse(values[0], &net) && net.len == 128)
		found = nets_find(nets, &net.addr);
	if (found != NULL)
		sqlite3_result_text(context, out, (int)net_text(found, out), SQLITE_TRANSIENT);
}

/* The network that a constant argument names, parsed once for all rows; NULL: none. */
static const struct net *constant_net(sqlite3_context *context, sqlite3_value **values, int i)
{
	struct net *net = sqlite3_get_auxdata(context, i);

	if (net != NULL || sqlite3_value_type(values[i]) == SQLITE_NULL)
		return net;
	net = alloc_raw(1, sizeof *net, "a network that is asked about");
	if (!parse(values[i], net)) {
		free(net);
		return NULL;
	}
	sqlite3_set_auxdata(context, i, net, free);
	return sqlite3_get_auxdata(context, i);
}

/* in_net(ADDRESS, NET): whether the address or network lies in NET. NET null: no. */
static void in_net(sqlite3_context *context, int n, sqlite3_value **values)
{
	const struct net *const around = constant_net(context, values, 1);
	struct net net;

	(void)n;
	sqlite3_result_int(context, around != NULL && parse(values[0], &net) && net.len >= around->len &&
	                                    net_has(around, &net.addr));
}

int query_functions(struct store *store, struct why *why)
{
	int rc = sqlite3_create_function(store->db, "prefix_of", 2, SQLITE_UTF8, NULL, prefix_of, NULL, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_create_function(store->db, "in_net", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, in_net, NULL, NULL);
	return rc == SQLITE_OK ? 0 : sql_fail(store, "cannot use it", why);
}

/* --- walks --- */

/* A statement that cannot be prepared returns its error when the first row is read. */
static sqlite3_stmt *begin(struct store *store, enum statement which, const char *words, int64_t number)
{
	struct why ignored;

	(void)sql_walk(store, which, words, number, &ignored);
	return store->walk;
}

void query_stop(struct store *store)
{
	(void)sqlite3_reset(store->walk);
}

/* Copies: a walk outlives its beginning. */
static void bind_net(sqlite3_stmt *s, int i, const struct net *net)
{
	char text[NET_TEXT_MAX];
	const size_t len = net_text(net, text);

	(void)sqlite3_bind_text(s, i, text, (int)len, SQLITE_TRANSIENT);
}

/* How the texts of all addresses in a network begin: its whole groups, up to the first that may be written as "::". */
static size_t common_text(const struct net *net, char out[static NET_TEXT_MAX])
{
	const bool ip4 = net->len >= 96 && addr_is_ip4(&net->addr);
	const uint8_t *const bytes = net->addr.bytes;
	size_t len = 0;

	if (ip4)
		for (size_t i = 12; i < net->len / 8u; i++)
			len += (size_t)snprintf(out + len, NET_TEXT_MAX - len, "%u.", bytes[i]);
	for (size_t i = 0; !ip4 && i < net->len / 16u && (bytes[2 * i] | bytes[2 * i + 1]) != 0; i++)
		len += (size_t)snprintf(out + len, NET_TEXT_MAX - len, "%x:", (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1]);
	return len;
}

/*
 * What lies in a network, for INSIDE: texts from ?i, below ?i+1, and the network in ?i+2. All are null for an address,
 * which has nothing in it.
 */
static void bind_inside(sqlite3_stmt *s, int i, const struct net *net)
{
	char text[NET_TEXT_MAX];
	const size_t len = common_text(net, text);

	if (net->len == 128) {
		for (int j = 0; j < 3; j++)
			sql_bind_text(s, i + j, NULL);
		return;
	}
	(void)sqlite3_bind_text(s, i, text, (int)len, SQLITE_TRANSIENT);
	if (len > 0)
		text[len - 1]++; /* the separator */
	(void)sqlite3_bind_text(s, i + 1, len > 0 ? text : "g", len > 0 ? (int)len : 1, SQLITE_TRANSIENT);
	bind_net(s, i + 2, net);
}
#define INSIDE(address, from, below, net) address " >= " from " AND " address " < " below " AND in_net(" address ", " net ")"

/* LIMIT ?i, and how far the newest id is from the oldest that is read in ?i+1. */
static void bind_bound(sqlite3_stmt *s, int i, struct query_bound bound)
{
	sql_bind_number(s, i, bound.rows == 0 ? -1 : (int64_t)bound.rows);
	sql_bind_number(s, i + 1, bound.newest == 0 ? INT64_MAX / 2 : (int64_t)bound.newest);
}

/* Columns of block b and its rule r; ?1 is now. */
#define BLOCK_COLUMNS                                                                                                   \
	"b.address, b.since, coalesce(b.ended, b.until), b.offence, r.name, r.reason, r.category, "                     \
	"CASE WHEN b.ended IS NULL AND b.until <= ?1 THEN 'expired' ELSE b.ended_by END, b.knocks, coalesce(b.knocked, 0)"

/* The rows that are read; ?3 as of bind_bound. */
#define NEWEST_HITS "id > (SELECT max(id) FROM hit) - ?3"

/* The networks among the active blocks; a value that is not a network is skipped. */
static void read_prefixes(struct store *store, int64_t now_s, struct query_bound bound)
{
	const char *text;
	struct why ignored;
	struct net net;

	nets_done(&store->prefixes);
	query_prefixes(store, now_s, bound);
	while (query_next_prefix(store, &text, &ignored) == 0)
		if (net_parse(text, strlen(text), &net))
			nets_add(&store->prefixes, &net);
	nets_seal(&store->prefixes);
}

void query_active(struct store *store, int64_t now_s, struct query_bound bound)
{
	sqlite3_stmt *s;

	read_prefixes(store, now_s, bound);
	s = begin(store, QUERY_ACTIVE,
	          "WITH running AS (SELECT * FROM block WHERE until > ?1 AND ended IS NULL ORDER BY until DESC LIMIT ?2), "
	          "counted (address, hits) AS (SELECT address, count(*) FROM hit WHERE " NEWEST_HITS
	          " AND address IN (SELECT address FROM running) GROUP BY address "
	          "UNION ALL SELECT prefix_of(address, ?5), count(*) FROM hit WHERE " NEWEST_HITS
	          " AND ?4 AND prefix_of(address, ?5) IS NOT NULL GROUP BY 1) "
	          "SELECT " BLOCK_COLUMNS ", coalesce(c.hits, 0) FROM running b JOIN rule r ON r.id = b.rule "
	          "LEFT JOIN counted c ON c.address = b.address ORDER BY b.until DESC, b.id",
	          now_s);
	bind_bound(s, 2, bound);
	(void)sqlite3_bind_int(s, 4, store->prefixes.n > 0);
	(void)sqlite3_bind_pointer(s, 5, &store->prefixes, nets_type, NULL);
}

void query_blocks(struct store *store, const struct net *net, int64_t now_s, struct query_bound bound)
{
	sqlite3_stmt *const s =
		begin(store, QUERY_BLOCKS,
	              "SELECT " BLOCK_COLUMNS ", -1 FROM block b JOIN rule r ON r.id = b.rule "
	              "WHERE b.id IN (SELECT id FROM block WHERE address IN (SELECT value FROM json_each(?4)) "
	              "UNION SELECT id FROM block WHERE " INSIDE("address", "?5", "?6", "?7") ") "
	              "ORDER BY b.since DESC, b.id DESC LIMIT ?2",
	              now_s);

	bind_bound(s, 2, bound);
	sql_bind_around(s, 4, net);
	bind_inside(s, 5, net);
}

int query_next_block(struct store *store, struct query_block *ret, struct why *why)
{
	sqlite3_stmt *const s = store->walk;
	const int rc = sql_row(store, s, why);

	if (rc == 0)
		*ret = (struct query_block){.address = sql_text(s, 0),
		                            .since_s = sqlite3_column_int64(s, 1),
		                            .until_s = sqlite3_column_int64(s, 2),
		                            .offence = sqlite3_column_int64(s, 3),
		                            .rule = sql_text(s, 4),
		                            .reason = sql_text(s, 5),
		                            .category = sql_text(s, 6),
		                            .ended_by = sql_text(s, 7),
		                            .knocks = sqlite3_column_int64(s, 8),
		                            .knocked_s = sqlite3_column_int64(s, 9),
		                            .hits = sqlite3_column_int64(s, 10)};
	return rc;
}

void query_hits(struct store *store, const struct net *net, struct query_bound bound)
{
	sqlite3_stmt *const s =
		begin(store, QUERY_HITS,
	              "SELECT h.time, r.name, r.reason, h.score, h.detail, coalesce(l.path, ''), h.offset, h.text, h.address "
	              "FROM hit h JOIN rule r ON r.id = h.rule LEFT JOIN log l ON l.id = h.log "
	              "WHERE (h.address = ?1 OR in_net(h.address, ?4)) AND h.id > (SELECT max(id) FROM hit) - ?3 "
	              "ORDER BY h.time DESC, h.id DESC LIMIT ?2",
	              0);

	bind_net(s, 1, net);
	bind_bound(s, 2, bound);
	if (net->len < 128)
		bind_net(s, 4, net);
	else
		sql_bind_text(s, 4, NULL);
}

int query_next_hit(struct store *store, struct query_hit *ret, struct why *why)
{
	sqlite3_stmt *const s = store->walk;
	const int rc = sql_row(store, s, why);

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

void query_blocked_between(struct store *store, int64_t from_s, int64_t until_s)
{
	sqlite3_stmt *const s =
		begin(store, QUERY_BLOCKED_BETWEEN,
	              "SELECT b.address, max(b.since), b.until, count(*), r.name, r.reason FROM block b "
	              "JOIN rule r ON r.id = b.rule WHERE b.since BETWEEN ?1 AND ?2 GROUP BY b.address ORDER BY b.address",
	              from_s);

	sql_bind_number(s, 2, until_s);
}

int query_next_blocked_between(struct store *store, struct query_blocked *ret, struct why *why)
{
	sqlite3_stmt *const s = store->walk;
	const int rc = sql_row(store, s, why);

	if (rc == 0)
		*ret = (struct query_blocked){.address = sql_text(s, 0),
		                              .since_s = sqlite3_column_int64(s, 1),
		                              .until_s = sqlite3_column_int64(s, 2),
		                              .times = sqlite3_column_int64(s, 3),
		                              .rule = sql_text(s, 4),
		                              .reason = sql_text(s, 5)};
	return rc;
}

void query_frequent(struct store *store, int64_t since_s, int64_t hits)
{
	sqlite3_stmt *const s = begin(store, QUERY_FREQUENT,
	                              "SELECT address, count(*), min(time) FROM hit WHERE time >= ?1 GROUP BY address "
	                              "HAVING count(*) >= ?2 ORDER BY address",
	                              since_s);

	sql_bind_number(s, 2, hits);
}

int query_next_frequent(struct store *store, struct query_frequent *ret, struct why *why)
{
	const int rc = sql_row(store, store->walk, why);

	if (rc == 0)
		*ret = (struct query_frequent){sql_text(store->walk, 0), sqlite3_column_int64(store->walk, 1),
		                               sqlite3_column_int64(store->walk, 2)};
	return rc;
}

void query_prefixes(struct store *store, int64_t now_s, struct query_bound bound)
{
	sqlite3_stmt *const s =
		begin(store, QUERY_PREFIXES,
	              "SELECT DISTINCT address FROM (SELECT address FROM block WHERE until > ?1 AND ended IS NULL "
	              "ORDER BY until DESC LIMIT ?2) WHERE address LIKE '%/%' ORDER BY address",
	              now_s);

	bind_bound(s, 2, bound);
}

int query_next_prefix(struct store *store, const char **ret, struct why *why)
{
	const int rc = sql_row(store, store->walk, why);

	if (rc == 0)
		*ret = sql_text(store->walk, 0);
	return rc;
}

/* --- allowances and votes --- */

static void read_allowance(sqlite3_stmt *s, struct query_allowance *ret)
{
	(void)snprintf(ret->address, sizeof ret->address, "%s", sql_text(s, 0));
	ret->since_s = sqlite3_column_int64(s, 1);
	ret->until_s = sqlite3_column_int64(s, 2);
	(void)snprintf(ret->cause, sizeof ret->cause, "%s", sql_text(s, 3));
	(void)snprintf(ret->reason, sizeof ret->reason, "%s", sql_text(s, 4));
}

#define ALLOWANCE "SELECT address, since, until, cause, coalesce(why, '') FROM allowance WHERE until > ?1 AND since <= ?1 "

void query_allowances(struct store *store, int64_t now_s)
{
	(void)begin(store, QUERY_ALLOWANCES, ALLOWANCE "ORDER BY until DESC, id", now_s);
}

int query_next_allowance(struct store *store, struct query_allowance *ret, struct why *why)
{
	const int rc = sql_row(store, store->walk, why);

	if (rc == 0)
		read_allowance(store->walk, ret);
	return rc;
}

int query_allowance(struct store *store, const struct net *net, int64_t now_s, struct query_allowance *ret, struct why *why)
{
	sqlite3_stmt *const s = begin(store, QUERY_ALLOWANCE,
	                              ALLOWANCE "AND address IN (SELECT value FROM json_each(?2)) "
	                                        "ORDER BY address = ?3 DESC, until DESC LIMIT 1",
	                              now_s);
	int rc;

	sql_bind_around(s, 2, net);
	bind_net(s, 3, net);
	if ((rc = query_next_allowance(store, ret, why)) == 0)
		query_stop(store);
	return rc;
}

int query_white(struct store *store, const struct net *net, int64_t since_s, int64_t *ret_s, struct why *why)
{
	sqlite3_stmt *const s = begin(
		store, QUERY_WHITE, "SELECT max(time) FROM act WHERE address = ?2 AND time > ?1 AND what = 'vote white'", since_s);

	bind_net(s, 2, net);
	return sql_number(store, s, ret_s, why);
}

void query_unblocked(struct store *store, int64_t since_s)
{
	(void)begin(store, QUERY_UNBLOCKED,
	            "SELECT coalesce(address, '::/0'), time + 1 FROM act "
	            "WHERE time > ?1 AND what IN ('unblock', 'unblock all') ORDER BY time, id",
	            since_s);
}

int query_next_unblocked(struct store *store, struct net *ret_net, int64_t *ret_s, struct why *why)
{
	sqlite3_stmt *const s = store->walk;
	int rc;

	while ((rc = sql_row(store, s, why)) == 0) {
		const char *const address = sql_text(s, 0);

		if (address == NULL || !net_parse(address, strlen(address), ret_net))
			continue; /* edited by hand */
		*ret_s = sqlite3_column_int64(s, 1);
		return 0;
	}
	return rc;
}

/* --- for status --- */

void query_suspensions(struct store *store)
{
	(void)begin(store, QUERY_SUSPENSIONS, "SELECT rule, why, since FROM suspension WHERE ended IS NULL ORDER BY since, id", 0);
}

int query_next_suspension(struct store *store, struct query_suspension *ret, struct why *why)
{
	sqlite3_stmt *const s = store->walk;
	const int rc = sql_row(store, s, why);

	if (rc == 0)
		*ret = (struct query_suspension){sql_text(s, 0), sql_text(s, 1), sqlite3_column_int64(s, 2)};
	return rc;
}

void query_logs(struct store *store)
{
	(void)begin(store, QUERY_LOGS,
	            "SELECT path, position, lines, cut, unparsed, coalesce(last_line_at, 0) FROM log "
	            "WHERE id IN (SELECT max(id) FROM log GROUP BY path) ORDER BY path",
	            0);
}

int query_next_log(struct store *store, struct query_log *ret, struct why *why)
{
	sqlite3_stmt *const s = store->walk;
	const int rc = sql_row(store, s, why);

	if (rc == 0)
		*ret = (struct query_log){.path = sql_text(s, 0),
		                          .position = sqlite3_column_int64(s, 1),
		                          .lines = sqlite3_column_int64(s, 2),
		                          .cut = sqlite3_column_int64(s, 3),
		                          .unparsed = sqlite3_column_int64(s, 4),
		                          .last_line_at = sqlite3_column_int64(s, 5)};
	return rc;
}

/* All rows of a table, or -1 when its ids span more than ?3. */
#define COUNT(table)                                                                                                    \
	"CASE WHEN coalesce((SELECT max(id) FROM " table ") - (SELECT min(id) FROM " table "), 0) < ?3 "                 \
	"THEN (SELECT count(*) FROM " table ") ELSE -1 END"

int query_totals(struct store *store, int64_t now_s, struct query_bound bound, struct query_totals *ret, struct why *why)
{
	sqlite3_stmt *const s = begin(store, QUERY_TOTALS,
	                              "SELECT " COUNT("hit") ", " COUNT("block") ", "
	                              "(SELECT count(*) FROM block WHERE until > ?1 AND ended IS NULL), "
	                              "(SELECT count(*) FROM allowance WHERE until > ?1 AND since <= ?1)",
	                              now_s);
	int rc;

	bind_bound(s, 2, bound);
	if ((rc = sql_row(store, s, why)) == 0)
		*ret = (struct query_totals){.hits = sqlite3_column_int64(s, 0),
		                             .blocks_total = sqlite3_column_int64(s, 1),
		                             .blocks_active = sqlite3_column_int64(s, 2),
		                             .allowances = sqlite3_column_int64(s, 3)};
	query_stop(store);
	return rc;
}

int query_state(struct store *store, const char *key, const char **ret, struct why *why)
{
	sqlite3_stmt *const s = begin(store, QUERY_SAID, "SELECT value FROM daemon WHERE key = ?1", 0);
	int rc;

	sql_bind_text(s, 1, key);
	rc = sql_row(store, s, why);
	*ret = rc == 0 ? sql_text(s, 0) : NULL;
	return rc < 0 ? rc : 0;
}
