/*
 * hit_index: whatever is indexed, when and by which process, every answer equals counting the hits themselves; also
 * if the writer is killed at any point.
 */
#include "build.h" /* WFS_SANITIZED */
#include "store/backup.h"
#include "store/hits.h"
#include "store/query.h"
#include "store/retention.h"
#include "store/sql.h"
#include "testlib.h"

#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	ADDRESSES = 40,
	RULES = 70, /* more than the index keeps apart at a time */
	BATCH = 60,
	KILLS = WFS_SANITIZED ? 40 : 200, /* a sanitizer is for how memory is used */
	BACKUPS = WFS_SANITIZED ? 20 : 60,
};

static const int64_t day0_s = INT64_C(20700) * 86400;

static char directory[32], path[64];
static struct store *store;
static int writer_end; /* of its pipe, to read from */
static struct why why;

static int setup(void **state)
{
	(void)state;
	(void)strcpy(directory, "/tmp/wfs-index-XXXXXX");
	if (mkdtemp(directory) == NULL)
		return -1;
	(void)snprintf(path, sizeof path, "%s/hits.db", directory);
	return store_open(path, STORE_WRITE, &store, &why);
}

static int teardown(void **state)
{
	static const char *const names[] = {"hits.db",         "hits.db-wal", "hits.db-shm",
	                                    "hits.db-journal", "copy.db-wal", "copy.db-shm"};

	(void)state;
	store_close(store);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char name[80];

		(void)snprintf(name, sizeof name, "%s/%s", directory, names[i]);
		(void)unlink(name);
	}
	return rmdir(directory);
}

static void good(int rc)
{
	if (rc != 0)
		fail_msg("got %d (%s), want 0", rc, why.text);
}

static int64_t number(const char *sql)
{
	sqlite3_stmt *s;
	int64_t result;

	if (sqlite3_prepare_v2(store->db, sql, -1, &s, NULL) != SQLITE_OK || sqlite3_step(s) != SQLITE_ROW)
		fail_msg("%s: %s", sql, sqlite3_errmsg(store->db));
	result = sqlite3_column_int64(s, 0);
	assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
	return result;
}

/* Some of these abbreviate zeros, and not all sort as text as they sort as numbers. */
static struct addr address(unsigned i)
{
	static const char *const forms[] = {"192.0.2.0", "192.0.2.255", "2001:db8::", "2001:db8:1::7"};
	struct addr addr = net_from(forms[i % 4]).addr;

	addr.bytes[i % 2 == 0 ? 15 : 14] = (uint8_t)i;
	return addr;
}

static void add_rules(void)
{
	int64_t id;

	for (unsigned i = 1; i <= RULES; i++) {
		char name[16];

		(void)snprintf(name, sizeof name, "rule%u", i);
		good(store_rule(store, name, "category", "reason", &id, &why));
	}
}

/* Up to BATCH hits; time moves on by an hour on the average. */
static void add_hits(int64_t *time_s)
{
	struct store_hit hits[BATCH];
	const size_t n = 1 + random_below(BATCH);

	for (size_t i = 0; i < n; i++) {
		*time_s += random_below(4) == 0 ? random_below(8 * 3600) : 0;
		hits[i] = (struct store_hit){
			.time_s = *time_s,
			.address = address(random_below(2) == 0 ? random_below(4) : random_below(ADDRESSES)),
			.rule = 1 + random_below(random_below(9) == 0 ? RULES : 5),
			.text = {"line", 4}};
	}
	good(store_add_hits(store, hits, n, &why));
}

/* From its newest to its oldest, by the index and what is not indexed yet; and from the table. */
static void check_address(unsigned i)
{
	const struct addr addr = address(i);
	const struct net net = net_of(&addr);
	char text[ADDR_TEXT_MAX], sql[200];
	sqlite3_stmt *s;
	struct query_hit hit;

	(void)addr_text(&addr, text);
	(void)snprintf(sql, sizeof sql, "SELECT time, offset FROM hit WHERE address = '%s' ORDER BY time DESC, id DESC",
	               text);
	assert_int_equal(sqlite3_prepare_v2(store->db, sql, -1, &s, NULL), SQLITE_OK);
	query_hits(store, &net, (struct query_bound){0});
	while (sqlite3_step(s) == SQLITE_ROW) {
		good(query_next_hit(store, &hit, &why));
		assert_int_equal(hit.time_s, sqlite3_column_int64(s, 0));
		assert_string_equal(hit.address, text);
	}
	assert_int_equal(query_next_hit(store, &hit, &why), STORE_NONE);
	assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
}

/* What counts and is younger, and what is spent and was stored after the first of those: as in the table. */
static void check_since(int64_t since_s)
{
	struct store_hit hit;
	const char *category;
	int64_t n = 0, sum = 0;
	char sql[200];
	int rc;

	good(store_hits_since(store, since_s, &why));
	while ((rc = store_next_hit(store, &hit, &category, &why)) == 0) {
		n += hit.time_s > since_s;
		sum += hit.time_s > since_s ? hit.time_s - day0_s : 0;
	}
	assert_int_equal(rc, STORE_NONE);
	(void)snprintf(sql, sizeof sql, "SELECT count(*) FROM hit WHERE time > %lld", (long long)since_s);
	assert_int_equal(n, number(sql));
	(void)snprintf(sql, sizeof sql, "SELECT coalesce(sum(time - %lld), 0) FROM hit WHERE time > %lld",
	               (long long)day0_s, (long long)since_s);
	assert_int_equal(sum, number(sql));
}

/* The same of each network alone. */
static void check_in(int64_t since_s)
{
	struct store_hit hit;
	const char *category;

	for (unsigned i = 0; i < 4; i++) {
		const struct addr addr = address(i);
		const struct net net = net_around(&addr, addr_is_ip4(&addr) ? 96 + 24 : 48);
		int64_t n = 0, n_in = 0, sum = 0, sum_in = 0;
		int rc;

		good(store_hits_since(store, since_s, &why));
		while ((rc = store_next_hit(store, &hit, &category, &why)) == 0)
			if (net_has(&net, &hit.address)) {
				n++;
				sum += (hit.time_s - day0_s) * n + hit.score;
			}
		assert_int_equal(rc, STORE_NONE);
		good(store_hits_in(store, &net, since_s, &why));
		while ((rc = store_next_hit(store, &hit, &category, &why)) == 0) {
			assert_true(net_has(&net, &hit.address));
			n_in++;
			sum_in += (hit.time_s - day0_s) * n_in + hit.score; /* in the same order */
		}
		assert_int_equal(rc, STORE_NONE);
		assert_int_equal(n_in, n);
		assert_int_equal(sum_in, sum);
	}
}

/* forgotten: some days are only in the sums, which are kept for ever. */
static void check_counts(bool forgotten)
{
	struct query_totals totals;

	assert_int_equal(number("SELECT hits = (SELECT count(*) FROM hit WHERE id <= upto) FROM indexed"), 1);
	assert_int_equal(
		number("SELECT count(*) FROM (SELECT address, count(*) FROM hit WHERE id <= (SELECT upto FROM indexed) "
	               "GROUP BY 1 EXCEPT SELECT address, hits FROM address)"),
		0);
	assert_int_equal(number("SELECT count(*) FROM (SELECT address FROM address EXCEPT SELECT address FROM hit)"),
	                 0);
	assert_int_equal(
		number("SELECT count(*) FROM address a JOIN (SELECT address, min(time) AS first, max(time) AS last FROM hit "
	               "WHERE id <= (SELECT upto FROM indexed) GROUP BY 1) h ON h.address = a.address "
	               "WHERE a.last <> h.last OR a.first > h.first"),
		0);
	assert_int_equal(number("SELECT count(*) FROM (SELECT id / 4000 AS row, max(time) AS time FROM hit WHERE id <= "
	                        "(SELECT upto FROM indexed) GROUP BY 1) h LEFT JOIN latest n ON n.id = row "
	                        "WHERE n.time IS NULL OR n.time < h.time"),
	                 0);
	check_since(number("SELECT coalesce(avg(time), 0) FROM hit"));
	check_in(number("SELECT coalesce(avg(time), 0) FROM hit"));
	good(query_totals(store, day0_s, (struct query_bound){0}, &totals, &why));
	assert_int_equal(totals.hits, number("SELECT count(*) FROM hit"));
	if (forgotten)
		return;
	assert_int_equal(
		number("SELECT count(*) FROM (SELECT day, rule, hits, addresses, last FROM sums WHERE rule > 0 EXCEPT "
	               "SELECT time / 86400, rule, count(*), count(DISTINCT address), max(time) FROM hit GROUP BY 1, 2)"),
		0);
	assert_int_equal(
		number("SELECT count(*) FROM (SELECT time / 86400, count(*), count(DISTINCT address), max(time) FROM hit "
	               "GROUP BY 1 EXCEPT SELECT day, hits, addresses, last FROM sums WHERE rule = 0)"),
		0);
	assert_int_equal(
		number("SELECT count(*) - (SELECT count(DISTINCT (time / 86400) || '/' || rule) FROM hit) FROM sums "
	               "WHERE rule > 0"),
		0);
}

static void check(bool forgotten)
{
	check_counts(forgotten);
	check_since(0);
	check_since(number("SELECT coalesce(max(time), 0) - 3600 FROM hit"));
	for (unsigned i = 0; i < ADDRESSES; i++)
		check_address(i);
}

/* As the daemon does it: transactions of a few hits, and now and then a part of what is new is indexed. */
static void test_steps(void **state)
{
	int64_t time_s = day0_s;
	bool more;

	(void)state;
	random_state = 1;
	add_rules();
	for (int i = 0; i < 150; i++) {
		good(store_begin(store, &why));
		add_hits(&time_s);
		good(store_commit(store, &why));
		if (random_below(4) > 0)
			continue;
		good(store_begin(store, &why));
		good(store_index_hits(store, 1 + random_below(300), &more, &why));
		good(store_commit(store, &why));
		check_counts(false);
	}
	check(false);
}

/* As a replay does it, also beside a daemon; what is rolled back was never there. */
static void test_bulk(void **state)
{
	int64_t time_s = day0_s, kept_s = day0_s;
	bool more;

	(void)state;
	random_state = 2;
	add_rules();
	for (int i = 0; i < 8; i++) {
		add_hits(&time_s); /* somebody else's */
		kept_s = time_s;
		good(store_bulk_begin(store, &why));
		for (int j = 0; j < 100; j++) {
			good(store_begin(store, &why));
			add_hits(&time_s);
			if (random_below(20) == 0) {
				store_rollback(store); /* all since the last real commit */
				time_s = kept_s;
				continue;
			}
			if (store_commits_next(store))
				kept_s = time_s;
			good(store_commit(store, &why));
		}
		good(store_bulk_end(store, &why));
		kept_s = time_s;
		assert_int_equal(number("SELECT upto = (SELECT max(id) FROM hit) FROM indexed"), 1);
		check_counts(false);
		good(store_begin(store, &why));
		add_hits(&time_s);
		good(store_index_hits(store, 20, &more, &why));
		store_rollback(store);
		time_s = kept_s;
	}
	check(false);
}

/* Many addresses, more than are gathered at a time, and hits more than 4000 apart. */
static void test_many(void **state)
{
	enum { MANY = 150000, N = 1000 };
	static struct store_hit hits[N];

	(void)state;
	random_state = 3;
	good(store_bulk_begin(store, &why));
	for (uint32_t i = 0; i < MANY; i += N) {
		good(store_begin(store, &why));
		for (uint32_t j = 0; j < N; j++) {
			struct addr addr = net_from("198.18.0.0").addr;
			const uint32_t host = j % 100 == 0 ? 5 : random_below(MANY);

			addr.bytes[13] = (uint8_t)(addr.bytes[13] + (host >> 16));
			addr.bytes[14] = (uint8_t)(host >> 8);
			addr.bytes[15] = (uint8_t)host;
			hits[j] = (struct store_hit){
				.time_s = day0_s + i, .address = addr, .rule = 1 + j % 3, .text = {"", 0}};
		}
		good(store_add_hits(store, hits, N, &why));
		good(store_commit(store, &why));
	}
	good(store_bulk_end(store, &why));
	(void)number("SELECT 1 FROM hit");
	assert_int_equal(sqlite3_exec(store->db,
	                              "CREATE TEMP TABLE want AS SELECT address, count(*) AS n, max(id) AS head FROM "
	                              "hit GROUP BY 1",
	                              NULL, NULL, NULL),
	                 SQLITE_OK);
	assert_int_equal(
		number("SELECT count(*) FROM (SELECT address, n, head FROM want EXCEPT SELECT address, hits, head FROM address)"),
		0);
	assert_int_equal(number("SELECT (SELECT count(*) FROM want) - (SELECT count(*) FROM address)"), 0);
	assert_int_equal(
		number("WITH RECURSIVE chain (id) AS (SELECT head FROM address WHERE address = '198.18.0.5' UNION ALL "
	               "SELECT hit_before(chain.id, back) FROM chain JOIN link ON link.id = chain.id / 4000) "
	               "SELECT group_concat(id) = (SELECT group_concat(id) FROM (SELECT id FROM hit WHERE "
	               "address = '198.18.0.5' ORDER BY id DESC)) FROM chain WHERE id IS NOT NULL"),
		1);
}

/* How many steps of SQLite's program the walk takes. */
static int steps_since(int64_t since_s)
{
	sqlite3_stmt *s = NULL;

	check_since(since_s);
	while ((s = sqlite3_next_stmt(store->db, s)) != NULL)
		if (strstr(sqlite3_sql(s), "OR h.ignored = 2") != NULL)
			return sqlite3_stmt_status(s, SQLITE_STMTSTATUS_VM_STEP, 1);
	fail_msg("no such statement");
	return 0;
}

/* A start reads what is young, and not what was there before it; but what was replayed late is found among older ones.
 */
static void test_since(void **state)
{
	enum { OLD = 100000, N = 1000 };
	static struct store_hit hits[N];
	int few, all;

	(void)state;
	add_rules();
	good(store_bulk_begin(store, &why));
	good(store_begin(store, &why));
	for (int i = 0; i < OLD; i += N) {
		for (int j = 0; j < N; j++)
			hits[j] = (struct store_hit){
				.time_s = day0_s + i, .address = address((unsigned)j % 7), .rule = 1, .text = {"", 0}};
		hits[0].spent = true;
		good(store_add_hits(store, hits, N, &why));
	}
	good(store_commit(store, &why));
	good(store_bulk_end(store, &why));
	all = steps_since(0);
	few = steps_since(day0_s + OLD - N - 1);
	assert_in_range(few, 1, all / 15);
	assert_in_range(steps_since(day0_s + OLD), 1, all / 1000);
	good(store_begin(store, &why));
	hits[0].time_s = day0_s + 2 * OLD; /* not indexed yet */
	good(store_add_hits(store, hits, N, &why));
	good(store_commit(store, &why));
	assert_in_range(steps_since(day0_s + OLD), few / 10, all / 15);
	assert_int_equal(sqlite3_exec(store->db, "DELETE FROM latest WHERE id = 0", NULL, NULL, NULL), SQLITE_OK);
	assert_in_range(steps_since(day0_s + OLD), all / 4, all); /* as by an older version: all are read */
}

/* What is too old goes; the counts follow, and each chain ends where its hits do. */
static void test_purge(void **state)
{
	int64_t time_s = day0_s;
	size_t n, left = 1;
	bool more;

	(void)state;
	random_state = 4;
	add_rules();
	for (int i = 0; i < 200; i++)
		add_hits(&time_s);
	good(store_begin(store, &why));
	good(store_index_hits(store, 5000, &more, &why));
	good(store_commit(store, &why));
	for (int64_t before_s = day0_s; left > 0; before_s += (time_s - day0_s) / 20) {
		good(store_begin(store, &why));
		good(store_purge(store, before_s, 700, &n, &why));
		good(store_commit(store, &why));
		check(true);
		left = (size_t)number("SELECT count(*) FROM hit WHERE id < (SELECT max(id) FROM hit)");
	}
	assert_int_equal(number("SELECT count(*) FROM hit"), 1);
	assert_true(number("SELECT count(*) FROM address") <= 1);
	assert_true(number("SELECT count(*) FROM link") <= 1);
	add_hits(&time_s); /* ids go on */
	check(true);
}

/* Without end; a byte for each transaction. */
static _Noreturn void write_hits(int out, unsigned seed)
{
	int64_t time_s = number("SELECT coalesce(max(time), 1788480000) FROM hit"); /* day0_s */
	bool more;

	random_state = seed;
	for (;;) {
		(void)!write(out, "", 1);
		good(store_begin(store, &why));
		add_hits(&time_s);
		if (random_below(3) == 0)
			good(store_index_hits(store, 1 + random_below(200), &more, &why));
		if (random_below(20) == 0)
			store_rollback(store);
		else
			good(store_commit(store, &why));
		if (store_hits_behind(store, &(int64_t){0}, &why) < 0)
			_exit(1);
	}
}

/* A process that writes; returns when it has begun a few transactions, and is somewhere within the next. */
static pid_t start_writer(unsigned seed)
{
	unsigned left = 1 + seed % 3;
	int ends[2];
	pid_t pid;
	char byte;

	store_close(store);
	store = NULL;
	assert_int_equal(pipe(ends), 0);
	if ((pid = fork()) == 0) {
		good(store_open(path, STORE_WRITE, &store, &why));
		write_hits(ends[1], seed);
	}
	assert_true(pid > 0);
	(void)close(ends[1]);
	while (left-- > 0)
		assert_int_equal(read(ends[0], &byte, 1), 1);
	writer_end = ends[0];
	for (unsigned spin = seed * 7919 % 40000; spin > 0; spin--)
		__asm__ volatile("");
	return pid;
}

static void end_writer(pid_t pid)
{
	int status;

	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	(void)close(writer_end);
}

/* Killed at any point between two transactions or within one. */
static void test_kills(void **state)
{
	(void)state;
	add_rules();
	for (unsigned i = 1; i <= KILLS; i++) {
		end_writer(start_writer(i));
		good(store_open(path, STORE_WRITE, &store, &why));
		check_counts(false);
		if (i % 20 == 0)
			check(false);
	}
	assert_true(number("SELECT upto > 1000 FROM indexed"));
}

/* A copy that is made at any point while another process writes and indexes: all of it is of one moment. */
static void test_backups(void **state)
{
	char copy[80];

	(void)state;
	add_rules();
	(void)snprintf(copy, sizeof copy, "%s/copy.db", directory);
	for (unsigned i = 1; i <= BACKUPS; i++) {
		const pid_t pid = start_writer(i);
		struct store *source = NULL;

		good(store_open(path, STORE_READ, &source, &why));
		good(store_backup(source, copy, true, &why));
		end_writer(pid); /* it was alive until now */
		store_close(source);
		good(store_open(copy, STORE_WRITE, &store, &why));
		check_counts(false);
		if (i % 20 == 0)
			check(false);
	}
	assert_true(number("SELECT upto > 1000 FROM indexed"));
	assert_int_equal(unlink(copy), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_steps, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bulk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_purge, setup, teardown),
		cmocka_unit_test_setup_teardown(test_since, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kills, setup, teardown),
		cmocka_unit_test_setup_teardown(test_backups, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
