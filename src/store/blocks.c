#include "store/blocks.h"

#include <inttypes.h>
#include <stdio.h>

#include "store/batch.h"
#include "store/running.h"

static void block_value(sqlite3_context *context, const void *row, int column)
{
	const struct block *const block = row;

	switch (column) {
	case 0:
		batch_net(context, &block->net);
		break;
	case 1:
		sqlite3_result_int64(context, block->since_s);
		break;
	case 2:
		sqlite3_result_int64(context, block->until_s);
		break;
	case 3:
		sqlite3_result_int64(context, block->offence);
		break;
	case 4:
		sqlite3_result_int64(context, block->rule);
		break;
	case 5:
		sqlite3_result_int(context, (int)block->cause);
		break;
	case 6:
		sqlite3_result_int(context, block->proven);
		break;
	}
}

int store_add_blocks(struct store *store, struct block *blocks, size_t n, struct why *why)
{
	sqlite3_stmt *const s =
		sql_statement(store, BLOCK_ADD,
	                      "INSERT OR FAIL INTO block (address, since, until, offence, rule, cause, proven) "
	                      "SELECT a, b, c, d, e, f, g FROM batch");
	int rc;

	for (size_t i = 0; i < n; i++)
		daily_row(&store->daily, blocks[i].since_s / 86400, blocks[i].rule)->blocks++;
	rc = batch_run(store, s, blocks, sizeof *blocks, n, block_value, why);
	/* A statement gives its rows consecutive ids in their order, as long as ids are nowhere near their maximum. */
	for (size_t i = 0; i < n && rc == 0; i++)
		blocks[i].id = sqlite3_last_insert_rowid(store->db) - (int64_t)(n - 1 - i);
	for (size_t i = 0; i < n && rc == 0 && store->running != NULL; i++)
		running_add(store->running, &blocks[i]);
	return rc;
}

int store_add_dropped(struct store *store, int64_t block_id, const struct store_dropped *dropped, struct why *why)
{
	sqlite3_stmt *const s = sql_statement(
		store, BLOCK_KNOCK,
		"UPDATE block SET until = max(until, ?2), knocks = knocks + ?3, knocked = ?4, packets = packets + ?5, bytes = bytes + ?6 "
		"WHERE id = ?1 RETURNING rule");
	struct daily_row *day;
	int64_t rule = 0;
	int rc;

	sql_bind_number(s, 1, block_id);
	sql_bind_number(s, 2, dropped->until_s);
	sql_bind_number(s, 3, dropped->times);
	sql_bind_number(s, 4, dropped->at_s);
	sql_bind_number(s, 5, dropped->packets);
	sql_bind_number(s, 6, dropped->bytes);
	if ((rc = sql_number(store, s, &rule, why)) == 0) {
		day = daily_row(&store->daily, dropped->at_s / 86400, rule);
		day->dropped += dropped->times;
		day->packets += dropped->packets;
		day->bytes += dropped->bytes;
	}
	return rc < 0 ? rc : 0;
}

int store_prolong(struct store *store, const struct net *net, enum block_cause cause, int64_t at_s, int64_t until_s,
                  struct why *why)
{
	sqlite3_stmt *const s = sql_statement(store, BLOCK_PROLONG,
	                                      "UPDATE block SET until = max(until, ?4) "
	                                      "WHERE address = ?1 AND cause = ?2 AND until > ?3 AND ended IS NULL");
	char text[NET_TEXT_MAX];

	if (store->running != NULL)
		return running_prolong(store->running, net, cause, at_s, until_s, why);
	sql_bind_net(s, 1, net, text);
	sql_bind_number(s, 2, cause);
	sql_bind_number(s, 3, at_s);
	sql_bind_number(s, 4, until_s);
	return sql_run(store, s, why);
}

static int end_one(struct store *store, int64_t id, int64_t at_s, const char *by, struct why *why)
{
	sqlite3_stmt *const s = sql_statement(
		store, BLOCK_END_ONE,
		"UPDATE block SET ended = ?2, ended_by = ?3 WHERE id = ?1 AND until > ?2 AND ended IS NULL");

	sql_bind_number(s, 1, id);
	sql_bind_number(s, 2, at_s);
	sql_bind_text(s, 3, by);
	return sql_run(store, s, why);
}

/* Like store_end, for a database without an index on addresses. */
static int end_known(struct store *store, const struct block *block, int64_t at_s, const char *by, struct why *why)
{
	sqlite3_stmt *const s =
		sql_statement(store, BLOCK_END_KNOWN,
	                      "UPDATE block SET ended = ?2, ended_by = ?3 "
	                      "WHERE id = ?5 AND address = ?1 AND cause = ?4 AND until > ?2 AND ended IS NULL");
	int rc = running_write(store->running, why);
	char text[NET_TEXT_MAX];
	size_t at = 0;
	int64_t id;

	sql_bind_net(s, 1, &block->net, text);
	sql_bind_number(s, 2, at_s);
	sql_bind_text(s, 3, by);
	sql_bind_number(s, 4, block->cause);
	while (rc == 0 && (id = running_next(store->running, &at, &block->net, block->cause, at_s)) != 0) {
		sql_bind_number(s, 5, id);
		rc = sql_run(store, s, why);
	}
	return rc;
}

int store_end(struct store *store, const struct block *block, int64_t at_s, const char *by, struct why *why)
{
	char text[NET_TEXT_MAX];
	sqlite3_stmt *s;

	if (block->id != 0)
		return end_one(store, block->id, at_s, by, why);
	if (store->running != NULL)
		return end_known(store, block, at_s, by, why);
	s = sql_statement(store, BLOCK_END,
	                  "UPDATE block SET ended = ?2, ended_by = ?3 "
	                  "WHERE address = ?1 AND cause = ?4 AND until > ?2 AND ended IS NULL");
	sql_bind_net(s, 1, &block->net, text);
	sql_bind_number(s, 2, at_s);
	sql_bind_text(s, 3, by);
	sql_bind_number(s, 4, block->cause);
	return sql_run(store, s, why);
}

/* Blocks that expired up to this time have their events. */
#define EXPIRED "(SELECT CAST(value AS INTEGER) FROM daemon WHERE key = 'expired')"

int store_note_expired(struct store *store, int64_t now_s, struct why *why)
{
	sqlite3_stmt *s =
		sql_statement(store, EXPIRED_LAST,
	                      "SELECT max(until) FROM block WHERE ended IS NULL AND until <= ?1 AND until > " EXPIRED);
	int64_t last_s = 0;
	char text[24];
	int rc;

	sql_bind_number(s, 1, now_s);
	if ((rc = sql_number(store, s, &last_s, why)) != 0)
		return rc == STORE_NONE ? 0 : rc;
	if ((rc = store_begin(store, why)) < 0)
		return rc;
	s = sql_statement(
		store, EVENTS_EXPIRED,
		"INSERT INTO event (time, what, address, until, rule, offence) "
		"SELECT until, 'expire', address, until, rule, offence FROM block WHERE ended IS NULL AND until <= ?1 AND "
		"until > " EXPIRED " ORDER BY until, id");
	(void)snprintf(text, sizeof text, "%" PRId64, now_s);
	sql_bind_number(s, 1, now_s);
	if ((rc = sql_run(store, s, why)) == 0)
		rc = store_state_set(store, "expired", text, why);
	return store_finish(store, rc, why);
}

/*
 * Finds out whether a walk would read an eighth of the table or more. If so, reading the whole table in file order is
 * ten times as fast as finding a million rows one by one. The number of rows is estimated from the ids, which are
 * consecutive.
 */
static int reads_most(struct store *store, int64_t since_s, bool *ret, struct why *why)
{
	sqlite3_stmt *const s =
		sql_statement(store, BLOCKS_MOST,
	                      "SELECT EXISTS (SELECT 1 FROM block WHERE until > ?1 LIMIT 1 OFFSET "
	                      "coalesce((SELECT max(id) FROM block) - (SELECT min(id) FROM block), 0) / 8)");
	int64_t most = 0;
	int rc;

	sql_bind_number(s, 1, since_s);
	rc = sql_number(store, s, &most, why);
	*ret = rc == 0 && most != 0;
	return rc < 0 ? rc : 0;
}

/*
 * "id IN" reads the rows in file order. In index order, each of 100,000 rows would be on another page, which takes
 * twice as long.
 */
#define RUNNING "SELECT id, address, since, until, offence, rule, cause, proven, NULL, NULL FROM block "
#define SINCE                                                                                                          \
	"SELECT b.id, b.address, b.since, b.until, b.offence, b.rule, b.cause, b.proven, b.ended, r.name "             \
	"FROM block b LEFT JOIN rule r ON r.id = b.rule "

/* Begins a walk over blocks that end after at_s: by the index, or over the whole table if they are most of it. */
static int walk(struct store *store, enum statement some, const char *some_words, enum statement most,
                const char *most_words, int64_t at_s, struct why *why)
{
	bool reads_all;
	const int rc = reads_most(store, at_s, &reads_all, why);

	if (rc < 0)
		return rc;
	return reads_all ? sql_walk(store, most, most_words, at_s, why) : sql_walk(store, some, some_words, at_s, why);
}

int store_running(struct store *store, int64_t now_s, struct why *why)
{
	return walk(store, BLOCKS_RUNNING,
	            RUNNING "WHERE id IN (SELECT id FROM block WHERE until > ?1) AND ended IS NULL",
	            BLOCKS_RUNNING_MOST, RUNNING "NOT INDEXED WHERE until > ?1 AND ended IS NULL", now_s, why);
}

int store_blocks_since(struct store *store, int64_t since_s, struct why *why)
{
	return walk(store, BLOCKS_SINCE, SINCE "WHERE b.id IN (SELECT id FROM block WHERE until > ?1) ORDER BY b.id",
	            BLOCKS_SINCE_MOST, SINCE "WHERE +b.until > ?1 ORDER BY b.id", since_s, why);
}

int store_blocks_in(struct store *store, const struct net *net, int64_t since_s, struct why *why)
{
	const int rc = sql_walk(store, BLOCKS_IN,
	                        SINCE "WHERE b.id IN (SELECT id FROM block WHERE " SQL_INSIDE(
					"address", "?2") ") AND b.until > ?1 ORDER BY b.id",
	                        since_s, why);

	if (rc == 0)
		sql_bind_copy(store->walk, 2, net);
	return rc;
}

int store_next_block(struct store *store, struct block *ret, const char **ret_rule, struct why *why)
{
	sqlite3_stmt *const s = store->walk;
	struct net net;
	const int rc = sql_row_net(store, s, 1, "block", &net, why);
	int64_t ended_s;

	if (rc != 0)
		return rc;
	*ret = (struct block){.id = sqlite3_column_int64(s, 0),
	                      .net = net,
	                      .since_s = sqlite3_column_int64(s, 2),
	                      .until_s = sqlite3_column_int64(s, 3),
	                      .offence = (unsigned)sqlite3_column_int(s, 4),
	                      .rule = sqlite3_column_int64(s, 5),
	                      .cause = (enum block_cause)sqlite3_column_int(s, 6),
	                      .proven = sqlite3_column_int(s, 7) != 0,
	                      .ended = sqlite3_column_type(s, 8) != SQLITE_NULL};
	if (ret->ended && (ended_s = sqlite3_column_int64(s, 8)) < ret->until_s)
		ret->until_s = ended_s;
	if (ret_rule != NULL)
		*ret_rule = sql_text(s, 9);
	return 0;
}
