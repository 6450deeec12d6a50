#include "store/acts.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum question {
	ADD,
	PURGE,
	WHITE,
	UNBLOCKED,
	RUNNING,
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
	[UNBLOCKED] = "SELECT address, time + 1 FROM act WHERE time > ?1 AND what = 'unblock' ORDER BY time, id",
	[RUNNING] = BLOCKS_WHERE("b.until > ?1 AND b.ended IS NULL ORDER BY b.until DESC"),
	[BLOCKS] = BLOCKS_WHERE("b.address = ?1 AND b.id > (SELECT max(id) FROM block) - ?3 "
	                       "ORDER BY b.id DESC LIMIT ?2"),
	[HITS] = "SELECT r.name, r.reason, h.detail, h.text, h.time, h.score FROM hit h JOIN rule r ON r.id = h.rule "
		 "WHERE h.address = ?1 AND h.id > (SELECT max(id) FROM hit) - ?3 ORDER BY h.id DESC LIMIT ?2",
	[SAID] = "SELECT key, value FROM daemon ORDER BY key",
};

struct acts {
	struct sqlite3 *db;
	sqlite3_stmt *questions[N_QUESTIONS];
	enum question walk; /* of blocks, the one begun last */
};

static int fail(const struct acts *a, struct why *why)
{
	const int code = sqlite3_errcode(a->db) & 0xFF;
	const int err = code == SQLITE_BUSY || code == SQLITE_LOCKED ? EAGAIN
	                : code == SQLITE_FULL                      ? ENOSPC
	                : code == SQLITE_READONLY                  ? EROFS
	                                                           : EIO;

	return why_set(why, err, "the database: %s", sqlite3_errmsg(a->db));
}

int acts_open(struct store *store, struct acts **ret, struct why *why)
{
	struct acts *const a = calloc(1, sizeof *a);

	if (a == NULL)
		abort();
	a->db = store_handle(store);
	for (size_t i = 0; i < N_QUESTIONS; i++)
		if (sqlite3_prepare_v3(a->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &a->questions[i], NULL) != SQLITE_OK) {
			const int rc = fail(a, why);

			acts_close(a);
			return rc;
		}
	*ret = a;
	return 0;
}

void acts_close(struct acts *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; i < N_QUESTIONS; i++)
		(void)sqlite3_finalize(a->questions[i]);
	free(a);
}

static sqlite3_stmt *ask(struct acts *a, enum question which)
{
	(void)sqlite3_reset(a->questions[which]);
	return a->questions[which];
}

static void bind_net(sqlite3_stmt *s, int i, const struct net *net)
{
	char text[NET_TEXT_MAX];
	const size_t len = net_text(net, text);

	(void)sqlite3_bind_text(s, i, text, (int)len, SQLITE_TRANSIENT);
}

/* Runs what gives no rows. */
static int run(struct acts *a, sqlite3_stmt *s, struct why *why)
{
	const int rc = sqlite3_step(s);
	const int result = rc == SQLITE_DONE ? 0 : fail(a, why);

	(void)sqlite3_reset(s);
	return result;
}

/* The next row: 0, STORE_NONE or an error. */
static int next(struct acts *a, enum question which, sqlite3_stmt **ret, struct why *why)
{
	sqlite3_stmt *const s = a->questions[which];
	const int rc = sqlite3_step(s);
	int result = STORE_NONE;

	*ret = s;
	if (rc == SQLITE_ROW)
		return 0;
	if (rc != SQLITE_DONE)
		result = fail(a, why);
	(void)sqlite3_reset(s);
	return result;
}

static const char *text(sqlite3_stmt *s, int column)
{
	return (const char *)sqlite3_column_text(s, column);
}

int acts_add(struct acts *a, int64_t time_s, const char *who, const char *what, const struct net *net,
             const char *why_text, struct why *why)
{
	sqlite3_stmt *const s = ask(a, ADD);

	(void)sqlite3_bind_int64(s, 1, time_s);
	(void)sqlite3_bind_text(s, 2, who, -1, SQLITE_TRANSIENT);
	(void)sqlite3_bind_text(s, 3, what, -1, SQLITE_TRANSIENT);
	if (net != NULL)
		bind_net(s, 4, net);
	else
		(void)sqlite3_bind_null(s, 4);
	(void)sqlite3_bind_text(s, 5, why_text, -1, SQLITE_TRANSIENT);
	return run(a, s, why);
}

int acts_purge(struct acts *a, int64_t before_s, size_t n_max, struct why *why)
{
	sqlite3_stmt *const s = ask(a, PURGE);

	(void)sqlite3_bind_int64(s, 1, before_s);
	(void)sqlite3_bind_int64(s, 2, (sqlite3_int64)n_max);
	return run(a, s, why);
}

int acts_white(struct acts *a, const struct net *net, int64_t since_s, int64_t *ret_s, struct why *why)
{
	sqlite3_stmt *s = ask(a, WHITE);
	int rc;

	bind_net(s, 1, net);
	(void)sqlite3_bind_int64(s, 2, since_s);
	if ((rc = next(a, WHITE, &s, why)) != 0)
		return rc;
	if (sqlite3_column_type(s, 0) == SQLITE_NULL)
		rc = STORE_NONE;
	else
		*ret_s = sqlite3_column_int64(s, 0);
	(void)sqlite3_reset(s);
	return rc;
}

void acts_unblocked(struct acts *a, int64_t since_s)
{
	(void)sqlite3_bind_int64(ask(a, UNBLOCKED), 1, since_s);
}

int acts_next_unblocked(struct acts *a, struct net *ret_net, int64_t *ret_s, struct why *why)
{
	sqlite3_stmt *s;
	int rc;

	while ((rc = next(a, UNBLOCKED, &s, why)) == 0) {
		const char *const address = text(s, 0);

		if (address == NULL || !net_parse(address, strlen(address), ret_net))
			continue; /* edited by hand */
		*ret_s = sqlite3_column_int64(s, 1);
		return 0;
	}
	return rc;
}

void acts_running(struct acts *a, int64_t now_s)
{
	(void)sqlite3_bind_int64(ask(a, RUNNING), 1, now_s);
	a->walk = RUNNING;
}

void acts_blocks(struct acts *a, const struct net *net, size_t n_max)
{
	sqlite3_stmt *const s = ask(a, BLOCKS);

	bind_net(s, 1, net);
	(void)sqlite3_bind_int64(s, 2, (sqlite3_int64)n_max);
	(void)sqlite3_bind_int64(s, 3, ACTS_BLOCKS_LOOKED_AT);
	a->walk = BLOCKS;
}

int acts_next_block(struct acts *a, struct acts_block *ret, struct why *why)
{
	sqlite3_stmt *s;
	int rc;

	while ((rc = next(a, a->walk, &s, why)) == 0) {
		const char *const address = text(s, 1);
		struct acts_block b = {.rule = text(s, 6),
		                       .reason = text(s, 7),
		                       .category = text(s, 8),
		                       .ended_by = text(s, 9),
		                       .knocks = sqlite3_column_int64(s, 10)};

		if (address == NULL || !net_parse(address, strlen(address), &b.block.net))
			continue; /* edited by hand */
		b.block.id = sqlite3_column_int64(s, 0);
		b.block.since_s = sqlite3_column_int64(s, 2);
		b.block.until_s = sqlite3_column_int64(s, 3);
		b.block.offence = (unsigned)sqlite3_column_int(s, 4);
		b.block.rule = sqlite3_column_int64(s, 5);
		*ret = b;
		return 0;
	}
	return rc;
}

void acts_hits(struct acts *a, const struct addr *addr, size_t n_max)
{
	sqlite3_stmt *const s = ask(a, HITS);
	const struct net net = net_of(addr);

	bind_net(s, 1, &net);
	(void)sqlite3_bind_int64(s, 2, (sqlite3_int64)n_max);
	(void)sqlite3_bind_int64(s, 3, ACTS_HITS_LOOKED_AT);
}

int acts_next_hit(struct acts *a, struct acts_hit *ret, struct why *why)
{
	sqlite3_stmt *s;
	const int rc = next(a, HITS, &s, why);

	if (rc == 0)
		*ret = (struct acts_hit){.rule = text(s, 0),
		                         .reason = text(s, 1),
		                         .detail = text(s, 2),
		                         .text = text(s, 3),
		                         .time_s = sqlite3_column_int64(s, 4),
		                         .score = sqlite3_column_int64(s, 5)};
	return rc;
}

void acts_said(struct acts *a)
{
	(void)ask(a, SAID);
}

void acts_stop(struct acts *a)
{
	for (size_t i = 0; i < N_QUESTIONS; i++)
		(void)sqlite3_reset(a->questions[i]);
}

int acts_next_said(struct acts *a, const char **ret_key, const char **ret_value, struct why *why)
{
	sqlite3_stmt *s;
	const int rc = next(a, SAID, &s, why);

	if (rc == 0) {
		*ret_key = text(s, 0);
		*ret_value = text(s, 1);
	}
	return rc;
}
