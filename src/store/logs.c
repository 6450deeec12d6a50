#include "store/logs.h"

#include <assert.h>
#include <string.h>

#include "store/sql.h"

int store_log_find(struct store *store, struct span first, int64_t below_id, struct store_log *ret, struct why *why)
{
	sqlite3_stmt *const s = sql_statement(
		store, LOG_FIND,
		"SELECT id, position, lines, cut, unparsed, coalesce(last_line_at, 0), last_line FROM log "
		"WHERE first_line = ?1 AND (?2 = 0 OR id < ?2) ORDER BY id DESC LIMIT 1");
	struct store_log log;
	struct span last;
	int rc;

	assert(first.len <= POSITION_FIRST_MAX);
	sql_bind_bytes(s, 1, first);
	sql_bind_number(s, 2, below_id);
	if ((rc = sql_row(store, s, why)) != 0)
		return rc;
	log = (struct store_log){.id = sqlite3_column_int64(s, 0),
	                         .position = sqlite3_column_int64(s, 1),
	                         .lines = sqlite3_column_int64(s, 2),
	                         .cut = sqlite3_column_int64(s, 3),
	                         .unparsed = sqlite3_column_int64(s, 4),
	                         .last_line_at = sqlite3_column_int64(s, 5)};
	last = sql_bytes(s, 6);
	log.last_len = last.len < sizeof log.last ? last.len : sizeof log.last;
	memcpy(log.last, last.p, log.last_len);
	(void)sqlite3_reset(s);
	*ret = log;
	return 0;
}

int store_log_add(struct store *store, const char *path, struct span first, int64_t *ret_id, struct why *why)
{
	sqlite3_stmt *const s =
		sql_statement(store, LOG_ADD, "INSERT INTO log (path, first_line, last_line) VALUES (?1, ?2, x'')");

	assert(first.len <= POSITION_FIRST_MAX);
	sql_bind_text(s, 1, path);
	sql_bind_bytes(s, 2, first);
	return sql_add(store, s, ret_id, why);
}

int store_log_put(struct store *store, const struct store_log *log, const char *path, struct why *why)
{
	sqlite3_stmt *const s =
		sql_statement(store, LOG_PUT,
	                      "UPDATE log SET path = ?2, position = ?3, lines = ?4, cut = ?5, unparsed = ?6, "
	                      "last_line_at = nullif(?7, 0), last_line = ?8 WHERE id = ?1");

	sql_bind_number(s, 1, log->id);
	sql_bind_text(s, 2, path);
	sql_bind_number(s, 3, log->position);
	sql_bind_number(s, 4, log->lines);
	sql_bind_number(s, 5, log->cut);
	sql_bind_number(s, 6, log->unparsed);
	sql_bind_number(s, 7, log->last_line_at);
	sql_bind_bytes(s, 8, (struct span){log->last, log->last_len});
	return sql_run(store, s, why);
}

int store_log_of_path(struct store *store, const char *path, int64_t *ret_id, struct why *why)
{
	sqlite3_stmt *const s =
		sql_statement(store, LOG_OF_PATH, "SELECT id FROM log WHERE path = ?1 ORDER BY id DESC LIMIT 1");

	sql_bind_text(s, 1, path);
	return sql_number(store, s, ret_id, why);
}
