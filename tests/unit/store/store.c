/* store: real files, real locks, a disk that is really full. */
#include "store/store.h"
#include "store/blocks.h"
#include "store/hits.h"
#include "store/logs.h"
#include "store/reputation.h"
#include "store/retention.h"
#include "store/sql.h"
#include "testlib.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { NOBODY = 65534 };

static const int64_t t0_s = 1795181862;

static char directory[32];
static char path[64];
static bool may_mount;

static int setup(void **state)
{
	(void)state;
	(void)strcpy(directory, "/tmp/wfs-store-XXXXXX");
	if (mkdtemp(directory) == NULL)
		return -1;
	(void)snprintf(path, sizeof path, "%s/hits.db", directory);
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = {"hits.db", "hits.db-wal", "hits.db-shm", "hits.db-journal"};

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char name[80];

		(void)snprintf(name, sizeof name, "%s/%s", directory, names[i]);
		(void)unlink(name);
	}
	return rmdir(directory);
}

static void good(int rc, const struct why *why)
{
	if (rc != 0)
		fail_msg("got %d (%s), want 0", rc, why->text);
}

static struct store *opened(enum store_mode mode)
{
	struct store *store = NULL;
	struct why why = {""};

	good(store_open(path, mode, &store, &why), &why);
	return store;
}

static void refused(enum store_mode mode, int want, const char *want_text)
{
	struct store *store = NULL;
	struct why why = {""};
	const int got = store_open(path, mode, &store, &why);

	assert_null(store);
	if (got != want || strncmp(why.text, path, strlen(path)) != 0 || strstr(why.text, want_text) == NULL)
		fail_msg("got %d (%s), want %d (...%s...)", got, why.text, want, want_text);
}

static void sql(const char *file, const char *text)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", text, sqlite3_errmsg(db));
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* The first column of the first row, as another program sees it. */
static int64_t number(const char *text)
{
	sqlite3 *db;
	sqlite3_stmt *s;
	int64_t result;

	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	if (sqlite3_prepare_v2(db, text, -1, &s, NULL) != SQLITE_OK || sqlite3_step(s) != SQLITE_ROW)
		fail_msg("%s: %s", text, sqlite3_errmsg(db));
	result = sqlite3_column_int64(s, 0);
	assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return result;
}

static struct span span_of(const char *text)
{
	return (struct span){text, strlen(text)};
}

static int add_hit(struct store *store, const char *address, int64_t time_s, struct why *why)
{
	const struct store_hit hit = {.time_s = time_s,
	                              .address = net_from(address).addr,
	                              .rule = 1,
	                              .log = 1,
	                              .score = 20,
	                              .offset = 42,
	                              .detail = span_of("detail"),
	                              .text = span_of("the line")};

	return store_add_hits(store, &hit, 1, why);
}

static int add_block(struct store *store, const char *address, int64_t since_s, int64_t until_s, struct why *why)
{
	struct block block = {
		.net = net_from(address), .since_s = since_s, .until_s = until_s, .offence = 3, .rule = 1};

	return store_add_blocks(store, &block, 1, why);
}

/* Ids 1 for a log and for a rule. */
static void prepare(struct store *store)
{
	struct why why;
	int64_t id;

	good(store_log_add(store, "/var/log/mail.log", span_of("first"), &id, &why), &why);
	assert_int_equal(id, 1);
	good(store_rule(store, "rule", "category", "reason", &id, &why), &why);
	assert_int_equal(id, 1);
}

/* --- opening --- */

static void test_create(void **state)
{
	struct store *store, *second;
	struct why why;

	(void)state;
	refused(STORE_READ, -ENOENT, "unable to open");
	assert_int_equal(access(path, F_OK), -1);
	store = opened(STORE_WRITE);
	second = opened(STORE_WRITE); /* the tables are there already */
	store_close(second);
	prepare(store);
	good(add_hit(store, "192.0.2.7", t0_s, &why), &why);
	store_close(store);
	assert_int_equal(number("PRAGMA user_version"), STORE_VERSION);
	assert_int_equal(number("SELECT count(*) FROM hit"), 1);

	store = opened(STORE_WRITE);
	good(add_hit(store, "192.0.2.7", t0_s, &why), &why);
	second = opened(STORE_READ);
	assert_int_equal(add_hit(second, "192.0.2.7", t0_s, &why), -EROFS);
	assert_int_equal(store_begin(second, &why), 0 + store_begin(second, &why));
	store_rollback(second);
	store_close(second);
	store_close(store);
	assert_int_equal(number("SELECT count(*) FROM hit"), 2);
	store_close(NULL);
}

static void test_memory(void **state)
{
	struct store *store = NULL, *other = NULL;
	struct store_log log;
	struct why why = {""};

	(void)state;
	good(store_open(NULL, STORE_WRITE, &store, &why), &why);
	good(store_open(NULL, STORE_WRITE, &other, &why), &why);
	prepare(store);
	good(store_log_find(store, span_of("first"), 0, &log, &why), &why);
	assert_int_equal(store_log_find(other, span_of("first"), 0, &log, &why), STORE_NONE);
	store_close(store);
	store_close(other);
}

static void test_foreign(void **state)
{
	(void)state;
	/* Empty files are new databases. */
	write_file(path, "", 0);
	refused(STORE_READ, -EINVAL, "not a database of watchforspammers");
	store_close(opened(STORE_WRITE));
	assert_int_equal(unlink(path), 0);

	write_file(path,
	           "this is a text, and long enough to hold the header of a database file, which has 100 bytes ....",
	           96);
	refused(STORE_WRITE, -EUCLEAN,
	        "not a database; it is damaged: move it away, as the daemon does when it starts");
	refused(STORE_READ, -EUCLEAN, "not a database");
	assert_int_equal(unlink(path), 0);
	write_file(path, "short", 5);
	refused(STORE_WRITE, -EUCLEAN, "not a database");
	assert_int_equal(unlink(path), 0);

	/* Somebody else's: refused and left as it is. */
	sql(path, "CREATE TABLE theirs (x)");
	refused(STORE_WRITE, -EINVAL, "not a database of watchforspammers; name another file in [database] path");
	refused(STORE_READ, -EINVAL, "not a database of watchforspammers");
	assert_int_equal(number("SELECT count(*) FROM sqlite_master"), 1);
	assert_int_equal(number("SELECT journal_mode = 'delete' FROM pragma_journal_mode"), 1);
	/* Many count their own versions from 1. */
	sql(path, "PRAGMA user_version = 1");
	refused(STORE_WRITE, -EINVAL, "not a database of watchforspammers");
	refused(STORE_READ, -EINVAL, "not a database of watchforspammers");
	assert_int_equal(number("SELECT journal_mode = 'delete' FROM pragma_journal_mode"), 1);
	assert_int_equal(unlink(path), 0);

	store_close(opened(STORE_WRITE));
	sql(path, "PRAGMA user_version = 1000");
	refused(STORE_WRITE, -EINVAL, "created by a newer watchforspammers (version 1000, this one supports ");
	refused(STORE_READ, -EINVAL, "created by a newer watchforspammers (version 1000, this one supports ");
	refused(STORE_READ, -EINVAL, "install that one, or name another file in [database] path");
	sql(path, "PRAGMA user_version = -1");
	refused(STORE_WRITE, -EINVAL, "not a database of watchforspammers");
}

static void test_paths(void **state)
{
	struct store *store = NULL;
	struct why why;

	(void)state;
	assert_int_equal(store_open(directory, STORE_WRITE, &store, &why), -EISDIR);
	assert_true(store_open(directory, STORE_READ, &store, &why) < 0);
	assert_int_equal(store_open("/nowhere/at/all/hits.db", STORE_WRITE, &store, &why), -ENOENT);
	assert_string_equal(why.text, "/nowhere/at/all/hits.db: cannot open it: unable to open database file; does its "
	                              "directory exist, and is it writable?");
	assert_null(store);
}

static void become(uid_t uid)
{
	assert_int_equal(seteuid(uid), 0);
	(void)prctl(PR_SET_DUMPABLE, 1); /* the change of user cleared it, and the leak sanitizer needs it */
}

/* Readers of another user: a directory they may not write to, a file they may not write, names that look like options.
 */
static void test_permissions(void **state)
{
	static const char *const names[] = {"hits.db", "a?mode=rwc&b#c%41 d.db"};
	const bool root = geteuid() == 0;
	struct store *store;
	struct store_log log;
	struct why why;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", directory, names[i]);
		store = opened(STORE_WRITE);
		prepare(store);
		store_close(store);
		assert_int_equal(chmod(path, 0444), 0);
		assert_int_equal(chmod(directory, 0555), 0);
		if (root)
			become(NOBODY);
		store = opened(STORE_READ); /* neither -wal nor -shm is there, nor may they be made */
		good(store_log_find(store, span_of("first"), 0, &log, &why), &why);
		assert_int_equal(add_hit(store, "192.0.2.7", t0_s, &why), -EROFS);
		store_close(store);
		refused(STORE_WRITE, -EROFS,
		        root ? "it belongs to user root (mode 0444) and must be writable for user nobody; as root: chown nobody: "
		             : "it must be writable, and its mode is 0444; chmod u+rw ");
		if (root) { /* nor read it, where SQLite reports only that it cannot be opened */
			become(0);
			assert_int_equal(chmod(path, 0600), 0);
			become(NOBODY);
			refused(STORE_WRITE, -EROFS,
			        "it belongs to user root (mode 0600) and must be writable for user nobody");
		}
		if (root)
			become(0);
		assert_int_equal(chmod(path, 0644), 0);
		if (root) { /* the file may be written, its directory not */
			assert_int_equal(chown(path, NOBODY, NOBODY), 0);
			become(NOBODY);
			store = NULL;
			assert_true(store_open(path, STORE_WRITE, &store, &why) < 0);
			assert_null(store);
			assert_non_null(strstr(
				why.text,
				"cannot write in its directory, which belongs to user root (mode 0555) and must be "
				"writable for user nobody"));
			store = opened(STORE_READ);
			store_close(store);
			become(0);
			assert_int_equal(chown(path, 0, 0), 0);
		}
		assert_int_equal(chmod(path, 0), 0);
		if (root)
			become(NOBODY);
		assert_true(store_open(path, STORE_READ, &store, &why) < 0);
		assert_true(store_open(path, STORE_WRITE, &store, &why) < 0);
		if (root)
			become(0);
		/* A daemon has it open: -wal and -shm are there, and hold the newest. */
		assert_int_equal(chmod(directory, 0755), 0);
		assert_int_equal(chmod(path, 0644), 0);
		if (root) {
			struct store *const writer = opened(STORE_WRITE);
			int64_t id;

			good(store_log_add(writer, "/x", span_of("second"), &id, &why), &why);
			become(NOBODY);
			store = opened(STORE_READ);
			good(store_log_find(store, span_of("second"), 0, &log, &why), &why);
			store_close(store);
			become(0);
			store_close(writer);
		}
		assert_int_equal(unlink(path), 0);
	}
	(void)snprintf(path, sizeof path, "%s/hits.db", directory);
}

/* --- trouble --- */

static void test_locked(void **state)
{
	struct store *const store = opened(STORE_WRITE);
	struct why why = {""};
	sqlite3 *other;

	(void)state;
	prepare(store);
	assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(store_begin(store, &why), -EAGAIN);
	assert_non_null(strstr(why.text, "another program is writing"));
	assert_int_equal(add_hit(store, "192.0.2.7", t0_s, &why), -EAGAIN);
	assert_int_equal(store_state_set(store, "key", "value", &why), -EAGAIN);
	assert_int_equal(number("SELECT count(*) FROM hit"), 0);
	store_close(opened(STORE_READ)); /* reading goes on, and so does opening */
	store_close(opened(STORE_WRITE));
	assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);

	good(store_begin(store, &why), &why);
	good(add_hit(store, "192.0.2.7", t0_s, &why), &why);
	assert_int_equal(number("SELECT count(*) FROM hit"), 0); /* not yet */
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_BUSY);
	good(store_commit(store, &why), &why);
	assert_int_equal(number("SELECT count(*) FROM hit"), 1);
	assert_int_equal(sqlite3_close(other), SQLITE_OK);

	good(store_begin(store, &why), &why);
	good(add_hit(store, "192.0.2.7", t0_s, &why), &why);
	store_rollback(store);
	assert_int_equal(number("SELECT count(*) FROM hit"), 1);
	good(store_begin(store, &why), &why);
	good(add_hit(store, "192.0.2.7", t0_s, &why), &why);
	store_close(store); /* as rollback */
	assert_int_equal(number("SELECT count(*) FROM hit"), 1);
}

/* Another process's sqlite3 is in the middle of a SELECT. */
static void test_reader(void **state)
{
	struct store *const store = opened(STORE_WRITE);
	struct why why = {""};
	sqlite3 *other;
	sqlite3_stmt *s;

	(void)state;
	prepare(store);
	for (unsigned i = 0; i < 10; i++)
		good(add_hit(store, "192.0.2.7", t0_s, &why), &why);
	assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(other, "SELECT * FROM hits", -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	for (unsigned i = 0; i < 100; i++) {
		good(store_begin(store, &why), &why);
		for (unsigned k = 0; k < 100; k++)
			good(add_hit(store, "192.0.2.7", t0_s, &why), &why);
		good(store_commit(store, &why), &why);
	}
	for (unsigned i = 1; i < 10; i++)
		assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	assert_int_equal(sqlite3_step(s), SQLITE_DONE); /* it sees what was there when it began */
	assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
	assert_int_equal(sqlite3_close(other), SQLITE_OK);
	store_close(store);
	assert_int_equal(number("SELECT count(*) FROM hit"), 10010);
}

/* Fills the store until it returns that it is full; the failed transaction leaves nothing, and freed space heals it. */
static void fill(struct store *store, void (*make_room)(struct store *))
{
	struct why why = {""};
	int64_t stored = 0;
	int rc = 0;

	while (rc == 0) {
		rc = store_begin(store, &why);
		for (unsigned k = 0; k < 100 && rc == 0; k++)
			rc = add_hit(store, "192.0.2.7", t0_s, &why);
		if (rc == 0)
			rc = store_commit(store, &why);
		else
			store_rollback(store);
		stored += rc == 0 ? 100 : 0;
		assert_true(stored < 10000000);
	}
	if (rc != -ENOSPC)
		fail_msg("got %d (%s), want -ENOSPC", rc, why.text);
	assert_non_null(strstr(why.text, "free space on its file system"));
	make_room(store);
	assert_int_equal(number("SELECT count(*) FROM hit"), stored);
	good(store_begin(store, &why), &why);
	for (unsigned k = 0; k < 100; k++)
		good(add_hit(store, "192.0.2.7", t0_s, &why), &why);
	good(store_commit(store, &why), &why);
	assert_int_equal(number("SELECT count(*) FROM hit"), stored + 100);
	assert_int_equal(number("SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
}

static void limit(struct store *store, const char *pragma)
{
	assert_int_equal(sqlite3_exec(store->db, pragma, NULL, NULL, NULL), SQLITE_OK);
}

static void more_pages(struct store *store)
{
	limit(store, "PRAGMA max_page_count = 100000");
}

static void test_full(void **state)
{
	struct store *const store = opened(STORE_WRITE);

	(void)state;
	prepare(store);
	limit(store, "PRAGMA max_page_count = 60");
	fill(store, more_pages);
	store_close(store);
}

static void larger_disk(struct store *store)
{
	(void)store;
	assert_int_equal(mount(NULL, directory, NULL, MS_REMOUNT, "size=16m"), 0);
}

static void test_disk_full(void **state)
{
	struct store *store;

	(void)state;
	if (!may_mount || mount("tmpfs", directory, "tmpfs", 0, "size=1m") < 0)
		skip();
	store = opened(STORE_WRITE);
	prepare(store);
	fill(store, larger_disk);
	store_close(store);
	assert_int_equal(umount(directory), 0);
}

/* No space even for the first page, or for the files beside it. */
static void test_disk_full_at_first(void **state)
{
	char size[32];

	(void)state;
	if (!may_mount)
		skip();
	for (unsigned kib = 4; kib <= 160; kib += 12) {
		struct store *store = NULL;
		struct why why = {""};
		int rc;

		(void)snprintf(size, sizeof size, "size=%uk", kib);
		if (mount("tmpfs", directory, "tmpfs", 0, size) < 0)
			skip();
		rc = store_open(path, STORE_WRITE, &store, &why);
		if (rc == 0)
			rc = store_begin(store, &why);
		if (rc == 0)
			rc = add_hit(store, "192.0.2.7", t0_s, &why);
		if (rc == 0)
			rc = store_commit(store, &why);
		if (rc != 0 && rc != -ENOSPC)
			fail_msg("%u KiB: got %d (%s), want 0 or -ENOSPC", kib, rc, why.text);
		store_close(store);
		assert_int_equal(mount(NULL, directory, NULL, MS_REMOUNT, "size=16m"), 0);
		store_close(opened(STORE_WRITE));
		assert_int_equal(umount(directory), 0);
	}
}

/* --- logs and rules --- */

static void test_logs(void **state)
{
	struct store *const store = opened(STORE_WRITE);
	struct store_log log = {.id = 99}, put;
	char first[POSITION_FIRST_MAX];
	int64_t id[4], of;
	struct why why;

	(void)state;
	assert_int_equal(store_log_find(store, span_of("first"), 0, &log, &why), STORE_NONE);
	assert_int_equal(log.id, 99);
	good(store_log_add(store, "/a", span_of("first"), &id[0], &why), &why);
	good(store_log_add(store, "/b", span_of("other"), &id[1], &why), &why);
	good(store_log_add(store, "/c", span_of("first"), &id[2], &why), &why);
	good(store_log_add(store, "/d", span_of("first"), &id[3], &why), &why);

	/* The newest first, then the older ones. */
	good(store_log_find(store, span_of("first"), 0, &log, &why), &why);
	assert_int_equal(log.id, id[3]);
	good(store_log_find(store, span_of("first"), log.id, &log, &why), &why);
	assert_int_equal(log.id, id[2]);
	good(store_log_find(store, span_of("first"), log.id, &log, &why), &why);
	assert_int_equal(log.id, id[0]);
	assert_int_equal(log.position + log.lines + log.cut + log.unparsed + log.last_line_at, 0);
	assert_int_equal(log.last_len, 0);
	assert_int_equal(store_log_find(store, span_of("first"), log.id, &log, &why), STORE_NONE);
	assert_int_equal(store_log_find(store, span_of("firs"), 0, &log, &why), STORE_NONE);
	assert_int_equal(store_log_find(store, span_of("first "), 0, &log, &why), STORE_NONE);

	/* Everything put is found; bytes are bytes. */
	put = (struct store_log){.id = id[2],
	                         .position = INT64_C(1) << 40,
	                         .lines = 2,
	                         .cut = 3,
	                         .unparsed = 4,
	                         .last_line_at = t0_s,
	                         .last_len = POSITION_LAST_MAX};
	for (size_t i = 0; i < POSITION_LAST_MAX; i++)
		put.last[i] = (char)i;
	good(store_log_put(store, &put, "/moved", &why), &why);
	good(store_log_find(store, span_of("first"), id[3], &log, &why), &why);
	assert_int_equal(log.id, put.id);
	assert_int_equal(log.position, put.position);
	assert_int_equal(log.lines, 2);
	assert_int_equal(log.cut, 3);
	assert_int_equal(log.unparsed, 4);
	assert_int_equal(log.last_line_at, t0_s);
	assert_int_equal(log.last_len, POSITION_LAST_MAX);
	assert_memory_equal(log.last, put.last, POSITION_LAST_MAX);
	assert_int_equal(store_log_of_path(store, "/c", &of, &why), STORE_NONE);
	good(store_log_of_path(store, "/moved", &of, &why), &why);
	assert_int_equal(of, id[2]);
	put.id = id[3];
	put.last_len = 0;
	good(store_log_put(store, &put, "/moved", &why), &why);
	good(store_log_of_path(store, "/moved", &of, &why), &why);
	assert_int_equal(of, id[3]);

	/* First lines with any bytes, the longest, and none. */
	for (size_t i = 0; i < sizeof first; i++)
		first[i] = (char)(i * 7);
	good(store_log_add(store, "/bytes", (struct span){first, sizeof first}, &of, &why), &why);
	good(store_log_find(store, (struct span){first, sizeof first}, 0, &log, &why), &why);
	assert_int_equal(log.id, of);
	assert_int_equal(store_log_find(store, (struct span){first, sizeof first - 1}, 0, &log, &why), STORE_NONE);
	good(store_log_add(store, "/empty", (struct span){NULL, 0}, &of, &why), &why);
	good(store_log_find(store, (struct span){"", 0}, 0, &log, &why), &why);
	assert_int_equal(log.id, of);
	store_close(store);
}

static void test_rules(void **state)
{
	struct store *const store = opened(STORE_WRITE);
	int64_t a = 0, b = 0, c = 0, again = 0;
	struct why why;

	(void)state;
	good(store_rule(store, "name", "category", "reason", &a, &why), &why);
	good(store_rule(store, "name", "category", "another reason", &b, &why), &why);
	good(store_rule(store, "name", "other", "reason", &c, &why), &why);
	assert_true(a != b && b != c && a != c);
	good(store_rule(store, "name", "category", "another reason", &again, &why), &why);
	assert_int_equal(again, b);
	good(store_rule(store, "name", "category", "reason", &again, &why), &why);
	assert_int_equal(again, a);
	store_close(store);
	assert_int_equal(number("SELECT count(*) FROM rule"), 3);
}

/* --- hits and blocks --- */

static void test_hits(void **state)
{
	static const char *const addresses[] = {"192.0.2.7", "2001:db8::7", "::192.0.2.7", "64:ff9b::1"};
	struct store *const store = opened(STORE_WRITE);
	struct store_hit hit;
	const char *category;
	struct why why;

	(void)state;
	prepare(store);
	for (size_t i = 0; i < 4; i++)
		good(add_hit(store, addresses[i], t0_s + 10 - (int64_t)i, &why), &why);
	good(store_hits_since(store, t0_s + 8, &why), &why);
	for (size_t i = 0; i < 2; i++) { /* younger than: not that of t0_s + 8; in the order they were stored */
		char text[ADDR_TEXT_MAX];

		good(store_next_hit(store, &hit, &category, &why), &why);
		(void)addr_text(&hit.address, text);
		assert_string_equal(text, addresses[i]);
		assert_int_equal(hit.time_s, t0_s + 10 - (int64_t)i);
		assert_int_equal(hit.score, 20);
	}
	assert_int_equal(store_next_hit(store, &hit, &category, &why), STORE_NONE);
	{
		const struct store_hit bare = {.time_s = t0_s,
		                               .address = net_from("192.0.2.8").addr,
		                               .rule = 1,
		                               .log = 1,
		                               .score = -5,
		                               .text = span_of("t")};

		good(store_add_hits(store, &bare, 1, &why), &why);
	}
	store_close(store);
	assert_int_equal(number("SELECT count(*) FROM hit WHERE detail IS NULL"), 1);
	assert_int_equal(
		number("SELECT count(*) FROM hits WHERE address = '192.0.2.7' AND rule = 'rule' AND "
	               "category = 'category' AND reason = 'reason' AND score = 20 AND detail = 'detail' AND "
	               "file = '/var/log/mail.log' AND offset = 42 AND text = 'the line' AND time_s = 1795181872 "
	               "AND time = '2026-11-20T13:37:52Z'"),
		1);
	assert_int_equal(number("SELECT count(*) FROM hit WHERE typeof(text) = 'text' AND typeof(address) = 'text'"),
	                 5);
}

/* The addresses of a walk over blocks, with their ends less t0_s. */
static void walk(struct store *store, const char *want)
{
	struct block block;
	char got[512] = "";
	struct why why;
	size_t n = 0;
	int rc;

	while ((rc = store_next_block(store, &block, NULL, &why)) == 0) {
		char text[NET_TEXT_MAX];

		(void)net_text(&block.net, text);
		assert_int_equal(block.offence, 3);
		assert_int_equal(block.rule, 1);
		n += (size_t)snprintf(got + n, sizeof got - n, "%s%s %d", n > 0 ? ", " : "", text,
		                      (int)(block.until_s - t0_s));
	}
	assert_int_equal(rc, STORE_NONE);
	if (strcmp(got, want) != 0)
		fail_msg("got \"%s\", want \"%s\"", got, want);
}

static void test_blocks(void **state)
{
	struct store *const store = opened(STORE_WRITE);
	const struct net a = net_from("192.0.2.1"), d = net_from("2001:db8::/64");
	struct net inside;
	struct block block;
	struct why why;

	(void)state;
	prepare(store);
	good(add_block(store, "192.0.2.1", t0_s, t0_s + 600, &why), &why);
	good(add_block(store, "192.0.2.1", t0_s + 2, t0_s + 3600, &why), &why);
	good(add_block(store, "192.0.2.3", t0_s + 1, t0_s + 100, &why), &why);
	good(add_block(store, "2001:db8::/64", t0_s + 50, t0_s + 5000, &why), &why);

	good(store_running(store, t0_s, &why), &why);
	walk(store, "192.0.2.1 600, 192.0.2.1 3600, 192.0.2.3 100, 2001:db8::/64 5000");
	good(store_running(store, t0_s + 99, &why), &why);
	walk(store, "192.0.2.1 600, 192.0.2.1 3600, 192.0.2.3 100, 2001:db8::/64 5000");
	good(store_running(store, t0_s + 100, &why), &why); /* over at that second */
	walk(store, "192.0.2.1 600, 192.0.2.1 3600, 2001:db8::/64 5000");
	good(store_blocks_since(store, t0_s + 99, &why), &why);
	walk(store, "192.0.2.1 600, 192.0.2.1 3600, 192.0.2.3 100, 2001:db8::/64 5000");
	good(store_blocks_since(store, t0_s + 100, &why), &why);
	walk(store, "192.0.2.1 600, 192.0.2.1 3600, 2001:db8::/64 5000");

	/* Extended, never shortened; each call counts dropped packets once. */
	good(store_running(store, t0_s + 600, &why), &why);
	good(store_next_block(store, &block, NULL, &why), &why);
	assert_true(addr_equal(&block.net.addr, &a.addr));
	good(store_begin(store, &why), &why); /* and the unfinished walk blocks no writer */
	good(store_add_dropped(store, block.id, &(struct store_dropped){1, t0_s + 600, t0_s + 4000, 3, 180}, &why),
	     &why);
	good(store_add_dropped(store, block.id, &(struct store_dropped){1, t0_s + 600, t0_s + 10, 2, 120}, &why), &why);
	good(store_commit(store, &why), &why);
	good(store_blocks_since(store, t0_s + 3999, &why), &why);
	walk(store, "192.0.2.1 4000, 2001:db8::/64 5000");

	/* Lifted: all of that network, and nothing else. */
	good(store_end(store, &(struct block){.net = a}, t0_s + 700, "allowed", &why), &why);
	good(store_running(store, t0_s + 700, &why), &why);
	walk(store, "2001:db8::/64 5000");
	good(store_end(store, &(struct block){.net = d}, t0_s + 701, "unblocked", &why), &why);
	good(store_running(store, t0_s + 50, &why), &why);
	walk(store, "192.0.2.1 600, 192.0.2.3 100");
	good(store_blocks_since(store, t0_s, &why), &why); /* as they ended */
	walk(store, "192.0.2.1 600, 192.0.2.1 700, 192.0.2.3 100, 2001:db8::/64 701");
	inside = net_around(&a.addr, 96 + 24);
	good(store_blocks_in(store, &inside, t0_s + 650, &why), &why);
	walk(store, "192.0.2.1 700");
	inside = net_around(&d.addr, 48);
	good(store_blocks_in(store, &inside, t0_s, &why), &why);
	walk(store, "2001:db8::/64 701");
	store_close(store);
	assert_int_equal(number("SELECT count(*) FROM blocks WHERE knocks = 2 AND ended_by = 'allowed'"), 1);
	assert_int_equal(number("SELECT count(*) FROM blocks WHERE packets = 5 AND bytes = 300"), 1);
	assert_int_equal(number("SELECT count(*) FROM sums WHERE dropped = 2 AND packets = 5 AND bytes = 300"),
	                 2); /* the rule's, and all */
	assert_int_equal(
		number("SELECT count(*) FROM blocks WHERE ended_by = 'unblocked' AND address = '2001:db8::/64'"), 1);
}

/* Few among many that have ended are found one by one, and in the same order. */
static void test_few_blocks(void **state)
{
	struct store *const store = opened(STORE_WRITE);
	struct why why;

	(void)state;
	prepare(store);
	good(add_block(store, "192.0.2.2", t0_s + 7, t0_s + 9000, &why), &why);
	for (int i = 0; i < 20; i++)
		good(add_block(store, "198.51.100.1", t0_s, t0_s + 10, &why), &why);
	good(add_block(store, "192.0.2.1", t0_s + 6, t0_s + 8000, &why), &why);
	good(store_running(store, t0_s + 20, &why), &why);
	walk(store, "192.0.2.2 9000, 192.0.2.1 8000");
	good(store_blocks_since(store, t0_s + 20, &why), &why);
	walk(store, "192.0.2.2 9000, 192.0.2.1 8000");
	store_close(store);
}

static void test_edited_by_hand(void **state)
{
	struct store *const store = opened(STORE_WRITE);
	struct block block;
	struct store_hit hit;
	const char *category;
	struct why why;

	(void)state;
	prepare(store);
	sql(path, "INSERT INTO block (address, since, until, offence, rule) VALUES ('nonsense', 1, 9999999999, 1, 1)");
	good(store_running(store, t0_s, &why), &why);
	assert_int_equal(store_next_block(store, &block, NULL, &why), -EUCLEAN);
	assert_non_null(strstr(why.text, "table block has an invalid address; it is damaged: move it away"));
	good(add_hit(store, "192.0.2.7", t0_s + 1, &why), &why);
	sql(path, "UPDATE hit SET address = x'00'");
	good(store_hits_since(store, t0_s, &why), &why);
	assert_int_equal(store_next_hit(store, &hit, &category, &why), -EUCLEAN);
	store_close(store);
}

/* A statement that cannot be prepared fails when it is run, and nothing else fails. */
static void test_table_is_gone(void **state)
{
	struct store *const store = opened(STORE_WRITE);
	const struct net net = {0};
	struct why why;

	(void)state;
	prepare(store);
	sql(path, "DROP VIEW active; DROP VIEW blocks; DROP TABLE block; DROP TABLE credit");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(store_add_credit(store,
		                                  &(struct store_evidence){.net = net, .time_s = t0_s, .score = -1}, 1,
		                                  &why),
		                 -EINVAL);
		assert_non_null(strstr(why.text, "cannot write: no such table: credit"));
		assert_int_equal(store_running(store, t0_s, &why), -EINVAL);
		assert_non_null(strstr(why.text, "cannot read: no such table: block"));
		assert_non_null(strstr(why.text, "cannot read: no such table: block"));
		good(add_hit(store, "192.0.2.7", t0_s, &why), &why);
	}
	store_close(store);
}

static void test_purge(void **state)
{
	struct store *const store = opened(STORE_WRITE);
	struct why why;
	size_t n = 99;

	(void)state;
	prepare(store);
	good(store_purge(store, t0_s, 100, &n, &why), &why);
	assert_int_equal(n, 0);
	for (int i = 0; i < 100; i++)
		good(add_hit(store, "192.0.2.7", t0_s + i, &why), &why);
	for (int i = 0; i < 10; i++)
		good(add_block(store, "192.0.2.7", t0_s + i, t0_s + 10 * i, &why), &why);
	good(add_block(store, "192.0.2.8", t0_s, t0_s + 100000, &why), &why); /* runs for long: stays */
	good(store_purge(store, t0_s, 1000, &n, &why), &why);                 /* before: not at */
	assert_int_equal(n, 0);
	good(store_purge(store, t0_s + 50, 20, &n, &why), &why);
	assert_int_equal(n, 20 + 5);
	assert_int_equal(number("SELECT min(time) FROM hit"), t0_s + 20);
	good(store_purge(store, t0_s + 50, 20, &n, &why), &why);
	assert_int_equal(n, 20);
	good(store_purge(store, t0_s + 50, 20, &n, &why), &why);
	assert_int_equal(n, 10);
	good(store_purge(store, t0_s + 50, 20, &n, &why), &why);
	assert_int_equal(n, 0);
	assert_int_equal(number("SELECT count(*) FROM hit"), 50);
	assert_int_equal(number("SELECT count(*) FROM block"), 6);
	store_close(store);
}

static bool file_has(const char *text)
{
	static char bytes[1 << 20];
	FILE *const file = fopen(path, "re");
	size_t len;

	assert_non_null(file);
	len = fread(bytes, 1, sizeof bytes, file);
	assert_in_range(len, 1, sizeof bytes - 1);
	(void)fclose(file);
	return memmem(bytes, len, text, strlen(text)) != NULL;
}

/* What was deleted cannot be read in the file any more, also where it was a fill that wrote or deleted it. */
static void test_purge_overwrites(void **state)
{
	const struct store_evidence old = {.net = net_from("192.0.2.8"), .time_s = t0_s, .score = -20},
				    new = {.net = net_from("198.51.100.4"), .time_s = t0_s + 9, .score = -20};
	struct store *const store = opened(STORE_WRITE);
	struct why why;
	size_t n;

	(void)state;
	prepare(store);
	good(store_bulk_begin(store, &why), &why);
	good(add_hit(store, "192.0.2.7", t0_s, &why), &why);
	good(add_hit(store, "198.51.100.3", t0_s + 9, &why), &why);
	good(store_add_credit(store, &old, 1, &why), &why);
	good(store_add_credit(store, &new, 1, &why), &why);
	good(store_purge_good(store, INT64_MIN, t0_s + 9, 100, &n, &why), &why);
	assert_int_equal(n, 1);
	good(store_bulk_end(store, &why), &why);
	assert_true(file_has("192.0.2.7"));
	assert_false(file_has("192.0.2.8"));
	assert_true(file_has("198.51.100.4"));
	good(store_purge(store, t0_s + 9, 100, &n, &why), &why);
	assert_int_equal(n, 1);
	store_close(store); /* also moves what was written to the file */
	assert_false(file_has("192.0.2.7"));
	assert_true(file_has("198.51.100.3"));
}

static void test_say(void **state)
{
	struct store *const store = opened(STORE_WRITE);
	struct why why;

	(void)state;
	good(store_state_set(store, "key", "1", &why), &why);
	good(store_state_set(store, "key", "2", &why), &why);
	store_close(store);
	assert_int_equal(number("SELECT value FROM daemon WHERE key = 'key'"), 2);
}

/* Bulk storing of a replay: whatever happens, the file holds only complete transactions. */
static void test_bulk(void **state)
{
	struct why why = {""};

	(void)state;
	for (unsigned turn = 0; turn < 2; turn++) { /* a fresh database, then an old one */
		struct store *const store = opened(STORE_WRITE);
		const int64_t before = turn == 0 ? 0 : number("SELECT count(*) FROM hit");

		if (turn == 0)
			prepare(store);
		good(store_bulk_begin(store, &why), &why);
		for (unsigned i = 0; i < 3 * STORE_BULK_COMMITS + 5; i++) {
			good(store_begin(store, &why), &why);
			good(add_hit(store, "192.0.2.7", t0_s, &why), &why);
			good(store_commit(store, &why), &why);
		}
		good(store_bulk_end(store, &why), &why);
		assert_int_equal(number("SELECT count(*) FROM hit"), before + 3 * STORE_BULK_COMMITS + 5);
		assert_int_equal(number("SELECT count(*) FROM daemon WHERE key = 'bulk'"), 0);
		assert_int_equal(number("SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
		good(add_hit(store, "192.0.2.7", t0_s, &why), &why); /* as before again */
		assert_int_equal(number("SELECT count(*) FROM hit"), before + 3 * STORE_BULK_COMMITS + 6);
		/* An error undoes what was not committed, and is returned. */
		good(store_bulk_begin(store, &why), &why);
		good(store_begin(store, &why), &why);
		good(add_hit(store, "192.0.2.7", t0_s, &why), &why);
		good(store_commit(store, &why), &why);
		store_rollback(store);
		good(store_bulk_end(store, &why), &why);
		store_close(store);
		assert_int_equal(number("SELECT count(*) FROM hit"), before + 3 * STORE_BULK_COMMITS + 6);
	}
}

/* No other process gets in while a fresh database is filled. One that has it open stays, and the attempt leaves no
 * trace. */
/* Blocks of a client are found by what this process remembers: those of other clients, causes and times stay as they
 * are. */
static void test_bulk_blocks(void **state)
{
	enum { CLIENTS = 5000 }; /* more than are remembered when they have ended */
	struct store *const store = opened(STORE_WRITE);
	struct why why = {""};

	(void)state;
	prepare(store);
	good(store_bulk_begin(store, &why), &why);
	good(store_begin(store, &why), &why);
	for (unsigned i = 0; i < 2 * CLIENTS; i++) { /* the first CLIENTS of them end before the others begin */
		struct block blocks[2] = {
			{.net = net_from("10.0.0.0"), .since_s = t0_s + 1000 * (i / CLIENTS), .offence = 1, .rule = 1}};

		blocks[0].net.addr.bytes[14] = (uint8_t)(i >> 8);
		blocks[0].net.addr.bytes[15] = (uint8_t)i;
		blocks[0].until_s = blocks[0].since_s + 600;
		blocks[1] = blocks[0];
		blocks[1].cause = BLOCK_MANUAL;
		good(store_add_blocks(store, blocks, 2, &why), &why);
	}
	const struct net first = net_from("10.0.0.0"), last = net_from("10.0.39.15"); /* 9999 */

	/* Over, so nothing happens; active: until 5000; then it lasts on, by what it was prolonged to. */
	good(store_prolong(store, &first, BLOCK_EVIDENCE, t0_s + 1000, t0_s + 5000, &why), &why);
	good(store_prolong(store, &last, BLOCK_EVIDENCE, t0_s + 1000, t0_s + 5000, &why), &why);
	good(store_prolong(store, &last, BLOCK_EVIDENCE, t0_s + 4000, t0_s + 6000, &why), &why);
	good(store_prolong(store, &last, BLOCK_EVIDENCE, t0_s + 4000, t0_s + 10, &why), &why);
	good(store_end(store, &(struct block){.net = last, .cause = BLOCK_MANUAL}, t0_s + 1001, "unblock", &why), &why);
	good(store_prolong(store, &last, BLOCK_MANUAL, t0_s + 1002, t0_s + 9000, &why), &why);
	good(store_commit(store, &why), &why);
	good(store_bulk_end(store, &why), &why);
	assert_int_equal(number("SELECT count(*) FROM block"), 4 * CLIENTS);
	assert_int_equal(number("SELECT sum(until - since) FROM block"), 4 * CLIENTS * 600LL + 5000 - 1600 + 1000);
	assert_int_equal(number("SELECT until FROM block WHERE address = '10.0.39.15' AND cause = 0"), t0_s + 6000);
	assert_int_equal(number("SELECT count(*) FROM block WHERE ended IS NOT NULL"), 1);
	assert_int_equal(number("SELECT ended FROM block WHERE address = '10.0.39.15' AND cause = 2"), t0_s + 1001);
	assert_int_equal(number("SELECT count(*) FROM sqlite_master WHERE name = 'block_address'"), 1);
	/* Afterwards the index finds them. */
	good(store_prolong(store, &last, BLOCK_EVIDENCE, t0_s + 4000, t0_s + 7000, &why), &why);
	assert_int_equal(number("SELECT until FROM block WHERE address = '10.0.39.15' AND cause = 0"), t0_s + 7000);
	store_close(store);
}

static void test_bulk_alone(void **state)
{
	struct store *const store = opened(STORE_WRITE);
	struct why why = {""};
	sqlite3 *other;

	(void)state;
	assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "SELECT * FROM log", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(store_bulk_begin(store, &why), -EAGAIN);
	assert_int_equal(number("SELECT count(*) FROM daemon WHERE key = 'bulk'"), 0);
	assert_int_equal(sqlite3_close(other), SQLITE_OK);
	store_close(store);
}

/* What was deleted leaves the file, a slice at a time; and the log of changes is emptied. */
static void test_shrink(void **state)
{
	struct stat before, after, log;
	struct store *const store = opened(STORE_WRITE);
	unsigned slices = 0;
	size_t n;
	char wal[4096];
	struct why why;
	int rc;

	(void)state;
	prepare(store);
	good(store_begin(store, &why), &why);
	for (unsigned i = 0; i < 40000; i++)
		good(add_hit(store, "192.0.2.1", t0_s + i, &why), &why);
	good(store_commit(store, &why), &why);
	assert_int_equal(store_shrink(store, 100, &why), STORE_NONE);
	assert_int_equal(stat(path, &before), 0);
	do {
		good(store_begin(store, &why), &why);
		good(store_purge(store, t0_s + 40000, 2000, &n, &why), &why);
		good(store_commit(store, &why), &why);
	} while (n > 0);
	while ((rc = store_shrink(store, 4, &why)) == 0)
		slices++;
	assert_int_equal(rc, STORE_NONE);
	assert_true(slices > 3);
	assert_int_equal(stat(path, &after), 0);
	(void)snprintf(wal, sizeof wal, "%s-wal", path);
	assert_int_equal(stat(wal, &log), 0);
	assert_int_equal(log.st_size, 0);
	if (after.st_size * 2 > before.st_size) /* empty tables have a page each */
		fail_msg("the file has %ld bytes, it had %ld", (long)after.st_size, (long)before.st_size);
	store_close(store);
}

/* Several blocks of one address: each ends by itself. */
static void test_causes(void **state)
{
	const struct net a = net_from("192.0.2.1");
	struct block block = {.net = a, .since_s = t0_s, .until_s = t0_s + 600, .offence = 3, .rule = 1};
	struct store *store;
	struct why why;

	(void)state;
	good(store_open(NULL, STORE_WRITE, &store, &why), &why);
	good(store_rule(store, "r", "auth", "x", &block.rule, &why), &why);
	good(store_add_blocks(store, &block, 1, &why), &why);
	block.cause = BLOCK_MANUAL;
	block.until_s = t0_s + 900;
	good(store_add_blocks(store, &block, 1, &why), &why);
	good(store_prolong(store, &a, BLOCK_EVIDENCE, t0_s, t0_s + 700, &why), &why);
	good(store_blocks_since(store, t0_s, &why), &why);
	walk(store, "192.0.2.1 700, 192.0.2.1 900");
	good(store_end(store, &(struct block){.net = a}, t0_s + 100, "suspended", &why), &why);
	good(store_running(store, t0_s + 100, &why), &why);
	walk(store, "192.0.2.1 900");
	good(store_running(store, t0_s + 100, &why), &why);
	good(store_next_block(store, &block, NULL, &why), &why);
	assert_int_equal(block.cause, BLOCK_MANUAL);
	good(store_end(store, &block, t0_s + 200, "unblocked", &why), &why);
	good(store_running(store, t0_s + 200, &why), &why);
	assert_int_equal(store_next_block(store, &block, NULL, &why), STORE_NONE);
	store_close(store);
}

/* Good days, credit, allowances and suspensions come back as they were stored. */
static void test_good(void **state)
{
	const struct net a = net_from("2001:db8::/64"), b = net_from("192.0.2.7");
	struct store_good g;
	struct store *store;
	const char *rule;
	struct why why;
	size_t n;
	int64_t resumed_s;

	(void)state;
	good(store_open(NULL, STORE_WRITE, &store, &why), &why);
	good(store_add_good(store, &(struct store_evidence){.net = a, .time_s = t0_s, .times = 2}, 1, &why), &why);
	good(store_add_good(store, &(struct store_evidence){.net = a, .time_s = t0_s + 1, .times = 1}, 1, &why), &why);
	good(store_add_good(store, &(struct store_evidence){.net = b, .time_s = t0_s - 40 * 86400, .times = 1}, 1,
	                    &why),
	     &why);
	good(store_good_since(store, t0_s / 86400 - 31, &why), &why);
	good(store_next_good(store, &g, &why), &why);
	assert_true(addr_equal(&g.net.addr, &a.addr) && g.net.len == 64);
	assert_int_equal(g.day, t0_s / 86400);
	assert_int_equal(store_next_good(store, &g, &why), STORE_NONE);
	good(store_add_credit(store, &(struct store_evidence){.net = b, .time_s = t0_s, .score = -20}, 1, &why), &why);
	good(store_add_credit(store, &(struct store_evidence){.net = b, .time_s = t0_s, .score = -40}, 1, &why), &why);
	good(store_credit_since(store, t0_s - 1, &why), &why);
	good(store_next_good(store, &g, &why), &why);
	assert_int_equal(g.score, -60);
	assert_int_equal(g.time_s, t0_s);
	good(store_purge_good(store, t0_s - 86400, t0_s + 1, 10, &n, &why), &why);
	assert_int_equal(n, 2);
	good(store_credit_since(store, 0, &why), &why);
	assert_int_equal(store_next_good(store, &g, &why), STORE_NONE);

	good(store_add_allowance(store, &a, t0_s, t0_s + 100, "cluster", "x", &why), &why);
	good(store_add_allowance(store, &a, t0_s + 10, t0_s + 200, "cluster", NULL, &why), &why); /* replaces */
	good(store_allowances(store, t0_s + 50, &why), &why);
	good(store_next_good(store, &g, &why), &why);
	assert_int_equal(g.until_s, t0_s + 200);
	assert_int_equal(store_next_good(store, &g, &why), STORE_NONE);
	good(store_end_allowance(store, &a, t0_s + 60, &why), &why);
	good(store_allowances(store, t0_s + 60, &why), &why);
	assert_int_equal(store_next_good(store, &g, &why), STORE_NONE);

	assert_int_equal(store_resume(store, "dnsbl", t0_s, &why), STORE_NONE);
	good(store_suspend(store, "dnsbl", t0_s, "too many", &why), &why);
	good(store_suspensions(store, &why), &why);
	good(store_next_suspension(store, &rule, &resumed_s, &why), &why);
	assert_string_equal(rule, "dnsbl");
	assert_int_equal(resumed_s, 0);
	good(store_resume(store, "dnsbl", t0_s + 5, &why), &why);
	good(store_suspensions(store, &why), &why);
	good(store_next_suspension(store, &rule, &resumed_s, &why), &why);
	assert_int_equal(resumed_s, t0_s + 5);
	good(store_suspend(store, "dnsbl", t0_s + 10, "again", &why), &why);
	good(store_suspensions(store, &why), &why);
	good(store_next_suspension(store, &rule, &resumed_s, &why), &why);
	assert_int_equal(resumed_s, 0);
	assert_int_equal(store_next_suspension(store, &rule, &resumed_s, &why), STORE_NONE);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_create, setup, teardown),
		cmocka_unit_test(test_memory),
		cmocka_unit_test_setup_teardown(test_foreign, setup, teardown),
		cmocka_unit_test_setup_teardown(test_paths, setup, teardown),
		cmocka_unit_test_setup_teardown(test_permissions, setup, teardown),
		cmocka_unit_test_setup_teardown(test_locked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reader, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_disk_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_disk_full_at_first, setup, teardown),
		cmocka_unit_test_setup_teardown(test_logs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rules, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_blocks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_few_blocks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_edited_by_hand, setup, teardown),
		cmocka_unit_test_setup_teardown(test_table_is_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_purge, setup, teardown),
		cmocka_unit_test_setup_teardown(test_purge_overwrites, setup, teardown),
		cmocka_unit_test_setup_teardown(test_say, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bulk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bulk_blocks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bulk_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_shrink, setup, teardown),
		cmocka_unit_test(test_causes),
		cmocka_unit_test(test_good),
	};

	/* A world of our own, so that no mount outlives us. */
	may_mount =
		geteuid() == 0 && unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
