#include "store/audit.h"

#include "store/sql.h"

int audit_add(struct store *store, int64_t time_s, const char *who, const char *what, const struct net *net,
              const char *reason, struct why *why)
{
	sqlite3_stmt *const s = sql_statement(
		store, ACT_ADD,
		"INSERT INTO act (time, who, what, address, why) VALUES (?1, ?2, ?3, ?4, nullif(?5, ''))");
	char text[NET_TEXT_MAX];

	sql_bind_number(s, 1, time_s);
	sql_bind_text(s, 2, who);
	sql_bind_text(s, 3, what);
	if (net != NULL)
		sql_bind_net(s, 4, net, text);
	else
		sql_bind_text(s, 4, NULL);
	sql_bind_text(s, 5, reason);
	return sql_run(store, s, why);
}

int audit_purge(struct store *store, int64_t before_s, size_t n_max, struct why *why)
{
	sqlite3_stmt *const s =
		sql_statement(store, PURGE_ACTS,
	                      "DELETE FROM act WHERE id IN (SELECT id FROM act WHERE time < ?1 AND what <> '" AUDIT_NOTE
	                      "' LIMIT ?2)");

	sql_bind_number(s, 1, before_s);
	sql_bind_number(s, 2, (int64_t)n_max);
	return sql_run(store, s, why);
}
