#include "store/reputation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "store/batch.h"

/* --- deliveries and logins --- */

static void good_value(sqlite3_context *context, const void *row, int column)
{
	const struct store_evidence *const e = row;

	switch (column) {
	case 0:
		sqlite3_result_int64(context, e->time_s / 86400);
		break;
	case 1:
		batch_net(context, &e->net);
		break;
	case 2:
		sqlite3_result_int64(context, e->times);
		break;
	case 3:
		sqlite3_result_int64(context, e->time_s);
		break;
	}
}

int store_add_good(struct store *store, const struct store_evidence *list, size_t n, struct why *why)
{
	sqlite3_stmt *const s = sql_statement(
		store, GOOD_ADD,
		"INSERT OR FAIL INTO good (day, address, times, last) SELECT a, b, c, d FROM batch WHERE true "
		"ON CONFLICT (day, address) DO UPDATE "
		"SET times = times + excluded.times, last = max(last, excluded.last)");

	return batch_run(store, s, list, sizeof *list, n, good_value, why);
}

static void credit_value(sqlite3_context *context, const void *row, int column)
{
	const struct store_evidence *const e = row;

	switch (column) {
	case 0:
		sqlite3_result_int64(context, e->time_s);
		break;
	case 1:
		batch_net(context, &e->net);
		break;
	case 2:
		sqlite3_result_int64(context, e->account);
		break;
	case 3:
		sqlite3_result_int(context, e->score);
		break;
	}
}

int store_add_credit(struct store *store, const struct store_evidence *list, size_t n, struct why *why)
{
	sqlite3_stmt *const s = sql_statement(
		store, CREDIT_ADD,
		"INSERT OR FAIL INTO credit (time, address, account, score) SELECT a, b, c, d FROM batch WHERE true "
		"ON CONFLICT (time, address, account) DO UPDATE SET score = score + excluded.score");

	return batch_run(store, s, list, sizeof *list, n, credit_value, why);
}

static void login_value(sqlite3_context *context, const void *row, int column)
{
	const struct store_login *const login = row;

	sqlite3_result_int64(context, column == 0 ? (int64_t)login->pair : login->day); /* 47 bits */
}

int store_add_logins(struct store *store, const struct store_login *list, size_t n, struct why *why)
{
	sqlite3_stmt *const s =
		sql_statement(store, LOGIN_ADD, "INSERT OR REPLACE INTO login (pair, day) SELECT a, b FROM batch");

	return batch_run(store, s, list, sizeof *list, n, login_value, why);
}

/* --- allowances --- */

int store_end_allowance(struct store *store, const struct net *net, int64_t at_s, struct why *why)
{
	sqlite3_stmt *const s = sql_statement(store, ALLOWANCE_END,
	                                      "UPDATE allowance SET until = ?2 WHERE address = ?1 AND until > ?2");
	char text[NET_TEXT_MAX];

	sql_bind_net(s, 1, net, text);
	sql_bind_number(s, 2, at_s);
	return sql_run(store, s, why);
}

int store_add_allowance(struct store *store, const struct net *net, int64_t since_s, int64_t until_s, const char *cause,
                        const char *text, struct why *why)
{
	sqlite3_stmt *s =
		sql_statement(store, ALLOWANCE_REPLACE,
	                      "UPDATE allowance SET until = ?2 WHERE address = ?1 AND until > ?2 AND cause = ?3");
	char address[NET_TEXT_MAX];
	int rc;

	sql_bind_net(s, 1, net, address);
	sql_bind_number(s, 2, since_s);
	sql_bind_text(s, 3, cause);
	if ((rc = sql_run(store, s, why)) < 0)
		return rc;
	s = sql_statement(store, ALLOWANCE_ADD,
	                  "INSERT INTO allowance (address, since, until, cause, why) "
	                  "VALUES (?1, ?2, ?3, ?4, ?5)");
	sql_bind_net(s, 1, net, address);
	sql_bind_number(s, 2, since_s);
	sql_bind_number(s, 3, until_s);
	sql_bind_text(s, 4, cause);
	sql_bind_text(s, 5, text);
	return sql_run(store, s, why);
}

/* Returns words as a JSON array, for json_each. They must not contain quotes or backslashes. The caller frees it. */
static char *json_words(const char *const words[], size_t n)
{
	size_t len = 3, at = 1;
	char *text;

	for (size_t i = 0; i < n; i++)
		len += strlen(words[i]) + 3;
	text = alloc_raw(len, 1, "a list for the database");
	text[0] = '[';
	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(text + at, len - at, "%s\"%s\"", i > 0 ? "," : "", words[i]); /* it fits */
	(void)snprintf(text + at, len - at, "]");
	return text;
}

static char *json_nets(const struct nets *nets)
{
	const size_t len = nets->n * (NET_TEXT_MAX + 3) + 3;
	char *const text = alloc_raw(len, 1, "a list for the database"), net[NET_TEXT_MAX];
	size_t at = 1;

	text[0] = '[';
	for (size_t i = 0; i < nets->n; i++) {
		(void)net_text(&nets->list[i], net);
		at += (size_t)snprintf(text + at, len - at, "%s\"%s\"", i > 0 ? "," : "", net); /* it fits */
	}
	(void)snprintf(text + at, len - at, "]");
	return text;
}

/* Adds the networks with that cause and reason that are not in json to ret. */
static int find_others(struct store *store, const char *cause, const char *reason, const char *json, int64_t now_s,
                       struct nets *ret, struct why *why)
{
	sqlite3_stmt *const s =
		sql_statement(store, ALLOWANCES_OTHER,
	                      "SELECT address FROM allowance WHERE cause = ?1 AND why = ?2 AND until > ?3 "
	                      "AND address NOT IN (SELECT value FROM json_each(?4))");
	struct net net;
	int rc;

	sql_bind_text(s, 1, cause);
	sql_bind_text(s, 2, reason);
	sql_bind_number(s, 3, now_s);
	sql_bind_text(s, 4, json);
	while ((rc = sql_row_net(store, s, 0, "allowance", &net, why)) == 0)
		nets_add(ret, &net);
	return rc < 0 ? rc : 0;
}

static int end_others(struct store *store, const char *cause, const char *reason, const char *json, int64_t now_s,
                      struct why *why)
{
	sqlite3_stmt *const s =
		sql_statement(store, ALLOWANCES_END,
	                      "UPDATE allowance SET until = ?3 WHERE cause = ?1 AND why = ?2 AND until > ?3 "
	                      "AND address NOT IN (SELECT value FROM json_each(?4))");

	sql_bind_text(s, 1, cause);
	sql_bind_text(s, 2, reason);
	sql_bind_number(s, 3, now_s);
	sql_bind_text(s, 4, json);
	return sql_run(store, s, why);
}

static int extend_all(struct store *store, const char *cause, const char *reason, int64_t now_s, int64_t until_s,
                      struct why *why)
{
	sqlite3_stmt *const s =
		sql_statement(store, ALLOWANCES_EXTEND,
	                      "UPDATE allowance SET until = ?4 WHERE cause = ?1 AND why = ?2 AND until > ?3");

	sql_bind_text(s, 1, cause);
	sql_bind_text(s, 2, reason);
	sql_bind_number(s, 3, now_s);
	sql_bind_number(s, 4, until_s);
	return sql_run(store, s, why);
}

static int add_new(struct store *store, const char *cause, const char *reason, const char *json, int64_t now_s,
                   int64_t until_s, struct why *why)
{
	sqlite3_stmt *const s = sql_statement(
		store, ALLOWANCE_ADD_NEW,
		"INSERT INTO allowance (address, since, until, cause, why) SELECT value, ?3, ?4, ?1, ?2 FROM json_each(?5) "
		"WHERE value NOT IN (SELECT address FROM allowance WHERE cause = ?1 AND why = ?2 AND until > ?3)");

	sql_bind_text(s, 1, cause);
	sql_bind_text(s, 2, reason);
	sql_bind_number(s, 3, now_s);
	sql_bind_number(s, 4, until_s);
	sql_bind_text(s, 5, json);
	return sql_run(store, s, why);
}

int store_set_allowances(struct store *store, const char *cause, const char *reason, const struct nets *nets,
                         int64_t now_s, int64_t until_s, struct nets *ended, struct why *why)
{
	char *const json = json_nets(nets);
	int rc = ended == NULL ? 0 : find_others(store, cause, reason, json, now_s, ended, why);

	if (rc == 0)
		rc = end_others(store, cause, reason, json, now_s, why);
	if (rc == 0)
		rc = extend_all(store, cause, reason, now_s, until_s, why);
	if (rc == 0)
		rc = add_new(store, cause, reason, json, now_s, until_s, why);
	free(json);
	return rc;
}

int store_keep_allowances(struct store *store, const char *cause, char *const reasons[], size_t n, int64_t now_s,
                          struct why *why)
{
	sqlite3_stmt *const s = sql_statement(store, ALLOWANCES_KEEP,
	                                      "UPDATE allowance SET until = ?2 WHERE cause = ?1 AND until > ?2 "
	                                      "AND why COLLATE NOCASE NOT IN (SELECT value FROM json_each(?3))");
	char *const json = json_words((const char *const *)reasons, n);
	int rc;

	sql_bind_text(s, 1, cause);
	sql_bind_number(s, 2, now_s);
	sql_bind_text(s, 3, json);
	rc = sql_run(store, s, why);
	free(json);
	return rc;
}

int store_count_allowances(struct store *store, const struct net *net, const char *cause, const char *text,
                           int64_t now_s, int64_t *ret, struct why *why)
{
	sqlite3_stmt *const s = sql_statement(store, ALLOWANCES_COUNT,
	                                      "SELECT count(DISTINCT address) FROM allowance "
	                                      "WHERE until > ?1 AND cause = ?2 AND why = ?3 AND address <> ?4");
	char address[NET_TEXT_MAX];

	sql_bind_number(s, 1, now_s);
	sql_bind_text(s, 2, cause);
	sql_bind_text(s, 3, text);
	sql_bind_net(s, 4, net, address);
	return sql_number(store, s, ret, why);
}

/* --- reading --- */

int store_good_since(struct store *store, int64_t day, struct why *why)
{
	return sql_walk(store, GOOD_SINCE, "SELECT address, day, 0, 0, 0, 0 FROM good WHERE day >= ?1 ORDER BY day",
	                day, why);
}

int store_credit_since(struct store *store, int64_t since_s, struct why *why)
{
	return sql_walk(store, CREDIT_SINCE,
	                "SELECT address, 0, time, score, 0, account FROM credit WHERE time > ?1 ORDER BY time", since_s,
	                why);
}

int store_allowances(struct store *store, int64_t now_s, struct why *why)
{
	return sql_walk(store, ALLOWANCES,
	                "SELECT address, 0, since, 0, until, 0 FROM allowance WHERE until > ?1 ORDER BY until", now_s,
	                why);
}

int store_logins_since(struct store *store, int64_t day, struct why *why)
{
	return sql_walk(store, LOGINS_SINCE, "SELECT pair, day FROM login WHERE day >= ?1 ORDER BY day, pair", day,
	                why);
}

int store_next_login(struct store *store, struct store_login *ret, struct why *why)
{
	sqlite3_stmt *const s = store->walk;
	const int rc = sql_row(store, s, why);

	if (rc == 0) /* stored as uint64_t */
		*ret = (struct store_login){.pair = (uint64_t)sqlite3_column_int64(s, 0),
		                            .day = sqlite3_column_int64(s, 1)};
	return rc;
}

int store_next_good(struct store *store, struct store_good *ret, struct why *why)
{
	sqlite3_stmt *const s = store->walk;
	struct net net;
	const int rc = sql_row_net(store, s, 0, "good, credit or allowance", &net, why);

	if (rc != 0)
		return rc;
	*ret = (struct store_good){.net = net,
	                           .day = sqlite3_column_int64(s, 1),
	                           .time_s = sqlite3_column_int64(s, 2),
	                           .score = sqlite3_column_int(s, 3),
	                           .until_s = sqlite3_column_int64(s, 4),
	                           .account = (uint32_t)sqlite3_column_int64(s, 5)}; /* stored as uint32_t */
	return 0;
}

/* --- greylisted attempts --- */

int store_add_attempt(struct store *store, const struct store_attempt *attempt, struct why *why)
{
	sqlite3_stmt *const s = sql_statement(
		store, ATTEMPT_ADD,
		"INSERT INTO attempt (time, address, sender, recipient, helo) VALUES (?1, ?2, ?3, ?4, ?5)");
	char address[ADDR_TEXT_MAX];

	sql_bind_number(s, 1, attempt->time_s);
	sql_bind_addr(s, 2, &attempt->address, address);
	sql_bind_bytes(s, 3, attempt->from);
	sql_bind_bytes(s, 4, attempt->to);
	sql_bind_bytes(s, 5, attempt->helo);
	return sql_run(store, s, why);
}

int store_attempts_since(struct store *store, int64_t since_s, struct why *why)
{
	return sql_walk(store, ATTEMPTS_SINCE,
	                "SELECT time, address, sender, recipient, helo FROM attempt "
	                "WHERE time > ?1 ORDER BY id",
	                since_s, why);
}

int store_next_attempt(struct store *store, struct store_attempt *ret, struct why *why)
{
	sqlite3_stmt *const s = store->walk;
	struct addr address;
	const int rc = sql_row_addr(store, s, 1, "attempt", &address, why);

	if (rc != 0)
		return rc;
	*ret = (struct store_attempt){.time_s = sqlite3_column_int64(s, 0),
	                              .address = address,
	                              .from = sql_bytes(s, 2),
	                              .to = sql_bytes(s, 3),
	                              .helo = sql_bytes(s, 4)};
	return 0;
}
