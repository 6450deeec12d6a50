#include "store/store.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema.h"

enum statement {
	BEGIN,
	COMMIT,
	ROLLBACK,
	LOG_FIND,
	LOG_ADD,
	LOG_PUT,
	LOG_OF_PATH,
	RULE_FIND,
	RULE_ADD,
	HIT_ADD,
	BLOCK_ADD,
	BLOCK_EXTEND,
	BLOCK_PROLONG,
	BLOCK_END,
	BLOCK_END_ONE,
	BLOCK_END_CAUSE,
	GOOD_ADD,
	CREDIT_ADD,
	ALLOWANCE_ADD,
	ALLOWANCE_END,
	ATTEMPT_ADD,
	SUSPEND,
	RESUME,
	NEXT_EXPIRY,
	PURGE_HITS,
	PURGE_BLOCKS,
	PURGE_CREDIT,
	PURGE_GOOD,
	PURGE_ALLOWANCES,
	PURGE_SUSPENSIONS,
	PURGE_ATTEMPTS,
	RUNNING,
	BLOCKS_SINCE,
	HITS_SINCE,
	GOOD_SINCE,
	CREDIT_SINCE,
	ALLOWANCES,
	ATTEMPTS_SINCE,
	SUSPENSIONS,
	SAY,
	N_STATEMENTS,
};

static const char *const sql[N_STATEMENTS] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[LOG_FIND] = "SELECT id, position, lines, cut, unparsed, coalesce(last_line_at, 0), last_line FROM log "
		     "WHERE first_line = ?1 AND (?2 = 0 OR id < ?2) ORDER BY id DESC LIMIT 1",
	[LOG_ADD] = "INSERT INTO log (path, first_line, last_line) VALUES (?1, ?2, x'')",
	[LOG_PUT] = "UPDATE log SET path = ?2, position = ?3, lines = ?4, cut = ?5, unparsed = ?6, "
		    "last_line_at = nullif(?7, 0), last_line = ?8 WHERE id = ?1",
	[LOG_OF_PATH] = "SELECT id FROM log WHERE path = ?1 ORDER BY id DESC LIMIT 1",
	[RULE_FIND] = "SELECT id FROM rule WHERE name = ?1 AND category = ?2 AND reason = ?3",
	[RULE_ADD] = "INSERT INTO rule (name, category, reason) VALUES (?1, ?2, ?3)",
	[HIT_ADD] = "INSERT INTO hit (time, address, rule, score, ignored, log, offset, detail, text) "
		    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[BLOCK_ADD] = "INSERT INTO block (address, since, until, offence, rule, cause, proven) "
		      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[BLOCK_EXTEND] = "UPDATE block SET until = max(until, ?2), knocks = knocks + 1, knocked = ?3 WHERE id = ?1",
	[BLOCK_PROLONG] = "UPDATE block SET until = max(until, ?4) "
			  "WHERE address = ?1 AND cause = ?2 AND until > ?3 AND ended IS NULL",
	[BLOCK_END] = "UPDATE block SET ended = ?2, ended_by = ?3 WHERE address = ?1 AND until > ?2 AND ended IS NULL",
	[BLOCK_END_ONE] = "UPDATE block SET ended = ?2, ended_by = ?3 WHERE id = ?1 AND until > ?2 AND ended IS NULL",
	[BLOCK_END_CAUSE] = "UPDATE block SET ended = ?2, ended_by = ?3 "
			    "WHERE address = ?1 AND cause = ?4 AND until > ?2 AND ended IS NULL",
	[GOOD_ADD] = "INSERT INTO good (day, address, times, last) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (day, address) "
		     "DO UPDATE SET times = times + excluded.times, last = max(last, excluded.last)",
	[CREDIT_ADD] = "INSERT INTO credit (time, address, score) VALUES (?1, ?2, ?3) ON CONFLICT (time, address) "
		       "DO UPDATE SET score = score + excluded.score",
	[ALLOWANCE_ADD] = "INSERT INTO allowance (address, since, until, cause, why) VALUES (?1, ?2, ?3, ?4, ?5)",
	[ALLOWANCE_END] = "UPDATE allowance SET until = ?2 WHERE address = ?1 AND until > ?2",
	[ATTEMPT_ADD] = "INSERT INTO attempt (time, address, sender, recipient, helo) VALUES (?1, ?2, ?3, ?4, ?5)",
	[SUSPEND] = "INSERT INTO suspension (rule, since, why) VALUES (?1, ?2, ?3)",
	[RESUME] = "UPDATE suspension SET ended = ?2 WHERE rule = ?1 AND ended IS NULL",
	[NEXT_EXPIRY] = "SELECT until FROM block WHERE until > ?1 AND ended IS NULL ORDER BY until LIMIT 1",
	/* From the head of the table: hits are stored in the order they happened, but for replays of old logs. */
	[PURGE_HITS] = "DELETE FROM hit WHERE id IN (SELECT id FROM hit ORDER BY id LIMIT ?2) AND time < ?1",
	[PURGE_BLOCKS] = "DELETE FROM block WHERE id IN (SELECT id FROM block ORDER BY id LIMIT ?2) AND until < ?1",
	[PURGE_CREDIT] = "DELETE FROM credit WHERE (time, address) IN "
			 "(SELECT time, address FROM credit WHERE time < ?1 ORDER BY time LIMIT ?2)",
	[PURGE_GOOD] = "DELETE FROM good WHERE (day, address) IN "
		       "(SELECT day, address FROM good WHERE day < ?1 / 86400 ORDER BY day LIMIT ?2)",
	[PURGE_ALLOWANCES] = "DELETE FROM allowance WHERE id IN (SELECT id FROM allowance WHERE until < ?1 LIMIT ?2)",
	[PURGE_ATTEMPTS] = "DELETE FROM attempt WHERE id IN (SELECT id FROM attempt ORDER BY id LIMIT ?2) AND time < ?1",
	[PURGE_SUSPENSIONS] = "DELETE FROM suspension WHERE id IN (SELECT id FROM suspension WHERE ended < ?1 LIMIT ?2)",
	[RUNNING] = "SELECT id, address, since, until, offence, rule, cause, proven, NULL FROM block "
		    "WHERE until > ?1 AND ended IS NULL",
	[BLOCKS_SINCE] = "SELECT b.id, b.address, b.since, coalesce(b.ended, b.until), b.offence, b.rule, b.cause, b.proven, "
			 "r.name FROM block b JOIN rule r ON r.id = b.rule WHERE b.until > ?1 ORDER BY b.since, b.id",
	[HITS_SINCE] = "SELECT time, address, score FROM hit WHERE time > ?1 AND NOT ignored ORDER BY id",
	[GOOD_SINCE] = "SELECT address, day, 0, 0, 0 FROM good WHERE day >= ?1 ORDER BY day",
	[CREDIT_SINCE] = "SELECT address, 0, time, score, 0 FROM credit WHERE time > ?1 ORDER BY time",
	[ALLOWANCES] = "SELECT address, 0, since, 0, until FROM allowance WHERE until > ?1 ORDER BY until",
	[ATTEMPTS_SINCE] = "SELECT time, address, sender, recipient, helo FROM attempt WHERE time > ?1 ORDER BY id",
	[SUSPENSIONS] = "SELECT DISTINCT rule FROM suspension WHERE ended IS NULL AND ?1 = 0",
	[SAY] = "INSERT INTO daemon (key, value) VALUES (?1, ?2) "
		"ON CONFLICT (key) DO UPDATE SET value = excluded.value",
};

enum { BOOT_ID_MAX = 64 };

struct store {
	sqlite3 *db;
	char *path;
	sqlite3_stmt *statements[N_STATEMENTS]; /* prepared when first used */
	bool open;                              /* a transaction is */
	bool memory;
	bool fresh;                             /* made by this process */
	bool bulk;
	unsigned uncommitted;                   /* store_commits since the last that was one; bulk only */
	enum statement walk;                    /* the walk begun last */
};

static int errno_of(int rc)
{
	switch (rc & 0xFF) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return EAGAIN;
	case SQLITE_FULL:
		return ENOSPC;
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return EROFS;
	case SQLITE_CANTOPEN:
		return ENOENT;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_SCHEMA:
	case SQLITE_ERROR:
		return EINVAL;
	case SQLITE_NOMEM:
		return ENOMEM;
	default:
		return EIO;
	}
}

static const char *remedy(int err)
{
	switch (err) {
	case EAGAIN:
		return "; another program is writing";
	case ENOSPC:
		return "; make room on its file system";
	case EROFS:
		return "; it and its directory must be writable for the daemon's user";
	case ENOENT:
		return "; does its directory exist, and may we write there?";
	default:
		return "";
	}
}

static int fail(const struct store *store, int rc, const char *what, struct why *why)
{
	int err = errno_of(rc);

	/* The file beside it, of shared memory, does not fit: an I/O error to SQLite. */
	if (err == EIO && (sqlite3_system_errno(store->db) == ENOSPC || sqlite3_system_errno(store->db) == EDQUOT))
		err = ENOSPC;
	return why_set(why, err, "%s: %s: %s%s", store->path, what, sqlite3_errmsg(store->db), remedy(err));
}

static int prepare(struct store *store, enum statement which, sqlite3_stmt **ret, struct why *why)
{
	sqlite3_stmt **const s = &store->statements[which];

	*ret = NULL;
	if (*s == NULL) {
		const int rc = sqlite3_prepare_v3(store->db, sql[which], -1, SQLITE_PREPARE_PERSISTENT, s, NULL);

		if (rc != SQLITE_OK)
			return fail(store, rc, "cannot use it", why);
	}
	(void)sqlite3_reset(*s);
	*ret = *s;
	return 0;
}

/* Runs a statement that gives no rows. */
static int run(struct store *store, sqlite3_stmt *s, const char *what, struct why *why)
{
	const int rc = sqlite3_step(s);

	(void)sqlite3_reset(s);
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : fail(store, rc, what, why);
}

static int run_plain(struct store *store, enum statement which, const char *what, struct why *why)
{
	sqlite3_stmt *s;
	const int rc = prepare(store, which, &s, why);

	return rc < 0 ? rc : run(store, s, what, why);
}

static void bind_text(sqlite3_stmt *s, int i, const char *text)
{
	(void)sqlite3_bind_text(s, i, text, -1, SQLITE_STATIC);
}

static void bind_bytes(sqlite3_stmt *s, int i, struct span bytes)
{
	/* A NULL pointer would bind NULL. */
	(void)sqlite3_bind_blob(s, i, bytes.len > 0 ? bytes.p : "", (int)bytes.len, SQLITE_STATIC);
}

static void bind_net(sqlite3_stmt *s, int i, const struct net *net)
{
	char text[NET_TEXT_MAX];
	const size_t len = net_text(net, text);

	(void)sqlite3_bind_text(s, i, text, (int)len, SQLITE_TRANSIENT);
}

/* --- opening --- */

static int exec(struct store *store, const char *text, const char *what, struct why *why)
{
	const int rc = sqlite3_exec(store->db, text, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : fail(store, rc, what, why);
}

static int version(struct store *store, int64_t *ret, struct why *why)
{
	sqlite3_stmt *s;
	int rc = sqlite3_prepare_v2(store->db, "PRAGMA user_version", -1, &s, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(s);
	if (rc != SQLITE_ROW) {
		rc = fail(store, rc, "cannot read it", why);
		(void)sqlite3_finalize(s);
		return rc;
	}
	*ret = sqlite3_column_int64(s, 0);
	(void)sqlite3_finalize(s);
	return 0;
}

static int check_version(struct store *store, int64_t found, struct why *why)
{
	static const char tables[] = "SELECT count(*) = 5 FROM sqlite_master WHERE type = 'table' AND "
	                             "name IN ('log', 'rule', 'hit', 'block', 'daemon')";
	sqlite3_stmt *s;
	bool ours = false;

	/* Many programs count their versions from 1. */
	if (sqlite3_prepare_v2(store->db, tables, -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
		ours = sqlite3_column_int(s, 0) != 0;
	(void)sqlite3_finalize(s);
	if (ours && found == STORE_VERSION)
		return 0;
	if (ours && found > STORE_VERSION)
		return why_set(why, EINVAL, "%s: made by a newer watchforspammers (version %" PRId64 ", we know %d)",
		               store->path, found, STORE_VERSION);
	return why_set(why, EINVAL, "%s: not a database of watchforspammers; name another file in [database] path",
	               store->path);
}

/* Makes the tables in an empty database; two programs may try at once. */
static int create(struct store *store, struct why *why)
{
	int64_t found = 0;
	int rc;

	/* Both must stand before the first table. */
	if ((rc = exec(store, "PRAGMA page_size = 16384; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL", "cannot set it up",
	               why)) < 0 ||
	    (rc = exec(store, "BEGIN IMMEDIATE", "cannot set it up", why)) < 0)
		return rc;
	if ((rc = version(store, &found, why)) < 0 || found != 0)
		goto out;
	rc = exec(store, schema_sql, "cannot create the tables", why);
	if (rc == 0)
		rc = exec(store, "PRAGMA user_version = 1", "cannot create the tables", why);
out:
	if (rc == 0)
		rc = exec(store, "COMMIT", "cannot create the tables", why);
	if (rc < 0)
		(void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

/* Which start of the machine this is: a loss of power changes it, a kill does not. Empty where it cannot be read. */
static void boot_id(char out[static BOOT_ID_MAX])
{
	FILE *const f = fopen("/proc/sys/kernel/random/boot_id", "re");

	out[0] = '\0';
	if (f == NULL)
		return;
	if (fgets(out, BOOT_ID_MAX, f) == NULL)
		out[0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	(void)fclose(f);
}

/* A bulk that a loss of power cut off may have left anything on the disk; one that was killed has not. */
static int check_bulk(struct store *store, bool *ret_killed, struct why *why)
{
	char now[BOOT_ID_MAX];
	sqlite3_stmt *s;
	bool found = false, torn = false;

	boot_id(now);
	if (sqlite3_prepare_v2(store->db, "SELECT value FROM daemon WHERE key = 'bulk'", -1, &s, NULL) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW) {
		found = true;
		torn = strcmp((const char *)sqlite3_column_text(s, 0), now) != 0;
	}
	(void)sqlite3_finalize(s);
	*ret_killed = found && !torn;
	if (torn)
		return why_set(why, EIO, "%s: the machine stopped while a replay filled it, so it may be damaged; remove it and "
		                         "replay again", store->path);
	return 0;
}

static int open_for_writing(struct store *store, struct why *why)
{
	int64_t found = 0;
	bool killed;
	int rc;

	/* SQLite opens for reading what it may not write, and would stay so for ever. */
	if (sqlite3_db_readonly(store->db, "main") == 1)
		return why_set(why, EROFS, "%s: cannot write it%s", store->path, remedy(EROFS));
	(void)sqlite3_busy_timeout(store->db, 5000); /* setting up may wait for another that does the same */
	if ((rc = version(store, &found, why)) < 0)
		return rc;
	if (found == 0) {
		sqlite3_stmt *s;
		bool empty = false;

		/* Somebody else's database also has version 0. */
		if (sqlite3_prepare_v2(store->db, "SELECT count(*) = 0 FROM sqlite_master", -1, &s, NULL) == SQLITE_OK &&
		    sqlite3_step(s) == SQLITE_ROW)
			empty = sqlite3_column_int(s, 0) != 0;
		(void)sqlite3_finalize(s);
		if (empty && (rc = create(store, why)) < 0)
			return rc;
		store->fresh = empty;
		if ((rc = version(store, &found, why)) < 0)
			return rc;
	}
	if ((rc = check_version(store, found, why)) < 0 || (rc = check_bulk(store, &killed, why)) < 0)
		return rc;
	/* NORMAL keeps "exactly once" over power loss too: position and hits are lost or kept together. */
	rc = exec(store, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -4096; "
	          "PRAGMA wal_autocheckpoint = 256" /* 4 MiB */,
	          "cannot set it up", why);
	if (rc == 0 && killed) /* becoming WAL again brought all of it safely to the disk */
		rc = exec(store, "DELETE FROM daemon WHERE key = 'bulk'", "cannot set it up", why);
	(void)sqlite3_busy_timeout(store->db, STORE_BUSY_MS);
	return rc;
}

/* The file's name as SQLite's URI (RFC 3986: what has a meaning there stands as %XX); for sqlite3_free. */
static char *immutable(const char *path)
{
	sqlite3_str *const uri = sqlite3_str_new(NULL);
	char *text;

	sqlite3_str_appendall(uri, "file:");
	for (; *path != '\0'; path++)
		if (*path == '%' || *path == '?' || *path == '#')
			sqlite3_str_appendf(uri, "%%%02X", (unsigned char)*path);
		else
			sqlite3_str_appendchar(uri, 1, *path);
	sqlite3_str_appendall(uri, "?immutable=1");
	if ((text = sqlite3_str_finish(uri)) == NULL)
		abort();
	return text;
}

/* Reading needs the WAL's shared memory; who may not create it reads the file as it is on disk. */
static int open_for_reading(struct store *store, const char *path, struct why *why)
{
	int64_t found = 0;
	int rc;

	(void)sqlite3_busy_timeout(store->db, 5000);
	rc = version(store, &found, why);
	if (rc == -EROFS || rc == -ENOENT) {
		char *const uri = immutable(path);

		(void)sqlite3_close(store->db);
		store->db = NULL;
		if (sqlite3_open_v2(uri, &store->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) == SQLITE_OK)
			rc = version(store, &found, why);
		sqlite3_free(uri);
	}
	return rc < 0 ? rc : check_version(store, found, why);
}

int store_open(const char *path, enum store_mode mode, struct store **ret, struct why *why)
{
	struct store *const store = calloc(1, sizeof *store);
	const int flags = mode == STORE_WRITE ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
	int rc;

	assert(path != NULL || mode == STORE_WRITE);
	if (store == NULL || (store->path = strdup(path == NULL ? "database in memory" : path)) == NULL)
		abort();
	store->memory = path == NULL;
	/* SQLite keeps a nameless database in memory while it is small, and spills the rest to a temporary file. */
	rc = sqlite3_open_v2(path == NULL ? "" : path, &store->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc != SQLITE_OK)
		rc = fail(store, rc, "cannot open it", why);
	else
		rc = mode == STORE_WRITE ? open_for_writing(store, why) : open_for_reading(store, path, why);
	if (rc < 0) {
		store_close(store);
		return rc;
	}
	*ret = store;
	return 0;
}

void store_close(struct store *store)
{
	if (store == NULL)
		return;
	if (store->open)
		store_rollback(store);
	for (size_t i = 0; i < N_STATEMENTS; i++)
		(void)sqlite3_finalize(store->statements[i]);
	(void)sqlite3_close(store->db);
	free(store->path);
	free(store);
}

bool store_is_memory(const struct store *store)
{
	return store->memory;
}

struct sqlite3 *store_handle(struct store *store)
{
	return store->db;
}

int store_begin(struct store *store, struct why *why)
{
	int rc;

	if (store->open)
		return 0; /* bulk: the one before goes on */
	rc = run_plain(store, BEGIN, "cannot write", why);
	store->open = rc == 0;
	return rc;
}

static int commit(struct store *store, struct why *why)
{
	const int rc = run_plain(store, COMMIT, "cannot write", why);

	if (rc < 0)
		store_rollback(store);
	store->open = false;
	store->uncommitted = 0;
	return rc;
}

int store_commit(struct store *store, struct why *why)
{
	if (!store_commits_next(store)) {
		store->uncommitted++;
		return 0;
	}
	return commit(store, why);
}

void store_rollback(struct store *store)
{
	struct why ignored; /* after a full disk SQLite may have rolled back by itself */

	(void)run_plain(store, ROLLBACK, "", &ignored);
	store->open = false;
	store->uncommitted = 0;
}

/* --- bulk --- */

int store_bulk_begin(struct store *store, struct why *why)
{
	char id[BOOT_ID_MAX];
	int rc = 0;

	assert(!store->open);
	if (store->fresh) {
		boot_id(id);
		rc = store_say(store, "bulk", id, why);
		if (rc == 0)
			rc = exec(store, "PRAGMA journal_mode = TRUNCATE; PRAGMA locking_mode = EXCLUSIVE; "
			                 "PRAGMA synchronous = OFF; PRAGMA cache_size = -8192", "cannot set it up", why);
	}
	store->bulk = rc == 0;
	return rc;
}

bool store_commits_next(const struct store *store)
{
	return !store->bulk || store->uncommitted + 1 >= STORE_BULK_COMMITS;
}

int store_bulk_end(struct store *store, struct why *why)
{
	int rc = store->open ? commit(store, why) : 0;

	store->bulk = false;
	if (rc < 0 || !store->fresh)
		return rc;
	/* One transaction with synchronous on brings all that was written before to the disk as well. */
	return exec(store, "PRAGMA synchronous = FULL; DELETE FROM daemon WHERE key = 'bulk'; PRAGMA locking_mode = NORMAL; PRAGMA journal_mode = WAL; "
	                   "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -4096", "cannot finish it", why);
}

/* --- logs and rules --- */

int store_log_find(struct store *store, struct span first, int64_t below_id, struct store_log *ret,
                   struct why *why)
{
	struct store_log log = {0};
	sqlite3_stmt *s;
	int rc = prepare(store, LOG_FIND, &s, why);

	assert(first.len <= STORE_FIRST_MAX);
	if (rc < 0)
		return rc;
	bind_bytes(s, 1, first);
	(void)sqlite3_bind_int64(s, 2, below_id);
	rc = sqlite3_step(s);
	if (rc == SQLITE_ROW) {
		const size_t len = (size_t)sqlite3_column_bytes(s, 6);

		log.id = sqlite3_column_int64(s, 0);
		log.position = sqlite3_column_int64(s, 1);
		log.lines = sqlite3_column_int64(s, 2);
		log.cut = sqlite3_column_int64(s, 3);
		log.unparsed = sqlite3_column_int64(s, 4);
		log.last_line_at = sqlite3_column_int64(s, 5);
		log.last_len = len < sizeof log.last ? len : sizeof log.last;
		if (log.last_len > 0)
			memcpy(log.last, sqlite3_column_blob(s, 6), log.last_len);
	}
	(void)sqlite3_reset(s);
	if (rc == SQLITE_DONE)
		return STORE_NONE;
	if (rc != SQLITE_ROW)
		return fail(store, rc, "cannot read", why);
	*ret = log;
	return 0;
}

int store_log_add(struct store *store, const char *path, struct span first, int64_t *ret_id, struct why *why)
{
	sqlite3_stmt *s;
	int rc = prepare(store, LOG_ADD, &s, why);

	assert(first.len <= STORE_FIRST_MAX);
	if (rc < 0)
		return rc;
	bind_text(s, 1, path);
	bind_bytes(s, 2, first);
	if ((rc = run(store, s, "cannot write", why)) < 0)
		return rc;
	*ret_id = sqlite3_last_insert_rowid(store->db);
	return 0;
}

int store_log_put(struct store *store, const struct store_log *log, const char *path, struct why *why)
{
	sqlite3_stmt *s;
	const int rc = prepare(store, LOG_PUT, &s, why);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(s, 1, log->id);
	bind_text(s, 2, path);
	(void)sqlite3_bind_int64(s, 3, log->position);
	(void)sqlite3_bind_int64(s, 4, log->lines);
	(void)sqlite3_bind_int64(s, 5, log->cut);
	(void)sqlite3_bind_int64(s, 6, log->unparsed);
	(void)sqlite3_bind_int64(s, 7, log->last_line_at);
	bind_bytes(s, 8, (struct span){log->last, log->last_len});
	return run(store, s, "cannot write", why);
}

/* One number from a statement that is bound; STORE_NONE for no row or null. */
static int one_number(struct store *store, sqlite3_stmt *s, int64_t *ret, struct why *why)
{
	const int rc = sqlite3_step(s);
	const bool some = rc == SQLITE_ROW && sqlite3_column_type(s, 0) != SQLITE_NULL;

	if (some)
		*ret = sqlite3_column_int64(s, 0);
	(void)sqlite3_reset(s);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return fail(store, rc, "cannot read", why);
	return some ? 0 : STORE_NONE;
}

int store_log_of_path(struct store *store, const char *path, int64_t *ret_id, struct why *why)
{
	sqlite3_stmt *s;
	const int rc = prepare(store, LOG_OF_PATH, &s, why);

	if (rc < 0)
		return rc;
	bind_text(s, 1, path);
	return one_number(store, s, ret_id, why);
}

int store_rule(struct store *store, const char *name, const char *category, const char *reason,
               int64_t *ret_id, struct why *why)
{
	static const enum statement both[] = {RULE_FIND, RULE_ADD};
	sqlite3_stmt *s;

	for (size_t i = 0; i < 2; i++) {
		int rc = prepare(store, both[i], &s, why);

		if (rc < 0)
			return rc;
		bind_text(s, 1, name);
		bind_text(s, 2, category);
		bind_text(s, 3, reason);
		if (both[i] == RULE_ADD) {
			if ((rc = run(store, s, "cannot write", why)) == 0)
				*ret_id = sqlite3_last_insert_rowid(store->db);
			return rc;
		}
		if ((rc = one_number(store, s, ret_id, why)) != STORE_NONE)
			return rc;
	}
	return 0;
}

/* --- hits and blocks --- */

int store_add_hit(struct store *store, const struct store_hit *hit, struct why *why)
{
	char address[ADDR_TEXT_MAX];
	sqlite3_stmt *s;
	const int rc = prepare(store, HIT_ADD, &s, why);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(s, 1, hit->time_s);
	(void)sqlite3_bind_text(s, 2, address, (int)addr_text(&hit->address, address), SQLITE_STATIC);
	(void)sqlite3_bind_int64(s, 3, hit->rule);
	(void)sqlite3_bind_int(s, 4, hit->score);
	(void)sqlite3_bind_int(s, 5, hit->ignored);
	(void)sqlite3_bind_int64(s, 6, hit->log);
	(void)sqlite3_bind_int64(s, 7, hit->offset);
	/* A NULL pointer binds NULL. */
	(void)sqlite3_bind_text(s, 8, hit->detail.p, (int)hit->detail.len, SQLITE_STATIC);
	(void)sqlite3_bind_text(s, 9, hit->text.p, (int)hit->text.len, SQLITE_STATIC);
	return run(store, s, "cannot write", why);
}

int store_add_block(struct store *store, const struct store_block *block, struct why *why)
{
	sqlite3_stmt *s;
	const int rc = prepare(store, BLOCK_ADD, &s, why);

	if (rc < 0)
		return rc;
	bind_net(s, 1, &block->net);
	(void)sqlite3_bind_int64(s, 2, block->since_s);
	(void)sqlite3_bind_int64(s, 3, block->until_s);
	(void)sqlite3_bind_int64(s, 4, block->offence);
	(void)sqlite3_bind_int64(s, 5, block->rule);
	(void)sqlite3_bind_int(s, 6, (int)block->cause);
	(void)sqlite3_bind_int(s, 7, block->proven);
	return run(store, s, "cannot write", why);
}

int store_knock(struct store *store, int64_t block_id, int64_t at_s, int64_t until_s, struct why *why)
{
	sqlite3_stmt *s;
	const int rc = prepare(store, BLOCK_EXTEND, &s, why);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(s, 1, block_id);
	(void)sqlite3_bind_int64(s, 2, until_s);
	(void)sqlite3_bind_int64(s, 3, at_s);
	return run(store, s, "cannot write", why);
}

int store_prolong(struct store *store, const struct net *net, enum store_cause cause, int64_t at_s, int64_t until_s,
                  struct why *why)
{
	sqlite3_stmt *s;
	const int rc = prepare(store, BLOCK_PROLONG, &s, why);

	if (rc < 0)
		return rc;
	bind_net(s, 1, net);
	(void)sqlite3_bind_int(s, 2, (int)cause);
	(void)sqlite3_bind_int64(s, 3, at_s);
	(void)sqlite3_bind_int64(s, 4, until_s);
	return run(store, s, "cannot write", why);
}

int store_end(struct store *store, const struct net *net, int64_t at_s, const char *by, struct why *why)
{
	sqlite3_stmt *s;
	const int rc = prepare(store, BLOCK_END, &s, why);

	if (rc < 0)
		return rc;
	bind_net(s, 1, net);
	(void)sqlite3_bind_int64(s, 2, at_s);
	bind_text(s, 3, by);
	return run(store, s, "cannot write", why);
}

int store_end_one(struct store *store, int64_t block_id, int64_t at_s, const char *by, struct why *why)
{
	sqlite3_stmt *s;
	const int rc = prepare(store, BLOCK_END_ONE, &s, why);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(s, 1, block_id);
	(void)sqlite3_bind_int64(s, 2, at_s);
	bind_text(s, 3, by);
	return run(store, s, "cannot write", why);
}

int store_end_cause(struct store *store, const struct net *net, enum store_cause cause, int64_t at_s, const char *by,
                    struct why *why)
{
	sqlite3_stmt *s;
	const int rc = prepare(store, BLOCK_END_CAUSE, &s, why);

	if (rc < 0)
		return rc;
	bind_net(s, 1, net);
	(void)sqlite3_bind_int64(s, 2, at_s);
	bind_text(s, 3, by);
	(void)sqlite3_bind_int(s, 4, (int)cause);
	return run(store, s, "cannot write", why);
}

/* --- the good, the allowed, the suspended --- */

int store_add_good(struct store *store, const struct net *net, int64_t time_s, int64_t times, struct why *why)
{
	sqlite3_stmt *s;
	const int rc = prepare(store, GOOD_ADD, &s, why);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(s, 1, time_s / 86400);
	bind_net(s, 2, net);
	(void)sqlite3_bind_int64(s, 3, times);
	(void)sqlite3_bind_int64(s, 4, time_s);
	return run(store, s, "cannot write", why);
}

int store_add_credit(struct store *store, const struct net *net, int64_t time_s, int score, struct why *why)
{
	sqlite3_stmt *s;
	const int rc = prepare(store, CREDIT_ADD, &s, why);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(s, 1, time_s);
	bind_net(s, 2, net);
	(void)sqlite3_bind_int(s, 3, score);
	return run(store, s, "cannot write", why);
}

int store_end_allowance(struct store *store, const struct net *net, int64_t at_s, struct why *why)
{
	sqlite3_stmt *s;
	const int rc = prepare(store, ALLOWANCE_END, &s, why);

	if (rc < 0)
		return rc;
	bind_net(s, 1, net);
	(void)sqlite3_bind_int64(s, 2, at_s);
	return run(store, s, "cannot write", why);
}

int store_add_allowance(struct store *store, const struct net *net, int64_t since_s, int64_t until_s, const char *cause,
                        const char *text, struct why *why)
{
	sqlite3_stmt *s;
	int rc = store_end_allowance(store, net, since_s, why);

	if (rc < 0 || (rc = prepare(store, ALLOWANCE_ADD, &s, why)) < 0)
		return rc;
	bind_net(s, 1, net);
	(void)sqlite3_bind_int64(s, 2, since_s);
	(void)sqlite3_bind_int64(s, 3, until_s);
	bind_text(s, 4, cause);
	bind_text(s, 5, text);
	return run(store, s, "cannot write", why);
}

int store_add_attempt(struct store *store, const struct store_attempt *attempt, struct why *why)
{
	char address[ADDR_TEXT_MAX];
	sqlite3_stmt *s;
	const int rc = prepare(store, ATTEMPT_ADD, &s, why);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(s, 1, attempt->time_s);
	(void)sqlite3_bind_text(s, 2, address, (int)addr_text(&attempt->address, address), SQLITE_STATIC);
	bind_bytes(s, 3, attempt->from);
	bind_bytes(s, 4, attempt->to);
	bind_bytes(s, 5, attempt->helo);
	return run(store, s, "cannot write", why);
}

int store_suspend(struct store *store, const char *rule, int64_t at_s, const char *text, struct why *why)
{
	sqlite3_stmt *s;
	const int rc = prepare(store, SUSPEND, &s, why);

	if (rc < 0)
		return rc;
	bind_text(s, 1, rule);
	(void)sqlite3_bind_int64(s, 2, at_s);
	bind_text(s, 3, text);
	return run(store, s, "cannot write", why);
}

int store_resume(struct store *store, const char *rule, int64_t at_s, struct why *why)
{
	sqlite3_stmt *s;
	int rc = prepare(store, RESUME, &s, why);

	if (rc < 0)
		return rc;
	bind_text(s, 1, rule);
	(void)sqlite3_bind_int64(s, 2, at_s);
	rc = run(store, s, "cannot write", why);
	return rc == 0 && sqlite3_changes(store->db) == 0 ? STORE_NONE : rc;
}

int store_next_expiry(struct store *store, int64_t now_s, int64_t *ret_s, struct why *why)
{
	sqlite3_stmt *s;
	const int rc = prepare(store, NEXT_EXPIRY, &s, why);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(s, 1, now_s);
	return one_number(store, s, ret_s, why);
}

/* Each statement takes a time and a number. */
static int purge(struct store *store, const enum statement *which, size_t n_which, int64_t before_s, size_t n_max,
                 size_t *ret_n, struct why *why)
{
	size_t n = 0;

	for (size_t i = 0; i < n_which; i++) {
		sqlite3_stmt *s;
		int rc = prepare(store, which[i], &s, why);

		if (rc < 0)
			return rc;
		(void)sqlite3_bind_int64(s, 1, before_s);
		(void)sqlite3_bind_int64(s, 2, (sqlite3_int64)n_max);
		if ((rc = run(store, s, "cannot write", why)) < 0)
			return rc;
		n += (size_t)sqlite3_changes(store->db);
	}
	*ret_n = n;
	return 0;
}

int store_purge(struct store *store, int64_t before_s, size_t n_max, size_t *ret_n, struct why *why)
{
	static const enum statement both[] = {PURGE_HITS, PURGE_BLOCKS};

	return purge(store, both, 2, before_s, n_max, ret_n, why);
}

int store_purge_good(struct store *store, int64_t before_s, int64_t credit_s, size_t n_max, size_t *ret_n,
                     struct why *why)
{
	static const enum statement old[] = {PURGE_GOOD, PURGE_ALLOWANCES, PURGE_SUSPENSIONS, PURGE_ATTEMPTS}, credit[] = {PURGE_CREDIT};
	size_t n = 0, n_credit = 0;
	int rc = purge(store, old, sizeof old / sizeof *old, before_s, n_max, &n, why);

	if (rc == 0 && (rc = purge(store, credit, 1, credit_s, n_max, &n_credit, why)) == 0)
		*ret_n = n + n_credit;
	return rc;
}

static int pragma_number(struct store *store, const char *text, int64_t *ret, struct why *why)
{
	sqlite3_stmt *s;
	int rc = sqlite3_prepare_v2(store->db, text, -1, &s, NULL);

	if (rc != SQLITE_OK)
		return fail(store, rc, "cannot read", why);
	rc = one_number(store, s, ret, why);
	(void)sqlite3_finalize(s);
	return rc;
}

int store_shrink(struct store *store, unsigned n_pages, struct why *why)
{
	char vacuum[64];
	int64_t empty = 0;
	int rc = pragma_number(store, "PRAGMA freelist_count", &empty, why);

	if (rc < 0)
		return rc;
	if (empty > 0) {
		(void)snprintf(vacuum, sizeof vacuum, "PRAGMA incremental_vacuum(%u)", n_pages);
		if ((rc = exec(store, vacuum, "cannot shrink it", why)) < 0 || empty > (int64_t)n_pages)
			return rc;
	}
	/* With a reader in the way it empties less, which is no error. */
	rc = exec(store, "PRAGMA wal_checkpoint(TRUNCATE)", "cannot shrink it", why);
	return rc < 0 && rc != -EAGAIN ? rc : STORE_NONE;
}

/* --- walks --- */

static int begin_walk(struct store *store, enum statement which, int64_t since_s, struct why *why)
{
	sqlite3_stmt *s;
	int rc;

	(void)sqlite3_reset(store->statements[store->walk]); /* a walk left half way would hold a read lock */
	if ((rc = prepare(store, which, &s, why)) < 0)
		return rc;
	(void)sqlite3_bind_int64(s, 1, since_s);
	store->walk = which;
	return 0;
}

int store_running(struct store *store, int64_t now_s, struct why *why)
{
	return begin_walk(store, RUNNING, now_s, why);
}

int store_blocks_since(struct store *store, int64_t since_s, struct why *why)
{
	return begin_walk(store, BLOCKS_SINCE, since_s, why);
}

int store_hits_since(struct store *store, int64_t since_s, struct why *why)
{
	return begin_walk(store, HITS_SINCE, since_s, why);
}

/* The next row of the walk: 0, STORE_NONE, or an error. */
static int walk_on(struct store *store, sqlite3_stmt **ret, struct why *why)
{
	sqlite3_stmt *const s = store->statements[store->walk];
	const int rc = sqlite3_step(s);

	*ret = s;
	if (rc == SQLITE_ROW)
		return 0;
	(void)sqlite3_reset(s);
	return rc == SQLITE_DONE ? STORE_NONE : fail(store, rc, "cannot read", why);
}

static int bad_address(const struct store *store, const char *table, struct why *why)
{
	return why_set(why, EINVAL, "%s: an address in table %s is none; was it edited by hand?", store->path, table);
}

int store_next_block(struct store *store, struct store_block *ret, struct why *why)
{
	sqlite3_stmt *s;
	const int rc = walk_on(store, &s, why);
	struct store_block block = {0};
	const char *text;

	if (rc != 0)
		return rc;
	text = (const char *)sqlite3_column_text(s, 1);
	if (text == NULL || !net_parse(text, strlen(text), &block.net)) {
		(void)sqlite3_reset(s);
		return bad_address(store, "block", why);
	}
	block.id = sqlite3_column_int64(s, 0);
	block.since_s = sqlite3_column_int64(s, 2);
	block.until_s = sqlite3_column_int64(s, 3);
	block.offence = (unsigned)sqlite3_column_int(s, 4);
	block.rule = sqlite3_column_int64(s, 5);
	block.cause = (enum store_cause)sqlite3_column_int(s, 6);
	block.proven = sqlite3_column_int(s, 7) != 0;
	block.rule_name = (const char *)sqlite3_column_text(s, 8);
	*ret = block;
	return 0;
}

int store_next_hit(struct store *store, struct store_hit *ret, struct why *why)
{
	sqlite3_stmt *s;
	const int rc = walk_on(store, &s, why);
	struct store_hit hit = {0};
	const char *text;

	if (rc != 0)
		return rc;
	text = (const char *)sqlite3_column_text(s, 1);
	if (text == NULL || !addr_parse(text, strlen(text), &hit.address)) {
		(void)sqlite3_reset(s);
		return bad_address(store, "hit", why);
	}
	hit.time_s = sqlite3_column_int64(s, 0);
	hit.score = sqlite3_column_int(s, 2);
	*ret = hit;
	return 0;
}

int store_good_since(struct store *store, int64_t day, struct why *why)
{
	return begin_walk(store, GOOD_SINCE, day, why);
}

int store_credit_since(struct store *store, int64_t since_s, struct why *why)
{
	return begin_walk(store, CREDIT_SINCE, since_s, why);
}

int store_allowances(struct store *store, int64_t now_s, struct why *why)
{
	return begin_walk(store, ALLOWANCES, now_s, why);
}

int store_next_good(struct store *store, struct store_good *ret, struct why *why)
{
	sqlite3_stmt *s;
	const int rc = walk_on(store, &s, why);
	struct store_good good = {0};
	const char *text;

	if (rc != 0)
		return rc;
	text = (const char *)sqlite3_column_text(s, 0);
	if (text == NULL || !net_parse(text, strlen(text), &good.net)) {
		(void)sqlite3_reset(s);
		return bad_address(store, "good, credit or allowance", why);
	}
	good.day = sqlite3_column_int64(s, 1);
	good.time_s = sqlite3_column_int64(s, 2);
	good.score = sqlite3_column_int(s, 3);
	good.until_s = sqlite3_column_int64(s, 4);
	*ret = good;
	return 0;
}

int store_attempts_since(struct store *store, int64_t since_s, struct why *why)
{
	return begin_walk(store, ATTEMPTS_SINCE, since_s, why);
}

static struct span column_bytes(sqlite3_stmt *s, int column)
{
	const char *const bytes = sqlite3_column_blob(s, column); /* NULL for none */

	return (struct span){bytes == NULL ? "" : bytes, (size_t)sqlite3_column_bytes(s, column)};
}

int store_next_attempt(struct store *store, struct store_attempt *ret, struct why *why)
{
	sqlite3_stmt *s;
	const int rc = walk_on(store, &s, why);
	const char *text;

	if (rc != 0)
		return rc;
	text = (const char *)sqlite3_column_text(s, 1);
	if (text == NULL || !addr_parse(text, strlen(text), &ret->address)) {
		(void)sqlite3_reset(s);
		return bad_address(store, "attempt", why);
	}
	ret->time_s = sqlite3_column_int64(s, 0);
	ret->from = column_bytes(s, 2);
	ret->to = column_bytes(s, 3);
	ret->helo = column_bytes(s, 4);
	return 0;
}

int store_suspensions(struct store *store, struct why *why)
{
	return begin_walk(store, SUSPENSIONS, 0, why);
}

int store_next_suspension(struct store *store, const char **ret_rule, struct why *why)
{
	sqlite3_stmt *s;
	const int rc = walk_on(store, &s, why);

	if (rc == 0)
		*ret_rule = (const char *)sqlite3_column_text(s, 0);
	return rc;
}

int store_say(struct store *store, const char *key, const char *value, struct why *why)
{
	sqlite3_stmt *s;
	const int rc = prepare(store, SAY, &s, why);

	if (rc < 0)
		return rc;
	bind_text(s, 1, key);
	bind_text(s, 2, value);
	return run(store, s, "cannot write", why);
}
