/* decide: evidence of every kind, and what is stored and counted for it. */
#include "pipeline/decide.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/builtin.h"
#include "store/sql.h"
#include "store/store.h"
#include "testlib.h"

enum { T0 = 1800000000, GOOD_RULE = 0, BAD_RULE = 1 };

static char good_name[] = "good", bad_name[] = "bad", category[] = "auth", reason[] = "why not";
static const struct rulefile_rule texts[] = {{.name = good_name, .category = category, .reason = reason},
                                             {.name = bad_name, .category = category, .reason = reason}};
static const struct rule rules[] = {{.index = GOOD_RULE, .text = &texts[0]}, {.index = BAD_RULE, .text = &texts[1]}};

static struct config *config;
static struct store *store;
static struct decide decide;
static struct why why;

static int setup(void **state)
{
	static const struct verdict_policy policy = {.threshold = 100,
	                                             .window_s = 3600,
	                                             .memory_s = 86400,
	                                             .n_for = 1,
	                                             .for_s = {600},
	                                             .earn_days = 1,
	                                             .suspension = 1};

	(void)state;
	if (config_read("/nonexistent", true, &config, &why) < 0 || store_open(NULL, STORE_WRITE, &store, &why) < 0)
		return -1;
	decide = (struct decide){config,          sessions_new(),     verdict_new(&policy),
	                         greylist_new(1), pending_new(store), true};
	verdict_at(decide.verdict, T0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pending_free(decide.pending);
	greylist_free(decide.greylist);
	verdict_free(decide.verdict);
	sessions_free(decide.sessions);
	store_close(store);
	config_free(config);
	return 0;
}

static struct span span_of(const char *text)
{
	return (struct span){text, text == NULL ? 0 : strlen(text)};
}

/* Of what is written now. */
static int64_t number(const char *text)
{
	sqlite3_stmt *s;
	int64_t n;

	assert_int_equal(pending_write(decide.pending, &why), 0);
	if (sqlite3_prepare_v2(store->db, text, -1, &s, NULL) != SQLITE_OK || sqlite3_step(s) != SQLITE_ROW)
		fail_msg("%s: %s", text, sqlite3_errmsg(store->db));
	n = sqlite3_column_int64(s, 0);
	(void)sqlite3_finalize(s);
	return n;
}

static void want_number(const char *text, int64_t want)
{
	const int64_t got = number(text);

	if (got != want)
		fail_msg("%s: got %lld, want %lld", text, (long long)got, (long long)want);
}

static struct decide_result hit(const char *address, int score)
{
	const struct decide_line line = {.text = span_of("the line"), .time_s = T0};
	struct rules_hit found = {.rule = &rules[score > 0 ? BAD_RULE : GOOD_RULE],
	                          .kind = RULES_KIND_HIT,
	                          .address = net_from(address).addr,
	                          .score = score,
	                          .count = 1};
	struct decide_result ret;

	decide_hit(&decide, &line, T0, &found, &ret);
	return ret;
}

static struct decide_result flood(const char *address)
{
	const struct decide_flood seen = {.addr = net_from(address).addr, .connections = 10, .within_s = 60};
	struct decide_result ret;

	decide_flood(&decide, &seen, T0, &ret);
	return ret;
}

static struct decide_result listed(const char *address, int score)
{
	static char zone[] = "bl.example";
	const struct config_list list = {.zone = zone, .score = score};
	const struct dnsbl_answer answer = {.word = DNSBL_LISTED,
	                                    .list = &list,
	                                    .addr = net_from(address).addr,
	                                    .code = net_from("127.0.0.2").addr};
	struct decide_result ret;

	decide_listed(&decide, &answer, T0, &ret);
	return ret;
}

/* In this order: each finds what the ones before left. */
static void test_hits(void **state)
{
	static const struct {
		const char *address;
		int score;
		enum verdict_outcome outcome;
		bool is_hit;
		size_t n_blocks;
	} rows[] = {
		{"192.0.2.1", 60, VERDICT_COUNTED, true, 0},     {"192.0.2.1", 60, VERDICT_BLOCK, true, 1},
		{"192.0.2.1", 60, VERDICT_RUNNING, true, 0},     {"192.0.2.2", 0, VERDICT_COUNTED, false, 0},
		{"192.0.2.3", -10, VERDICT_COUNTED, false, 0}, /* proven good from now on: */
		{"192.0.2.3", 199, VERDICT_COUNTED, true, 0},  /* twice the threshold */
		{"192.0.2.3", 11, VERDICT_BLOCK, true, 1},       {"192.0.2.4", -10, VERDICT_COUNTED, false, 0},
		{"192.0.2.4", 210, VERDICT_QUARANTINE, true, 0}, /* the second good one: the rule is suspended, ... */
		{"192.0.2.5", 210, VERDICT_SUSPENDED, true, 0},  /* ... for everybody */
		{"198.51.100.1", 210, VERDICT_ALLOWED, true, 0},
	};
	const struct net allowed = net_from("198.51.100.0/24");

	(void)state;
	verdict_allow(decide.verdict, &allowed, 1);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct decide_result got = hit(rows[i].address, rows[i].score);

		if (got.decision.outcome != rows[i].outcome || got.is_hit != rows[i].is_hit ||
		    got.decision.n != rows[i].n_blocks || got.released != (rows[i].outcome == VERDICT_QUARANTINE))
			fail_msg("row %zu: got outcome %d, hit %d, %zu blocks, %zu released", i,
			         (int)got.decision.outcome, got.is_hit, got.decision.n, got.released);
	}
	want_number("SELECT count(*) FROM hit", 8);
	want_number("SELECT count(*) FROM hit WHERE ignored = 1", 4);
	want_number("SELECT count(*) FROM hit WHERE ignored = 2", 2);
	want_number("SELECT count(*) FROM block", 2);
	want_number("SELECT count(*) FROM block WHERE address = '192.0.2.3' AND proven AND ended_by = 'suspended'", 1);
	want_number("SELECT count(*) FROM good", 2);
	want_number("SELECT count(*) FROM suspension WHERE rule = 'bad'", 1);
}

/* Two logs report the same three mistakes; the second one three more in a line. What repeats is stored, and counts
 * nothing. */
static void test_duplicates(void **state)
{
	struct rule pam = rules[BAD_RULE], server = rules[BAD_RULE];
	struct rulefile_rule text = texts[BAD_RULE];
	const struct {
		const struct rule *rule;
		unsigned count;
		enum verdict_outcome outcome;
		int score;
	} rows[] = {
		{&pam, 1, VERDICT_COUNTED, 20},  {&server, 1, VERDICT_DUPLICATE, 0}, {&server, 1, VERDICT_COUNTED, 20},
		{&pam, 1, VERDICT_DUPLICATE, 0}, {&pam, 1, VERDICT_COUNTED, 20},     {&server, 3, VERDICT_BLOCK, 40},
		{&pam, 1, VERDICT_DUPLICATE, 0},
	};

	(void)state;
	text.score = 20;
	pam.text = server.text = &text;
	pam.event = (struct rule_event){.number = 7, .log = 0};
	server.event = (struct rule_event){.number = 7, .log = 1};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct decide_line line = {.text = span_of("the line"), .time_s = T0};
		struct rules_hit found = {.rule = rows[i].rule,
		                          .kind = RULES_KIND_HIT,
		                          .address = net_from("192.0.2.1").addr,
		                          .score = 20 * (int)rows[i].count,
		                          .count = rows[i].count};
		struct decide_result got;

		decide_hit(&decide, &line, T0, &found, &got);
		if (got.decision.outcome != rows[i].outcome || got.decision.score != rows[i].score || !got.is_hit)
			fail_msg("row %zu: got outcome %d, score %d", i, (int)got.decision.outcome, got.decision.score);
	}
	want_number("SELECT count(*) FROM hit", 7);
	want_number("SELECT count(*) FROM hit WHERE ignored = 1 AND weight = 1 AND score = 0", 3);
	want_number("SELECT sum(score) FROM hit WHERE ignored <> 1", 100);
}

static void test_floods(void **state)
{
	const struct net allowed = net_from("198.51.100.0/24");

	(void)state;
	verdict_allow(decide.verdict, &allowed, 1);
	assert_int_equal(flood("192.0.2.1").decision.n, 1);
	assert_false(flood("192.0.2.1").is_hit); /* blocked, and still at it */
	assert_false(flood("198.51.100.1").is_hit);
	want_number("SELECT count(*) FROM hits", 1);
	want_number(
		"SELECT count(*) FROM hits WHERE rule = 'kernel-connections' AND category = 'flood' AND score = 100 AND "
		"text = 'kernel: more than 10 new connections in 60 s' AND detail IS NULL AND file IS NULL",
		1);
	want_number("SELECT count(*) FROM blocks WHERE address = '192.0.2.1' AND rule = 'kernel-connections'", 1);
}

static void test_lists(void **state)
{
	(void)state;
	assert_true(listed("192.0.2.1", 100).is_hit);
	(void)flood("192.0.2.2");
	want_number("SELECT count(*) FROM blocks WHERE address = '192.0.2.1' AND rule = 'dns-list'", 1);
	want_number("SELECT count(*) FROM blocks WHERE address = '192.0.2.2' AND rule = 'kernel-connections'", 1);
	want_number(
		"SELECT count(*) FROM hits WHERE detail = 'bl.example' AND text = 'bl.example answers 127.0.0.2 for 192.0.2.1'",
		1);
	assert_true(listed("192.0.2.1", -1).earned);  /* its block ends */
	assert_false(listed("192.0.2.1", -1).earned); /* it is allowed already */
	want_number("SELECT count(*) FROM block WHERE address = '192.0.2.1' AND ended_by = 'allowed by bl.example'", 1);
	want_number("SELECT count(*) FROM allowance WHERE address = '192.0.2.1' AND cause = 'dns-list'", 1);
	assert_false(listed("192.0.2.1", 100).decision.counted);
}

static struct decide_result unnamed(const char *address)
{
	const struct dnsbl_answer answer = {.word = DNSBL_NO_NAME, .addr = net_from(address).addr};
	struct decide_result ret;

	config->dns.ptr = 250;
	decide_name(&decide, &answer, T0, &ret);
	return ret;
}

static struct decide_result listed_high(const char *address)
{
	return listed(address, 250);
}

/* What has proven good needs 200, and its good evidence subtracts 10. */
static struct decide_result flood_thrice(const char *address)
{
	(void)flood(address);
	(void)flood(address);
	return flood(address);
}

/* Rules that are built in are suspended like others: a dead list blocks only one of those that have proven good. */
static void test_suspended(void **state)
{
	static const struct {
		unsigned number;
		const char *name;
		struct decide_result (*decide)(const char *address);
		const char *good[3];
	} rows[] = {
		{BUILTIN_DNS_LIST, "dns-list", listed_high, {"192.0.2.1", "192.0.2.2", "192.0.2.3"}},
		{BUILTIN_DNS_PTR, "dns-ptr", unnamed, {"192.0.2.4", "192.0.2.5", "192.0.2.6"}},
		{BUILTIN_CONNECTIONS, "kernel-connections", flood_thrice, {"192.0.2.7", "192.0.2.8", "192.0.2.9"}},
	};
	struct decide_result ret;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		for (size_t j = 0; j < 3; j++)
			(void)hit(rows[i].good[j], -10);
		assert_int_equal(rows[i].decide(rows[i].good[0]).decision.outcome, VERDICT_BLOCK);
		ret = rows[i].decide(rows[i].good[1]);
		assert_int_equal(ret.decision.outcome, VERDICT_QUARANTINE);
		assert_true(ret.is_hit);
		assert_int_equal(ret.released, 1);
		assert_int_equal(rows[i].decide(rows[i].good[2]).decision.outcome, VERDICT_SUSPENDED);
		assert_int_equal(verdict_stat(decide.verdict).suspended, i + 1);
		assert_true(verdict_is_suspended(decide.verdict, builtin_number(NULL, rows[i].name)));
		assert_string_equal(builtin_rule(rows[i].number)->text->name, rows[i].name);
	}
	want_number("SELECT count(*) FROM suspension WHERE rule IN ('dns-list', 'dns-ptr', 'kernel-connections')", 3);
	want_number("SELECT count(*) FROM block WHERE ended_by = 'suspended'", 3);
	want_number("SELECT count(*) FROM block WHERE ended IS NULL", 0);
	assert_int_equal(builtin_number(NULL, "bad"), VERDICT_NO_RULE);
}

/* Two machines of one network send the same message: the network is allowed. */
static void test_greylist(void **state)
{
	static const char *const senders[] = {"192.0.2.1", "192.0.2.2"};
	const struct decide_line line = {.text = span_of("greylisted"), .time_s = T0};
	const struct net other = net_from("192.0.2.9");
	struct decide_result ret = {.is_hit = true};

	(void)state;
	for (size_t i = 0; i < sizeof senders / sizeof *senders; i++) {
		struct rules_hit found = {.rule = &rules[GOOD_RULE],
		                          .kind = RULES_KIND_HIT,
		                          .address = net_from(senders[i]).addr,
		                          .count = 1,
		                          .from = span_of("a@big.example"),
		                          .to = span_of("b@example.org"),
		                          .helo = span_of(i == 0 ? "mx1.big.example" : "mx2.big.example")};

		decide_hit(&decide, &line, T0, &found, &ret);
		assert_int_equal(ret.earned, i == 1);
		assert_false(ret.is_hit);
	}
	assert_true(verdict_is_allowed(decide.verdict, &other.addr));
	want_number("SELECT count(*) FROM attempt", 2);
	want_number("SELECT count(*) FROM allowance WHERE cause = 'cluster'", 1);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {TEST(test_hits),  TEST(test_duplicates), TEST(test_floods),
	                                   TEST(test_lists), TEST(test_suspended),  TEST(test_greylist)};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
