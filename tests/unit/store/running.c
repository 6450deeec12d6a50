/* running: a replay into a new file stores the same blocks as one statement after the other, also if it is killed. */
#include "store/blocks.h"
#include "store/hits.h"
#include "testlib.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	MANY = 200000, /* so many that some share a hash of 32 bits, and more prolongations than are gathered */
	STEPS = 40000,
	NETS = 6000, /* so many that ended blocks are dropped */
};

static const int64_t t0_s = INT64_C(1800000000);

static char directory[32];
static struct why why;

static int setup(void **state)
{
	(void)state;
	(void)strcpy(directory, "/tmp/wfs-running-XXXXXX");
	return mkdtemp(directory) == NULL ? -1 : 0;
}

static void path_of(const char *name, char path[static 64])
{
	(void)snprintf(path, 64, "%s/%s", directory, name);
}

static int teardown(void **state)
{
	static const char *const names[] = {"bulk.db",  "bulk.db-wal",  "bulk.db-shm", "bulk.db-journal",
	                                    "plain.db", "plain.db-wal", "plain.db-shm"};

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char path[64];

		path_of(names[i], path);
		(void)unlink(path);
	}
	return rmdir(directory);
}

static void good(int rc)
{
	if (rc != 0)
		fail_msg("got %d (%s), want 0", rc, why.text);
}

/* Begins a transaction, and a bulk before it. */
static struct store *opened(const char *name, bool bulk)
{
	struct store *store;
	char path[64];
	int64_t id;

	path_of(name, path);
	good(store_open(path, STORE_WRITE, &store, &why));
	good(store_rule(store, "rule", "category", "reason", &id, &why));
	if (bulk)
		good(store_bulk_begin(store, &why));
	good(store_begin(store, &why));
	return store;
}

static void closed(struct store *store, bool bulk)
{
	good(store_commit(store, &why));
	if (bulk)
		good(store_bulk_end(store, &why));
	store_close(store);
}

static void commit(struct store *store)
{
	store_bulk_due(store);
	good(store_commit(store, &why));
	good(store_begin(store, &why));
}

static struct net net_number(uint32_t i)
{
	struct net net = net_from("10.0.0.0");

	net.addr.bytes[13] = (uint8_t)(i >> 16);
	net.addr.bytes[14] = (uint8_t)(i >> 8);
	net.addr.bytes[15] = (uint8_t)i;
	return net;
}

static void add(struct store *store, struct net net, enum block_cause cause, int64_t since_s, int64_t until_s)
{
	struct block block = {
		.net = net, .cause = cause, .since_s = since_s, .until_s = until_s, .offence = 1, .rule = 1};

	good(store_add_blocks(store, &block, 1, &why));
}

static void prolong(struct store *store, struct net net, enum block_cause cause, int64_t at_s, int64_t until_s)
{
	good(store_prolong(store, &net, cause, at_s, until_s, &why));
}

/* What a replay does with a block. */
static void step(struct store *store, int64_t at_s)
{
	const struct net net = net_number(random_below(random_below(2) == 0 ? 50 : NETS));
	const enum block_cause cause = random_below(8) == 0 ? BLOCK_NETWORK : BLOCK_EVIDENCE;
	const int64_t until_s = at_s + random_below(20000);
	const unsigned what = random_below(8);

	if (what < 3)
		add(store, net, cause, at_s, until_s);
	else if (what == 3)
		good(store_end(store, &(struct block){.net = net, .cause = cause}, at_s, "suspended", &why));
	else
		prolong(store, net, cause, at_s, until_s);
}

/* Returns the next row of table block; NULL after the last. */
static const char *row(sqlite3_stmt *s)
{
	return sqlite3_step(s) == SQLITE_ROW ? (const char *)sqlite3_column_text(s, 0) : NULL;
}

static sqlite3_stmt *rows_of(const char *name)
{
	sqlite3 *db;
	sqlite3_stmt *s;
	char path[64];

	path_of(name, path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_prepare_v2(db,
	                           "SELECT id || ' ' || address || ' ' || since || ' ' || until || ' ' || cause "
	                           "|| ' ' || coalesce(ended, '-') || ' ' || coalesce(ended_by, '-') "
	                           "FROM block ORDER BY id",
	                           -1, &s, NULL),
		SQLITE_OK);
	return s;
}

static void done(sqlite3_stmt *s)
{
	sqlite3 *const db = sqlite3_db_handle(s);

	assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void test_same(void **state)
{
	sqlite3_stmt *plain, *bulk;
	unsigned n = 0;

	(void)state;
	for (size_t turn = 0; turn < 2; turn++) {
		struct store *const store = opened(turn == 0 ? "plain.db" : "bulk.db", turn == 1);
		int64_t at_s = t0_s;

		random_state = 88172645463325252U;
		for (unsigned i = 0; i < STEPS; i++) {
			step(store, at_s);
			at_s += random_below(3);
			if (random_below(2000) == 0)
				commit(store);
		}
		closed(store, turn == 1);
	}
	plain = rows_of("plain.db");
	bulk = rows_of("bulk.db");
	for (const char *want; (want = row(plain)) != NULL; n++)
		assert_string_equal(row(bulk), want);
	assert_null(row(bulk));
	assert_true(n > STEPS / 4);
	done(plain);
	done(bulk);
}

/* Each block is prolonged to its own time, even if another one looks alike. */
static void test_alike(void **state)
{
	struct store *const store = opened("bulk.db", true);
	sqlite3_stmt *s;

	(void)state;
	for (uint32_t i = 0; i < MANY; i++)
		add(store, net_number(i), BLOCK_EVIDENCE, t0_s, t0_s + 1000);
	for (uint32_t i = 0; i < MANY; i++)
		prolong(store, net_number(i), BLOCK_EVIDENCE, t0_s, t0_s + 1000 + i);
	closed(store, true);
	s = rows_of("bulk.db");
	for (uint32_t i = 0; i < MANY; i++) {
		const struct net net = net_number(i);
		char text[NET_TEXT_MAX], want[120];

		(void)net_text(&net, text);
		(void)snprintf(want, sizeof want, "%u %s %lld %lld 0 - -", i + 1, text, (long long)t0_s,
		               (long long)t0_s + 1000 + i);
		assert_string_equal(row(s), want);
	}
	done(s);
}

static void fill_and_die(void)
{
	struct store *const store = opened("bulk.db", true);

	add(store, net_number(1), BLOCK_EVIDENCE, t0_s, t0_s + 1000);
	prolong(store, net_number(1), BLOCK_EVIDENCE, t0_s + 1, t0_s + 2000);
	commit(store);
	prolong(store, net_number(1), BLOCK_EVIDENCE, t0_s + 2, t0_s + 3000);
	_exit(0);
}

/* What was committed stays, and nothing else. */
static void test_killed(void **state)
{
	const pid_t child = fork();
	struct store *store;
	sqlite3_stmt *s;
	char path[64];
	int status;

	(void)state;
	if (child == 0)
		fill_and_die();
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	path_of("bulk.db", path);
	good(store_open(path, STORE_WRITE, &store, &why));
	store_close(store);
	s = rows_of("bulk.db");
	assert_string_equal(row(s), "1 10.0.0.1 1800000000 1800002000 0 - -");
	assert_null(row(s));
	done(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_same, setup, teardown),
		cmocka_unit_test_setup_teardown(test_alike, setup, teardown),
		cmocka_unit_test_setup_teardown(test_killed, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
