/* restore: rows of the database, and what a verdict knows about an address that was restored from them. */
#include "pipeline/restore.h"
#include "pipeline/builtin.h"
#include "store/sql.h"

#include <inttypes.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { T0 = 1800000000 };

static struct config *config;
static struct store *store;
static struct why why;

static int setup(void **state)
{
	(void)state;
	if (config_read("/nonexistent", true, &config, &why) < 0 || store_open(NULL, STORE_WRITE, &store, &why) < 0)
		return -1;
	config->allow.earn_days = 1;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	store_close(store);
	config_free(config);
	return 0;
}

static void sql(const char *text)
{
	if (sqlite3_exec(store->db, text, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", text, sqlite3_errmsg(store->db));
}

static struct addr addr_from(const char *text)
{
	struct net net;

	assert_true(net_parse(text, strlen(text), &net));
	return net.addr;
}

/* only: as in restore_from. */
static struct verdict *restored_of(const struct rules *rules, bool live, const struct net *only)
{
	const struct restore_from from = {.store = store, .config = config, .rules = rules, .only = only, .live = live};
	struct verdict *verdict = NULL;

	if (restore_verdict(&from, T0, &verdict, &why) != 0)
		fail_msg("%s", why.text);
	return verdict;
}

static struct verdict *restored(const struct rules *rules, bool live)
{
	return restored_of(rules, live, NULL);
}

/* at, since and until: after T0. */
#define HIT(address, at, score, ignored)                                                                               \
	"INSERT INTO hit (time, address, rule, score, ignored, log, offset, text) VALUES (1800000000 " at              \
	", '" address "', 1, " score ", " ignored ", 0, 0, '');"
#define BLOCK(address, since, until, cause, rest)                                                                      \
	"INSERT INTO block (address, since, until, offence, rule, cause, ended) VALUES ('" address                     \
	"', 1800000000 " since ", 1800000000 " until ", 1, 1, " cause ", " rest ");"
#define SSHD(address, at, score, ignored)                                                                              \
	"INSERT INTO hit (time, address, rule, score, ignored, log, offset, text) VALUES (1800000000 " at              \
	", '" address "', 3, " score ", " ignored ", 0, 0, '');"
#define SPREAD(address)                                                                                                \
	"INSERT INTO block (address, since, until, offence, rule, cause) VALUES ('" address                            \
	"', 1800000000 - 9, 1800000000 + 590, 1, 2, 0);"
#define ACT(what, address, at)                                                                                         \
	"INSERT INTO act (time, who, what, address) VALUES (1800000000 " at ", 'me', '" what "', " address ");"
#define ALLOWED(address, since, until)                                                                                 \
	"INSERT INTO allowance (address, since, until, cause) VALUES ('" address "', 1800000000 " since                \
	", 1800000000 " until ", 'name');"
#define CREDIT(at, score) "INSERT INTO credit VALUES (1800000000 " at ", '192.0.2.7', 0, " score ");"

/* What is known of 192.0.2.7 at T0: window 1 h, threshold 100, memory 30 d. The rows of its network are enough for
 * that. */
static void test_rows(void **state)
{
	static const struct {
		const char *rows;
		int64_t score, until; /* until: after T0; 0: not blocked */
		unsigned offence;
		bool allowed, proven;
	} tests[] = {
		{"", 0, 0, 1, false, false},
		{HIT("192.0.2.7", "-1", "20", "0") HIT("192.0.2.7", "-3599", "30", "0"), 50, 0, 1, false, false},
		{HIT("192.0.2.7", "-3600", "20", "0"), 0, 0, 1, false, false}, /* too old */
		{HIT("192.0.2.7", "+1", "20", "0"), 0, 0, 1, false, false},    /* to come */
		{HIT("192.0.2.7", "-1", "20", "1") HIT("192.0.2.8", "-1", "20", "0"), 0, 0, 1, false,
	         false}, /* did not weigh; another's */
		{HIT("192.0.2.7", "-9", "90", "0") HIT("192.0.2.7", "-8", "90", "2"), 0, 0, 1, false,
	         false}, /* spent on a block */
		{HIT("192.0.2.7", "-9", "90", "2") HIT("192.0.2.7", "-8", "30", "0"), 30, 0, 1, false, false},
		{HIT("192.0.2.7", "-9", "50", "0") CREDIT("-8", "-20"), 30, 0, 1, false, false},
		{CREDIT("-3600", "-20"), 0, 0, 1, false, false},
		{BLOCK("192.0.2.7", "-10", "+590", "0", "NULL"), 0, 590, 2, false, false},
		{BLOCK("192.0.2.7", "-10", "+590", "0", "1799999999"), 0, 0, 2, false, false},    /* lifted */
		{BLOCK("192.0.2.7", "-700", "-100", "0", "NULL"), 0, 0, 2, false, false},         /* expired */
		{BLOCK("192.0.2.7", "-2700000", "-2600000", "0", "NULL"), 0, 0, 1, false, false}, /* forgotten */
		{BLOCK("192.0.2.7", "+1", "+590", "0", "NULL"), 0, 0, 1, false, false},           /* to come */
		{BLOCK("192.0.2.7", "-10", "+590", "0", "NULL") BLOCK("192.0.2.7", "-2700000", "-2500000", "0", "NULL"),
	         0, 590, 2, false, false}, /* an old log that was replayed later */
		{BLOCK("192.0.2.7", "-10", "+590", "2", "NULL"), 0, 0, 1, false, false}, /* by hand: no evidence */
		{BLOCK("192.0.2.7", "-700", "-100", "0", "NULL") HIT("192.0.2.7", "-101", "20", "0")
	                 HIT("192.0.2.7", "-99", "30", "0"),
	         30, 0, 2, false, false},
		{HIT("192.0.2.7", "-9", "50", "0") ACT("unblock", "'192.0.2.7'", "-9"), 0, 0, 1, false, false},
		{HIT("192.0.2.7", "-8", "50", "0") ACT("unblock", "'192.0.2.7'", "-9"), 50, 0, 1, false, false},
		{HIT("192.0.2.7", "-9", "50", "0") CREDIT("-9", "-20") ACT("unblock", "'192.0.2.0/24'", "-9"), 0, 0, 1,
	         false, false},
		{HIT("192.0.2.7", "-9", "50", "0") ACT("unblock all", "NULL", "-9"), 0, 0, 1, false, false},
		{HIT("192.0.2.7", "-9", "50", "0") ACT("unblock", "'nonsense'", "-9"), 50, 0, 1, false, false},
		{HIT("192.0.2.7", "-9", "50", "0") ACT("vote white", "'192.0.2.7'", "-9"), 50, 0, 1, false, false},
		{ALLOWED("192.0.2.0/24", "-10", "+1") HIT("192.0.2.7", "-9", "50", "0"), 0, 0, 1, true, false},
		{ALLOWED("192.0.2.7", "-10", "+0") HIT("192.0.2.7", "-9", "50", "0"), 50, 0, 1, false, false},
		{ALLOWED("192.0.2.7", "+1", "+10"), 0, 0, 1, false, false},
		/* blocked because of its network, which uses up what came before of that second, once */
		{SPREAD("192.0.2.8") SPREAD("192.0.2.7") SSHD("192.0.2.7", "-9", "20", "0")
	                 HIT("192.0.2.8", "-9", "60", "2") SSHD("192.0.2.7", "-9", "40", "0")
	                         HIT("192.0.2.8", "-9", "100", "2"),
	         40, 590, 2, false, false},
		{"INSERT INTO good VALUES (1800000000 / 86400, '192.0.2.7', 1, 1800000000);", 0, 0, 1, false, true},
		{"INSERT INTO good VALUES (1800000000 / 86400 - 31, '192.0.2.7', 1, 0);", 0, 0, 1, false, false},
	};
	const struct addr addr = addr_from("192.0.2.7");
	const struct net network = verdict_network(&addr);

	(void)state;
	for (size_t n = 0; n < 2 * sizeof tests / sizeof *tests; n++) {
		const size_t i = n / 2;
		struct verdict *v;
		struct verdict_query got;

		sql("DELETE FROM hit; DELETE FROM block; DELETE FROM act; DELETE FROM credit; DELETE FROM good; DELETE FROM allowance; "
		    "INSERT OR IGNORE INTO rule VALUES (1, 'first', 'content', 'x'), (2, 'network-score', 'network', 'x'), "
		    "(3, 'sshd-second', 'auth', 'x')");
		sql(tests[i].rows);
		v = restored_of(NULL, true, n % 2 == 0 ? NULL : &network);
		got = verdict_query(v, &addr);
		if (got.score != tests[i].score || got.until_s != (tests[i].until == 0 ? 0 : T0 + tests[i].until) ||
		    got.offence != tests[i].offence || got.allowed != tests[i].allowed || got.proven != tests[i].proven)
			fail_msg("row %zu%s: got score %" PRId64 ", until %" PRId64
			         ", offence %u, allowed %d, proven %d",
			         i, n % 2 == 0 ? "" : ", of its network", got.score, got.until_s, got.offence,
			         got.allowed, got.proven);
		verdict_free(v);
	}
}

/* A rule is known by its name, whatever its number was; what is suspended now is nothing to an old log. */
static void test_suspended(void **state)
{
	static const char text[] =
		"[first]\nprogram = x\nmatch = ^a from <ADDR>$\nscore = 10\ncategory = auth\nreason = x\n"
		"[second]\nprogram = x\nmatch = ^b from <ADDR>$\nscore = 10\ncategory = auth\nreason = x\n";
	char path[] = "/tmp/wfs-restore-XXXXXX";
	const char *const files[] = {path};
	const int fd = mkstemp(path);
	struct rulefile_errors errors;
	struct rules *rules;
	struct verdict *v;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
	assert_int_equal(close(fd), 0);
	if (rules_load(NULL, 0, files, 1, &rules, &errors, &why) < 0)
		fail_msg("%s", why.text);
	sql("INSERT INTO suspension (rule, since, why) VALUES ('second', 1, ''), ('gone', 1, ''), ('dns-list', 1, '');"
	    "INSERT INTO suspension (rule, since, why, ended) VALUES ('first', 1, '', 2)");
	v = restored(rules, true);
	assert_false(verdict_is_suspended(v, 0));
	assert_true(verdict_is_suspended(v, 1));
	assert_true(verdict_is_suspended(v, BUILTIN_DNS_LIST));
	assert_false(verdict_is_suspended(v, BUILTIN_DNS_PTR));
	verdict_free(v);
	v = restored(rules, false);
	assert_false(verdict_is_suspended(v, 1));
	verdict_free(v);
	rulefile_errors_done(&errors);
	rules_free(rules);
	assert_int_equal(unlink(path), 0);
}

/* The second machine of a large sender comes after the restart. */
static void test_greylist(void **state)
{
	struct greylist *const greylist = greylist_new(1);
	const struct addr second = addr_from("192.0.2.8");
	const struct span from = {"a@big.example", 13}, to = {"b@example.org", 13}, helo = {"mx2.big.example", 15};
	struct net earned;
	struct verdict *v;

	(void)state;
	sql("INSERT INTO attempt (time, address, sender, recipient, helo) "
	    "VALUES (1799999000, '192.0.2.7', CAST('a@big.example' AS BLOB), CAST('b@example.org' AS BLOB), CAST('mx1.big.example' AS BLOB))");
	v = restored(NULL, true);
	assert_int_equal(restore_cluster(store, greylist, v, T0, &why), 0);
	assert_int_equal(greylist_attempt(greylist, v, &second, from, to, helo, T0, &earned), GREYLIST_EARNED);
	assert_true(net_has(&earned, &second));
	verdict_free(v);
	greylist_free(greylist);
}

/* A kernel that holds addresses as they are, and is not asked for anything. */
static struct reconcile *new_reconcile(struct client *client)
{
	client_init(client, -1);
	lengths_add(&client->lengths, true, 128);
	lengths_add(&client->lengths, false, 128);
	return reconcile_new(store, &config->firewall.ports, client, 300, T0);
}

static int by_id(const void *a, const void *b)
{
	const struct block *const left = a, *const right = b;

	return (left->id > right->id) - (left->id < right->id);
}

enum { SOME = 16 };

static size_t all_of(const struct reconcile *reconcile, struct block out[static SOME])
{
	uint32_t place = 0;
	const size_t n = reconcile_some(reconcile, &place, out, SOME);

	assert_int_equal(place, 0);
	qsort(out, n, sizeof *out, by_id);
	return n;
}

/* What the kernel is to hold is the same whether it was read together with the verdict or by itself. */
static void test_reconcile(void **state)
{
	struct client client;
	struct reconcile *const together = new_reconcile(&client), *const alone = new_reconcile(&client);
	struct block got[SOME], want[SOME];
	struct verdict *v = NULL;
	size_t n;

	(void)state;
	sql("INSERT INTO rule VALUES (1, 'first', 'content', 'x')");
	sql(BLOCK("192.0.2.1", "-10", "+590", "0", "NULL")
	            BLOCK("192.0.2.2", "-10", "+590", "2", "NULL"));                                       /* by hand */
	sql(BLOCK("192.0.2.3", "-10", "+590", "4", "NULL") BLOCK("192.0.2.4", "+5", "+590", "0", "NULL")); /* shared */
	sql(BLOCK("2001:db8::1", "-10", "+590", "0", "NULL") BLOCK("192.0.2.1", "-9", "+600", "0", "NULL"));
	sql(BLOCK("192.0.2.5", "-10", "+0", "0", "NULL") BLOCK("192.0.2.6", "-2700000", "-2600000", "0", "NULL"));
	sql(BLOCK("192.0.2.7", "-10", "+590", "0", "1799999999")); /* lifted */
	sql(BLOCK("192.0.2.8", "-10", "+590", "0", "1800000100")); /* the same, before the clock was set back */
	sql("INSERT INTO block (address, since, until, offence, rule) VALUES ('192.0.2.9', 1, 1800000001, 1, 7)");
	assert_int_equal(
		restore_verdict(
			&(struct restore_from){.store = store, .config = config, .reconcile = together, .live = true},
			T0, &v, &why),
		0);
	assert_int_equal(reconcile_load(alone, T0, &why), 0);
	assert_true(reconcile_is_known(together) && reconcile_is_busy(together));
	n = all_of(alone, want);
	assert_int_equal(n, 6); /* a network and cause once */
	assert_int_equal(all_of(together, got), n);
	for (size_t i = 0; i < n; i++) {
		assert_true(got[i].net.len == want[i].net.len && addr_equal(&got[i].net.addr, &want[i].net.addr));
		assert_int_equal(got[i].id, want[i].id);
		assert_int_equal(got[i].until_s, want[i].until_s);
		assert_int_equal(got[i].cause, want[i].cause);
	}
	verdict_free(v);
	reconcile_free(together);
	reconcile_free(alone);
}

/* What is damaged ends it, and nothing is given back. */
static void test_damaged(void **state)
{
	struct verdict *v = NULL;

	(void)state;
	sql("INSERT INTO rule VALUES (1, 'first', 'auth', 'x'); INSERT INTO block (address, since, until, offence, rule) "
	    "VALUES ('nonsense', 1800000000, 1800000600, 1, 1)");
	assert_true(restore_verdict(&(struct restore_from){.store = store, .config = config, .live = true}, T0, &v,
	                            &why) < 0);
	assert_null(v);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {TEST(test_rows), TEST(test_suspended), TEST(test_greylist),
	                                   TEST(test_reconcile), TEST(test_damaged)};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
