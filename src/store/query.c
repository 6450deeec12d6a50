#include "store/query.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/block.h"
#include "store/audit.h"
#include "store/hit_index.h"
#include "store/sql.h"

enum { ORDERED = 256 }; /* at least this many of the hits stored last are sorted by time */

/* --- walks --- */

/* If the statement cannot be prepared, reading the first row returns the error. */
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

/* For in_net: binds null for an address, which contains nothing. */
static void bind_around(sqlite3_stmt *s, int i, const struct net *net)
{
	if (net->len < 128)
		sql_bind_copy(s, i, net);
	else
		sql_bind_text(s, i, NULL);
}

/* Binds LIMIT to ?i, and to ?i+1 how many of the newest ids may be read. */
static void bind_bound(sqlite3_stmt *s, int i, struct query_bound bound)
{
	sql_bind_number(s, i, bound.rows == 0 ? -1 : (int64_t)bound.rows);
	sql_bind_number(s, i + 1, bound.newest == 0 ? INT64_MAX / 2 : (int64_t)bound.newest);
}

/* Columns of block b and its rule r; ?1 is now. */
#define BLOCK_COLUMNS                                                                                                  \
	"b.address, b.since, coalesce(b.ended, b.until), b.offence, r.name, r.reason, r.category, "                    \
	"CASE WHEN b.ended IS NULL AND b.until <= ?1 THEN 'expired' ELSE b.ended_by END, b.knocks, "                   \
	"coalesce(b.knocked, 0), b.packets, b.bytes"

/* The hits that are not indexed yet; ?3: see bind_bound. */
#define NEWEST_HITS "FROM hit WHERE id > (SELECT max(upto, (SELECT max(id) FROM hit) - ?3) FROM indexed)"

/* Each part of a statement has a line of its own. */
/* clang-format off */
/* A choice of the active blocks b, with their rules r and numbers of hits; ?3: see bind_bound. */
#define ACTIVE(blocks)												\
	"WITH newest (address, hits) AS MATERIALIZED (SELECT address, count(*) " NEWEST_HITS " GROUP BY address) " \
	"SELECT " BLOCK_COLUMNS ", CASE WHEN instr(b.address, '/') THEN "					\
	"(SELECT coalesce(sum(hits), 0) FROM address WHERE " SQL_INSIDE("address", "b.address") ") + "		\
	"(SELECT coalesce(sum(hits), 0) FROM newest WHERE in_net(address, b.address)) "				\
	"ELSE coalesce(a.hits, 0) + coalesce(n.hits, 0) END AS all_hits "					\
	"FROM (SELECT * FROM block WHERE until > ?1 AND ended IS NULL " blocks ") b "				\
	"JOIN rule r ON r.id = b.rule LEFT JOIN address a ON a.address = b.address "				\
	"LEFT JOIN newest n ON n.address = b.address "

#define CHOSEN													\
	ACTIVE("AND (?4 IS NULL OR in_net(address, ?4) OR address IN (SELECT value FROM json_each(?5)))")	\
	"WHERE (?6 IS NULL OR r.name = ?6 OR substr(r.name, 1, length(?6) + 1) = ?6 || '/') "			\
	"AND (?7 IS NULL OR r.category = ?7) "									\
	"ORDER BY CASE ?8 WHEN 1 THEN -all_hits WHEN 2 THEN net_key(b.address) END, b.until DESC, b.id"

#define BLOCKS													\
	"SELECT " BLOCK_COLUMNS ", -1 FROM block b JOIN rule r ON r.id = b.rule "				\
	"WHERE b.id IN (SELECT id FROM block WHERE address IN (SELECT value FROM json_each(?4)) "		\
	"UNION SELECT id FROM block WHERE " SQL_INSIDE("address", "?5") ") "					\
	"ORDER BY b.since DESC, b.id DESC LIMIT ?2"

/* chain goes from the newest hit to older ones, for one address or many: the recursion queues hits by id. */
#define HITS													\
	"WITH RECURSIVE chain (id) AS (SELECT head FROM address WHERE address = ?1 "				\
	"UNION ALL SELECT head FROM address WHERE " SQL_INSIDE("address", "?4") " "					\
	"UNION ALL " HIT_INDEX_PREVIOUS										\
	"ORDER BY 1 DESC), "											\
	"found (id) AS (SELECT id " NEWEST_HITS " AND (address = ?1 OR in_net(address, ?4)) "			\
	"UNION ALL SELECT * FROM (SELECT hit.id FROM chain CROSS JOIN hit ON hit.id = chain.id "		\
	"WHERE address = ?1 OR in_net(address, ?4) LIMIT ?5)) "							\
	"SELECT h.time, r.name, r.reason, h.score, h.detail, coalesce(l.path, ''), h.offset, "			\
	"h.text, h.address, h.weight "										\
	"FROM found CROSS JOIN hit h ON h.id = found.id JOIN rule r ON r.id = h.rule "				\
	"LEFT JOIN log l ON l.id = h.log "									\
	"ORDER BY h.time DESC, h.id DESC LIMIT ?2"

#define ADDRESSES												\
	"SELECT address, sum(hits), min(first), max(last) FROM "						\
	"(SELECT address, hits, first, last FROM address WHERE " SQL_INSIDE("address", "?4") " "			\
	"UNION ALL SELECT address, 1, time, time " NEWEST_HITS " AND in_net(address, ?4)) "			\
	"GROUP BY address ORDER BY 2 DESC, 1 LIMIT ?2"
/* clang-format on */

void query_active(struct store *store, int64_t now_s, struct query_bound bound)
{
	sqlite3_stmt *const s =
		begin(store, QUERY_ACTIVE, ACTIVE("ORDER BY until DESC LIMIT ?2") "ORDER BY b.until DESC, b.id", now_s);

	bind_bound(s, 2, bound);
}

void query_chosen(struct store *store, int64_t now_s, const struct query_choice *choice)
{
	sqlite3_stmt *const s = begin(store, QUERY_CHOSEN, CHOSEN, now_s);

	bind_bound(s, 2, (struct query_bound){0, 0});
	sql_bind_text(s, 4, NULL);
	if (choice->net != NULL) {
		sql_bind_copy(s, 4, choice->net);
		sql_bind_around(s, 5, choice->net);
	}
	sql_bind_text(s, 6, choice->rule);
	sql_bind_text(s, 7, choice->category);
	static_assert(QUERY_BY_HITS == 1 && QUERY_BY_NETWORK == 2, "as the words above have it");
	sql_bind_number(s, 8, choice->order);
}

void query_blocks(struct store *store, const struct net *net, int64_t now_s, struct query_bound bound)
{
	sqlite3_stmt *const s = begin(store, QUERY_BLOCKS, BLOCKS, now_s);

	bind_bound(s, 2, bound);
	sql_bind_around(s, 4, net);
	bind_around(s, 5, net);
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
		                            .packets = sqlite3_column_int64(s, 10),
		                            .bytes = sqlite3_column_int64(s, 11),
		                            .hits = sqlite3_column_int64(s, 12)};
	return rc;
}

void query_hits(struct store *store, const struct net *net, struct query_bound bound)
{
	sqlite3_stmt *const s = begin(store, QUERY_HITS, HITS, 0);

	sql_bind_copy(s, 1, net);
	bind_bound(s, 2, bound);
	bind_around(s, 4, net);
	sql_bind_number(s, 5, bound.rows == 0 ? -1 : bound.rows > ORDERED ? (int64_t)bound.rows : ORDERED);
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
		                          .address = sql_text(s, 8),
		                          .weight = sqlite3_column_int64(s, 9)};
	return rc;
}

void query_addresses(struct store *store, const struct net *net, struct query_bound bound)
{
	sqlite3_stmt *const s = begin(store, QUERY_ADDRESSES, ADDRESSES, 0);

	bind_bound(s, 2, bound);
	bind_around(s, 4, net);
}

int query_next_address(struct store *store, struct query_address *ret, struct why *why)
{
	sqlite3_stmt *const s = store->walk;
	const int rc = sql_row(store, s, why);

	if (rc == 0)
		*ret = (struct query_address){.address = sql_text(s, 0),
		                              .hits = sqlite3_column_int64(s, 1),
		                              .first_s = sqlite3_column_int64(s, 2),
		                              .last_s = sqlite3_column_int64(s, 3)};
	return rc;
}

void query_blocked_between(struct store *store, int64_t from_s, int64_t until_s)
{
	sqlite3_stmt *const s = begin(
		store, QUERY_BLOCKED_BETWEEN,
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

#define ALLOWANCE                                                                                                      \
	"SELECT address, since, until, cause, coalesce(why, '') FROM allowance WHERE until > ?1 AND since <= ?1 "

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

int query_allowance(struct store *store, const struct net *net, int64_t now_s, struct query_allowance *ret,
                    struct why *why)
{
	sqlite3_stmt *const s = begin(store, QUERY_ALLOWANCE,
	                              ALLOWANCE "AND address IN (SELECT value FROM json_each(?2)) "
	                                        "ORDER BY address = ?3 DESC, until DESC LIMIT 1",
	                              now_s);
	int rc;

	sql_bind_around(s, 2, net);
	sql_bind_copy(s, 3, net);
	if ((rc = query_next_allowance(store, ret, why)) == 0)
		query_stop(store);
	return rc;
}

int query_white(struct store *store, const struct net *net, int64_t since_s, int64_t *ret_s, struct why *why)
{
	sqlite3_stmt *const s =
		begin(store, QUERY_WHITE,
	              "SELECT max(time) FROM act WHERE address = ?2 AND time > ?1 AND what = 'vote white'", since_s);

	sql_bind_copy(s, 2, net);
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
			continue; /* it was edited by hand */
		*ret_s = sqlite3_column_int64(s, 1);
		return 0;
	}
	return rc;
}

void query_notes(struct store *store)
{
	(void)begin(store, QUERY_NOTES,
	            "SELECT time, who, coalesce(why, '') FROM act WHERE what = '" AUDIT_NOTE "' ORDER BY time, id", 0);
}

int query_next_note(struct store *store, struct query_note *ret, struct why *why)
{
	sqlite3_stmt *const s = store->walk;
	const int rc = sql_row(store, s, why);

	if (rc == 0)
		*ret = (struct query_note){sqlite3_column_int64(s, 0), sql_text(s, 1), sql_text(s, 2)};
	return rc;
}

#define EVENTS_AFTER                                                                                                   \
	"SELECT e.id, e.time, e.what, e.address, coalesce(e.until, 0), r.name, r.category, r.reason, "                 \
	"coalesce(e.offence, 0), e.text FROM event e LEFT JOIN rule r ON r.id = e.rule WHERE e.id > ?1 "

void query_events(struct store *store, enum query_stream stream, int64_t after_id)
{
	switch (stream) {
	case QUERY_STREAM_HITS:
		(void)begin(store, QUERY_HIT_EVENTS,
		            "SELECT h.id, h.time, 'hit', h.address, 0, r.name, r.category, r.reason, 0, h.detail "
		            "FROM hit h JOIN rule r ON r.id = h.rule WHERE h.id > ?1 ORDER BY h.id",
		            after_id);
		break;
	case QUERY_STREAM_EVENTS:
		(void)begin(store, QUERY_EVENTS, EVENTS_AFTER "ORDER BY e.id", after_id);
		break;
	case QUERY_STREAM_OWN:
		(void)begin(store, QUERY_OWN_EVENTS,
		            EVENTS_AFTER "AND (r.name IS NULL OR r.name NOT GLOB '" BLOCK_PEER_BEGIN
		                         "*') ORDER BY e.id",
		            after_id);
		break;
	}
}

int query_next_event(struct store *store, struct query_event *ret, struct why *why)
{
	sqlite3_stmt *const s = store->walk;
	const int rc = sql_row(store, s, why);

	if (rc == 0)
		*ret = (struct query_event){.id = sqlite3_column_int64(s, 0),
		                            .time_s = sqlite3_column_int64(s, 1),
		                            .what = sql_text(s, 2),
		                            .address = sql_text(s, 3),
		                            .until_s = sqlite3_column_int64(s, 4),
		                            .rule = sql_text(s, 5),
		                            .category = sql_text(s, 6),
		                            .reason = sql_text(s, 7),
		                            .offence = sqlite3_column_int64(s, 8),
		                            .text = sql_text(s, 9)};
	return rc;
}

/* This works because the newest hit is never deleted. */
int query_last_event(struct store *store, enum query_stream stream, int64_t *ret, struct why *why)
{
	sqlite3_stmt *const s = stream == QUERY_STREAM_HITS
	                                ? begin(store, QUERY_LAST_HIT, "SELECT max(id) FROM hit", 0)
	                                : begin(store, QUERY_LAST_EVENT,
	                                        "SELECT max(seq) FROM sqlite_sequence WHERE name = 'event'", 0);
	const int rc = sql_number(store, s, ret, why);

	if (rc == STORE_NONE)
		*ret = 0;
	return rc < 0 ? rc : 0;
}

int query_begins_after(struct store *store, enum query_stream stream, int64_t after, int64_t *ret_newest,
                       struct why *why)
{
	const int rc = query_last_event(store, stream, ret_newest, why);

	if (rc < 0 || after <= *ret_newest)
		return rc;
	return why_set(why, EINVAL,
	               "no %s has the number %" PRId64 " yet, the newest is %" PRId64
	               ": is it of another database? 0 gives all",
	               stream == QUERY_STREAM_HITS ? "hit" : "event", after, *ret_newest);
}

/* --- for status --- */

void query_suspensions(struct store *store)
{
	(void)begin(store, QUERY_SUSPENSIONS,
	            "SELECT rule, why, since FROM suspension WHERE ended IS NULL ORDER BY since, id", 0);
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

int query_totals(struct store *store, int64_t now_s, struct query_bound bound, struct query_totals *ret,
                 struct why *why)
{
	sqlite3_stmt *const s =
		begin(store, QUERY_TOTALS,
	              "SELECT CASE WHEN coalesce((SELECT max(id) FROM hit), 0) - upto > ?3 THEN -1 "
	              "ELSE hits + (SELECT count(*) FROM hit WHERE id > upto) END, "
	              "(SELECT count(*) FROM block), "
	              "(SELECT count(*) FROM block WHERE until > ?1 AND ended IS NULL), "
	              "(SELECT count(*) FROM allowance WHERE until > ?1 AND since <= ?1), "
	              "(SELECT sum(packets) FROM daily WHERE rule = 0), (SELECT sum(bytes) FROM daily WHERE rule = 0) "
	              "FROM indexed",
	              now_s);
	int rc;

	bind_bound(s, 2, bound);
	if ((rc = sql_row(store, s, why)) == 0)
		*ret = (struct query_totals){.hits = sqlite3_column_int64(s, 0),
		                             .blocks_total = sqlite3_column_int64(s, 1),
		                             .blocks_active = sqlite3_column_int64(s, 2),
		                             .allowances = sqlite3_column_int64(s, 3),
		                             .packets = sqlite3_column_int64(s, 4),
		                             .bytes = sqlite3_column_int64(s, 5)};
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
