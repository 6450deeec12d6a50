/* writer: two alternating transactions leave what a single one would, and an error ends both. */
#include "replay/writer.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/account.h"
#include "store/sql.h"
#include "store/store.h"

enum { WRITES = 50 };

static const int64_t t0_s = 1795181862;

static char directory[32];
static char path[64];
static struct store *store;

static struct rulefile_rule words = {
	.name = (char[]){"first"}, .category = (char[]){"dnsbl"}, .reason = (char[]){"listed"}};
static const struct rule rule = {.index = 0, .text = &words};

static int setup(void **state)
{
	struct why why;

	(void)state;
	(void)strcpy(directory, "/tmp/wfs-writer-XXXXXX");
	if (mkdtemp(directory) == NULL)
		return -1;
	(void)snprintf(path, sizeof path, "%s/hits.db", directory);
	return store_open(path, STORE_WRITE, &store, &why) < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	store_close(store);
	(void)unlink(path);
	return rmdir(directory);
}

static int64_t number(const char *text)
{
	sqlite3_stmt *s;
	int64_t n;

	if (sqlite3_prepare_v2(store->db, text, -1, &s, NULL) != SQLITE_OK || sqlite3_step(s) != SQLITE_ROW)
		fail_msg("%s: %s", text, sqlite3_errmsg(store->db));
	n = sqlite3_column_int64(s, 0);
	(void)sqlite3_finalize(s);
	return n;
}

static struct span span_of(const char *text)
{
	return (struct span){text, strlen(text)};
}

/* A hit, a delivery of another client, and the position behind them. */
static void fill(struct writer *w, unsigned i)
{
	const struct addr addr = {.bytes = {[10] = 0xFF, [11] = 0xFF, [12] = 192, [14] = 2, [15] = (uint8_t)i}};
	const struct addr good = {.bytes = {[10] = 0xFF, [11] = 0xFF, [12] = 198, [13] = 51, [14] = 100, [15] = 7}};
	const struct rules_hit hit = {.rule = &rule, .address = addr, .score = 20, .count = 1};
	const struct verdict_decision decision = {
		.outcome = VERDICT_COUNTED, .counted = true, .score = 20, .subject = net_of(&addr)};
	const struct net subject = net_of(&good);

	pending_hit(writer_pending(w), writer_log(w), &hit, t0_s + i, 100 * (int64_t)i, span_of("the line"), &decision);
	pending_good(writer_pending(w), &subject, ACCOUNT_NONE, t0_s + i, -1, true);
	pending_read(writer_log(w), &(struct pending_read){.lines = 2,
	                                                   .last_line_at = t0_s + i,
	                                                   .position = 100 * ((int64_t)i + 1),
	                                                   .last = span_of("last")});
}

/* committed: so many writes lead to one commit; 0: only the end does. */
static void write_all(bool threaded, unsigned committed)
{
	struct writer *const w = writer_new(store, 7200, PENDING_ALL, threaded);
	struct why why = {""};

	if (store_bulk_begin(store, &why) < 0)
		fail_msg("%s", why.text);
	writer_begin_file(w, "/var/log/mail.log", span_of("first"), NULL);
	for (unsigned i = 0; i < WRITES; i++) {
		fill(w, i);
		if (committed > 0 && i % committed == 0)
			writer_commit_next(w);
		if (writer_write(w, &why) < 0)
			fail_msg("write %u: %s", i, why.text);
	}
	fill(w, WRITES);
	if (writer_finish(w, &why) < 0)
		fail_msg("%s", why.text);
	writer_end_log(w);
	if (store_bulk_end(store, &why) < 0)
		fail_msg("%s", why.text);
	writer_free(w);
	assert_int_equal(number("SELECT count(*) FROM log"), 1);
	assert_int_equal(number("SELECT position FROM log"), 100 * (WRITES + 1));
	assert_int_equal(number("SELECT lines FROM log"), 2 * (WRITES + 1));
	assert_int_equal(number("SELECT count(*) FROM hit WHERE log = 1 AND offset = 100 * (id - 1)"), WRITES + 1);
	assert_int_equal(number("SELECT sum(times) FROM good"), WRITES + 1);
	assert_int_equal(number("SELECT -sum(score) FROM credit"), WRITES + 1);
}

static void test_with_a_thread(void **state)
{
	(void)state;
	write_all(true, 0);
}

static void test_with_commits(void **state)
{
	(void)state;
	write_all(true, 3);
}

/* A line that is out of order, behind the last commit: its credit is older than the window of what came before. */
static void test_late_credit(void **state)
{
	struct writer *const w = writer_new(store, 7200, PENDING_ALL, true);
	const struct addr good = {.bytes = {[10] = 0xFF, [11] = 0xFF, [12] = 198, [13] = 51, [14] = 100, [15] = 7}};
	const struct net subject = net_of(&good);
	struct why why = {""};

	(void)state;
	assert_int_equal(store_bulk_begin(store, &why), 0);
	writer_begin_file(w, "/var/log/mail.log", span_of("first"), NULL);
	for (unsigned i = 0; i < 2; i++) { /* the other one has seen no credit then */
		fill(w, i);
		writer_commit_next(w);
		assert_int_equal(writer_write(w, &why), 0);
	}
	pending_good(writer_pending(w), &subject, ACCOUNT_NONE, t0_s - 10000, -1, true);
	assert_int_equal(writer_finish(w, &why), 0);
	writer_end_log(w);
	assert_int_equal(store_bulk_end(store, &why), 0);
	writer_free(w);
	assert_int_equal(number("SELECT -sum(score) FROM credit"), 2);
}

static void test_without_a_thread(void **state)
{
	(void)state;
	write_all(false, 3);
}

/* The next write returns the error, and writes no more: what came later must not be there without it. */
static void test_error(void **state)
{
	struct writer *const w = writer_new(store, 7200, PENDING_ALL, true);
	struct why why = {""};
	int rc = 0;
	unsigned i;

	(void)state;
	if (sqlite3_exec(store->db,
	                 "CREATE TRIGGER stumble BEFORE INSERT ON hit WHEN NEW.offset = 500 "
	                 "BEGIN SELECT RAISE(FAIL, 'no'); END",
	                 NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(store->db));
	writer_begin_file(w, "/var/log/mail.log", span_of("first"), NULL);
	for (i = 0; i < WRITES && rc == 0; i++) {
		fill(w, i);
		rc = writer_write(w, &why);
	}
	assert_true(rc < 0);
	assert_int_equal(i, 7); /* the one after the one of offset 500 */
	assert_non_null(strstr(why.text, "no"));
	writer_wait(w);
	writer_end_log(w);
	writer_free(w);
	assert_int_equal(number("SELECT count(*) FROM hit"), 5);
	assert_int_equal(number("SELECT position FROM log"), 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_with_a_thread, setup, teardown),
		cmocka_unit_test_setup_teardown(test_with_commits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_late_credit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_without_a_thread, setup, teardown),
		cmocka_unit_test_setup_teardown(test_error, setup, teardown),
	};

	return cmocka_run_group_tests_name("writer", tests, NULL, NULL);
}
