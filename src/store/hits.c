#include "store/hits.h"

#include "store/batch.h"
#include "store/hit_index.h"

/* --- rules --- */

static void bind_rule(sqlite3_stmt *s, const char *name, const char *category, const char *reason)
{
	sql_bind_text(s, 1, name);
	sql_bind_text(s, 2, category);
	sql_bind_text(s, 3, reason);
}

int store_rule(struct store *store, const char *name, const char *category, const char *reason, int64_t *ret_id,
               struct why *why)
{
	sqlite3_stmt *s = sql_statement(store, RULE_FIND,
	                                "SELECT id FROM rule WHERE name = ?1 AND category = ?2 AND reason = ?3");
	int rc;

	bind_rule(s, name, category, reason);
	if ((rc = sql_number(store, s, ret_id, why)) != STORE_NONE)
		return rc;
	s = sql_statement(store, RULE_ADD, "INSERT INTO rule (name, category, reason) VALUES (?1, ?2, ?3)");
	bind_rule(s, name, category, reason);
	return sql_add(store, s, ret_id, why);
}

int store_rule_list(struct store *store, int64_t id, const struct portlists *lists, uint8_t *ret, struct why *why)
{
	sqlite3_stmt *const s = sql_statement(store, RULE_WORDS, "SELECT name, category FROM rule WHERE id = ?1");
	uint8_t list;
	int rc;

	sql_bind_number(s, 1, id);
	if ((rc = sql_row(store, s, why)) != 0)
		return rc;
	list = portlists_of(lists, sql_text(s, 0), sql_text(s, 1));
	if ((rc = sql_row(store, s, why)) < 0) /* this resets it */
		return rc;
	*ret = list;
	return 0;
}

int store_suspend(struct store *store, const char *rule, int64_t at_s, const char *text, struct why *why)
{
	sqlite3_stmt *const s =
		sql_statement(store, RULE_SUSPEND, "INSERT INTO suspension (rule, since, why) VALUES (?1, ?2, ?3)");

	sql_bind_text(s, 1, rule);
	sql_bind_number(s, 2, at_s);
	sql_bind_text(s, 3, text);
	return sql_run(store, s, why);
}

int store_resume(struct store *store, const char *rule, int64_t at_s, struct why *why)
{
	sqlite3_stmt *const s =
		sql_statement(store, RULE_RESUME, "UPDATE suspension SET ended = ?2 WHERE rule = ?1 AND ended IS NULL");
	int rc;

	sql_bind_text(s, 1, rule);
	sql_bind_number(s, 2, at_s);
	rc = sql_run(store, s, why);
	return rc == 0 && sqlite3_changes(store->db) == 0 ? STORE_NONE : rc;
}

int store_suspensions(struct store *store, struct why *why)
{
	return sql_walk(store, RULES_SUSPENDED,
	                "SELECT rule, CASE WHEN count(ended) = count(*) THEN max(ended) END FROM suspension "
	                "WHERE since >= ?1 GROUP BY rule",
	                INT64_MIN, why);
}

int store_next_suspension(struct store *store, const char **ret_rule, int64_t *ret_resumed_s, struct why *why)
{
	const int rc = sql_row(store, store->walk, why);

	if (rc != 0)
		return rc;
	*ret_rule = sql_text(store->walk, 0);
	*ret_resumed_s = sqlite3_column_int64(store->walk, 1); /* null is 0 */
	return 0;
}

/* --- hits --- */

static void hit_value(sqlite3_context *context, const void *row, int column)
{
	const struct store_hit *const hit = row;

	switch (column) {
	case 0:
		sqlite3_result_int64(context, hit->time_s);
		break;
	case 1:
		batch_addr(context, &hit->address);
		break;
	case 2:
		sqlite3_result_int64(context, hit->rule);
		break;
	case 3:
		sqlite3_result_int(context, hit->score);
		break;
	case 4:
		sqlite3_result_int(context, hit->spent ? 2 : hit->ignored);
		break;
	case 5:
		sqlite3_result_int64(context, hit->log);
		break;
	case 6:
		sqlite3_result_int64(context, hit->offset);
		break;
	case 7:
		batch_text(context, hit->detail);
		break;
	case 8:
		batch_text(context, hit->text);
		break;
	case 9:
		sqlite3_result_int64(context, hit->account);
		break;
	case 10:
		sqlite3_result_int(context, hit->weight);
		break;
	}
}

int store_add_hits(struct store *store, const struct store_hit *hits, size_t n, struct why *why)
{
	/* With the columns in the order of the table, SQLite copies no value once more. */
	sqlite3_stmt *const s = sql_statement(
		store, HIT_ADD,
		"INSERT OR FAIL INTO hit (id, time, address, rule, score, ignored, log, offset, detail, text, account, weight) "
		"SELECT NULL, a, b, c, d, e, f, g, h, i, j, k FROM batch");
	const int rc = batch_run(store, s, hits, sizeof *hits, n, hit_value, why);

	if (rc < 0 || n == 0 || store->hit_index == NULL)
		return rc;
	return hit_index_note(store->hit_index, hits, n, sqlite3_last_insert_rowid(store->db), why);
}

int store_hits_behind(struct store *store, int64_t *ret, struct why *why)
{
	return sql_number(store,
	                  sql_statement(store, HITS_BEHIND, "SELECT (SELECT max(id) FROM hit) - upto FROM indexed"),
	                  ret, why);
}

int store_index_hits(struct store *store, size_t n_max, bool *ret_more, struct why *why)
{
	struct hit_index *index;
	int64_t behind = 0;
	int rc = store_hits_behind(store, &behind, why);

	*ret_more = false;
	if (rc < 0 || behind <= 0)
		return rc < 0 ? rc : 0;
	index = hit_index_new(store);
	rc = hit_index_step(index, n_max, ret_more, why);
	hit_index_free(index);
	return rc;
}

/*
 * The first hit to read. All hits before it are too old to count, and the hits that spent ones among them used up are
 * older still. Table latest knows it if it covers all indexed hits; hits that are not indexed are read anyway.
 */
#define FIRST_SINCE                                                                                                    \
	"(SELECT CASE WHEN (SELECT min(id) FROM latest) <= (SELECT min(id) FROM hit) / 4000 THEN "                     \
	"coalesce((SELECT min(id) * 4000 FROM latest WHERE time > ?1), (SELECT upto + 1 FROM indexed)) ELSE 0 END)"

#define SINCE "SELECT h.time, h.address, h.score, h.ignored, h.account, r.category, h.rule "
#define COUNTS                                                                                                         \
	"JOIN rule r ON r.id = h.rule WHERE h.id >= " FIRST_SINCE                                                      \
	" AND ((h.time > ?1 AND h.ignored = 0) OR h.ignored = 2) ORDER BY h.id"

/* clang-format off */
/* The hits of network ?2: those that are indexed, by the chains of its addresses, and the newer ones. */
#define FOUND													\
	"WITH RECURSIVE chain (id) AS (SELECT head FROM address WHERE " SQL_INSIDE("address", "?2") " "		\
	"UNION ALL " HIT_INDEX_PREVIOUS										\
	"WHERE chain.id >= " FIRST_SINCE "), "									\
	"found (id) AS (SELECT id FROM chain UNION ALL "							\
	"SELECT id FROM hit WHERE id > (SELECT upto FROM indexed) AND in_net(address, ?2)) "
/* clang-format on */

int store_hits_since(struct store *store, int64_t since_s, struct why *why)
{
	return sql_walk(store, HITS_SINCE, SINCE "FROM hit h " COUNTS, since_s, why);
}

int store_hits_in(struct store *store, const struct net *net, int64_t since_s, struct why *why)
{
	const int rc = sql_walk(store, HITS_IN, FOUND SINCE "FROM found CROSS JOIN hit h ON h.id = found.id " COUNTS,
	                        since_s, why);

	if (rc == 0)
		sql_bind_copy(store->walk, 2, net);
	return rc;
}

int store_next_hit(struct store *store, struct store_hit *ret, const char **ret_category, struct why *why)
{
	sqlite3_stmt *const s = store->walk;
	struct store_hit hit = {0};
	int rc;

	if ((rc = sql_row(store, s, why)) != 0 || (rc = sql_addr(store, s, 1, "hit", &hit.address, why)) != 0)
		return rc;
	hit.time_s = sqlite3_column_int64(s, 0);
	hit.score = sqlite3_column_int(s, 2);
	hit.spent = sqlite3_column_int(s, 3) == 2;
	hit.account = (uint32_t)sqlite3_column_int64(s, 4); /* stored as uint32_t */
	hit.rule = sqlite3_column_int64(s, 6);
	*ret_category = sql_text(s, 5);
	*ret = hit;
	return 0;
}
