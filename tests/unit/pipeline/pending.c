/* pending: what cannot be written is kept completely, and written once. */
#include "pipeline/pending.h"

#include <errno.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/hits.h"
#include "store/sql.h"

static const int64_t t0_s = 1795181862;

static char directory[32];
static char path[64];
static struct store *store;
static struct pending *pending;
static sqlite3 *other; /* another program */

static struct rulefile_rule texts[] = {
	{.name = (char[]){"first"}, .category = (char[]){"dnsbl"}, .reason = (char[]){"listed"}},
	{.name = (char[]){"second"}, .category = (char[]){"auth"}, .reason = (char[]){"guesses"}},
};
static const struct rule rules[] = {{.index = 0, .text = &texts[0]}, {.index = 1, .text = &texts[1]}};

static int setup(void **state)
{
	struct why why;

	(void)state;
	(void)strcpy(directory, "/tmp/wfs-pending-XXXXXX");
	if (mkdtemp(directory) == NULL)
		return -1;
	(void)snprintf(path, sizeof path, "%s/hits.db", directory);
	if (store_open(path, STORE_WRITE, &store, &why) < 0 || sqlite3_open(path, &other) != SQLITE_OK)
		return -1;
	pending = pending_new(store);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pending_free(pending);
	pending_free(NULL);
	(void)sqlite3_close(other);
	store_close(store);
	(void)unlink(path);
	return rmdir(directory);
}

static void sql(const char *text)
{
	if (sqlite3_exec(other, text, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", text, sqlite3_errmsg(other));
}

static int64_t number(const char *text)
{
	sqlite3_stmt *s;
	int64_t n;

	if (sqlite3_prepare_v2(other, text, -1, &s, NULL) != SQLITE_OK || sqlite3_step(s) != SQLITE_ROW)
		fail_msg("%s: %s", text, sqlite3_errmsg(other));
	n = sqlite3_column_int64(s, 0);
	(void)sqlite3_finalize(s);
	return n;
}

static struct span span_of(const char *text)
{
	return (struct span){text, strlen(text)};
}

static struct addr addr_number(unsigned i)
{
	const uint8_t bytes[16] = {0x20, 0x01, 0x0D, 0xB8, [14] = (uint8_t)(i >> 8), [15] = (uint8_t)i};
	struct addr addr;

	memcpy(addr.bytes, bytes, sizeof bytes);
	return addr;
}

static void note_text(struct pending_file *file, unsigned i, struct span detail, struct span text, bool blocks)
{
	const struct rules_hit hit = {
		.rule = &rules[i % 2], .address = addr_number(i), .score = 20, .count = 1, .detail = detail};
	struct verdict_decision decision = {
		.outcome = VERDICT_COUNTED, .counted = true, .score = 20, .subject = net_of(&hit.address)};
	struct block block;

	if (blocks) {
		decision.outcome = VERDICT_BLOCK;
		decision.n = 1;
		block = (struct block){.net = decision.subject, .since_s = t0_s, .until_s = t0_s + 600, .offence = 1};
		decision.blocks = &block;
	}
	pending_hit(pending, file, &hit, t0_s + i, 100 * (int64_t)i, text, &decision);
}

static void note(struct pending_file *file, unsigned i, bool blocks)
{
	note_text(file, i, span_of("detail"), span_of("the line"), blocks);
}

static void read_on(struct pending_file *file, int64_t lines, int64_t position)
{
	const struct pending_read read = {.lines = lines,
	                                  .cut = 1,
	                                  .unparsed = 2,
	                                  .last_line_at = t0_s,
	                                  .position = position,
	                                  .last = span_of("last")};

	pending_read(file, &read);
}

static void written(void)
{
	struct why why = {""};
	const int rc = pending_write(pending, &why);
	const struct block *blocks;

	if (rc != 0)
		fail_msg("got %d (%s), want 0", rc, why.text);
	assert_false(pending_has_hits(pending));
	assert_false(pending_has_news(pending));
	assert_int_equal(pending_blocks(pending, &blocks), 0);
}

static void test_write(void **state)
{
	struct pending_file *const file = pending_file(pending, "/var/log/mail.log", span_of("first"), NULL);
	const struct block *blocks;

	(void)state;
	assert_false(pending_has_news(pending));
	written(); /* nothing: not even a row for the log */
	assert_int_equal(number("SELECT count(*) FROM log"), 0);
	note(file, 0, false);
	note(file, 1, true);
	assert_true(pending_has_hits(pending));
	assert_true(pending_has_news(pending));
	assert_int_equal(pending_blocks(pending, &blocks), 1);
	assert_int_equal(blocks[0].until_s, t0_s + 600);
	read_on(file, 10, 1000);
	written();
	assert_int_equal(number("SELECT count(*) FROM hits WHERE file = '/var/log/mail.log' AND text = 'the line'"), 2);
	assert_int_equal(
		number("SELECT count(*) FROM hits WHERE address = '2001:db8::1' AND rule = 'second' AND offset = 100"),
		1);
	assert_int_equal(number("SELECT count(*) FROM blocks WHERE address = '2001:db8::1' AND rule = 'second'"), 1);
	assert_string_equal(pending_cause(pending, 0).rule->name, "second"); /* still known, for the log */
	assert_true(span_is(pending_cause(pending, 0).detail, "detail"));
	assert_int_equal(number("SELECT position FROM log WHERE first_line = CAST('first' AS BLOB)"), 1000);

	/* Positions alone are news too; counters go on. */
	read_on(file, 5, 1500);
	assert_true(pending_has_news(pending));
	assert_false(pending_has_hits(pending));
	written();
	assert_int_equal(number("SELECT position FROM log"), 1500);
	assert_int_equal(number("SELECT lines FROM log"), 15);
	assert_int_equal(number("SELECT cut + unparsed FROM log"), 6);
	assert_int_equal(number("SELECT count(*) FROM rule"), 2);
	pending_done(file);
}

static void entries(struct pending_file *file, int64_t suppressed, const char *cursor, const char *unit)
{
	pending_entries(file, &(struct pending_entries){.lines = 10,
	                                                .cut = 1,
	                                                .unparsed = 2,
	                                                .forged = 3,
	                                                .damaged = 4,
	                                                .suppressed = suppressed,
	                                                .gaps = 1,
	                                                .lost = 5,
	                                                .last_line_at = t0_s,
	                                                .cursor = cursor,
	                                                .unit = unit});
}

/* A journal: the cursor and the hits before it are written together or not at all; counters add up, also with what was
 * known. */
static void test_journal(void **state)
{
	struct pending_file *journal = pending_journal(pending, "namespace mail", NULL, NULL);
	struct store_journal known;
	struct store_log log;
	struct why why;

	(void)state;
	note(journal, 1, false);
	entries(journal, 7, "s=1;i=1", "postfix@-.service");
	sql("BEGIN IMMEDIATE");
	assert_int_equal(pending_write(pending, &why), -EAGAIN);
	entries(journal, 0, "s=1;i=2", ""); /* the unit stays */
	sql("ROLLBACK");
	written();
	assert_int_equal(number("SELECT count(*) FROM hits WHERE file = 'journal of namespace mail'"), 1);
	assert_int_equal(
		number("SELECT count(*) FROM journal WHERE cursor = 's=1;i=2' AND unit = 'postfix@-.service' AND "
	               "suppressed = 7"),
		1);
	assert_int_equal(number("SELECT lines + cut + unparsed FROM log"), 26);
	pending_done(journal);

	assert_int_equal(store_journal_find(store, "namespace mail", &log, &known, &why), 0);
	journal = pending_journal(pending, "namespace mail", &log, &known);
	entries(journal, 1, "s=1;i=3", "other.service");
	written();
	assert_int_equal(number("SELECT count(*) FROM log"), 1);
	assert_int_equal(
		number("SELECT count(*) FROM journal WHERE cursor = 's=1;i=3' AND unit = 'other.service' AND forged = 9 AND "
	               "damaged = 12 AND gaps = 3 AND lost = 15 AND suppressed = 8"),
		1);
	assert_int_equal(number("SELECT lines FROM log"), 30);
	pending_done(journal);
}

/* A hit that is in no log, and an allowance that lifts a block begun in the same transaction. */
static void test_no_log(void **state)
{
	const struct addr one = addr_number(1), two = addr_number(2);
	const struct net net = net_of(&one), second = net_of(&two);
	char text[] = "allowed by white.example";
	struct pending_allowance allowance = {.net = net,
	                                      .since_s = t0_s,
	                                      .until_s = t0_s + 3600,
	                                      .cause = "dns-list",
	                                      .why = text,
	                                      .lifts = true,
	                                      .lifted = net};

	(void)state;
	note(NULL, 1, true);
	note(NULL, 2, true);
	pending_allow(pending, &allowance);
	allowance.lifts = false;
	allowance.net = second;
	pending_allow(pending, &allowance);
	(void)strcpy(text, "gone");
	written();
	assert_int_equal(number("SELECT count(*) FROM hit WHERE log = 0 AND text = 'the line'"), 2);
	assert_int_equal(number("SELECT count(*) FROM log"), 0);
	assert_int_equal(
		number("SELECT count(*) FROM allowance WHERE cause = 'dns-list' AND why = 'allowed by white.example'"),
		2);
	assert_int_equal(
		number("SELECT count(*) FROM block WHERE address = '2001:db8::1' AND ended_by = 'allowed by white.example'"),
		1);
	assert_int_equal(number("SELECT count(*) FROM block WHERE ended IS NULL AND address = '2001:db8::2'"), 1);
}

static void test_known(void **state)
{
	struct store_log known = {0};
	struct pending_file *file = pending_file(pending, "/a", span_of("first"), NULL);
	struct why why;

	(void)state;
	read_on(file, 10, 1000);
	written();
	pending_done(file);
	assert_int_equal(store_log_find(store, span_of("first"), 0, &known, &why), 0);
	file = pending_file(pending, "/a.1", span_of("first"), &known); /* renamed meanwhile */
	assert_false(pending_has_news(pending));
	note(file, 7, false);
	read_on(file, 1, 1100);
	written();
	assert_int_equal(number("SELECT count(*) FROM log WHERE path = '/a.1' AND lines = 11 AND position = 1100"), 1);
	assert_int_equal(number("SELECT count(*) FROM log"), 1);
	assert_int_equal(number("SELECT log FROM hit"), known.id);
	pending_done(file);
}

static void test_full(void **state)
{
	struct pending_file *const file = pending_file(pending, "/a", span_of("first"), NULL);
	char long_line[3 * STORE_LINE_MAX];
	unsigned n = 0;

	(void)state;
	memset(long_line, 0x1B, sizeof long_line); /* as large as it gets: each byte is four when escaped */
	for (unsigned turn = 0; turn < 3; turn++) {
		unsigned in_turn = 0;

		for (; !pending_is_full(pending); in_turn++, n++)
			note_text(file, n, (struct span){long_line, sizeof long_line},
			          (struct span){long_line, sizeof long_line}, true);
		assert_true(in_turn > PENDING_HITS_MAX - 8 && in_turn <= PENDING_HITS_MAX);
		read_on(file, in_turn, 100 * n);
		written();
		assert_false(pending_is_full(pending));
	}
	assert_int_equal(number("SELECT count(*) FROM hit"), n);
	assert_int_equal(number("SELECT count(*) FROM block"), n);
	assert_int_equal(
		number("SELECT max(length(text)) < 1024 AND max(length(detail)) < 256 AND min(length(text)) > 1000 FROM hit"),
		1);
	assert_int_equal(number("SELECT count(*) FROM hit WHERE instr(text, x'1b') OR instr(detail, x'1b')"), 0);
	assert_int_equal(number("SELECT count(*) FROM hit WHERE text LIKE '\\x1b\\x1b%...'"), n);
	pending_done(file);
}

/* No attacker-controlled text reaches the database unescaped, nor does a copy point to freed memory. */
static void test_text(void **state)
{
	struct pending_file *const file = pending_file(pending, "/a", span_of("first"), NULL);
	char line[] = "a\x1b[31m\xff\xc3\xbc\n\xe2\x80\xae";

	(void)state;
	note_text(file, 0, (struct span){NULL, 0}, span_of(line), false);
	note_text(file, 1, (struct span){line, 0}, (struct span){line, 0}, false);
	memset(line, '#', sizeof line - 1);
	read_on(file, 1, 1);
	written();
	assert_int_equal(
		number("SELECT text = 'a\\x1b[31m\\xff\xc3\xbc\\x0a\\xe2\\x80\\xae' AND detail IS NULL FROM hit WHERE id = 1"),
		1);
	assert_int_equal(number("SELECT text = '' AND detail = '' FROM hit WHERE id = 2"), 1);
	pending_done(file);
}

static void test_locked(void **state)
{
	struct pending_file *const a = pending_file(pending, "/a", span_of("a"), NULL);
	struct pending_file *const b = pending_file(pending, "/b", span_of("b"), NULL);
	const struct block *blocks;
	struct why why;

	(void)state;
	note(a, 0, true);
	read_on(a, 1, 100);
	sql("BEGIN IMMEDIATE");
	for (unsigned turn = 1; turn <= 3; turn++) {
		assert_int_equal(pending_write(pending, &why), -EAGAIN);
		assert_true(pending_has_hits(pending));
		assert_int_equal(pending_blocks(pending, &blocks), turn);
		note(turn == 2 ? b : a, turn, true); /* it goes on meanwhile */
		read_on(a, 1, 100 * (turn + 1));
	}
	read_on(b, 1, 50);
	pending_done(b); /* and a file ends */
	sql("ROLLBACK");
	written();
	written();
	assert_int_equal(number("SELECT count(*) FROM hit"), 4);
	assert_int_equal(number("SELECT count(*) FROM block"), 4);
	assert_int_equal(number("SELECT count(*) FROM log"), 2);
	assert_int_equal(number("SELECT count(*) FROM log WHERE path = '/a' AND position = 400 AND lines = 4"), 1);
	assert_int_equal(number("SELECT count(*) FROM hits WHERE file = '/b' AND offset = 200"), 1);
	assert_int_equal(number("SELECT count(*) FROM hits"), 4); /* each has its log and its rule */
	pending_done(a);
}

/* Orders wait until all that was read is written, and the database can be. */
static void test_ready(void **state)
{
	struct pending_file *const a = pending_file(pending, "/a", span_of("a"), NULL);
	struct why why;

	(void)state;
	assert_int_equal(pending_ready(pending, &why), 0);
	read_on(a, 1, 100);
	assert_int_equal(pending_ready(pending, &why), -EAGAIN);
	written();
	note(a, 0, true);
	assert_int_equal(pending_ready(pending, &why), -EAGAIN);
	assert_string_equal(why.text, "hits are waiting for the database, try again in a second");
	written();
	assert_int_equal(pending_ready(pending, &why), 0);
	sql("BEGIN IMMEDIATE");
	assert_int_equal(pending_ready(pending, &why), -EAGAIN);
	assert_non_null(strstr(why.text, path));
	sql("ROLLBACK");
	assert_int_equal(pending_ready(pending, &why), 0);
	pending_done(a);
}

/* What waits can be counted, for a network or all, until it is written. */
static void test_waiting(void **state)
{
	struct pending_file *const a = pending_file(pending, "/a", span_of("a"), NULL);
	const struct addr one = addr_number(1);
	const struct net all = {0}, first = net_of(&one);
	struct why why;

	(void)state;
	assert_null(pending_waiting_file(pending, "/a"));
	sql("BEGIN IMMEDIATE");
	for (unsigned i = 0; i < PENDING_HITS_MAX - RULES_HITS_MAX + 1; i++)
		note(a, i, i == 1);
	read_on(a, 1, 100);
	assert_int_equal(pending_write(pending, &why), -EAGAIN);
	pending_notified(pending);
	assert_true(pending_go_on(pending));
	note(a, 1, true);
	note(a, 2, true);
	assert_int_equal(pending_waiting(pending, &all).hits, PENDING_HITS_MAX - RULES_HITS_MAX + 3);
	assert_int_equal(pending_waiting(pending, &all).blocks, 3);
	assert_int_equal(pending_waiting(pending, &first).hits, 2);
	assert_int_equal(pending_waiting(pending, &first).blocks, 2);
	assert_null(pending_waiting_file(pending, "/b"));
	assert_int_equal(pending_log(pending_waiting_file(pending, "/a"))->position, 100);
	sql("ROLLBACK");
	written();
	assert_int_equal(pending_waiting(pending, &all).hits + pending_waiting(pending, &all).blocks, 0);
	assert_null(pending_waiting_file(pending, "/a"));
	pending_done(a);
}

/* Fails in the middle of the transaction: rows of logs and rules made in it are gone, and made again. */
static void test_failed_in_the_middle(void **state)
{
	struct pending_file *const a = pending_file(pending, "/a", span_of("a"), NULL);
	struct why why;

	(void)state;
	sql("CREATE TRIGGER stumble BEFORE INSERT ON hit WHEN NEW.address = '2001:db8::5' BEGIN SELECT RAISE(FAIL, 'no'); END");
	for (unsigned i = 0; i < 10; i++)
		note(a, i, i % 2 == 0);
	read_on(a, 10, 1000);
	for (unsigned turn = 0; turn < 3; turn++) {
		assert_true(pending_write(pending, &why) < 0);
		assert_int_equal(
			number("SELECT (SELECT count(*) FROM hit) + (SELECT count(*) FROM log) + (SELECT count(*) FROM rule)"),
			0);
	}
	sql("DROP TRIGGER stumble");
	/* Others have made rows meanwhile, so that the ids are others now. */
	sql("INSERT INTO log (path, first_line, last_line) VALUES ('/other', x'00', x'')");
	sql("INSERT INTO rule (name, category, reason) VALUES ('other', 'other', 'other')");
	written();
	assert_int_equal(
		number("SELECT count(*) FROM hits WHERE file = '/a' AND rule = CASE offset % 200 WHEN 0 THEN 'first' ELSE "
	               "'second' END"),
		10);
	assert_int_equal(number("SELECT count(*) FROM blocks WHERE rule = 'first'"), 5);
	assert_int_equal(number("SELECT count(*) FROM log"), 2);
	pending_done(a);
}

/* At the very last moment. */
static void test_failed_commit(void **state)
{
	struct pending_file *const a = pending_file(pending, "/a", span_of("a"), NULL);
	struct why why;

	(void)state;
	assert_int_equal(
		sqlite3_exec(store->db,
	                     "PRAGMA foreign_keys = ON; "
	                     "CREATE TABLE trap (log REFERENCES log DEFERRABLE INITIALLY DEFERRED); "
	                     "CREATE TRIGGER spring AFTER INSERT ON hit BEGIN INSERT INTO trap VALUES (12345); END",
	                     NULL, NULL, NULL),
		SQLITE_OK);
	note(a, 1, true);
	read_on(a, 10, 1000);
	assert_true(pending_write(pending, &why) < 0);
	assert_int_equal(number("SELECT (SELECT count(*) FROM hit) + (SELECT count(*) FROM log)"), 0);
	assert_int_equal(sqlite3_exec(store->db, "DROP TRIGGER spring", NULL, NULL, NULL), SQLITE_OK);
	written();
	assert_int_equal(number("SELECT count(*) FROM hits WHERE file = '/a'"), 1);
	pending_done(a);
}

static void test_rules(void **state)
{
	struct pending_file *const a = pending_file(pending, "/a", span_of("a"), NULL);
	struct rulefile_rule other_text = {
		.name = (char[]){"third"}, .category = (char[]){"x"}, .reason = (char[]){"y"}};
	const struct rule third = {.index = 0, .text = &other_text};
	const struct rules_hit hit = {.rule = &third, .address = addr_number(9), .score = 20, .count = 1};

	(void)state;
	note(a, 0, false);
	read_on(a, 1, 1);
	written();
	pending_forget_rules(pending); /* a reload: the index is another rule's now */
	pending_hit(pending, a, &hit, t0_s, 0, span_of("x"), &(struct verdict_decision){.outcome = VERDICT_COUNTED});
	read_on(a, 1, 2);
	written();
	pending_forget_rules(pending); /* and back */
	note(a, 2, false);
	read_on(a, 1, 3);
	written();
	assert_int_equal(number("SELECT count(*) FROM hits WHERE rule = 'first'"), 2);
	assert_int_equal(number("SELECT count(*) FROM hits WHERE rule = 'third'"), 1);
	assert_int_equal(number("SELECT count(*) FROM rule"), 2);
	pending_done(a);
}

/* Places are released, and no file gets another's while that has something to write. */
static void test_files(void **state)
{
	struct pending_file *files[PENDING_FILES_MAX];
	struct why why;
	char name[32];

	(void)state;
	for (unsigned turn = 0; turn < 3; turn++) {
		for (unsigned i = 0; i < PENDING_FILES_MAX; i++) {
			(void)snprintf(name, sizeof name, "/%u/%u", turn, i);
			files[i] = pending_file(pending, name, span_of(name), NULL);
			if (i % 2 == 0)
				read_on(files[i], 1, i);
		}
		for (unsigned i = 0; i < PENDING_FILES_MAX; i++)
			pending_done(files[i]);
		written();
		assert_int_equal(number("SELECT count(*) FROM log"), (turn + 1) * PENDING_FILES_MAX / 2);
	}
	/* Done, but not written yet: it keeps its place. */
	files[0] = pending_file(pending, "/hit", span_of("hit"), NULL);
	note(files[0], 1, false);
	read_on(files[0], 1, 100);
	pending_done(files[0]);
	sql("BEGIN IMMEDIATE");
	assert_int_equal(pending_write(pending, &why), -EAGAIN);
	files[1] = pending_file(pending, "/next", span_of("next"), NULL);
	assert_ptr_not_equal(files[0], files[1]);
	note(files[1], 2, false);
	read_on(files[1], 1, 100);
	sql("ROLLBACK");
	written();
	assert_int_equal(number("SELECT count(*) FROM hits WHERE file = '/hit' AND offset = 100"), 1);
	assert_int_equal(number("SELECT count(*) FROM hits WHERE file = '/next' AND offset = 200"), 1);
	pending_done(files[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_write, setup, teardown),
		cmocka_unit_test_setup_teardown(test_journal, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_log, setup, teardown),
		cmocka_unit_test_setup_teardown(test_known, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_text, setup, teardown),
		cmocka_unit_test_setup_teardown(test_locked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ready, setup, teardown),
		cmocka_unit_test_setup_teardown(test_waiting, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failed_in_the_middle, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failed_commit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rules, setup, teardown),
		cmocka_unit_test_setup_teardown(test_files, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
