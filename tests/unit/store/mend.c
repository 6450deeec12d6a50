/* mend: real database files that are garbage, truncated, damaged in the middle, deleted and replaced. */
#include "store/mend.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/blocks.h"
#include "store/hits.h"
#include "store/logs.h"

enum { BLOCKS = 3000, PAGE = 16384 };

static const int64_t t0_s = 1795181862; /* 2026-11-20T13:37:42Z */

static char directory[32], path[64], aside[96];

static int setup(void **state)
{
	(void)state;
	(void)strcpy(directory, "/tmp/wfs-mend-XXXXXX");
	if (mkdtemp(directory) == NULL)
		return -1;
	(void)snprintf(path, sizeof path, "%s/hits.db", directory);
	(void)snprintf(aside, sizeof aside, "%s/hits.db.corrupt-20261120T133742Z", directory);
	return 0;
}

static int teardown(void **state)
{
	DIR *const dir = opendir(directory);
	const struct dirent *entry;

	(void)state;
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	(void)closedir(dir);
	return rmdir(directory);
}

static void good(int rc, const struct why *why)
{
	if (rc != 0)
		fail_msg("got %d (%s), want 0", rc, why->text);
}

static int64_t number(const char *file, const char *text)
{
	sqlite3 *db;
	sqlite3_stmt *s;
	int64_t result;

	assert_int_equal(sqlite3_open_v2(file, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	if (sqlite3_prepare_v2(db, text, -1, &s, NULL) != SQLITE_OK || sqlite3_step(s) != SQLITE_ROW)
		fail_msg("%s: %s", text, sqlite3_errmsg(db));
	result = sqlite3_column_int64(s, 0);
	assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return result;
}

/* A database with a log, read to 4711, two rules, and n blocks that run, one that is over and one that was lifted. */
static struct store *filled(size_t n)
{
	struct store *store = NULL;
	struct why why = {""};
	struct store_log log;
	int64_t id;

	good(store_open(path, STORE_WRITE, &store, &why), &why);
	good(store_begin(store, &why), &why);
	good(store_log_add(store, "/var/log/mail.log", (struct span){"first", 5}, &id, &why), &why);
	good(store_log_find(store, (struct span){"first", 5}, 0, &log, &why), &why);
	log.position = 4711;
	good(store_log_put(store, &log, "/var/log/mail.log", &why), &why);
	good(store_rule(store, "one", "auth", "guesses", &id, &why), &why);
	good(store_rule(store, "two", "dnsbl", "is listed", &id, &why), &why);
	for (size_t i = 0; i < n + 2; i++) {
		const struct block block = {.net = {{{0}}, 128},
		                            .since_s = t0_s - 60,
		                            .until_s = i == n ? t0_s : t0_s + 3600,
		                            .offence = 3,
		                            .rule = 2,
		                            .cause = BLOCK_EVIDENCE};
		struct block added = block;
		char text[40];

		(void)snprintf(text, sizeof text, "198.51.%zu.%zu", i / 256, i % 256);
		assert_true(net_parse(text, strlen(text), &added.net));
		good(store_add_blocks(store, &added, 1, &why), &why);
		if (i == n + 1)
			good(store_end(store, &(struct block){.net = added.net}, t0_s - 1, "unblocked", &why), &why);
	}
	good(store_commit(store, &why), &why);
	return store;
}

static void overwrite(const char *file, off_t at, const void *bytes, size_t len)
{
	const int fd = open(file, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, len, at), len);
	assert_int_equal(close(fd), 0);
}

/* Opens it, which must fail because it is damaged, now or when all blocks are read. */
static void is_damaged(void)
{
	struct store *store = NULL;
	struct block block;
	struct why why = {""};
	int rc = store_open(path, STORE_WRITE, &store, &why);

	if (rc == 0 && (rc = store_running(store, t0_s, &why)) == 0)
		while ((rc = store_next_block(store, &block, NULL, &why)) == 0)
			;
	if (store != NULL)
		assert_int_equal(store_health(store), STORE_DAMAGED);
	store_close(store);
	if (rc != -EUCLEAN)
		fail_msg("got %d (%s), want %d", rc, why.text, -EUCLEAN);
}

/* Mends it, and checks the result. Returns how many blocks were copied. */
static size_t mended(struct store *open, const char *want_done)
{
	struct store *store = NULL;
	struct block block;
	const char *rule;
	struct why done = {""}, why = {""};
	size_t n = 0;
	int rc;

	good(store_mend(path, open, "tested", t0_s, &done, &why), &why);
	if (strncmp(done.text, "2026-11-20T13:37:42Z: ", 22) != 0 || strstr(done.text, want_done) == NULL)
		fail_msg("got %s\nwant ...%s", done.text, want_done);
	store_close(open);
	good(store_open(path, STORE_WRITE, &store, &why), &why);
	assert_int_equal(store_health(store), STORE_FINE);
	good(store_blocks_since(store, 0, &why), &why);
	while ((rc = store_next_block(store, &block, &rule, &why)) == 0) {
		assert_true(block.until_s == t0_s + 3600 && block.since_s == t0_s - 60 && block.offence == 3);
		assert_true(strcmp(rule, "two") == 0 || strcmp(rule, "unknown") == 0);
		n++;
	}
	assert_int_equal(rc, STORE_NONE);
	store_close(store);
	assert_int_equal(number(path, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
	assert_int_equal(
		number(path, "SELECT value LIKE '2026-11-20T13:37:42Z: %' FROM daemon WHERE key = 'database_error'"),
		1);
	(void)snprintf(why.text, sizeof why.text, "with %zu active block%s", n, n == 1 ? "" : "s");
	assert_non_null(strstr(done.text, why.text));
	return n;
}

static void test_garbage(void **state)
{
	char garbage[4096];
	FILE *const file = fopen(path, "w");

	(void)state;
	assert_non_null(file);
	memset(garbage, 'x', sizeof garbage);
	assert_int_equal(fwrite(garbage, 1, sizeof garbage, file), sizeof garbage);
	assert_int_equal(fclose(file), 0);
	is_damaged();
	assert_int_equal(mended(NULL, "the database was damaged (tested) and is now "), 0);
	assert_int_equal(access(aside, F_OK), 0);
}

/* A truncated file keeps what is before the cut. */
static void test_truncated(void **state)
{
	int64_t page;
	size_t n;

	(void)state;
	store_close(filled(BLOCKS));
	page = number(
		path,
		"SELECT pageno FROM dbstat WHERE name = 'block' AND pagetype = 'leaf' ORDER BY path LIMIT 1 OFFSET 3");
	assert_int_equal(truncate(path, page * PAGE), 0);
	is_damaged();
	n = mended(NULL, aside);
	assert_true(n > 0 && n < BLOCKS);
	assert_int_equal(number(path, "SELECT position FROM log"), 4711);
}

/* One page in the middle of the blocks is lost: those before and behind it are not. */
static void test_flipped(void **state)
{
	static const char zeros[PAGE];
	int64_t page;
	size_t n;

	(void)state;
	store_close(filled(BLOCKS));
	page = number(
		path,
		"SELECT pageno FROM dbstat WHERE name = 'block' AND pagetype = 'leaf' ORDER BY path LIMIT 1 OFFSET 3");
	overwrite(path, (page - 1) * PAGE, zeros, PAGE);
	is_damaged();
	n = mended(NULL, aside);
	assert_true(n > BLOCKS / 2 && n < BLOCKS);
	assert_int_equal(number(path, "SELECT address = '198.51.0.0' FROM block ORDER BY id LIMIT 1"), 1);
	assert_int_equal(number(path, "SELECT address = '198.51.11.183' FROM block ORDER BY id DESC LIMIT 1"), 1);
	assert_int_equal(number(path, "SELECT count(*) FROM rule WHERE name = 'two' AND reason = 'is listed'"), 1);
}

/* Another table's definition, or a row that makes no sense, costs no block but its own. */
static void test_malformed(void **state)
{
	sqlite3 *db;

	(void)state;
	store_close(filled(10));
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(
			db,
			"PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = 'CREATE TABLE act (id' "
			"WHERE name = 'act'; UPDATE block SET address = '198.51.0.' WHERE id = 1; "
			"UPDATE block SET until = 1 << 60 WHERE id = 2; UPDATE block SET cause = 7 WHERE id = 3; "
			"UPDATE block SET address = '127.0.0.1' WHERE id = 4; UPDATE block SET rule = 99 WHERE id = 5",
			NULL, NULL, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	is_damaged();
	assert_int_equal(mended(NULL, aside), 6);
	assert_int_equal(number(path, "SELECT count(*) FROM block JOIN rule ON rule.id = rule WHERE name = 'unknown'"),
	                 1);
}

/* Met while it is open: the old one's own handle still reads. */
static void test_running(void **state)
{
	static const char zeros[PAGE];
	struct store *store = filled(BLOCKS);
	struct block block;
	struct why why = {""};
	int64_t page;
	int rc;

	(void)state;
	store_close(store);
	good(store_open(path, STORE_WRITE, &store, &why), &why);
	assert_int_equal(store_health(store), STORE_FINE);
	page = number(
		path,
		"SELECT pageno FROM dbstat WHERE name = 'block' AND pagetype = 'leaf' ORDER BY path LIMIT 1 OFFSET 3");
	overwrite(path, (page - 1) * PAGE, zeros, PAGE);
	good(store_blocks_since(store, t0_s, &why), &why);
	while ((rc = store_next_block(store, &block, NULL, &why)) == 0)
		;
	assert_int_equal(rc, -EUCLEAN);
	assert_int_equal(store_health(store), STORE_DAMAGED);
	assert_true(mended(store, aside) > BLOCKS / 2);
	assert_int_equal(access(aside, F_OK), 0);
}

/* Deleted, with or without what lies beside it: nothing that runs is lost. */
static void test_deleted(void **state)
{
	struct store *store;
	struct why why = {""};
	char wal[80];

	(void)state;
	(void)snprintf(wal, sizeof wal, "%s-wal", path);
	for (int i = 0; i < 2; i++) {
		(void)unlink(path);
		(void)unlink(wal);
		store_close(filled(10));
		good(store_open(path, STORE_WRITE, &store, &why), &why); /* so that it has to read the file */
		good(store_begin(store, &why), &why);
		good(store_state_set(store, "drift", "0", &why), &why);
		good(store_commit(store, &why), &why);
		assert_int_equal(store_health(store), STORE_FINE);
		assert_int_equal(unlink(path), 0);
		if (i > 0)
			assert_int_equal(unlink(wal), 0);
		assert_int_equal(store_health(store), STORE_DELETED);
		assert_int_equal(
			mended(store, "the database was deleted while the daemon was running; a new one was created"),
			10);
		assert_int_equal(access(aside, F_OK), -1);
	}
	store_close(NULL);
	assert_true(why.text[0] == '\0');
}

/* Another file used instead stays unchanged: nothing of the old one gets into it. */
static void test_replaced(void **state)
{
	char other[80];
	struct store *store = filled(10);
	struct why why = {""};

	(void)state;
	store_close(store);
	(void)snprintf(other, sizeof other, "%s/other.db", directory);
	assert_int_equal(rename(path, other), 0);
	store = filled(20);
	assert_int_equal(rename(other, path), 0);
	assert_int_equal(store_health(store), STORE_REPLACED);
	store_leave(store);
	store_close(store);
	good(store_open(path, STORE_WRITE, &store, &why), &why);
	assert_int_equal(store_health(store), STORE_FINE);
	store_close(store);
	assert_int_equal(number(path, "SELECT count(*) FROM block"), 12);
	assert_int_equal(number(path, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
}

static void test_aside_exists(void **state)
{
	struct why done, why = {""};
	FILE *file = fopen(path, "w");

	(void)state;
	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
	assert_non_null(file = fopen(aside, "w"));
	assert_int_equal(fclose(file), 0);
	assert_int_equal(store_mend(path, NULL, "tested", t0_s, &done, &why), -EEXIST);
	assert_non_null(strstr(why.text, "cannot be moved to "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_garbage, setup, teardown),
		cmocka_unit_test_setup_teardown(test_truncated, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flipped, setup, teardown),
		cmocka_unit_test_setup_teardown(test_malformed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_running, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deleted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_replaced, setup, teardown),
		cmocka_unit_test_setup_teardown(test_aside_exists, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
