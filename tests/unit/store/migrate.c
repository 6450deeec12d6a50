/* migrate: databases of older versions. tests/data/schema-1.sql is that of 0.1.0; WFS_SOURCE_ROOT: the checkout. */
#include "store/migrate.h"
#include "store/query.h"
#include "store/sql.h"
#include "testlib.h"

#include <errno.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const int64_t t0_s = 1795181862;

static char directory[32], path[64];

static int setup(void **state)
{
	(void)state;
	(void)strcpy(directory, "/tmp/wfs-migrate-XXXXXX");
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

static void sql(sqlite3 *db, const char *text)
{
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", text, sqlite3_errmsg(db));
}

static int64_t number(struct store *store, const char *query)
{
	int64_t ret = -1;
	struct why why = {""};

	if (sql_once(store, query, &ret, &why) < 0)
		fail_msg("%s: %s", query, why.text);
	return ret;
}

/* Like one that 0.1.0 left: with hits of two addresses, and a block of each. */
static void make_old(void)
{
	static char schema[1 << 16];
	const char *const root = getenv("WFS_SOURCE_ROOT");
	char name[512];
	sqlite3 *db = NULL;
	FILE *f;

	(void)snprintf(name, sizeof name, "%s/tests/data/schema-1.sql", root);
	f = fopen(name, "re");
	assert_non_null(f);
	schema[fread(schema, 1, sizeof schema - 1, f)] = '\0';
	(void)fclose(f);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sql(db, "PRAGMA page_size = 16384; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL");
	sql(db, schema);
	sql(db, "PRAGMA user_version = 1; INSERT INTO rule VALUES (1, 'name', 'category', 'reason');"
	        "INSERT INTO hit (time, address, rule, score, ignored, log, offset, text) VALUES "
	        "(1795181862, '192.0.2.7', 1, 20, 0, 0, 0, 'one'), (1795181863, '192.0.2.8', 1, 20, 0, 0, 0, 'two'), "
	        "(1795181864, '192.0.2.7', 1, 20, 0, 0, 0, 'three');"
	        "INSERT INTO block (address, since, until, offence, rule) VALUES "
	        "('192.0.2.7', 1795181864, 1795182464, 1, 1), ('192.0.2.8', 1795181864, 1795182464, 1, 1)");
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void test_old(void **state)
{
	const struct net net = net_from("192.0.2.7");
	struct store *store = NULL;
	struct query_block block;
	struct query_hit hit;
	struct why why = {""};

	(void)state;
	make_old();
	assert_int_equal(store_open(path, STORE_READ, &store, &why), -EINVAL);
	assert_non_null(strstr(why.text, "created by an older watchforspammers (version 1, this one reads "));
	assert_int_equal(store_open(path, STORE_WRITE, &store, &why), 0);
	assert_int_equal(number(store, "PRAGMA user_version"), STORE_VERSION);
	query_blocks(store, &net, t0_s, (struct query_bound){0});
	assert_int_equal(query_next_block(store, &block, &why), 0);
	assert_string_equal(block.address, "192.0.2.7");
	assert_int_equal(query_next_block(store, &block, &why), STORE_NONE);
	query_hits(store, &net, (struct query_bound){0});
	assert_int_equal(query_next_hit(store, &hit, &why), 0);
	assert_string_equal(hit.text, "three");
	assert_int_equal(query_next_hit(store, &hit, &why), 0);
	assert_string_equal(hit.text, "one");
	assert_int_equal(query_next_hit(store, &hit, &why), STORE_NONE);
	store_close(store);
	assert_int_equal(store_open(path, STORE_READ, &store, &why), 0);
	store_close(store);
}

/* Every index and view is as in a new database, word for word, and so is every table but for where its columns were
 * added. */
static void test_alike(void **state)
{
	static const char question[] =
		"SELECT group_concat(name || ' ' || text, char(10)) FROM (SELECT m.name, CASE m.type WHEN 'table' THEN "
		"(SELECT group_concat(p.name || ' ' || p.type || ' ' || p.\"notnull\" || ' ' || p.pk || ' ' || coalesce(p.dflt_value, ''), ', ') "
		"FROM pragma_table_info(m.name) p) ELSE coalesce(replace(m.sql, 'IF NOT EXISTS ', ''), '') END AS text "
		"FROM sqlite_master m ORDER BY m.name)";
	char *texts[2] = {NULL, NULL};
	struct why why = {""};

	(void)state;
	make_old();
	for (int i = 0; i < 2; i++) {
		struct store *store = NULL;
		sqlite3_stmt *s;

		assert_int_equal(store_open(i == 0 ? path : NULL, STORE_WRITE, &store, &why), 0);
		assert_int_equal(sqlite3_prepare_v2(store->db, question, -1, &s, NULL), SQLITE_OK);
		assert_int_equal(sqlite3_step(s), SQLITE_ROW);
		texts[i] = strdup((const char *)sqlite3_column_text(s, 0));
		assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
		store_close(store);
	}
	assert_string_equal(texts[0], texts[1]);
	free(texts[0]);
	free(texts[1]);
}

/*
 * Returns one that is converted from an older version, which changes makes of a new one. It has views that a person
 * made, one of which is broken, and a trigger that reads ours.
 */
static struct store *converted(const char *changes)
{
	struct store *store = NULL;
	struct why why = {""};
	sqlite3 *db = NULL;

	assert_int_equal(store_open(path, STORE_WRITE, &store, &why), 0);
	store_close(store);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sql(db, changes);
	sql(db, "CREATE VIEW mine AS SELECT * FROM hits; CREATE VIEW broken AS SELECT * FROM nowhere;"
	        "CREATE TRIGGER theirs AFTER UPDATE ON block BEGIN SELECT count(*) FROM active; END");
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	if (store_open(path, STORE_WRITE, &store, &why) < 0)
		fail_msg("%s", why.text);
	assert_int_equal(number(store, "SELECT count(*) FROM mine"), 0);
	return store;
}

/* One of version 5, where packets were not counted: each time that some were seen is a packet. */
static void test_packets(void **state)
{
	const struct net net = net_from("192.0.2.7");
	struct store *store;
	struct query_totals totals;
	struct query_block block;
	struct why why = {""};

	(void)state;
	store = converted(
		"DROP VIEW active; DROP VIEW blocks; DROP VIEW sums; DROP VIEW by_reason; DROP VIEW by_category; DROP VIEW by_day;"
		"DROP TABLE block; CREATE TABLE block (id INTEGER PRIMARY KEY, address TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL, "
		"offence INTEGER NOT NULL, rule INTEGER NOT NULL REFERENCES rule, cause INTEGER NOT NULL DEFAULT 0, proven INTEGER NOT NULL DEFAULT 0, "
		"knocks INTEGER NOT NULL DEFAULT 0, knocked INTEGER, ended INTEGER, ended_by TEXT);"
		"ALTER TABLE daily DROP COLUMN packets; ALTER TABLE daily DROP COLUMN bytes;"
		"INSERT INTO rule VALUES (1, 'name', 'category', 'reason');"
		"INSERT INTO block (address, since, until, offence, rule, knocks) VALUES ('192.0.2.7', 1795181864, 1795182464, 1, 1, 3);"
		"INSERT INTO daily (day, rule, hits, addresses, blocks, dropped, last) VALUES (1, 0, 0, 0, 1, 4, 0), (1, 1, 0, 0, 1, 4, 0);"
		"PRAGMA user_version = 5");
	query_blocks(store, &net, t0_s, (struct query_bound){0});
	assert_int_equal(query_next_block(store, &block, &why), 0);
	assert_int_equal(block.packets, 3);
	assert_int_equal(block.bytes, 0);
	query_stop(store);
	assert_int_equal(query_totals(store, t0_s, (struct query_bound){0}, &totals, &why), 0);
	assert_int_equal(totals.packets, 4);
	assert_int_equal(totals.bytes, 0);
	store_close(store);
}

/* One of version 9, where columns of "peer" and "claim" and keys of "daemon" had other names: what was counted is kept.
 */
static void test_names(void **state)
{
	struct store *store;

	(void)state;
	store = converted(
		"DROP TABLE peer; CREATE TABLE peer (name TEXT PRIMARY KEY, stream TEXT NOT NULL, era INTEGER NOT NULL, "
		"number INTEGER NOT NULL, heard INTEGER NOT NULL, lag INTEGER NOT NULL, taken INTEGER NOT NULL, "
		"refused INTEGER NOT NULL, refusal TEXT) WITHOUT ROWID;"
		"DROP TABLE claim; CREATE TABLE claim (address TEXT NOT NULL, what INTEGER NOT NULL, peer TEXT NOT NULL, "
		"since INTEGER NOT NULL, until INTEGER NOT NULL, said INTEGER NOT NULL, offence INTEGER NOT NULL, rule TEXT, "
		"category TEXT, PRIMARY KEY (address, what, peer)) WITHOUT ROWID;"
		"INSERT INTO claim VALUES ('192.0.2.7', 0, 'mx2', 1, 2, 1800000000000, 1, 'name', 'category');"
		"INSERT INTO peer VALUES ('mx2', '1800000000000-0', 7, 8, 1795181862, 3, 5, 6, NULL);"
		"INSERT INTO daemon (key, value) VALUES ('told', '4'), ('told_at', '1795181862'), ('database_fault', 'x');"
		"PRAGMA user_version = 9");
	assert_int_equal(number(store, "SELECT received FROM peer WHERE name = 'mx2'"), 1795181862);
	assert_int_equal(number(store, "SELECT accepted FROM peer WHERE name = 'mx2'"), 5);
	assert_int_equal(number(store, "SELECT number FROM peer WHERE name = 'mx2'"), 8);
	assert_int_equal(number(store, "SELECT sent FROM claim WHERE peer = 'mx2' AND since = 1 AND until = 2"),
	                 1800000000000);
	assert_int_equal(number(store, "SELECT count(*) FROM daemon WHERE key = 'database_error' AND value = 'x'"), 1);
	assert_int_equal(
		number(store, "SELECT count(*) FROM daemon WHERE key IN ('told', 'told_at', 'database_fault')"), 0);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_old, setup, teardown),
		cmocka_unit_test_setup_teardown(test_alike, setup, teardown),
		cmocka_unit_test_setup_teardown(test_packets, setup, teardown),
		cmocka_unit_test_setup_teardown(test_names, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
