/*
 * sql: SQLite as the files of the folder use it.
 *
 * Private to the folder. Owns struct store. A statement is prepared on first use and kept until store_close; its SQL
 * is where it is used, its index below. One that cannot be prepared is NULL: it can still be bound,
 * and the call that runs it returns the error. Order: sql_statement; sql_bind_...; sql_run, sql_add or sql_number, or
 * sql_row until that is not 0: then it is reset. Bound values are borrowed until then. Errors as of store.h.
 * Source: SQLite's page "sqlite3_bind_blob": without a statement it returns SQLITE_MISUSE and does nothing else.
 */
#ifndef WFS_SQL_H
#define WFS_SQL_H

#include <assert.h>
#include <sqlite3.h>
#include <sys/types.h>

#include "store/daily.h"
#include "store/store.h"

enum statement {
	BEGIN,
	COMMIT,
	ROLLBACK,
	SET_STATUS,
	BULK,
	LOG_FIND,
	LOG_ADD,
	LOG_PUT,
	LOG_OF_PATH,
	JOURNAL_FIND,
	JOURNAL_PUT,
	RULE_FIND,
	RULE_WORDS,
	RULE_ADD,
	RULE_SUSPEND,
	RULE_RESUME,
	RULES_SUSPENDED,
	HIT_ADD,
	HITS_SINCE,
	HITS_AFTER,
	INDEXED_TO,
	INDEXED_PUT,
	HITS_BEHIND,
	LINK_FIND,
	LINK_PUT,
	LATEST_PUT,
	ADDRESS_ADD,
	DAILY_ADD,
	BLOCK_ADD,
	BLOCK_KNOCK,
	BLOCK_PROLONG,
	BLOCK_PROLONG_ONE,
	BLOCK_END,
	BLOCK_END_ONE,
	BLOCKS_RUNNING,
	BLOCKS_SINCE,
	BLOCKS_MOST,
	BLOCKS_RUNNING_MOST,
	BLOCKS_SINCE_MOST,
	GOOD_ADD,
	GOOD_SINCE,
	CREDIT_ADD,
	CREDIT_SINCE,
	LOGIN_ADD,
	LOGINS_SINCE,
	ALLOWANCE_ADD,
	ALLOWANCE_END,
	ALLOWANCE_REPLACE,
	ALLOWANCES_OTHER,
	ALLOWANCES_END,
	ALLOWANCES_EXTEND,
	ALLOWANCES_KEEP,
	ALLOWANCE_ADD_NEW,
	ALLOWANCES,
	ALLOWANCES_COUNT,
	PASS_ADD,
	PASS_TAKE,
	PASSES,
	PASSES_EARNED,
	GATE_ADD,
	GATE_NOW,
	GATE_NOW_END,
	GATES,
	GATES_NOW,
	PURGE_PASSES,
	ATTEMPT_ADD,
	ATTEMPTS_SINCE,
	CLAIM_PUT,
	CLAIM_REMOVE,
	CLAIMS_REMOVE,
	CLAIMS_ACTIVE,
	PEER_PUT,
	PEERS_ALL,
	DIGEST_PUT,
	DIGESTS_REMOVE,
	DIGESTS_COUNT,
	DIGESTS_ACTIVE,
	PURGE_CLAIMS,
	PURGE_DIGESTS,
	PURGE_ADDRESS,
	PURGE_EMPTY,
	PURGE_INDEXED,
	PURGE_HITS,
	PURGE_LINKS,
	PURGE_LATEST,
	PURGE_BLOCKS,
	PURGE_GOOD,
	PURGE_CREDIT,
	PURGE_LOGINS,
	PURGE_ALLOWANCES,
	PURGE_ATTEMPTS,
	PURGE_SUSPENSIONS,
	PURGE_ERROR,
	PURGE_ACTS,
	ACT_ADD,
	QUERY_ACTIVE,
	QUERY_CHOSEN,
	QUERY_BLOCKS,
	QUERY_HITS,
	QUERY_ADDRESSES,
	QUERY_BLOCKED_BETWEEN,
	QUERY_FREQUENT,
	QUERY_PREFIXES,
	QUERY_ALLOWANCES,
	QUERY_ALLOWANCE,
	QUERY_WHITE,
	QUERY_UNBLOCKED,
	QUERY_NOTES,
	QUERY_EVENTS,
	QUERY_OWN_EVENTS,
	QUERY_LAST_EVENT,
	QUERY_HIT_EVENTS,
	QUERY_LAST_HIT,
	EXPIRED_LAST,
	EVENTS_EXPIRED,
	PURGE_EVENTS,
	QUERY_SUSPENSIONS,
	QUERY_LOGS,
	QUERY_TOTALS,
	QUERY_SAID,
	FIGURES_SUMS,
	FIGURES_HITS,
	FIGURES_BLOCKS,
	FIGURES_ACTIVE,
	FIGURES_GOOD,
	FIGURES_ACTS,
	FIGURES_ACCOUNTS,
	FIGURES_SENDERS,
	N_STATEMENTS,
};

/* Rows that a statement reads; see batch.h. */
struct batch {
	const void *rows;
	size_t size, n; /* bytes of a row, rows */
	void (*value)(sqlite3_context *context, const void *row, int column);
};

struct store {
	sqlite3 *db;
	char *path;
	struct {
		sqlite3_stmt *prepared; /* NULL until it is used */
		const char *words;
	} statements[N_STATEMENTS];
	sqlite3_stmt *walk; /* the one begun last */
	bool open;          /* a transaction is */
	bool memory;
	bool writes;  /* to a file; it is ours */
	bool fresh;   /* made by this process, and not filled yet */
	bool damaged; /* found damaged since store_open */
	struct {
		dev_t dev;
		ino_t ino;
	} beside[2];                 /* -wal and -shm, as they were made by store_open for writing; else 0 */
	bool bulk, due;              /* due: the next store_commit is one */
	unsigned uncommitted;        /* store_commits since the last that was one; bulk only */
	struct batch batch;          /* of the statement that is running */
	struct daily daily;          /* blocks and dropped packets of the transaction */
	struct hit_index *hit_index; /* of a replay, else NULL */
	struct hit_index *indexing;  /* the one whose addresses are written just now, or NULL */
	struct running *running; /* likewise, of a replay into a new file: it has no index on the addresses of blocks */
	int bulk_fd;             /* of the file, only for bulk into a fresh one; else -1 */
};

/* Sets why to SQLite's last error and returns its -errno. what: "cannot write". */
int sql_fail(struct store *store, const char *what, struct why *why);

/* The remedy that follows it: "; free space on its file system"; "" for most. */
const char *sql_remedy(int err);

/* Statements, separated by ";", that return no rows and are not kept. */
int sql_exec(struct store *store, const char *words, const char *what, struct why *why);

/* One number, as sql_number, from a statement that is not kept. */
int sql_once(struct store *store, const char *words, int64_t *ret, struct why *why);

/* words: a literal, the same for that place every time. */
sqlite3_stmt *sql_prepare(struct store *store, enum statement which, const char *words);

static inline sqlite3_stmt *sql_statement(struct store *store, enum statement which, const char *words)
{
	if (store->statements[which].prepared == NULL)
		return sql_prepare(store, which, words);
	assert(store->statements[which].words == words); /* two that share a place */
	return store->statements[which].prepared;
}

static inline void sql_bind_number(sqlite3_stmt *s, int i, int64_t number)
{
	(void)sqlite3_bind_int64(s, i, number);
}

/* NULL binds null. */
static inline void sql_bind_text(sqlite3_stmt *s, int i, const char *text)
{
	(void)sqlite3_bind_text(s, i, text, -1, SQLITE_STATIC);
}

/* As a blob; also no bytes are not null. */
static inline void sql_bind_bytes(sqlite3_stmt *s, int i, struct span bytes)
{
	(void)sqlite3_bind_blob(s, i, bytes.len > 0 ? bytes.p : "", (int)bytes.len, SQLITE_STATIC);
}

/* As text, in the caller's buffer. */
static inline void sql_bind_addr(sqlite3_stmt *s, int i, const struct addr *addr, char text[static ADDR_TEXT_MAX])
{
	(void)sqlite3_bind_text(s, i, text, (int)addr_text(addr, text), SQLITE_STATIC);
}

static inline void sql_bind_net(sqlite3_stmt *s, int i, const struct net *net, char text[static NET_TEXT_MAX])
{
	(void)sqlite3_bind_text(s, i, text, (int)net_text(net, text), SQLITE_STATIC);
}

/* ["192.0.2.7","192.0.2.6/31", ...]: net and all that it lies in but /0, for json_each. */
void sql_bind_around(sqlite3_stmt *s, int i, const struct net *net);

/* What the statements of query.c call: in_net, text_from, text_below, net_key (functions.c); by store_open. */
int sql_functions(struct store *store, struct why *why);

/* Runs a statement that returns no rows. */
int sql_run(struct store *store, sqlite3_stmt *s, struct why *why);

/* The same for an INSERT of one row: *ret_id is its id. */
int sql_add(struct store *store, sqlite3_stmt *s, int64_t *ret_id, struct why *why);

/* The next row; STORE_NONE: no more. */
int sql_row(struct store *store, sqlite3_stmt *s, struct why *why);

/* The first row's first number; STORE_NONE for no row or null. */
int sql_number(struct store *store, sqlite3_stmt *s, int64_t *ret, struct why *why);

/* Begins a walk: ?1 is since_s. Its rows: sql_row of store->walk. */
int sql_walk(struct store *store, enum statement which, const char *words, int64_t since_s, struct why *why);

/* A column of a row, NULL when it is null; borrowed until the next row. */
static inline const char *sql_text(sqlite3_stmt *s, int column)
{
	return (const char *)sqlite3_column_text(s, column);
}

/* A column of bytes; null: none. Borrowed as well. */
static inline struct span sql_bytes(sqlite3_stmt *s, int column)
{
	const char *const bytes = sqlite3_column_blob(s, column); /* NULL for none */

	return (struct span){bytes == NULL ? "" : bytes, (size_t)sqlite3_column_bytes(s, column)};
}

/* A column that is an address or a network; ends the walk when it is neither. table: named in the error. */
int sql_addr(struct store *store, sqlite3_stmt *s, int column, const char *table, struct addr *ret, struct why *why);
int sql_net(struct store *store, sqlite3_stmt *s, int column, const char *table, struct net *ret, struct why *why);

/* The next row, of which that column is one. */
int sql_row_addr(struct store *store, sqlite3_stmt *s, int column, const char *table, struct addr *ret,
                 struct why *why);
int sql_row_net(struct store *store, sqlite3_stmt *s, int column, const char *table, struct net *ret, struct why *why);

#endif
