/*
 * logins: what failed and accepted logins lead to, as stories in which time is a number: a telephone with an old
 * password, guessers of every kind, attacks from many networks and slow ones. A restart changes none of it.
 */
#include "verdict/verdict.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "testlib.h"

enum { MINUTE = 60, HOUR = 3600, DAY = 86400, RULE = 1, ROWS_MAX = 20000, ALICE = 11, BOB = 12, CAROL = 13 };

static const int64_t t0_s = 1795181862;

static const struct verdict_policy policy = {
	.threshold = 100,
	.window_s = HOUR,
	.memory_s = 30 * DAY,
	.n_for = 1,
	.for_s = {600},
	.ip6_prefix = 64,
	.network_threshold = 300,
	.account_addresses = 5,
	.slow = 10,
	.slow_s = DAY,
	.login_days = 31,
	.earn_days = 3,
};

/* All evidence that counted, as the database has it. */
struct past {
	size_t n;
	struct {
		struct verdict_evidence evidence;
		struct net subject;
		uint64_t login;
		bool counted, spent;
	} rows[ROWS_MAX];
	size_t n_blocks;
	struct block blocks[ROWS_MAX];
};

static struct past past;
static struct verdict *verdict;

static int setup(void **state)
{
	(void)state;
	past.n = past.n_blocks = 0;
	verdict = verdict_new(&policy);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	verdict_free(verdict);
	return 0;
}

static struct verdict *restored(int64_t now_s)
{
	struct verdict *const v = verdict_new(&policy);

	verdict_at(v, now_s);
	for (size_t i = 0; i < past.n; i++)
		if (past.rows[i].evidence.score < 0) {
			const struct verdict_evidence *const e = &past.rows[i].evidence;

			verdict_known_good(v, &past.rows[i].subject, e->time_s / DAY);
			verdict_known_login(v, past.rows[i].login, e->time_s / DAY);
		}
	for (size_t i = 0; i < past.n_blocks; i++)
		verdict_known_block(v, &past.blocks[i], RULE);
	for (size_t i = 0; i < past.n; i++)
		if (past.rows[i].spent)
			verdict_known_spent(v, &past.rows[i].evidence);
		else if (past.rows[i].counted && past.rows[i].evidence.score >= 0)
			verdict_known_hit(v, &past.rows[i].evidence);
	for (size_t i = 0; i < past.n; i++)
		if (past.rows[i].counted && past.rows[i].evidence.score < 0)
			verdict_known_credit(v, &past.rows[i].evidence);
	return v;
}

/* Of one that is restarted for each hundredth piece of evidence, the same is wanted. */
static void want_same_after_restart(const struct verdict_evidence *e, const struct verdict_decision *want)
{
	struct verdict *const again = restored(e->time_s);
	struct verdict_decision got;

	verdict_hit(again, e, &got);
	if (got.outcome != want->outcome || got.score != want->score || got.weight != want->weight || got.n != want->n)
		fail_msg("at %" PRId64 " after a restart: got outcome %d, score %d, %zu blocks, want %d, %d, %zu",
		         e->time_s - t0_s, (int)got.outcome, got.score, got.n, (int)want->outcome, want->score,
		         want->n);
	for (size_t i = 0; i < got.n; i++)
		assert_int_equal(net_order(&got.blocks[i].net, &want->blocks[i].net), 0);
	verdict_free(again);
}

static struct verdict_decision decide(const char *client, enum verdict_kind kind, uint32_t account, int score,
                                      unsigned count, int64_t at)
{
	const struct verdict_evidence e = {.addr = net_from(client).addr,
	                                   .score = score,
	                                   .count = count,
	                                   .kind = kind,
	                                   .account = account,
	                                   .time_s = t0_s + at,
	                                   .rule = RULE};
	struct verdict_decision d;

	verdict_at(verdict, t0_s + at);
	verdict_hit(verdict, &e, &d);
	if (past.n % 100 == 99 || d.n > 1)
		want_same_after_restart(&e, &d);
	assert_true(past.n < ROWS_MAX && past.n_blocks + d.n < ROWS_MAX);
	past.rows[past.n].evidence = e;
	past.rows[past.n].evidence.score = d.counted ? d.score : e.score;
	past.rows[past.n].subject = d.subject;
	past.rows[past.n].login = d.login;
	past.rows[past.n].counted = d.counted;
	past.rows[past.n++].spent = d.outcome == VERDICT_BLOCK;
	for (size_t i = 0; i < d.n; i++)
		past.blocks[past.n_blocks++] = d.blocks[i];
	return d;
}

static struct verdict_decision fails(const char *client, uint32_t account, int64_t at)
{
	return decide(client, VERDICT_LOGIN, account, 20, 1, at);
}

static void logs_in(const char *client, uint32_t account, int64_t at)
{
	(void)decide(client, VERDICT_LOGIN, account, -40, 1, at);
}

static void delivers(const char *client, int64_t at)
{
	(void)decide(client, VERDICT_MAIL, 0, -20, 1, at);
}

/* --- single failures: what each counts --- */

static void test_weights(void **state)
{
	static const struct {
		uint32_t account;
		int64_t at;
		unsigned count;
		int want;
		enum verdict_weight weight;
	} rows[] = {
		/* alice logged in from here at 0; bob never did. */
		{ALICE, 10, 1, 5, VERDICT_QUARTER},     {ALICE, 20, 1, 0, VERDICT_REPEATED},
		{ALICE, 609, 1, 0, VERDICT_REPEATED},   {ALICE, 610, 1, 5, VERDICT_QUARTER},
		{BOB, 620, 1, 20, VERDICT_FULL},        {BOB, 630, 1, 20, VERDICT_FULL},
		{0, 640, 1, 20, VERDICT_FULL},         /* no name, ... */
		{0, 641, 1, 20, VERDICT_FULL},         /* ... no discount */
		{ALICE, 5000, 3, 15, VERDICT_QUARTER}, /* the line names the account of the last attempt only */
		{ALICE, 5001, 3, 10, VERDICT_REPEATED}, {BOB, 5002, 2, 40, VERDICT_FULL},
		{BOB, 5003, 1, 20, VERDICT_FULL},       {ALICE, 31 * DAY, 1, 5, VERDICT_QUARTER}, /* whole days */
		{ALICE, 32 * DAY, 1, 20, VERDICT_FULL},
	};

	(void)state;
	logs_in("192.0.2.7", ALICE, 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct verdict_decision got = decide("192.0.2.7", VERDICT_LOGIN, rows[i].account,
		                                           20 * (int)rows[i].count, rows[i].count, rows[i].at);

		if (got.score != rows[i].want || got.weight != rows[i].weight)
			fail_msg("row %zu: got %d (weight %d), want %d (%d)", i, got.score, (int)got.weight,
			         rows[i].want, (int)rows[i].weight);
	}
	/* A client that never logged in gets no discount. */
	assert_int_equal(fails("192.0.3.7", ALICE, 32 * DAY + 800).score, 20);
	assert_int_equal(fails("192.0.3.7", ALICE, 32 * DAY + 801).score, 20);
}

/* A login and a failure in one second are one node: the next failure repeats this one all the same. */
static void test_same_second(void **state)
{
	(void)state;
	logs_in("192.0.2.7", ALICE, 0);
	assert_int_equal(fails("192.0.2.7", ALICE, 0).score, 5);
	for (int64_t at = 0; at < 600; at += 60)
		assert_int_equal(fails("192.0.2.7", ALICE, at).weight, VERDICT_REPEATED);
	assert_int_equal(fails("192.0.2.7", ALICE, 600).score, 5);
}

/* --- the telephone, and the guessers beside it --- */

/* 20 people work in an office for ten days; bob's telephone tries his old password every five minutes, day and night.
 */
static void test_office(void **state)
{
	(void)state;
	for (int64_t at = 0; at < 10 * DAY; at += 5 * MINUTE) {
		if (at % DAY > 8 * HOUR && at % DAY < 17 * HOUR && at % HOUR == 0)
			for (uint32_t person = 0; person < 20; person++)
				logs_in("192.0.2.7", BOB + person, at + person);
		if (at >= 10 * HOUR && fails("192.0.2.7", BOB, at + 30).n > 0)
			fail_msg("the office is blocked after %" PRId64 " s", at);
	}
}

/* Behind the same address somebody guesses at all accounts there are: bob's telephone does not hide that. */
static void test_guesser_in_the_office(void **state)
{
	unsigned guesses = 0;

	(void)state;
	for (int64_t day = 0; day < 3; day++) /* proven good */
		for (uint32_t person = 0; person < 20; person++)
			logs_in("192.0.2.7", BOB + person, day * DAY + person);
	for (int64_t at = 2 * DAY + HOUR;; at += 10, guesses++) {
		if (guesses % 30 == 0)
			(void)fails("192.0.2.7", BOB, at);
		if (fails("192.0.2.7", 1000 + guesses, at + 5).n > 0)
			break;
		assert_true(guesses < 50);
	}
	assert_int_equal(guesses, 9); /* the tenth: twice the threshold */
}

/* And one that guesses at the telephone owner's account alone: thirty are mistaken for the telephone. */
static void test_guesser_at_one_account(void **state)
{
	unsigned guesses = 1;

	(void)state;
	logs_in("192.0.2.7", BOB, 0);
	while (fails("192.0.2.7", BOB, HOUR + guesses).n == 0)
		assert_true(++guesses < 100);
	assert_int_equal(guesses, 1 + 30 + 19);
}

/* One that never logged in is blocked at the fifth guess, whether at one account or at many. */
static void test_word_lists(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(fails("192.0.2.7", ALICE, i).n, i == 4);
		assert_int_equal(fails("192.0.3.7", ALICE + i, i).n, i == 4);
		assert_int_equal(fails("192.0.4.7", 0, i).n, i == 4);
	}
}

/* --- good evidence does not buy guesses --- */

static void test_bought(void **state)
{
	static const struct {
		enum verdict_kind kind; /* of the good evidence: -40 each time */
		uint32_t account;
		enum verdict_kind hit; /* 20 each time, 720 times within an hour */
		uint32_t hit_account;
		unsigned want; /* until it is blocked; 0: never */
	} rows[] = {
		{VERDICT_MAIL, 0, VERDICT_LOGIN, ALICE, 5}, {VERDICT_MAIL, 0, VERDICT_LOGIN, 0, 5},
		{VERDICT_MAIL, 0, VERDICT_ANY, 0, 5},       {VERDICT_MAIL, 0, VERDICT_MAIL, 0, 0},
		{VERDICT_LOGIN, BOB, VERDICT_ANY, 0, 5},    {VERDICT_LOGIN, BOB, VERDICT_MAIL, 0, 5},
		{VERDICT_LOGIN, BOB, VERDICT_LOGIN, 0, 5},  {VERDICT_LOGIN, BOB, VERDICT_LOGIN, BOB, 0},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		unsigned n = 0, got = 0;

		while (got == 0 && n++ < 720) {
			(void)decide("192.0.2.7", rows[i].kind, rows[i].account, -40, 1, n * 5);
			if (decide("192.0.2.7", rows[i].hit, rows[i].hit_account, 20, 1, n * 5 + 2).n > 0)
				got = n;
		}
		if (got != rows[i].want)
			fail_msg("row %zu: blocked after %u, want %u", i, got, rows[i].want);
		(void)teardown(state);
		(void)setup(state);
	}
}

/* A valid login of one's own before each guess at another's. */
static void test_own_login(void **state)
{
	unsigned n = 0;

	(void)state;
	do {
		logs_in("192.0.2.7", BOB, n * 10);
		assert_true(++n < 20);
	} while (fails("192.0.2.7", 1000 + n, n * 10 - 5).n == 0);
	assert_int_equal(n, 5);
}

/* --- many networks --- */

/* 60 addresses of one /24, one failure a minute each. */
static void test_spread(void **state)
{
	size_t blocked = 0;

	(void)state;
	for (unsigned i = 0; i < 60; i++) {
		char client[32];
		struct verdict_decision d;

		(void)snprintf(client, sizeof client, "203.0.113.%u", i);
		d = fails(client, 1000 + i, i * MINUTE);
		if (d.n != (i % 15 == 14 ? 15U : 0))
			fail_msg("address %u: got %zu blocks", i, d.n);
		for (size_t k = 0; k < d.n; k++) {
			assert_int_equal(d.blocks[k].net.len, 128);
			assert_true(d.blocks[k].spread);
		}
		blocked += d.n;
	}
	assert_int_equal(blocked, 60);
}

/* Neither four addresses, nor in a network with a good or an allowed client; IPv6 by the /64 in a /48. */
static void test_spread_limits(void **state)
{
	const struct net allowed = net_from("198.51.100.200");
	struct verdict_decision d = {0};

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		for (unsigned k = 0; k < 4; k++) {
			char client[32];

			(void)snprintf(client, sizeof client, "203.0.113.%u", i);
			assert_int_equal(fails(client, 1000 + k, i * 10 + k).n, 0); /* 4 x 80 */
		}
	verdict_allow(verdict, &allowed, 1);
	for (unsigned i = 0; i < 30; i++) {
		char client[32];

		(void)snprintf(client, sizeof client, "198.51.100.%u", i);
		verdict_at(verdict, t0_s + i);
		verdict_hit(verdict,
		            &(struct verdict_evidence){
				    .addr = net_from(client).addr, .score = 20, .time_s = t0_s + i, .rule = RULE},
		            &d);
		assert_int_equal(d.n, 0);
	}
	for (unsigned day = 0; day < 3; day++)
		logs_in("192.0.2.200", BOB, day * DAY);
	for (unsigned i = 0; i < 30; i++) {
		char client[32];

		(void)snprintf(client, sizeof client, "192.0.2.%u", i);
		assert_int_equal(fails(client, 1000 + i, 2 * DAY + i).n, 0);
	}
	for (unsigned i = 0; i < 15; i++) {
		char client[40];

		(void)snprintf(client, sizeof client, "2001:db8:0:%x::%x", i, i + 1);
		d = fails(client, 1000 + i, 3 * DAY + i);
	}
	assert_int_equal(d.n, 15);
	assert_int_equal(d.blocks[14].net.len, 64);
}

/* Accepted mail is subtracted from each address: a large sender some of whose mail is refused is not blocked. */
static void test_spread_sender(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		char client[32];

		(void)snprintf(client, sizeof client, "203.0.113.%u", i % 40);
		delivers(client, i);
		delivers(client, i);
		delivers(client, i);
		assert_int_equal(decide(client, VERDICT_MAIL, 0, 50, 1, i).n, 0);
	}
}

/* One account, each time from another network: from the sixth on it counts double. */
static void test_account(void **state)
{
	(void)state;
	logs_in("198.51.100.7", BOB, 0);
	for (unsigned i = 0; i < 10; i++) {
		char client[32];
		struct verdict_decision d;

		(void)snprintf(client, sizeof client, "192.0.%u.7", i);
		d = fails(client, ALICE, 10 + i);
		if (d.score != (i < 5 ? 20 : 40) || d.weight != (i < 5 ? VERDICT_FULL : VERDICT_DOUBLE))
			fail_msg("network %u: got %d", i, d.score);
		assert_int_equal(fails(client, CAROL + 10 + i, 10 + i).score, 20); /* another account */
	}
	assert_int_equal(fails("198.51.100.7", ALICE, 60).score, 20); /* a client that logged in, to whatever account */
	assert_int_equal(fails("192.0.77.7", ALICE, HOUR + 30).score, 20); /* they have left the window */
}

/* --- slow --- */

/* One guess every 20 minutes: three an hour are below the threshold for ever. */
static void test_slow(void **state)
{
	unsigned n = 0;

	(void)state;
	while (fails("192.0.2.7", 1000 + n % 3, n * 20 * MINUTE).n == 0)
		assert_true(++n < 100);
	assert_int_equal(n, 9);
	n = 0;
	while (fails("192.0.9.7", 1000, 20 * DAY + n * 160 * MINUTE).n == 0) /* nine a day: enough is enough */
		if (++n == 100)
			break;
	assert_int_equal(n, 100);
}

/* The same read in one go, after the daemon was stopped for hours: what is older than the window counts as slow
 * guesses, and for nothing else. */
static void test_slow_missed(void **state)
{
	const int64_t now_s = t0_s + DAY;
	struct verdict_decision d = {0};

	(void)state;
	verdict_at(verdict, now_s);
	for (unsigned n = 0; n < 10; n++) {
		struct verdict_evidence e = {.addr = net_from("192.0.2.7").addr,
		                             .score = 20,
		                             .kind = VERDICT_LOGIN,
		                             .account = 1000,
		                             .time_s = now_s - (200 - 20 * n) * MINUTE,
		                             .rule = RULE};

		assert_int_equal(d.n, 0);
		verdict_hit(verdict, &e, &d);
		assert_true(d.counted);
		e.kind = VERDICT_ANY;
		e.addr = net_from("192.0.2.8").addr;
		if (n < 7) {
			struct verdict_decision other;

			verdict_hit(verdict, &e, &other);
			assert_int_equal(other.outcome, VERDICT_HISTORY);
		}
	}
	assert_int_equal(d.outcome, VERDICT_BLOCK);
	assert_int_equal(d.blocks[0].since_s, now_s);
	for (unsigned n = 0; n < 5; n++) { /* enough for a block, but an hour too old */
		const struct verdict_evidence e = {.addr = net_from("192.0.2.9").addr,
		                                   .score = 20,
		                                   .kind = VERDICT_LOGIN,
		                                   .account = 1000,
		                                   .time_s = now_s - 2 * HOUR,
		                                   .rule = RULE};

		verdict_hit(verdict, &e, &d);
		assert_int_equal(d.outcome, VERDICT_COUNTED);
	}
}

/* Who mistypes and then logs in is no slow guesser, however often. */
static void test_clumsy(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 40; n++) {
		assert_int_equal(fails("192.0.2.7", BOB + n % 4, n * 25 * MINUTE).n, 0);
		logs_in("192.0.2.7", BOB + n % 4, n * 25 * MINUTE + 30);
	}
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_weights),
		TEST(test_same_second),
		TEST(test_office),
		TEST(test_guesser_in_the_office),
		TEST(test_guesser_at_one_account),
		TEST(test_word_lists),
		TEST(test_bought),
		TEST(test_own_login),
		TEST(test_spread),
		TEST(test_spread_limits),
		TEST(test_spread_sender),
		TEST(test_account),
		TEST(test_slow),
		TEST(test_slow_missed),
		TEST(test_clumsy),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
