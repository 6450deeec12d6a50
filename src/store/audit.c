#include "store/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "store/sql.h"

enum question {
	ADD,
	PURGE,
	WHITE,
	UNBLOCKED,
	ALLOWANCE,
	RUNNING,
	COUNT_RUNNING,
	BLOCKS,
	HITS,
	SAID,
	N_QUESTIONS,
};

/* A block as it is read here, up to the condition. */
#define BLOCKS_WHERE(condition)                                                                                         \
	("SELECT b.id, b.address, b.since, coalesce(b.ended, b.until), b.offence, b.rule, r.name, r.reason, r.category, " \
	 "b.ended_by, b.knocks FROM block b JOIN rule r ON r.id = b.rule WHERE " condition)

static const char *const sql[N_QUESTIONS] = {
	[ADD] = "INSERT INTO act (time, who, what, address, why) VALUES (?1, ?2, ?3, ?4, nullif(?5, ''))",
	[PURGE] = "DELETE FROM act WHERE id IN (SELECT id FROM act WHERE time < ?1 LIMIT ?2)",
	[WHITE] = "SELECT max(time) FROM act WHERE address = ?1 AND time > ?2 AND what = 'vote white'",
	[UNBLOCKED] = "SELECT coalesce(address, '::/0'), time + 1 FROM act "
		      "WHERE time > ?1 AND what IN ('unblock', 'unblock all') ORDER BY time, id",
	[ALLOWANCE] = "SELECT address, since, until, cause, coalesce(why, '') FROM allowance WHERE until > ?2 AND since <= ?2 "
		      "AND address IN (SELECT value FROM json_each(?1)) ORDER BY address = ?3 DESC, until DESC LIMIT 1",
	[RUNNING] = BLOCKS_WHERE("b.until > ?1 AND b.ended IS NULL ORDER BY b.until DESC"),
	[COUNT_RUNNING] = "SELECT count(*) FROM block WHERE until > ?1 AND ended IS NULL",
	[BLOCKS] = BLOCKS_WHERE("b.address = ?1 AND b.id > (SELECT max(id) FROM block) - ?3 "
	                       "ORDER BY b.id DESC LIMIT ?2"),
	[HITS] = "SELECT r.name, r.reason, h.detail, h.text, h.time, h.score FROM hit h JOIN rule r ON r.id = h.rule "
		 "WHERE h.address = ?1 AND h.id > (SELECT max(id) FROM hit) - ?3 ORDER BY h.id DESC LIMIT ?2",
	[SAID] = "SELECT key, value FROM daemon ORDER BY key",
};

struct audit {
	struct store *store;
	sqlite3_stmt *questions[N_QUESTIONS];
	sqlite3_stmt *walk; /* the one begun last */
};

int audit_open(struct store *store, struct audit **ret, struct why *why)
{
	struct audit *const a = alloc_zero(1, sizeof *a, "the audit log");
	int rc = SQLITE_OK;

	a->store = store;
	for (size_t i = 0; i < N_QUESTIONS && rc == SQLITE_OK; i++)
		rc = sqlite3_prepare_v3(store->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &a->questions[i], NULL);
	if (rc != SQLITE_OK) {
		rc = sql_fail(store, "cannot use it", why);
		audit_close(a);
		return rc;
	}
	*ret = a;
	return 0;
}

void audit_close(struct audit *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; i < N_QUESTIONS; i++)
		(void)sqlite3_finalize(a->questions[i]);
	free(a);
}

static sqlite3_stmt *begin_walk(struct audit *a, enum question which)
{
	audit_stop(a);
	return a->walk = a->questions[which];
}

/* A copy: a walk outlives its beginning. */
static void bind_net(sqlite3_stmt *s, int i, const struct net *net)
{
	char text[NET_TEXT_MAX];
	const size_t len = net_text(net, text);

	(void)sqlite3_bind_text(s, i, text, (int)len, SQLITE_TRANSIENT);
}

int audit_add(struct audit *a, int64_t time_s, const char *who, const char *what, const struct net *net,
             const char *why_text, struct why *why)
{
	sqlite3_stmt *const s = a->questions[ADD];
	char text[NET_TEXT_MAX];

	sql_bind_number(s, 1, time_s);
	sql_bind_text(s, 2, who);
	sql_bind_text(s, 3, what);
	if (net != NULL)
		sql_bind_net(s, 4, net, text);
	else
		sql_bind_text(s, 4, NULL);
	sql_bind_text(s, 5, why_text);
	return sql_run(a->store, s, why);
}

int audit_purge(struct audit *a, int64_t before_s, size_t n_max, struct why *why)
{
	sqlite3_stmt *const s = a->questions[PURGE];

	sql_bind_number(s, 1, before_s);
	sql_bind_number(s, 2, (int64_t)n_max);
	return sql_run(a->store, s, why);
}

int audit_white(struct audit *a, const struct net *net, int64_t since_s, int64_t *ret_s, struct why *why)
{
	sqlite3_stmt *const s = a->questions[WHITE];
	char text[NET_TEXT_MAX];

	sql_bind_net(s, 1, net, text);
	sql_bind_number(s, 2, since_s);
	return sql_number(a->store, s, ret_s, why);
}

void audit_unblocked(struct audit *a, int64_t since_s)
{
	sql_bind_number(begin_walk(a, UNBLOCKED), 1, since_s);
}

int audit_next_unblocked(struct audit *a, struct net *ret_net, int64_t *ret_s, struct why *why)
{
	sqlite3_stmt *const s = a->walk;
	int rc;

	while ((rc = sql_row(a->store, s, why)) == 0) {
		const char *const address = sql_text(s, 0);

		if (address == NULL || !net_parse(address, strlen(address), ret_net))
			continue; /* edited by hand */
		*ret_s = sqlite3_column_int64(s, 1);
		return 0;
	}
	return rc;
}

int audit_allowance(struct audit *a, const struct net *net, int64_t now_s, struct audit_allowance *ret, struct why *why)
{
	sqlite3_stmt *const s = begin_walk(a, ALLOWANCE);
	int rc;

	sql_bind_around(s, 1, net);
	sql_bind_number(s, 2, now_s);
	bind_net(s, 3, net);
	if ((rc = sql_row(a->store, s, why)) == 0) {
		(void)snprintf(ret->address, sizeof ret->address, "%s", sql_text(s, 0));
		ret->since_s = sqlite3_column_int64(s, 1);
		ret->until_s = sqlite3_column_int64(s, 2);
		(void)snprintf(ret->cause, sizeof ret->cause, "%s", sql_text(s, 3));
		(void)snprintf(ret->why, sizeof ret->why, "%s", sql_text(s, 4));
		audit_stop(a);
	}
	return rc;
}

void audit_running(struct audit *a, int64_t now_s)
{
	sql_bind_number(begin_walk(a, RUNNING), 1, now_s);
}

int audit_count_running(struct audit *a, int64_t now_s, int64_t *ret, struct why *why)
{
	sqlite3_stmt *const s = a->questions[COUNT_RUNNING];

	sql_bind_number(s, 1, now_s);
	return sql_number(a->store, s, ret, why);
}

void audit_blocks(struct audit *a, const struct net *net, size_t n_max)
{
	sqlite3_stmt *const s = begin_walk(a, BLOCKS);

	bind_net(s, 1, net);
	sql_bind_number(s, 2, (int64_t)n_max);
	sql_bind_number(s, 3, AUDIT_BLOCKS_LOOKED_AT);
}

int audit_next_block(struct audit *a, struct audit_block *ret, struct why *why)
{
	sqlite3_stmt *const s = a->walk;
	int rc;

	while ((rc = sql_row(a->store, s, why)) == 0) {
		const char *const address = sql_text(s, 1);
		struct net net;

		if (address == NULL || !net_parse(address, strlen(address), &net))
			continue; /* edited by hand */
		*ret = (struct audit_block){.block = {.id = sqlite3_column_int64(s, 0),
		                                     .net = net,
		                                     .since_s = sqlite3_column_int64(s, 2),
		                                     .until_s = sqlite3_column_int64(s, 3),
		                                     .offence = (unsigned)sqlite3_column_int(s, 4),
		                                     .rule = sqlite3_column_int64(s, 5)},
		                           .rule = sql_text(s, 6),
		                           .reason = sql_text(s, 7),
		                           .category = sql_text(s, 8),
		                           .ended_by = sql_text(s, 9),
		                           .knocks = sqlite3_column_int64(s, 10)};
		return 0;
	}
	return rc;
}

void audit_hits(struct audit *a, const struct addr *addr, size_t n_max)
{
	sqlite3_stmt *const s = begin_walk(a, HITS);
	const struct net net = net_of(addr);

	bind_net(s, 1, &net);
	sql_bind_number(s, 2, (int64_t)n_max);
	sql_bind_number(s, 3, AUDIT_HITS_LOOKED_AT);
}

int audit_next_hit(struct audit *a, struct audit_hit *ret, struct why *why)
{
	sqlite3_stmt *const s = a->walk;
	const int rc = sql_row(a->store, s, why);

	if (rc == 0)
		*ret = (struct audit_hit){.rule = sql_text(s, 0),
		                         .reason = sql_text(s, 1),
		                         .detail = sql_text(s, 2),
		                         .text = sql_text(s, 3),
		                         .time_s = sqlite3_column_int64(s, 4),
		                         .score = sqlite3_column_int64(s, 5)};
	return rc;
}

void audit_said(struct audit *a)
{
	(void)begin_walk(a, SAID);
}

int audit_next_said(struct audit *a, const char **ret_key, const char **ret_value, struct why *why)
{
	sqlite3_stmt *const s = a->walk;
	const int rc = sql_row(a->store, s, why);

	if (rc == 0) {
		*ret_key = sql_text(s, 0);
		*ret_value = sql_text(s, 1);
	}
	return rc;
}

void audit_stop(struct audit *a)
{
	(void)sqlite3_reset(a->walk);
}
