#include "store/store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "store/batch.h"
#include "store/hit_index.h"
#include "store/mend.h"
#include "store/migrate.h"
#include "store/running.h"

enum {
	BOOT_ID_MAX = 64,
	USER_MAX = 64, /* bytes of a user name in messages; longer ones are truncated */
	BULK_WRITES =
		8, /* deferred store_commits between starts of write-back: starting it for much data would block */
};

static const char *const beside[] = {"-wal", "-shm"};

static int version(struct store *store, int64_t *ret, struct why *why)
{
	return sql_once(store, "PRAGMA user_version", ret, why);
}

static int check_version(struct store *store, int64_t found, struct why *why)
{
	/* user_version is not proof: many programs count their versions from 1. */
	static const char tables[] = "SELECT count(*) = 5 FROM sqlite_master WHERE type = 'table' AND "
				     "name IN ('log', 'rule', 'hit', 'block', 'daemon')";
	int64_t ours = 0;
	const int rc = sql_once(store, tables, &ours, why);

	if (rc < 0 || (ours && found > 0 && found <= STORE_VERSION))
		return rc;
	if (ours && found > STORE_VERSION)
		return why_set(why, EINVAL,
		               "%s: created by a newer watchforspammers (version %" PRId64
		               ", this one supports %d); install that one, or name another file in [database] path",
		               store->path, found, STORE_VERSION);
	return why_set(why, EINVAL, "%s: not a database of watchforspammers; name another file in [database] path",
	               store->path);
}

/* Creates the tables in an empty database; two programs may try at the same time. */
static int create(struct store *store, struct why *why)
{
	int64_t found = 0;
	int rc;

	/* Both must be set before the first table is created. */
	if ((rc = sql_exec(store,
	                   "PRAGMA page_size = 16384; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL",
	                   "cannot set it up", why)) < 0 ||
	    (rc = sql_exec(store, "BEGIN IMMEDIATE", "cannot set it up", why)) < 0)
		return rc;
	if ((rc = version(store, &found, why)) < 0 || found != 0)
		goto out;
	rc = migrate_complete(store, why);
out:
	if (rc == 0)
		rc = sql_exec(store, "COMMIT", "cannot create the tables", why);
	if (rc < 0)
		(void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

/* Reads the machine's boot id: a power loss changes it, a kill does not. Empty if it cannot be read. */
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

/*
 * Checks for an interrupted bulk load. After a power loss the file may contain anything; after a kill it is intact, and
 * *ret_killed is true.
 */
static int check_bulk(struct store *store, bool *ret_killed, struct why *why)
{
	sqlite3_stmt *const s = sql_statement(store, BULK, "SELECT value = ?1 FROM daemon WHERE key = 'bulk'");
	char now[BOOT_ID_MAX];
	int64_t same = 0;
	int rc;

	boot_id(now);
	sql_bind_text(s, 1, now);
	if ((rc = sql_number(store, s, &same, why)) < 0)
		return rc;
	if (rc == 0 && !same)
		return why_set(why, EUCLEAN,
		               "%s: the machine stopped while a replay filled it, so it may be damaged; "
		               "remove it and replay again",
		               store->path);
	*ret_killed = rc == 0;
	return 0;
}

static void user_name(uid_t uid, char out[static USER_MAX])
{
	const struct passwd *const pw = getpwuid(uid);

	if (pw != NULL)
		(void)snprintf(out, USER_MAX, "%s", pw->pw_name);
	else
		(void)snprintf(out, USER_MAX, "%u", (unsigned)uid);
}

/*
 * Where SQLite's message misleads: explains that the file or one beside it cannot be written because of its owner, and
 * gives the remedy. If that is not the cause, returns rc and leaves why unchanged.
 */
static int explain_owner(const struct store *store, int rc, struct why *why)
{
	const char *const slash = strrchr(store->path, '/');
	char owner[USER_MAX], we[USER_MAX], name[PATH_MAX];
	struct stat st;

	user_name(geteuid(), we);
	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(name, sizeof name, "%s%s", store->path, i == 0 ? "" : beside[i - 1]);
		if (stat(name, &st) < 0 || !S_ISREG(st.st_mode) ||
		    faccessat(AT_FDCWD, name, R_OK | W_OK, AT_EACCESS) == 0)
			continue;
		if (errno == EROFS)
			return why_set(why, EROFS, "%s: cannot write it: %s", name, strerror(EROFS));
		user_name(st.st_uid, owner);
		if (st.st_uid == geteuid())
			return why_set(why, EROFS,
			               "%s: cannot write it: it must be writable, and its mode is %04o; chmod u+rw %s*",
			               name, (unsigned)(st.st_mode & 07777), store->path);
		return why_set(why, EROFS,
		               "%s: cannot write it: it belongs to user %s (mode %04o) and must be writable for user "
		               "%s; as root: chown %s: %s*",
		               name, owner, (unsigned)(st.st_mode & 07777), we, we, store->path);
	}
	(void)snprintf(name, sizeof name, "%.*s", slash == NULL ? 1 : (int)(slash - store->path) + 1,
	               slash == NULL ? "." : store->path);
	if (stat(name, &st) < 0 || faccessat(AT_FDCWD, name, W_OK | X_OK, AT_EACCESS) == 0)
		return rc;
	user_name(st.st_uid, owner);
	return why_set(why, -rc,
	               "%s: cannot write in its directory, which belongs to user %s (mode %04o) and must be writable "
	               "for user %s",
	               store->path, owner, (unsigned)(st.st_mode & 07777), we);
}

/* Remembers the inodes of the files beside the database, which later identify them: see store_leave. */
static void know_beside(struct store *store)
{
	for (size_t i = 0; i < 2; i++) {
		char name[PATH_MAX];
		struct stat st;

		(void)snprintf(name, sizeof name, "%s%s", store->path, beside[i]);
		if (stat(name, &st) < 0)
			continue;
		store->beside[i].dev = st.st_dev;
		store->beside[i].ino = st.st_ino;
	}
}

/*
 * For a database that is written; a fill uses others. NORMAL guarantees "exactly once" even over a power loss: a
 * position and its hits are lost or kept together. What is deleted is overwritten: the default of Debian, not of
 * SQLite.
 */
#define SETTINGS                                                                                                       \
	"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON; PRAGMA cache_size = -4096; "

static int open_for_writing(struct store *store, struct why *why)
{
	int64_t found = 0;
	bool killed = false;
	int rc;

	/* SQLite opens a file that it may not write as read-only, and would keep it so for ever. */
	if (sqlite3_db_readonly(store->db, "main") == 1)
		return why_set(why, EROFS, "%s: cannot write it%s", store->path, sql_remedy(EROFS));
	(void)sqlite3_busy_timeout(store->db, 5000); /* another process may be setting it up at the same time */
	if ((rc = version(store, &found, why)) < 0)
		return rc;
	if (found == 0) {
		int64_t empty = 0;

		/* Another program's database also has version 0. */
		if ((rc = sql_once(store, "SELECT count(*) = 0 FROM sqlite_master", &empty, why)) < 0)
			return rc;
		if (empty && (rc = create(store, why)) < 0)
			return rc;
		store->fresh = empty != 0;
		if ((rc = version(store, &found, why)) < 0)
			return rc;
	}
	if ((rc = check_version(store, found, why)) < 0 || (rc = check_bulk(store, &killed, why)) < 0)
		return rc;
	if (found < STORE_VERSION && (rc = migrate(store, why)) < 0)
		return rc;
	rc = sql_exec(store, SETTINGS "PRAGMA wal_autocheckpoint = 256" /* 4 MiB */, "cannot set it up", why);
	if (rc == 0 && killed) /* switching back to WAL synced everything to disk */
		rc = migrate_complete(store, why);
	if (rc == 0 && killed)
		rc = sql_exec(store, "DELETE FROM daemon WHERE key = 'bulk'", "cannot set it up", why);
	(void)sqlite3_busy_timeout(store->db, STORE_BUSY_MS);
	if (rc == 0)
		rc = version(store, &found, why); /* the files exist now, for know_beside */
	know_beside(store);
	return rc;
}

/* Returns the path as an SQLite URI (RFC 3986: reserved characters are written as %XX). Free it with sqlite3_free. */
static char *immutable(const char *path)
{
	sqlite3_str *const uri = sqlite3_str_new(NULL);

	sqlite3_str_appendall(uri, "file:");
	for (; *path != '\0'; path++)
		if (*path == '%' || *path == '?' || *path == '#')
			sqlite3_str_appendf(uri, "%%%02X", (unsigned char)*path);
		else
			sqlite3_str_appendchar(uri, 1, *path);
	sqlite3_str_appendall(uri, "?immutable=1");
	return alloc_check(sqlite3_str_finish(uri), 0, "the name of the database");
}

/* Reading needs the WAL's shared memory. A user who may not create it reads only what is in the file itself. */
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
	if (rc < 0 || (rc = check_version(store, found, why)) < 0)
		return rc;
	if (found < STORE_VERSION)
		return why_set(why, EINVAL,
		               "%s: created by an older watchforspammers (version %" PRId64
		               ", this one reads %d); the daemon "
		               "converts it when it starts: systemctl start watchforspammers",
		               store->path, found, STORE_VERSION);
	return 0;
}

void store_temp_beside(const char *path)
{
	const char *const slash = strrchr(path, '/');
	char *const dir =
		alloc_text_n(slash == NULL ? "." : path, slash == NULL ? 1 : (size_t)(slash - path) + 1, "a path");

	if (setenv("SQLITE_TMPDIR", dir, 1) < 0)
		alloc_failed(0, "SQLITE_TMPDIR in the environment");
	free(dir);
}

int store_open(const char *path, enum store_mode mode, struct store **ret, struct why *why)
{
	struct store *const store = alloc_zero(1, sizeof *store, "the database");
	const int flags = mode == STORE_WRITE ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
	int rc;

	assert(path != NULL || mode == STORE_WRITE);
	store->path = alloc_text(path == NULL ? "database in memory" : path, "the database");
	store->memory = path == NULL;
	store->bulk_fd = -1;
	/*
	 * SQLite keeps a database without a name in memory while it is small, and spills the rest to a temporary file.
	 */
	rc = sqlite3_open_v2(path == NULL ? "" : path, &store->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc != SQLITE_OK)
		rc = sql_fail(store, "cannot open it", why);
	else
		rc = mode == STORE_WRITE ? open_for_writing(store, why) : open_for_reading(store, path, why);
	if (rc == 0)
		rc = batch_register(store, why);
	if (rc == 0)
		rc = hit_index_functions(store, why);
	if (rc == 0)
		rc = sql_functions(store, why);
	if ((rc == -EROFS || rc == -ENOENT) && mode == STORE_WRITE && path != NULL)
		rc = explain_owner(store, rc, why);
	if (rc < 0) {
		store_close(store);
		return rc;
	}
	store->writes = mode == STORE_WRITE && path != NULL;
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
		(void)sqlite3_finalize(store->statements[i].prepared);
	/*
	 * Without WAL, a user who may read the file but not write beside it can read it with sqlite3. Does nothing
	 * while others have it open. Must not be done if the path no longer names our file, because it would affect the
	 * file of that name.
	 */
	if (store->writes && !store->bulk && store_health(store) == STORE_FINE)
		(void)sqlite3_exec(store->db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
	(void)sqlite3_close(store->db);
	if (store->bulk_fd >= 0)
		/* after SQLite: closing any descriptor of a file drops its locks (fcntl(2)) */
		(void)close(store->bulk_fd);
	hit_index_free(store->hit_index);
	running_free(store->running);
	daily_done(&store->daily);
	free(store->path);
	free(store);
}

void store_hurry(struct store *store)
{
	(void)sqlite3_busy_timeout(store->db, STORE_HURRY_MS);
}

bool store_is_memory(const struct store *store)
{
	return store->memory;
}

int store_begin(struct store *store, struct why *why)
{
	int rc;

	if (store->open)
		return 0; /* bulk: the open transaction continues */
	rc = sql_run(store, sql_statement(store, BEGIN, "BEGIN IMMEDIATE"), why);
	store->open = rc == 0;
	return rc;
}

static int commit(struct store *store, struct why *why)
{
	int rc = daily_write(&store->daily, store, why);

	if (rc == 0 && store->running != NULL)
		rc = running_write(store->running, why);
	if (rc == 0)
		rc = sql_run(store, sql_statement(store, COMMIT, "COMMIT"), why);
	if (rc < 0)
		store_rollback(store);
	store->open = store->due = false;
	store->uncommitted = 0;
	return rc;
}

int store_commit(struct store *store, struct why *why)
{
	if (store_commits_next(store))
		return commit(store, why);
	/* Starts writing to disk now, so that less is left to wait for at the end. Only a hint. */
	if (++store->uncommitted % BULK_WRITES == 0 && store->bulk_fd >= 0)
		(void)sync_file_range(store->bulk_fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	return 0;
}

void store_rollback(struct store *store)
{
	struct why ignored; /* after a full disk SQLite may have rolled back by itself */

	(void)sql_run(store, sql_statement(store, ROLLBACK, "ROLLBACK"), &ignored);
	daily_clear(&store->daily);
	if (store->hit_index != NULL)
		hit_index_forget(store->hit_index);
	if (store->running != NULL)
		running_forget(store->running);
	store->open = false;
	store->uncommitted = 0;
}

int store_finish(struct store *store, int rc, struct why *why)
{
	if (rc == 0)
		return store_commit(store, why);
	store_rollback(store);
	return rc;
}

/* --- bulk --- */

int store_bulk_begin(struct store *store, struct why *why)
{
	char id[BOOT_ID_MAX];
	int rc = 0;

	assert(!store->open);
	store->bulk = true;
	if (store->memory) /* nothing of it remains */
		return 0;
	if (store->fresh) {
		boot_id(id);
		/* Exclusive first: no other process may read the mark that follows, or find it if this fails. */
		rc = sql_exec(store, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = TRUNCATE",
		              "cannot set it up", why);
		if (rc == 0)
			rc = store_state_set(store, "bulk", id, why);
		if (rc == 0)
			rc = sql_exec(store,
			              "PRAGMA synchronous = OFF; PRAGMA cache_size = -1024; "
			              "DROP INDEX block_address; DROP INDEX block_until; DROP TRIGGER event_block; "
			              "DROP TRIGGER event_extend; DROP TRIGGER event_lift; DROP TRIGGER event_allow; "
			              "DROP TRIGGER event_disallow",
			              "cannot set it up", why);
		if (rc == 0 && store->bulk_fd < 0)
			store->bulk_fd = open(store->path, O_RDONLY | O_CLOEXEC);
		if (rc == 0)
			store->running = running_new(store);
	}
	store->bulk = rc == 0;
	if (rc == 0)
		store->hit_index = hit_index_new(store);
	return rc;
}

bool store_commits_next(const struct store *store)
{
	return !store->bulk || store->due || (!store->fresh && store->uncommitted + 1 >= STORE_BULK_COMMITS);
}

void store_bulk_due(struct store *store)
{
	store->due = true;
}

int store_bulk_end(struct store *store, struct why *why)
{
	int rc = store->hit_index != NULL ? store_begin(store, why) : 0;

	if (rc == 0 && store->running != NULL)
		rc = running_write(store->running, why);
	running_free(store->running); /* before the index needs memory to sort */
	store->running = NULL;
	if (rc == 0 && store->hit_index != NULL)
		rc = hit_index_write(store->hit_index, why);
	if (store->open)
		rc = rc == 0 ? commit(store, why) : store_finish(store, rc, why);
	hit_index_free(store->hit_index);
	store->hit_index = NULL;
	store->bulk = false;
	if (rc < 0 || !store->fresh || store->memory || (rc = migrate_complete(store, why)) < 0)
		return rc;
	store->fresh = false;
	/* One transaction with synchronous on also syncs everything written before it to disk. */
	return sql_exec(store,
	                "PRAGMA synchronous = FULL; DELETE FROM daemon WHERE key = 'bulk'; "
	                "PRAGMA locking_mode = NORMAL; " SETTINGS,
	                "cannot finish it", why);
}

int store_state_set(struct store *store, const char *key, const char *value, struct why *why)
{
	sqlite3_stmt *const s = sql_statement(store, SET_STATUS,
	                                      "INSERT INTO daemon (key, value) VALUES (?1, ?2) "
	                                      "ON CONFLICT (key) DO UPDATE SET value = excluded.value");

	sql_bind_text(s, 1, key);
	sql_bind_text(s, 2, value);
	return sql_run(store, s, why);
}

int64_t store_changes(const struct store *store)
{
	return sqlite3_total_changes64(store->db);
}
