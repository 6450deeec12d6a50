/*
 * sql: how the files of this folder use SQLite.
 *
 * Private to the folder. Owns struct store. A statement is prepared on first use and kept until store_close; its SQL
 * text is where it is used, its index is below. A statement that cannot be prepared is NULL: it can still be bound, and
 * the call that runs it returns the error. Call order: sql_statement; sql_bind_...; then sql_run, sql_add or
 * sql_number, or sql_row until it returns other than 0, which resets the statement. Bound values are borrowed until
 * then. Errors: see store.h. Source: SQLite's page "sqlite3_bind_blob": without a statement it returns SQLITE_MISUSE
 * and does nothing else.
 */
#ifndef WFS_STORE_SQL_H
#define WFS_STORE_SQL_H

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
	HITS_IN,
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
	BLOCK_END_KNOWN,
	BLOCKS_RUNNING,
	BLOCKS_SINCE,
	BLOCKS_MOST,
	BLOCKS_RUNNING_MOST,
	BLOCKS_SINCE_MOST,
	BLOCKS_IN,
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
	CLAIM_FIND,
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
	size_t size, n; /* size: bytes of a row */
	void (*value)(sqlite3_context *context, const void *row, int column);
};

struct store {
	sqlite3 *db;
	char *path;
	struct {
		sqlite3_stmt *prepared; /* NULL until first used */
		const char *words;
	} statements[N_STATEMENTS];
	sqlite3_stmt *walk; /* the walk that was begun last */
	bool open;          /* a transaction is open */
	bool memory;
	bool writes;  /* it is a file that we opened for writing */
	bool fresh;   /* created by this process, and not filled yet */
	bool damaged; /* damage was found after store_open */
	struct {
		dev_t dev;
		ino_t ino;
	} beside[2];                 /* -wal and -shm as of store_open for writing; otherwise 0 */
	bool bulk, due;              /* due: the next store_commit really commits */
	unsigned uncommitted;        /* bulk only: store_commits since the last real commit */
	struct batch batch;          /* of the running statement */
	struct daily daily;          /* blocks and dropped packets of this transaction */
	struct hit_index *hit_index; /* in a replay; otherwise NULL */
	struct hit_index *indexing;  /* the one whose addresses are being written, or NULL */
	/* in a replay into a new file, which has no index on the addresses of blocks; otherwise NULL */
	struct running *running;
	int bulk_fd; /* the file, only for bulk into a fresh one; otherwise -1 */
};

/* Sets why to SQLite's last error and returns its -errno. what: "cannot write". */
int sql_fail(struct store *store, const char *what, struct why *why);

/* Returns the remedy to append to an error: "; free space on its file system"; "" for most. */
const char *sql_remedy(int err);

/* True for addresses within a network; false if that is null. */
#define SQL_INSIDE(address, net)                                                                                       \
	address " >= text_from(" net ") AND " address " < text_below(" net ") AND in_net(" address ", " net ")"

/* Runs statements, separated by ";", that return no rows and are not kept. */
int sql_exec(struct store *store, const char *words, const char *what, struct why *why);

/* Returns one number, like sql_number, from a statement that is not kept. */
int sql_once(struct store *store, const char *words, int64_t *ret, struct why *why);

/* words must be a literal, always the same one for a given index. */
sqlite3_stmt *sql_prepare(struct store *store, enum statement which, const char *words);

static inline sqlite3_stmt *sql_statement(struct store *store, enum statement which, const char *words)
{
	if (store->statements[which].prepared == NULL)
		return sql_prepare(store, which, words);
	assert(store->statements[which].words == words); /* two texts share an index */
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

/* Binds a blob. Zero bytes are an empty blob, not null. */
static inline void sql_bind_bytes(sqlite3_stmt *s, int i, struct span bytes)
{
	(void)sqlite3_bind_blob(s, i, bytes.len > 0 ? bytes.p : "", (int)bytes.len, SQLITE_STATIC);
}

/* Binds text in the caller's buffer. */
static inline void sql_bind_addr(sqlite3_stmt *s, int i, const struct addr *addr, char text[static ADDR_TEXT_MAX])
{
	(void)sqlite3_bind_text(s, i, text, (int)addr_text(addr, text), SQLITE_STATIC);
}

static inline void sql_bind_net(sqlite3_stmt *s, int i, const struct net *net, char text[static NET_TEXT_MAX])
{
	(void)sqlite3_bind_text(s, i, text, (int)net_text(net, text), SQLITE_STATIC);
}

/* Binds a copy of its text, because a walk outlives the call that begins it. */
void sql_bind_copy(sqlite3_stmt *s, int i, const struct net *net);

/* Binds ["192.0.2.7","192.0.2.6/31", ...] for json_each: net and all networks that contain it, except /0. */
void sql_bind_around(sqlite3_stmt *s, int i, const struct net *net);

/*
 * Registers the functions that the statements of query.c call: in_net, text_from, text_below, net_key (functions.c).
 * store_open calls it.
 */
int sql_functions(struct store *store, struct why *why);

/* Runs a statement that returns no rows. */
int sql_run(struct store *store, sqlite3_stmt *s, struct why *why);

/* The same for an INSERT of one row; *ret_id is its id. */
int sql_add(struct store *store, sqlite3_stmt *s, int64_t *ret_id, struct why *why);

/* Reads the next row; STORE_NONE if there are no more. */
int sql_row(struct store *store, sqlite3_stmt *s, struct why *why);

/* Returns the first column of the first row; STORE_NONE if there is no row or it is null. */
int sql_number(struct store *store, sqlite3_stmt *s, int64_t *ret, struct why *why);

/* Begins a walk with ?1 bound to since_s. Read its rows with sql_row on store->walk. */
int sql_walk(struct store *store, enum statement which, const char *words, int64_t since_s, struct why *why);

/* Returns a column as text, or NULL if it is null; borrowed until the next row. */
static inline const char *sql_text(sqlite3_stmt *s, int column)
{
	return (const char *)sqlite3_column_text(s, column);
}

/* Returns a column as bytes, none if it is null; borrowed until the next row. */
static inline struct span sql_bytes(sqlite3_stmt *s, int column)
{
	const char *const bytes = sqlite3_column_blob(s, column); /* NULL for none */

	return (struct span){bytes == NULL ? "" : bytes, (size_t)sqlite3_column_bytes(s, column)};
}

/* Parse a column as an address or a network. If it is invalid, end the walk and return an error that names table. */
int sql_addr(struct store *store, sqlite3_stmt *s, int column, const char *table, struct addr *ret, struct why *why);
int sql_net(struct store *store, sqlite3_stmt *s, int column, const char *table, struct net *ret, struct why *why);

/* Read the next row and parse that column of it. */
int sql_row_addr(struct store *store, sqlite3_stmt *s, int column, const char *table, struct addr *ret,
                 struct why *why);
int sql_row_net(struct store *store, sqlite3_stmt *s, int column, const char *table, struct net *ret, struct why *why);

#endif
