#include "store/gates.h"

#include <stdio.h>
#include <string.h>

#include "store/batch.h"

/* --- passes --- */

static void pass_value(sqlite3_context *context, const void *row, int column)
{
	const struct store_pass *const pass = row;

	if (column == 0)
		batch_net(context, &pass->net);
	else
		sqlite3_result_int64(context, pass->until_s);
}

int store_add_passes(struct store *store, const struct store_pass *list, size_t n, struct why *why)
{
	sqlite3_stmt *const s =
		sql_statement(store, PASS_ADD,
	                      "INSERT OR FAIL INTO pass (address, until, closed) SELECT a, b, 0 FROM batch WHERE true "
	                      "ON CONFLICT (address) DO UPDATE SET until = max(until, excluded.until)");

	return batch_run(store, s, list, sizeof *list, n, pass_value, why);
}

int store_take_passes(struct store *store, const struct net *nets, size_t n, int64_t at_s, struct why *why)
{
	sqlite3_stmt *const s = sql_statement(store, PASS_TAKE,
	                                      "INSERT INTO pass (address, until, closed) VALUES (?1, 0, ?2) "
	                                      "ON CONFLICT (address) DO UPDATE SET until = 0, closed = ?2");
	char text[NET_TEXT_MAX];
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		sql_bind_net(s, 1, &nets[i], text);
		sql_bind_number(s, 2, at_s);
		rc = sql_run(store, s, why);
	}
	return rc;
}

int store_passes(struct store *store, int64_t now_s, struct why *why)
{
	return sql_walk(store, PASSES, "SELECT address, until FROM pass WHERE until > ?1", now_s, why);
}

int store_passes_earned(struct store *store, int64_t day, struct why *why)
{
	return sql_walk(store, PASSES_EARNED,
	                "SELECT address, max(last) AS newest FROM good WHERE day >= ?1 GROUP BY address "
	                "HAVING newest > coalesce((SELECT closed FROM pass WHERE pass.address = good.address), 0)",
	                day, why);
}

int store_next_pass(struct store *store, struct store_pass *ret, struct why *why)
{
	sqlite3_stmt *const s = store->walk;
	struct net net;
	const int rc = sql_row_net(store, s, 0, "pass", &net, why);

	if (rc != 0)
		return rc;
	*ret = (struct store_pass){net, sqlite3_column_int64(s, 1)};
	return 0;
}

/* --- counts --- */

int store_add_gate(struct store *store, int64_t day, const struct store_gate_sums *sums, struct why *why)
{
	const int64_t numbers[] = {sums->asked, sums->refused, sums->admitted, sums->began,
	                           sums->came,  sums->late,    sums->delays,   sums->delay_s};
	sqlite3_stmt *const s = sql_statement(
		store, GATE_ADD,
		"INSERT INTO gate (day, name, asked, refused, admitted, began, came, late, delays, delay) "
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (day, name) DO UPDATE SET asked = asked + ?3, "
		"refused = refused + ?4, admitted = admitted + ?5, began = began + ?6, came = came + ?7, late = late + ?8, "
		"delays = delays + ?9, delay = delay + ?10");

	sql_bind_number(s, 1, day);
	sql_bind_text(s, 2, sums->name);
	for (int i = 0; i < (int)(sizeof numbers / sizeof *numbers); i++)
		sql_bind_number(s, 3 + i, numbers[i]);
	return sql_run(store, s, why);
}

static int put_now(struct store *store, const struct store_gate_now *gate, struct why *why)
{
	sqlite3_stmt *const s =
		sql_statement(store, GATE_NOW,
	                      "INSERT INTO gate_now (name, at, closed, paused, inside, waits, since, waiting) VALUES "
	                      "(?1, ?2, ?3, ?4, ?5, ?6, nullif(?7, 0), ?8)");
	char text[ADDR_TEXT_MAX];

	sql_bind_text(s, 1, gate->name);
	sql_bind_number(s, 2, gate->at_s);
	sql_bind_number(s, 3, gate->closed);
	sql_bind_number(s, 4, gate->paused);
	sql_bind_number(s, 5, gate->inside);
	if (gate->since_s != 0)
		sql_bind_addr(s, 6, &gate->waits, text);
	else
		sql_bind_text(s, 6, NULL);
	sql_bind_number(s, 7, gate->since_s);
	sql_bind_number(s, 8, gate->waiting);
	return sql_run(store, s, why);
}

int store_put_gates_now(struct store *store, const struct store_gate_now *gates, size_t n, struct why *why)
{
	int rc = sql_run(store, sql_statement(store, GATE_NOW_END, "DELETE FROM gate_now"), why);

	for (size_t i = 0; i < n && rc == 0; i++)
		rc = put_now(store, &gates[i], why);
	return rc;
}

/* --- reading --- */

static void copy_name(sqlite3_stmt *s, char out[static GATES_NAME_MAX])
{
	const char *const text = (const char *)sqlite3_column_text(s, 0);

	(void)snprintf(out, GATES_NAME_MAX, "%.15s", text != NULL ? text : "");
}

int store_gates(struct store *store, int64_t day, struct store_gate_sums out[static GATES_CAP], size_t *ret_n,
                struct why *why)
{
	sqlite3_stmt *s;
	size_t n = 0;
	int rc = sql_walk(
		store, GATES,
		"SELECT name, sum(asked), sum(refused), sum(admitted), sum(began), sum(came), sum(late), sum(delays), "
		"sum(delay) FROM gate WHERE day >= ?1 GROUP BY name ORDER BY name",
		day, why);

	s = store->walk;
	while (rc == 0 && n < GATES_CAP && (rc = sql_row(store, s, why)) == 0) {
		struct store_gate_sums *const sums = &out[n++];

		copy_name(s, sums->name);
		sums->asked = sqlite3_column_int64(s, 1);
		sums->refused = sqlite3_column_int64(s, 2);
		sums->admitted = sqlite3_column_int64(s, 3);
		sums->began = sqlite3_column_int64(s, 4);
		sums->came = sqlite3_column_int64(s, 5);
		sums->late = sqlite3_column_int64(s, 6);
		sums->delays = sqlite3_column_int64(s, 7);
		sums->delay_s = sqlite3_column_int64(s, 8);
	}
	if (rc < 0)
		return rc;
	*ret_n = n;
	return 0;
}

int store_gates_now(struct store *store, struct store_gate_now out[static GATES_CAP], size_t *ret_n, struct why *why)
{
	sqlite3_stmt *s;
	size_t n = 0;
	int rc = sql_walk(
		store, GATES_NOW,
		"SELECT name, at, closed, paused, inside, coalesce(waits, '::'), coalesce(since, 0), waiting FROM gate_now WHERE at > ?1 "
		"ORDER BY name",
		0, why);

	s = store->walk;
	while (rc == 0 && n < GATES_CAP && (rc = sql_row(store, s, why)) == 0) {
		struct store_gate_now *const gate = &out[n];

		*gate = (struct store_gate_now){.at_s = sqlite3_column_int64(s, 1),
		                                .closed = sqlite3_column_int(s, 2) != 0,
		                                .paused = sqlite3_column_int64(s, 3),
		                                .inside = sqlite3_column_int64(s, 4),
		                                .since_s = sqlite3_column_int64(s, 6),
		                                .waiting = sqlite3_column_int64(s, 7)};
		copy_name(s, gate->name);
		rc = sql_addr(store, s, 5, "gate", &gate->waits, why);
		n++;
	}
	if (rc < 0)
		return rc;
	*ret_n = n;
	return 0;
}
