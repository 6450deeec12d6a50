#include "store/journals.h"

#include <stdio.h>
#include <string.h>

#include "store/sql.h"

struct span store_journal_first(const char *name, char out[static POSITION_FIRST_MAX])
{
	const int len = snprintf(out, POSITION_FIRST_MAX, "\njournal\n%s", name);

	return (struct span){out, len < POSITION_FIRST_MAX ? (size_t)len : POSITION_FIRST_MAX - 1};
}

void store_journal_path(const char *name, char *out, size_t cap)
{
	(void)snprintf(out, cap, "journal%s%s", name[0] != '\0' ? " of " : "", name);
}

static void read_text(sqlite3_stmt *s, int column, char *out, size_t cap)
{
	const struct span text = sql_bytes(s, column);

	(void)snprintf(out, cap, "%.*s", (int)(text.len < cap ? text.len : cap), text.p == NULL ? "" : text.p);
}

int store_journal_find(struct store *store, const char *name, struct store_log *ret_log, struct store_journal *ret,
                       struct why *why)
{
	sqlite3_stmt *const s = sql_statement(
		store, JOURNAL_FIND,
		"SELECT cursor, forged, damaged, gaps, lost, suppressed, unit FROM journal WHERE log = ?1");
	char first[POSITION_FIRST_MAX];
	int rc = store_log_find(store, store_journal_first(name, first), 0, ret_log, why);

	if (rc != 0)
		return rc;
	sql_bind_number(s, 1, ret_log->id);
	if ((rc = sql_row(store, s, why)) != 0)
		return rc;
	*ret = (struct store_journal){.forged = sqlite3_column_int64(s, 1),
	                              .damaged = sqlite3_column_int64(s, 2),
	                              .gaps = sqlite3_column_int64(s, 3),
	                              .lost = sqlite3_column_int64(s, 4),
	                              .suppressed = sqlite3_column_int64(s, 5)};
	read_text(s, 0, ret->cursor, sizeof ret->cursor);
	read_text(s, 6, ret->unit, sizeof ret->unit);
	(void)sqlite3_reset(s);
	return 0;
}

int store_journal_put(struct store *store, int64_t log, const struct store_journal *journal, struct why *why)
{
	sqlite3_stmt *const s = sql_statement(
		store, JOURNAL_PUT,
		"INSERT INTO journal (log, cursor, forged, damaged, gaps, lost, suppressed, unit) "
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (log) DO UPDATE SET cursor = excluded.cursor, "
		"forged = excluded.forged, damaged = excluded.damaged, gaps = excluded.gaps, lost = excluded.lost, "
		"suppressed = excluded.suppressed, unit = excluded.unit");

	sql_bind_number(s, 1, log);
	sql_bind_text(s, 2, journal->cursor);
	sql_bind_number(s, 3, journal->forged);
	sql_bind_number(s, 4, journal->damaged);
	sql_bind_number(s, 5, journal->gaps);
	sql_bind_number(s, 6, journal->lost);
	sql_bind_number(s, 7, journal->suppressed);
	sql_bind_text(s, 8, journal->unit);
	return sql_run(store, s, why);
}
