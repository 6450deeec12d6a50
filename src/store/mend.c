#include "store/mend.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/sql.h"

enum {
	BESIDE = 3, /* the file itself, -wal and -shm */
	STAMP_MAX = 24,
	RUNS_MAX_S = 10 * 366 * 86400, /* a block longer than ten years, which no request allows, is damage */
	OFFENCE_MAX = 1000000,
	SHOWN = 200, /* bytes of a path in messages */
};

static const char *const endings[BESIDE] = {"", "-wal", "-shm"};

enum store_health store_health(const struct store *store)
{
	int moved = 0;

	if (store->memory)
		return STORE_FINE;
	if (store->damaged)
		return STORE_DAMAGED;
	if (sqlite3_file_control(store->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) != SQLITE_OK || !moved)
		return STORE_FINE;
	return access(store->path, F_OK) == 0 ? STORE_REPLACED : STORE_DELETED;
}

void store_leave(struct store *store)
{
	for (size_t i = 1; i < BESIDE; i++) {
		char name[PATH_MAX];
		struct stat st;

		(void)snprintf(name, sizeof name, "%s%s", store->path, endings[i]);
		if (stat(name, &st) == 0 && st.st_dev == store->beside[i - 1].dev &&
		    st.st_ino == store->beside[i - 1].ino)
			(void)unlink(name);
	}
}

/* Renames all three files to a name with the date; never overwrites a file. */
static int move_aside(const char *path, const char stamp[static STAMP_MAX], char aside[static PATH_MAX],
                      struct why *why)
{
	if (snprintf(aside, PATH_MAX, "%s.corrupt-%s", path, stamp) >= PATH_MAX - 8)
		return why_set(why, ENAMETOOLONG, "%s: the name is too long to move it aside", path);
	for (size_t i = 0; i < BESIDE; i++) {
		char from[PATH_MAX], to[PATH_MAX + 8];

		(void)snprintf(from, sizeof from, "%s%s", path, endings[i]);
		(void)snprintf(to, sizeof to, "%s%s", aside, endings[i]);
		if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) < 0 && !(i > 0 && errno == ENOENT))
			return why_set(why, errno, "%s: it is damaged and cannot be moved to %s: %s; move it away",
			               from, to, strerror(errno));
	}
	return 0;
}

/* Opens the old database to read what is left. Returns NULL if that fails, too. Changes and executes nothing in it. */
static sqlite3 *open_damaged(const char *aside)
{
	sqlite3 *db = NULL;

	if (sqlite3_open_v2(aside, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK) {
		(void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
		/* Allows one table to be read although another's definition is unreadable. */
		(void)sqlite3_exec(db, "PRAGMA trusted_schema = OFF; PRAGMA writable_schema = ON", NULL, NULL, NULL);
		return db;
	}
	(void)sqlite3_close(db);
	return NULL;
}

static bool is_sound(sqlite3_stmt *row, int64_t now_s)
{
	const char *const text = sql_text(row, 1);
	const int64_t since_s = sqlite3_column_int64(row, 2), until_s = sqlite3_column_int64(row, 3);
	const int64_t offence = sqlite3_column_int64(row, 4), cause = sqlite3_column_int64(row, 6);
	struct net net;

	return text != NULL && net_parse(text, strlen(text), &net) && !net_is_never(&net) && since_s > 0 &&
	       until_s > now_s && until_s >= since_s && until_s - since_s <= RUNS_MAX_S &&
	       until_s - now_s <= RUNS_MAX_S && offence >= 0 && offence <= OFFENCE_MAX && cause >= 0 && cause <= 2;
}

/*
 * Copies the rule with that id from the old database and returns its new id. A rule that is unreadable is named
 * "unknown".
 */
static int64_t copy_rule(sqlite3 *from, struct store *to, int64_t old_id)
{
	sqlite3_stmt *find = NULL, *add = NULL;
	const char *texts[] = {"unknown", "unknown", "the rule's name could not be read"};
	int64_t id = 0;

	(void)sqlite3_prepare_v2(from, "SELECT name, category, reason FROM rule WHERE id = ?1", -1, &find, NULL);
	(void)sqlite3_bind_int64(find, 1, old_id);
	if (sqlite3_step(find) == SQLITE_ROW)
		for (int i = 0; i < 3; i++)
			texts[i] = sql_text(find, i) != NULL ? sql_text(find, i) : texts[i];
	(void)sqlite3_prepare_v2(to->db,
	                         "INSERT INTO rule (name, category, reason) VALUES (?1, ?2, ?3) "
	                         "ON CONFLICT DO UPDATE SET name = name RETURNING id",
	                         -1, &add, NULL);
	for (int i = 0; i < 3; i++)
		sql_bind_text(add, i + 1, texts[i]);
	if (sqlite3_step(add) == SQLITE_ROW)
		id = sqlite3_column_int64(add, 0);
	(void)sqlite3_finalize(add);
	(void)sqlite3_finalize(find);
	return id;
}

/*
 * Copies blocks in ascending or descending order of id, up to the first that is unreadable or out of order. Returns how
 * many.
 */
static size_t copy_blocks(sqlite3 *from, struct store *to, bool backwards, int64_t now_s)
{
	sqlite3_stmt *read = NULL, *add = NULL;
	int64_t last = backwards ? INT64_MAX : INT64_MIN;
	size_t n = 0;

	(void)sqlite3_prepare_v2(from,
	                         backwards ? "SELECT id, address, since, until, offence, rule, cause, proven, ended "
	                                     "FROM block ORDER BY id DESC"
	                                   : "SELECT id, address, since, until, offence, rule, cause, proven, ended "
	                                     "FROM block ORDER BY id",
	                         -1, &read, NULL);
	(void)sqlite3_prepare_v2(
		to->db,
		"INSERT OR IGNORE INTO block (id, address, since, until, offence, rule, cause, proven) "
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 <> 0)",
		-1, &add, NULL);
	while (sqlite3_step(read) == SQLITE_ROW) {
		const int64_t id = sqlite3_column_int64(read, 0);

		if (backwards ? id >= last : id <= last)
			break; /* a damaged tree may contain a cycle */
		last = id;
		if (sqlite3_column_type(read, 8) != SQLITE_NULL || !is_sound(read, now_s))
			continue;
		for (int i = 0; i < 8; i++)
			(void)sqlite3_bind_value(add, i + 1, sqlite3_column_value(read, i));
		sql_bind_number(add, 6, copy_rule(from, to, sqlite3_column_int64(read, 5)));
		if (sqlite3_step(add) == SQLITE_DONE)
			n += (size_t)sqlite3_changes(to->db);
		(void)sqlite3_reset(add);
	}
	(void)sqlite3_finalize(add);
	(void)sqlite3_finalize(read);
	return n;
}

/* Copies how far logs were read. */
static void copy_logs(sqlite3 *from, struct store *to)
{
	sqlite3_stmt *read = NULL, *add = NULL;
	int64_t last = INT64_MIN;

	(void)sqlite3_prepare_v2(from,
	                         "SELECT id, path, first_line, last_line, position, lines, cut, unparsed, last_line_at "
	                         "FROM log ORDER BY id",
	                         -1, &read, NULL);
	(void)sqlite3_prepare_v2(
		to->db,
		"INSERT OR IGNORE INTO log (id, path, first_line, last_line, position, lines, cut, unparsed, "
		"last_line_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
		-1, &add, NULL);
	while (sqlite3_step(read) == SQLITE_ROW && sqlite3_column_int64(read, 0) > last) {
		last = sqlite3_column_int64(read, 0);
		if (sqlite3_column_int64(read, 4) < 0)
			continue;
		for (int i = 0; i < 9; i++)
			(void)sqlite3_bind_value(add, i + 1, sqlite3_column_value(read, i));
		(void)sqlite3_step(add);
		(void)sqlite3_reset(add);
	}
	(void)sqlite3_finalize(add);
	(void)sqlite3_finalize(read);
}

/* Formats the time for a file name, and for people. */
static void write_stamps(int64_t now_s, char stamp[static STAMP_MAX], char date[static STAMP_MAX])
{
	const time_t t = (time_t)now_s;
	struct tm tm = {0};

	(void)gmtime_r(&t, &tm);
	if (strftime(stamp, STAMP_MAX, "%Y%m%dT%H%M%SZ", &tm) == 0 ||
	    strftime(date, STAMP_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		abort(); /* both fit */
}

/*
 * Creates the new database with what the old one still has; from NULL: nothing. done: a sentence that the caller began,
 * completed here.
 */
static int begin_anew(const char *path, sqlite3 *from, int64_t now_s, struct why *done, struct why *why)
{
	struct store *to = NULL;
	const size_t len = strlen(done->text);
	size_t n = 0;
	int rc = store_open(path, STORE_WRITE, &to, why);

	if (rc < 0)
		return rc;
	if ((rc = store_begin(to, why)) == 0) {
		if (from != NULL) {
			copy_logs(from, to);
			n = copy_blocks(from, to, false, now_s);
			n += copy_blocks(from, to, true, now_s);
		}
		(void)snprintf(done->text + len, sizeof done->text - len,
		               "a new one was created with %zu active block%s", n, n == 1 ? "" : "s");
		rc = store_state_set(to, "database_error", done->text, why);
		rc = store_finish(to, rc, why);
	}
	store_close(to);
	return rc;
}

int store_mend(const char *path, struct store *open, const char *reason, int64_t now_s, struct why *ret_done,
               struct why *why)
{
	const bool gone = open != NULL && store_health(open) == STORE_DELETED;
	char stamp[STAMP_MAX], date[STAMP_MAX], real[PATH_MAX], aside[PATH_MAX];
	sqlite3 *from;
	int rc;

	write_stamps(now_s, stamp, date);
	if (gone || realpath(path, real) == NULL) /* resolve links: SQLite's other files are beside the real file */
		(void)snprintf(real, sizeof real, "%s", path);
	if (gone) {
		store_leave(open);
		(void)snprintf(ret_done->text, sizeof ret_done->text,
		               "%s: %.*s: the database was deleted while the daemon was running; ", date, SHOWN, path);
	} else {
		if ((rc = move_aside(real, stamp, aside, why)) < 0)
			return rc;
		(void)snprintf(ret_done->text, sizeof ret_done->text,
		               "%s: the database was damaged (%s) and is now %.*s; ", date, reason, SHOWN, aside);
	}
	from = open != NULL ? open->db : open_damaged(aside);
	if (open != NULL && open->open)
		store_rollback(open);
	rc = begin_anew(path, from, now_s, ret_done, why);
	if (open == NULL)
		(void)sqlite3_close(from);
	return rc;
}
