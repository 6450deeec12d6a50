/*
 * verdict: decisions as numbers; compared with a naive implementation that keeps every hit for ever; the same after a
 * restart as without one; and at the limits.
 */
#include "verdict/verdict.h"

#include <inttypes.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "build.h"
#include "testlib.h"

enum { WINDOW = 3600 };

static const int64_t t0_s = 1795181862;

static const struct verdict_policy policy = {
	.threshold = 100,
	.window_s = WINDOW,
	.memory_s = 30 * 86400,
	.n_for = 5,
	.for_s = {600, 3600, 6 * 3600, 86400, 7 * 86400},
};

static const char *name_of(enum verdict_outcome outcome)
{
	switch (outcome) {
	case VERDICT_COUNTED:
		return "counted";
	case VERDICT_BLOCK:
		return "block";
	case VERDICT_RUNNING:
		return "running";
	case VERDICT_HISTORY:
		return "history";
	case VERDICT_ALLOWED:
		return "allowed";
	case VERDICT_SUSPENDED:
		return "suspended";
	case VERDICT_QUARANTINE:
		return "quarantine";
	case VERDICT_BRAKED:
		return "braked";
	case VERDICT_DUPLICATE: /* never the verdict's */
		break;
	}
	return "?";
}

/* Evidence of no rule and no name; *ret: the block of the evidence itself, if there is one. */
static struct verdict_decision decide(struct verdict *v, const struct addr *addr, int score, int64_t time_s)
{
	const struct verdict_evidence evidence = {
		.addr = *addr, .score = score, .time_s = time_s, .rule = VERDICT_NO_RULE};
	struct verdict_decision decision;

	verdict_hit(v, &evidence, &decision);
	assert_true(addr_equal(&decision.subject.addr, addr));
	assert_int_equal(decision.subject.len, 128);
	assert_int_equal(decision.n, decision.outcome == VERDICT_BLOCK);
	return decision;
}

static enum verdict_outcome hit(struct verdict *v, const struct addr *addr, int score, int64_t time_s,
                                struct block *ret)
{
	const struct verdict_decision decision = decide(v, addr, score, time_s);

	if (decision.n > 0) {
		assert_int_equal(decision.blocks[0].cause, BLOCK_EVIDENCE);
		assert_false(decision.blocks[0].proven || decision.blocks[0].prolonged);
		*ret = decision.blocks[0];
	}
	return decision.outcome;
}

static void known_block(struct verdict *v, const struct net *net, int64_t since_s, int64_t until_s)
{
	const struct block block = {.net = *net, .since_s = since_s, .until_s = until_s, .offence = 1};

	verdict_known_block(v, &block, VERDICT_NO_RULE);
}

/* Evidence of no kind. */
static void known_hit(struct verdict *v, const struct addr *addr, int score, int64_t time_s)
{
	verdict_known_hit(v, &(struct verdict_evidence){
				     .addr = *addr, .score = score, .time_s = time_s, .rule = VERDICT_NO_RULE});
}

static void known_credit(struct verdict *v, const struct addr *addr, int score, int64_t time_s)
{
	verdict_known_credit(v, &(struct verdict_evidence){
					.addr = *addr, .score = score, .time_s = time_s, .rule = VERDICT_NO_RULE});
}

static void known_spent(struct verdict *v, const struct addr *addr, int64_t time_s)
{
	verdict_known_spent(v, &(struct verdict_evidence){.addr = *addr, .time_s = time_s, .rule = VERDICT_NO_RULE});
}

static struct addr addr_from(const char *text)
{
	return net_from(text).addr;
}

static struct addr addr_number(uint32_t i)
{
	struct addr addr = addr_from("2001:db8::");

	addr.bytes[12] = (uint8_t)(i >> 24);
	addr.bytes[13] = (uint8_t)(i >> 16);
	addr.bytes[14] = (uint8_t)(i >> 8);
	addr.bytes[15] = (uint8_t)i;
	return addr;
}

/* One hit at t0_s + now, of a line of t0_s + time. */
struct step {
	const char *address;
	int now, time, score;
	enum verdict_outcome want;
	int until; /* of a block: t0_s + ... */
	unsigned offence;
};

static void play(const struct step steps[], size_t n)
{
	struct verdict *const v = verdict_new(&policy);

	for (size_t i = 0; i < n; i++) {
		const struct step *const s = &steps[i];
		const struct addr addr = addr_from(s->address);
		struct block block = {.offence = 77};
		enum verdict_outcome got;

		verdict_at(v, t0_s + s->now);
		got = hit(v, &addr, s->score, t0_s + s->time, &block);
		if (got != s->want)
			fail_msg("step %zu: got %s, want %s", i, name_of(got), name_of(s->want));
		if (got != VERDICT_BLOCK) {
			assert_int_equal(block.offence, 77);
			continue;
		}
		assert_true(addr_equal(&block.net.addr, &addr));
		assert_int_equal(block.net.len, 128);
		assert_int_equal(block.since_s, t0_s + s->now);
		if (block.until_s != t0_s + s->until || block.offence != s->offence)
			fail_msg("step %zu: got until %" PRId64 ", offence %u, want %d, %u", i, block.until_s - t0_s,
			         block.offence, s->until, s->offence);
	}
	verdict_free(v);
}

#define PLAY(...)                                                                                                      \
	do {                                                                                                           \
		const struct step steps[] = {__VA_ARGS__};                                                             \
		play(steps, sizeof steps / sizeof *steps);                                                             \
	} while (0)

#define A "192.0.2.7"
#define B "2001:db8::7"

/* A block lasts as long as its own evidence demands, or longer. */
static void test_at_least(void **state)
{
	static const struct {
		int score;
		int64_t for_s, want_s;
	} rows[] = {{100, 86400, 86400}, {100, 60, 600}, {100, 0, 600}};
	const struct addr addr = addr_from(A);

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct verdict *const v = verdict_new(&policy);
		struct verdict_decision decision;

		verdict_at(v, t0_s);
		verdict_hit(v,
		            &(struct verdict_evidence){.addr = addr,
		                                       .score = rows[i].score,
		                                       .time_s = t0_s,
		                                       .for_s = rows[i].for_s,
		                                       .rule = VERDICT_NO_RULE},
		            &decision);
		assert_int_equal(decision.outcome, VERDICT_BLOCK);
		assert_int_equal(decision.blocks[0].until_s, t0_s + rows[i].want_s);
		verdict_free(v);
	}
	/* What demands a day does not block; what blocks demands nothing. */
	PLAY({A, 0, 0, 40, VERDICT_COUNTED, 0, 0}, {A, 0, 0, 60, VERDICT_BLOCK, 600, 1});
}

static void test_threshold(void **state)
{
	(void)state;
	PLAY({A, 0, 0, 100, VERDICT_BLOCK, 600, 1});
	PLAY({A, 0, 0, 1000000, VERDICT_BLOCK, 600, 1});
	PLAY({A, 0, 0, 99, VERDICT_COUNTED, 0, 0}, {A, 0, 0, 0, VERDICT_COUNTED, 0, 0},
	     {A, 0, 0, 1, VERDICT_BLOCK, 600, 1});
	PLAY({A, 0, 0, 99, VERDICT_COUNTED, 0, 0}, {B, 0, 0, 99, VERDICT_COUNTED, 0, 0},
	     {B, 1, 1, 1, VERDICT_BLOCK, 601, 1}, {A, 2, 2, 1, VERDICT_BLOCK, 602, 1});
	/* "::ffff:192.0.2.7" is the same client. */
	PLAY({A, 0, 0, 50, VERDICT_COUNTED, 0, 0}, {"::ffff:" A, 0, 0, 50, VERDICT_BLOCK, 600, 1});
	/* Five logins within the hour. */
	PLAY({A, 0, 0, 20, VERDICT_COUNTED, 0, 0}, {A, 800, 800, 20, VERDICT_COUNTED, 0, 0},
	     {A, 1600, 1600, 20, VERDICT_COUNTED, 0, 0}, {A, 2400, 2400, 20, VERDICT_COUNTED, 0, 0},
	     {A, 3599, 3599, 20, VERDICT_BLOCK, 3599 + 600, 1});
}

static void test_window(void **state)
{
	(void)state;
	/* A hit exactly one window old no longer counts. */
	PLAY({A, 0, 0, 60, VERDICT_COUNTED, 0, 0}, {A, WINDOW - 1, WINDOW - 1, 60, VERDICT_BLOCK, WINDOW - 1 + 600, 1});
	PLAY({A, 0, 0, 60, VERDICT_COUNTED, 0, 0}, {A, WINDOW, WINDOW, 60, VERDICT_COUNTED, 0, 0},
	     {A, WINDOW + 1, WINDOW + 1, 40, VERDICT_BLOCK, WINDOW + 601, 1});
	/* Lines from before: the last that counts and the first that does not. */
	PLAY({A, WINDOW, 1, 100, VERDICT_BLOCK, WINDOW + 600, 1});
	PLAY({A, WINDOW, 0, 100, VERDICT_HISTORY, 0, 0}, {A, WINDOW, -5 * WINDOW, 100, VERDICT_HISTORY, 0, 0},
	     {A, WINDOW, INT32_MIN, 100, VERDICT_HISTORY, 0, 0}, {A, WINDOW, WINDOW, 99, VERDICT_COUNTED, 0, 0});
	/* Out of order, they still add up. */
	PLAY({A, 100, 100, 30, VERDICT_COUNTED, 0, 0}, {A, 100, 50, 30, VERDICT_COUNTED, 0, 0},
	     {A, 100, 75, 30, VERDICT_COUNTED, 0, 0}, {A, 100, 60, 10, VERDICT_BLOCK, 700, 1});
	/* And leave by their own time: that of 50 has gone, those of 60 and 100 have not. */
	PLAY({A, 100, 100, 30, VERDICT_COUNTED, 0, 0}, {A, 100, 50, 30, VERDICT_COUNTED, 0, 0},
	     {A, 100, 60, 30, VERDICT_COUNTED, 0, 0}, {A, WINDOW + 50, WINDOW + 50, 30, VERDICT_COUNTED, 0, 0},
	     {A, WINDOW + 59, WINDOW + 59, 10, VERDICT_BLOCK, WINDOW + 659, 1});
	/* What is to come counts as now, and leaves as if it had been now. */
	PLAY({A, 0, 99999999, 60, VERDICT_COUNTED, 0, 0}, {A, 0, 1, 30, VERDICT_COUNTED, 0, 0},
	     {A, WINDOW, WINDOW, 60, VERDICT_COUNTED, 0, 0});
	PLAY({A, 0, INT32_MAX, 60, VERDICT_COUNTED, 0, 0},
	     {A, WINDOW - 1, WINDOW - 1, 40, VERDICT_BLOCK, WINDOW + 599, 1});
	/* The clock goes back a little: nothing is lost. */
	PLAY({A, 10, 10, 60, VERDICT_COUNTED, 0, 0}, {A, 5, 5, 40, VERDICT_BLOCK, 605, 1},
	     {A, 6, 6, 40, VERDICT_RUNNING, 0, 0});
}

static void test_negative(void **state)
{
	(void)state;
	PLAY({A, 0, 0, 99, VERDICT_COUNTED, 0, 0}, {A, 1, 1, -50, VERDICT_COUNTED, 0, 0},
	     {A, 2, 2, 50, VERDICT_COUNTED, 0, 0}, {A, 3, 3, 1, VERDICT_BLOCK, 603, 1});
	PLAY({A, 0, 0, -1000, VERDICT_COUNTED, 0, 0}, {A, 1, 1, 1000, VERDICT_COUNTED, 0, 0},
	     {A, 2, 2, 100, VERDICT_BLOCK, 602, 1});
	/* Goodness is forgotten as badness is. */
	PLAY({A, 0, 0, -1000, VERDICT_COUNTED, 0, 0}, {A, WINDOW - 1, WINDOW - 1, 99, VERDICT_COUNTED, 0, 0},
	     {A, WINDOW, WINDOW, 0, VERDICT_COUNTED, 0, 0}, {A, WINDOW, WINDOW, 1, VERDICT_BLOCK, WINDOW + 600, 1});
	/* In one second. */
	PLAY({A, 0, 0, -100, VERDICT_COUNTED, 0, 0}, {A, 0, 0, 199, VERDICT_COUNTED, 0, 0},
	     {A, 0, 0, 1, VERDICT_BLOCK, 600, 1});
}

static void test_offences(void **state)
{
	enum { DAY = 86400 };

	(void)state;
	PLAY({A, 0, 0, 100, VERDICT_BLOCK, 600, 1}, {A, 0, 0, 100, VERDICT_RUNNING, 0, 0},
	     {A, 599, 599, 100, VERDICT_RUNNING, 0, 0}, {A, 599, 99999, 100, VERDICT_RUNNING, 0, 0},
	     {A, 600, 599, 100, VERDICT_RUNNING, 0, 0}, /* evidence from before its end */
	     {A, 600, 600, 99, VERDICT_COUNTED, 0, 0}, {A, 601, 601, 1, VERDICT_BLOCK, 4201, 2},
	     {A, 4201, 4201, 100, VERDICT_BLOCK, 4201 + 21600, 3},
	     {A, 30000, 30000, 100, VERDICT_BLOCK, 30000 + DAY, 4},
	     {A, 200000, 200000, 100, VERDICT_BLOCK, 200000 + 7 * DAY, 5},
	     {A, 10 * DAY, 10 * DAY, 100, VERDICT_BLOCK, 17 * DAY, 6},
	     {A, 17 * DAY, 17 * DAY, 100, VERDICT_BLOCK, 24 * DAY, 7},
	     {A, 24 * DAY, 24 * DAY, 100, VERDICT_BLOCK, 31 * DAY, 8},
	     /* More are not distinguished; the first five have left the memory by now: four are in it. */
	     {A, 31 * DAY, 31 * DAY, 100, VERDICT_BLOCK, 38 * DAY, 5});
	/* The memory's edge. */
	PLAY({A, 0, 0, 100, VERDICT_BLOCK, 600, 1},
	     {A, 30 * DAY - 1, 30 * DAY - 1, 100, VERDICT_BLOCK, 30 * DAY + 3599, 2});
	PLAY({A, 0, 0, 100, VERDICT_BLOCK, 600, 1}, {A, 30 * DAY, 30 * DAY, 100, VERDICT_BLOCK, 30 * DAY + 600, 1});
	/* What was counted before a block never counts again. */
	PLAY({A, 0, 0, 99, VERDICT_COUNTED, 0, 0}, {A, 1, 1, 1, VERDICT_BLOCK, 601, 1},
	     {A, 601, 601, 99, VERDICT_COUNTED, 0, 0});
}

static void test_duration(void **state)
{
	struct verdict_policy one = policy;
	struct verdict *v = verdict_new(&policy);

	(void)state;
	assert_int_equal(verdict_duration(v, 0), 600);
	assert_int_equal(verdict_duration(v, 1), 600);
	assert_int_equal(verdict_duration(v, 2), 3600);
	assert_int_equal(verdict_duration(v, 5), 7 * 86400);
	assert_int_equal(verdict_duration(v, 6), 7 * 86400);
	assert_int_equal(verdict_duration(v, UINT32_MAX), 7 * 86400);
	verdict_free(v);
	one.n_for = 1;
	v = verdict_new(&one);
	assert_int_equal(verdict_duration(v, 5), 600);
	verdict_free(v);
	verdict_free(NULL);
}

/* Offences beyond the longest list are all the last; one second each, so that many fit into the memory. */
static void test_many_offences(void **state)
{
	struct verdict_policy many = {
		.threshold = 1, .window_s = 10, .memory_s = 1000000, .n_for = 8, .for_s = {1, 1, 1, 1, 1, 1, 1, 2}};
	struct verdict *const v = verdict_new(&many);
	const struct addr a = addr_from(A);

	(void)state;
	for (unsigned i = 0; i < 30; i++) {
		struct block block;

		verdict_at(v, t0_s + 2 * i);
		assert_int_equal(hit(v, &a, 1, t0_s + 2 * i, &block), VERDICT_BLOCK);
		assert_int_equal(block.offence, i < 8 ? i + 1 : 8);
		assert_int_equal(block.until_s - block.since_s, i < 7 ? 1 : 2);
	}
	verdict_free(v);
}

static void test_allow(void **state)
{
	static const struct {
		const char *address;
		bool before, after;
	} rows[] = {
		{"192.0.2.7", false, true},   {"192.0.2.255", false, true},      {"192.0.3.0", false, false},
		{"2001:db8::1", false, true}, {"2001:db9::1", false, false},     {"127.0.0.1", true, true},
		{"::1", true, true},          {"169.254.9.9", true, true},       {"0.0.0.0", true, true},
		{"224.0.0.1", true, true},    {"fe80::1", true, true},           {"ff02::1", true, true},
		{"10.0.0.1", false, false},   {"::ffff:192.0.2.9", false, true},
	};
	const struct net nets[] = {net_from("192.0.2.0/24"), net_from("2001:db8::/32")};
	const struct net all[] = {net_from("0.0.0.0/0"), net_from("::/0")};
	struct verdict *const v = verdict_new(&policy);
	struct block block;

	(void)state;
	verdict_at(v, t0_s);
	for (unsigned turn = 0; turn < 2; turn++) {
		for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
			const struct addr addr = addr_from(rows[i].address);
			const bool want = turn == 0 ? rows[i].before : rows[i].after;

			if (verdict_is_allowed(v, &addr) != want)
				fail_msg("%s, turn %u: want %d", rows[i].address, turn, want);
			if (want)
				assert_int_equal(hit(v, &addr, 1000, t0_s, &block), VERDICT_ALLOWED);
		}
		verdict_allow(v, nets, 2);
	}
	assert_int_equal(verdict_stat(v).addresses, 0);
	/* Allowed after it was noted: the score waits, and counts if the address leaves the list again. */
	{
		const struct addr a = addr_from("203.0.113.7");

		assert_int_equal(hit(v, &a, 60, t0_s, &block), VERDICT_COUNTED);
		verdict_allow(v, all, 2);
		assert_int_equal(hit(v, &a, 60, t0_s, &block), VERDICT_ALLOWED);
		verdict_allow(v, NULL, 0);
		assert_int_equal(hit(v, &a, 39, t0_s, &block), VERDICT_COUNTED);
		assert_int_equal(hit(v, &a, 1, t0_s, &block), VERDICT_BLOCK);
	}
	verdict_free(v);
}

/* A client that is blocked from some ports is judged for what it does on the others. */
static void test_lists(void **state)
{
	const struct verdict_policy two_steps = {
		.threshold = 100, .window_s = 3600, .memory_s = 86400, .n_for = 2, .for_s = {600, 3600}};
	struct verdict *const v = verdict_new(&two_steps);
	struct verdict_evidence evidence = {
		.addr = addr_from("192.0.2.7"), .score = 100, .time_s = t0_s, .rule = VERDICT_NO_RULE, .list = 1};
	struct verdict_decision d;

	(void)state;
	verdict_at(v, t0_s);
	verdict_hit(v, &evidence, &d);
	assert_int_equal(d.n, 1);
	assert_int_equal(d.blocks[0].list, 1);
	verdict_hit(v, &evidence, &d);
	assert_int_equal(d.outcome, VERDICT_RUNNING);
	evidence.list = 2;
	evidence.score = 60;
	verdict_hit(v, &evidence, &d);
	assert_int_equal(d.outcome, VERDICT_COUNTED);
	verdict_hit(v, &evidence, &d);
	assert_int_equal(d.outcome, VERDICT_BLOCK);
	assert_int_equal(d.n, 2); /* and the older one lasts as long */
	assert_int_equal(d.blocks[0].list, 2);
	assert_int_equal(d.blocks[0].offence, 2);
	assert_int_equal(d.blocks[0].until_s, t0_s + 3600);
	assert_int_equal(d.blocks[1].list, 1);
	assert_true(d.blocks[1].prolonged && !d.blocks[0].prolonged);
	assert_int_equal(d.blocks[1].until_s, t0_s + 3600);
	verdict_hit(v, &evidence, &d);
	assert_int_equal(d.outcome, VERDICT_RUNNING);
	verdict_free(v);
}

static void test_until(void **state)
{
	const struct addr a = addr_from(A);
	const struct net net = net_of(&a), other = net_from(B);
	struct verdict *const v = verdict_new(&policy);
	struct block block;

	(void)state;
	verdict_at(v, t0_s);
	verdict_until(v, &net, t0_s + 100); /* no block is active: nothing happens */
	assert_int_equal(verdict_stat(v).addresses, 0);
	assert_int_equal(hit(v, &a, 100, t0_s, &block), VERDICT_BLOCK);
	verdict_until(v, &other, t0_s);
	verdict_at(v, t0_s + 500);
	verdict_until(v, &net, t0_s + 1100); /* its packets were dropped */
	verdict_at(v, t0_s + 1099);
	assert_int_equal(hit(v, &a, 100, t0_s + 1099, &block), VERDICT_RUNNING);
	verdict_at(v, t0_s + 1100);
	assert_int_equal(hit(v, &a, 100, t0_s + 1099, &block), VERDICT_RUNNING);
	assert_int_equal(hit(v, &a, 100, t0_s + 1100, &block), VERDICT_BLOCK);
	assert_int_equal(block.offence, 2);
	verdict_at(v, t0_s + 1200);
	verdict_until(v, &net, t0_s + 1200); /* lifted */
	assert_int_equal(hit(v, &a, 100, t0_s + 1199, &block), VERDICT_RUNNING);
	assert_int_equal(hit(v, &a, 99, t0_s + 1200, &block), VERDICT_COUNTED);
	assert_int_equal(hit(v, &a, 1, t0_s + 1200, &block), VERDICT_BLOCK);
	assert_int_equal(block.offence, 3); /* lifting forgives nothing */
	verdict_free(v);
}

static void test_known(void **state)
{
	const struct addr a = addr_from(A), b = addr_from(B);
	const struct net net = net_of(&a);
	struct verdict *const v = verdict_new(&policy);
	struct block block;

	(void)state;
	verdict_at(v, t0_s);
	known_block(v, &net, t0_s - 86400, t0_s - 86400 + 600); /* over */
	known_block(v, &net, t0_s - 7200, t0_s + 10);           /* runs, was extended */
	known_hit(v, &a, 1000, t0_s - 7200);
	known_hit(v, &a, 1000, t0_s - 5);
	known_hit(v, &b, 60, t0_s - 3600); /* history */
	known_hit(v, &b, 60, t0_s - 3599);
	known_hit(v, &b, 1000, t0_s - 3598); /* decides nothing ... */
	known_hit(v, &b, -1000, t0_s - 3597);
	assert_int_equal(hit(v, &a, 1000, t0_s, &block), VERDICT_RUNNING);
	assert_int_equal(hit(v, &b, 39, t0_s, &block), VERDICT_COUNTED);
	assert_int_equal(hit(v, &b, 1, t0_s, &block), VERDICT_BLOCK); /* ... the next one does */
	assert_int_equal(block.offence, 1);
	verdict_at(v, t0_s + 10);
	assert_int_equal(hit(v, &a, 100, t0_s + 10, &block), VERDICT_BLOCK);
	assert_int_equal(block.offence, 3);
	verdict_free(v);
}

/* Times that no clock shows do no harm. */
static void test_extreme_times(void **state)
{
	static const int64_t times[] = {INT64_MIN,
	                                -1,
	                                0,
	                                1,
	                                3599,
	                                3600,
	                                3601,
	                                UINT32_MAX - 1,
	                                UINT32_MAX,
	                                (int64_t)UINT32_MAX + 1,
	                                INT64_MAX - 1000000000,
	                                INT64_MAX};
	const struct addr a = addr_from(A);
	const struct net net = net_of(&a);

	(void)state;
	for (size_t i = 0; i < sizeof times / sizeof *times; i++)
		for (size_t j = 0; j < sizeof times / sizeof *times; j++) {
			struct verdict *const v = verdict_new(&policy);
			struct block block;

			known_block(v, &net, times[i], times[j]);
			verdict_at(v, times[i]);
			(void)hit(v, &a, 100, times[j], &block);
			verdict_at(v, times[j]);
			known_hit(v, &a, 100, times[i]);
			(void)hit(v, &a, 100, times[i], &block);
			verdict_until(v, &net, times[i]);
			(void)hit(v, &a, 100, times[j], &block);
			verdict_free(v);
		}
}

/* --- the naive one --- */

enum { ADDRESSES = 5, KEPT = 20000 };

struct naive {
	struct {
		int64_t until_s;
		size_t n_hits, n_blocks;
		struct {
			int64_t time_s;
			int score;
		} hits[KEPT];
		int64_t blocks[KEPT];
	} of[ADDRESSES];
};

static enum verdict_outcome naive_hit(struct naive *naive, const struct verdict_policy *p, unsigned who, int score,
                                      int64_t time_s, int64_t now_s, struct block *ret)
{
	const int64_t at = time_s < now_s ? time_s : now_s, horizon = now_s - p->window_s;
	int64_t sum = 0;
	size_t n = 0;
	unsigned offence = 1;

	if (at <= horizon)
		return VERDICT_HISTORY;
	if (naive->of[who].until_s > now_s || at < naive->of[who].until_s)
		return VERDICT_RUNNING;
	naive->of[who].hits[naive->of[who].n_hits].time_s = at;
	naive->of[who].hits[naive->of[who].n_hits++].score = score;
	for (size_t i = 0; i < naive->of[who].n_hits; i++)
		if (naive->of[who].hits[i].time_s > horizon) { /* what has left does not come back with the clock */
			naive->of[who].hits[n] = naive->of[who].hits[i];
			sum += naive->of[who].hits[n++].score;
		}
	naive->of[who].n_hits = n;
	if (score <= 0 || sum < p->threshold) /* good evidence never causes a block */
		return VERDICT_COUNTED;
	for (size_t i = naive->of[who].n_blocks; i > 0 && offence < 8; i--) {
		if (naive->of[who].blocks[i - 1] + p->memory_s <= now_s)
			break;
		offence++;
	}
	naive->of[who].n_hits = 0;
	naive->of[who].blocks[naive->of[who].n_blocks++] = now_s;
	naive->of[who].until_s = now_s + p->for_s[offence <= p->n_for ? offence - 1 : p->n_for - 1];
	*ret = (struct block){.since_s = now_s, .until_s = naive->of[who].until_s, .offence = offence};
	return VERDICT_BLOCK;
}

/* The same numbers in each run. */
static struct verdict_policy random_policy(void)
{
	struct verdict_policy p = {.threshold = 1 + random_below(100),
	                           .window_s = 1 + random_below(200),
	                           .n_for = 1 + random_below(VERDICT_DURATIONS_MAX),
	                           .seed = random_below(1000)};

	p.memory_s = p.window_s + random_below(3000);
	for (size_t i = 0; i < p.n_for; i++)
		p.for_s[i] = 1 + random_below(300);
	return p;
}

static void test_naive(void **state)
{
	struct naive *const naive = malloc(sizeof *naive);
	size_t n_blocks = 0;

	(void)state;
	assert_non_null(naive);
	for (unsigned turn = 0; turn < 60; turn++) {
		const struct verdict_policy p = random_policy();
		const bool back = turn % 2 == 1; /* the clock goes back now and then */
		struct verdict *const v = verdict_new(&p);
		int64_t now_s = t0_s;

		memset(naive, 0, sizeof *naive);
		for (unsigned i = 0; i < 5000; i++) {
			const unsigned who = random_below(ADDRESSES);
			const struct addr addr = addr_number(who);
			const int score = (int)random_below(60) - 10;
			struct block got = {.offence = 0}, want = {.offence = 0};
			enum verdict_outcome a, b;
			int64_t time_s;

			now_s += random_below(8) == 0 ? random_below(300) : random_below(4);
			if (back && random_below(10) == 0)
				now_s -= random_below(20);
			time_s = now_s - (random_below(4) == 0 ? random_below(250) : 0) +
			         (random_below(20) == 0 ? 30 : 0);
			verdict_at(v, now_s);
			a = hit(v, &addr, score, time_s, &got);
			b = naive_hit(naive, &p, who, score, time_s, now_s, &want);
			if (a != b || got.since_s != want.since_s || got.until_s != want.until_s ||
			    got.offence != want.offence)
				fail_msg("turn %u, hit %u: got %s, %" PRId64 ", %u, want %s, %" PRId64 ", %u", turn, i,
				         name_of(a), got.until_s - t0_s, got.offence, name_of(b), want.until_s - t0_s,
				         want.offence);
			n_blocks += a == VERDICT_BLOCK;
			if (random_below(100) == 0 && naive->of[who].n_blocks > 0) { /* lifted or extended */
				const int64_t until_s = random_below(2) == 0 ? now_s : now_s + random_below(400);
				const struct net net = net_of(&addr);

				verdict_until(v, &net, until_s);
				naive->of[who].until_s = until_s;
			}
		}
		verdict_free(v);
	}
	free(naive);
	assert_true(n_blocks > 1000); /* else it tried nothing */
}

/* --- as if there had been no stop --- */

struct past {
	size_t n_hits, n_blocks;
	struct {
		unsigned who;
		int score;
		int64_t time_s;
		bool spent;
	} hits[KEPT];
	struct {
		unsigned who;
		int64_t since_s, until_s;
	} blocks[KEPT];
};

static struct verdict *remembered(const struct verdict_policy *p, const struct past *past, int64_t now_s)
{
	struct verdict *const v = verdict_new(p);

	verdict_at(v, now_s);
	for (size_t i = 0; i < past->n_blocks; i++) {
		const struct addr addr = addr_number(past->blocks[i].who);
		const struct net net = net_of(&addr);

		known_block(v, &net, past->blocks[i].since_s, past->blocks[i].until_s);
	}
	for (size_t i = 0; i < past->n_hits; i++) {
		const struct addr addr = addr_number(past->hits[i].who);

		if (past->hits[i].spent)
			known_spent(v, &addr, past->hits[i].time_s);
		else
			known_hit(v, &addr, past->hits[i].score, past->hits[i].time_s);
	}
	return v;
}

static void test_restart(void **state)
{
	struct past *const past = malloc(sizeof *past);
	unsigned n_restarts = 0;

	(void)state;
	assert_non_null(past);
	for (unsigned turn = 0; turn < 60; turn++) {
		const struct verdict_policy p = random_policy();
		struct verdict *const v = verdict_new(&p);
		struct verdict *again = verdict_new(&p);
		int64_t now_s = t0_s;

		past->n_hits = past->n_blocks = 0;
		for (unsigned i = 0; i < 2000; i++) {
			const unsigned who = random_below(ADDRESSES);
			const struct addr addr = addr_number(who);
			const struct net net = net_of(&addr);
			const int score = (int)random_below(60) - 10;
			struct block got = {.offence = 0}, want = {.offence = 0};
			struct verdict_decision decision;
			enum verdict_outcome a, b;
			int64_t time_s;

			now_s += random_below(8) == 0 ? random_below(300) : random_below(4);
			time_s = now_s - (random_below(4) == 0 ? random_below(250) : 0);
			verdict_at(v, now_s);
			if (random_below(20) == 0) {
				verdict_free(again);
				again = remembered(&p, past, now_s);
				n_restarts++;
			}
			verdict_at(again, now_s);
			decision = decide(v, &addr, score, time_s);
			a = decision.outcome;
			if (decision.n > 0)
				want = decision.blocks[0];
			b = hit(again, &addr, score, time_s, &got);
			if (a != b || got.since_s != want.since_s || got.until_s != want.until_s ||
			    got.offence != want.offence)
				fail_msg("turn %u, hit %u: got %s, %" PRId64 ", %u after a restart, want %s, %" PRId64
				         ", %u",
				         turn, i, name_of(b), got.until_s - t0_s, got.offence, name_of(a),
				         want.until_s - t0_s, want.offence);
			if (decision.counted) {
				past->hits[past->n_hits].who = who;
				past->hits[past->n_hits].score = score;
				past->hits[past->n_hits].spent = a == VERDICT_BLOCK;
				past->hits[past->n_hits++].time_s = time_s;
			}
			if (a == VERDICT_BLOCK) {
				past->blocks[past->n_blocks].who = who;
				past->blocks[past->n_blocks].since_s = want.since_s;
				past->blocks[past->n_blocks++].until_s = want.until_s;
			}
			if (random_below(a == VERDICT_BLOCK ? 4 : 50) != 0)
				continue;
			/* The running block is lifted or extended, also in the second it began. */
			for (size_t k = past->n_blocks; k > 0; k--) {
				if (past->blocks[k - 1].who != who)
					continue;
				if (past->blocks[k - 1].until_s > now_s) {
					const int64_t until_s =
						random_below(2) == 0 ? now_s : now_s + 1 + random_below(400);

					past->blocks[k - 1].until_s = until_s;
					verdict_until(v, &net, until_s);
					verdict_until(again, &net, until_s);
				}
				break;
			}
		}
		verdict_free(again);
		verdict_free(v);
	}
	free(past);
	assert_true(n_restarts > 1000);
}

/* --- limits --- */

/* A busy client that is never bad enough: memory and time stay small, and scores leave with the window. */
static void test_scores_max(void **state)
{
	struct verdict_policy p = {
		.threshold = 1000000, .window_s = 366 * 86400, .memory_s = 1, .n_for = 1, .for_s = {1}};
	struct verdict *v = verdict_new(&p);
	const struct addr a = addr_from(A);
	struct block block;
	const int64_t n = WFS_SANITIZED ? 30000 : 300000;
	struct mallinfo2 before, after;

	(void)state;
	before = mallinfo2();
	for (int64_t i = 0; i < n; i++) {
		verdict_at(v, t0_s + i);
		assert_int_equal(hit(v, &a, 1, t0_s + i, &block), VERDICT_COUNTED);
		assert_int_equal(hit(v, &a, -1, t0_s + i / 2, &block), VERDICT_COUNTED);
	}
	after = mallinfo2();
	assert_true(after.uordblks + after.hblkhd < before.uordblks + before.hblkhd + 65536);
	/* Backwards too. */
	for (int64_t i = 0; i < n / 3; i++)
		assert_int_equal(hit(v, &a, 1, t0_s - i, &block), VERDICT_COUNTED);
	after = mallinfo2();
	assert_true(after.uordblks + after.hblkhd < before.uordblks + before.hblkhd + 65536);
	verdict_free(v);

	/* Nothing is lost by summing up while all is in the window. */
	p = (struct verdict_policy){.threshold = 5000, .window_s = 10000, .memory_s = 1, .n_for = 1, .for_s = {1}};
	v = verdict_new(&p);
	for (int64_t i = 0; i < 5000; i++) {
		verdict_at(v, t0_s + i);
		assert_int_equal(hit(v, &a, 1, t0_s + i, &block), i < 4999 ? VERDICT_COUNTED : VERDICT_BLOCK);
	}
	verdict_free(v);
	/* Up to the limit every second leaves by itself. */
	p = (struct verdict_policy){.threshold = VERDICT_SCORES_MAX + 1,
	                            .window_s = VERDICT_SCORES_MAX,
	                            .memory_s = 1,
	                            .n_for = 1,
	                            .for_s = {1}};
	v = verdict_new(&p);
	for (int64_t i = 0; i < 3 * VERDICT_SCORES_MAX; i++) {
		verdict_at(v, t0_s + i);
		assert_int_equal(hit(v, &a, 1, t0_s + i, &block), VERDICT_COUNTED);
	}
	verdict_free(v);
}

/*
 * More addresses than are kept: score of each, the limit on memory, and that the loud ones stay. Scores are by the
 * address's number.
 */
static void crowd(int quiet, int loud_every, int loud, size_t extra)
{
	struct verdict *const v = verdict_new(&policy);
	const size_t n = VERDICT_ADDRESSES_MAX + extra;
	struct block block;
	struct verdict_stat stat;

	verdict_at(v, t0_s);
	for (size_t i = 0; i < n; i++) {
		const struct addr addr = addr_number((uint32_t)i);
		const int score = i % (size_t)loud_every == 0 ? loud : quiet;

		assert_int_equal(hit(v, &addr, score, t0_s, &block), score >= 100 ? VERDICT_BLOCK : VERDICT_COUNTED);
		assert_true(verdict_stat(v).addresses <= VERDICT_ADDRESSES_MAX);
	}
	stat = verdict_stat(v);
	assert_true(stat.forgotten > 0);
	assert_int_equal(stat.addresses + stat.forgotten, n);
	if (quiet < 100)
		for (size_t i = 0; i < n; i += (size_t)loud_every) {
			const struct addr addr = addr_number((uint32_t)i);
			const enum verdict_outcome got = hit(v, &addr, 50, t0_s, &block);

			if (got != (loud >= 100 ? VERDICT_RUNNING : VERDICT_BLOCK))
				fail_msg("address %zu was loud, but forgotten: got %s", i, name_of(got));
		}
	/* When the crowd has gone, so has what was kept of it. */
	verdict_at(v, t0_s + 40 * 86400);
	for (size_t i = 0; i < n; i++) {
		const struct addr addr = addr_number((uint32_t)i);

		assert_int_equal(hit(v, &addr, 1, t0_s + 40 * 86400, &block), VERDICT_COUNTED);
	}
	verdict_free(v);
}

static void test_crowd(void **state)
{
	(void)state;
	crowd(60, 10, 100, 1000);
	if (!WFS_SANITIZED) {           /* with it they take minutes, and use memory alike */
		crowd(1, 3, 60, 1000);  /* a third is half way to a block */
		crowd(1, 2, 100, 1000); /* half of them are blocked */
	}
}

/* No entry is lost when the table grows, wherever seed puts them: a thousand seeds for the small table, few for the
 * large. */
static void grows(uint64_t seeds, uint32_t n)
{
	struct verdict_policy p = policy;
	struct block block;

	for (p.seed = 0; p.seed < seeds; p.seed++) {
		struct verdict *const v = verdict_new(&p);

		verdict_at(v, t0_s);
		for (uint32_t i = 0; i < n; i++) {
			const struct addr addr = addr_number(i);

			assert_int_equal(hit(v, &addr, 100, t0_s, &block), VERDICT_BLOCK);
		}
		for (uint32_t i = 0; i < n; i++) {
			const struct addr addr = addr_number(i);

			if (verdict_query(v, &addr).until_s == 0)
				fail_msg("seed %" PRIu64 ": address %" PRIu32 " of %" PRIu32 " was lost", p.seed, i, n);
		}
		verdict_free(v);
	}
}

static void test_growth(void **state)
{
	(void)state;
	grows(WFS_SANITIZED ? 100 : 1000, 1025);
	grows(WFS_SANITIZED ? 30 : 300, 2049);
	grows(1, 420000);
}

/* All are blocked: some must be forgotten, at once and not one by one. */
static void test_crowd_blocked(void **state)
{
	(void)state;
	crowd(100, 2, 100, 1000);
	if (!WFS_SANITIZED)
		crowd(100, 2, 100, 600000);
}

/* Fewer addresses than there may be, but with more scores than there is memory for: the loud ones stay. */
static void test_crowd_busy(void **state)
{
	enum { BUSY = 180000, SECONDS = 40, LOUD_EVERY = 10 };
	struct verdict *const v = verdict_new(&policy);
	unsigned n_whole = 0, n_partial = 0;
	struct block block;

	(void)state;
	for (uint32_t i = 0; i < BUSY; i++) {
		const struct addr addr = addr_number(i);

		verdict_at(v, t0_s + SECONDS);
		if (i % LOUD_EVERY == 0) {
			assert_int_equal(hit(v, &addr, 100, t0_s, &block), VERDICT_BLOCK);
			continue;
		}
		for (uint32_t at = 0; at < SECONDS; at++)
			assert_int_equal(hit(v, &addr, 1, t0_s + at, &block), VERDICT_COUNTED);
	}
	assert_true(verdict_stat(v).forgotten > BUSY / 10);
	for (uint32_t i = 0; i < BUSY; i++) {
		const struct addr addr = addr_number(i);
		const struct verdict_query view = verdict_query(v, &addr);

		assert_int_equal(view.offence, i % LOUD_EVERY == 0 ? 2 : 1);
		if (i % LOUD_EVERY == 0)
			assert_true(view.until_s > t0_s);
		n_whole += view.score == SECONDS;
		n_partial += view.score > 0 && view.score < SECONDS; /* it was adding when space was needed */
	}
	assert_true(n_whole > BUSY / 10 && n_partial <= 3);
	verdict_free(v);
}

/* Yesterday's addresses make space by themselves, and none is counted as forgotten. */
static void test_crowd_passing(void **state)
{
	struct verdict *const v = verdict_new(&policy);
	const size_t each_s = WFS_SANITIZED ? 2 : 20, in_window = each_s * WINDOW;
	struct block block;

	(void)state;
	for (size_t i = 0; i < 40 * in_window; i++) {
		const struct addr addr = addr_number((uint32_t)i);

		verdict_at(v, t0_s + (int64_t)(i / each_s));
		assert_int_equal(hit(v, &addr, 10, t0_s + (int64_t)(i / each_s), &block), VERDICT_COUNTED);
	}
	assert_int_equal(verdict_stat(v).forgotten, 0);
	assert_true(verdict_stat(v).addresses <= 4 * in_window);
	verdict_free(v);
}

/* --- subjects, networks, the good, rules --- */

static struct verdict_decision judge(struct verdict *v, const char *address, int score, unsigned rule, int now)
{
	const struct verdict_evidence evidence = {
		.addr = addr_from(address), .score = score, .time_s = t0_s + now, .rule = rule};
	struct verdict_decision decision;

	verdict_at(v, t0_s + now);
	verdict_hit(v, &evidence, &decision);
	return decision;
}

static const char *text_of(const struct net *net)
{
	static char text[4][NET_TEXT_MAX];
	static unsigned n;

	n = (n + 1) % 4;
	(void)net_text(net, text[n]);
	return text[n];
}

static struct verdict_policy rich_policy(void)
{
	struct verdict_policy p = policy;

	p.ip6_prefix = 64;
	p.network_after = 3;
	p.earn_days = 3;
	p.suspension = 2;
	return p;
}

static void test_subject(void **state)
{
	const struct verdict_policy p = rich_policy();
	struct verdict *const v = verdict_new(&p);
	const struct net own = net_from("2001:db8:0:1::25");
	struct verdict_decision d;

	(void)state;
	/* The sum is the /64's, the block too. */
	assert_int_equal(judge(v, "2001:db8::1", 60, 0, 0).outcome, VERDICT_COUNTED);
	d = judge(v, "2001:db8::ffff:2", 40, 0, 1);
	assert_int_equal(d.outcome, VERDICT_BLOCK);
	assert_string_equal(text_of(&d.blocks[0].net), "2001:db8::/64");
	assert_int_equal(judge(v, "2001:db8::3", 100, 0, 2).outcome, VERDICT_RUNNING);
	/* An address allowed in it: each for itself. */
	verdict_allow(v, &own, 1);
	assert_int_equal(judge(v, "2001:db8:0:1::1", 60, 0, 3).outcome, VERDICT_COUNTED);
	assert_int_equal(judge(v, "2001:db8:0:1::2", 60, 0, 3).outcome, VERDICT_COUNTED);
	d = judge(v, "2001:db8:0:1::1", 40, 0, 3);
	assert_int_equal(d.outcome, VERDICT_BLOCK);
	assert_string_equal(text_of(&d.blocks[0].net), "2001:db8:0:1::1");
	assert_int_equal(judge(v, "2001:db8:0:1::25", 1000, 0, 3).outcome, VERDICT_ALLOWED);
	verdict_free(v);
}

static void test_network(void **state)
{
	const struct verdict_policy p = rich_policy();
	struct verdict *v = verdict_new(&p);
	const struct net allowed = net_from("198.51.100.200");
	struct verdict_decision d;

	(void)state;
	assert_int_equal(judge(v, "192.0.2.1", 100, 0, 0).n, 1);
	assert_int_equal(judge(v, "192.0.2.2", 100, 0, 100).n, 1);
	assert_int_equal(judge(v, "192.0.2.2", 100, 0, 700).n, 1); /* again: one and the same */
	d = judge(v, "192.0.2.3", 100, 0, 800);
	assert_int_equal(d.n, 2);
	assert_string_equal(text_of(&d.blocks[0].net), "192.0.2.3");
	assert_string_equal(text_of(&d.blocks[1].net), "192.0.2.0/24");
	assert_int_equal(d.blocks[0].hits, 1);
	assert_int_equal(d.blocks[1].hits, 3); /* subjects */
	assert_int_equal(d.blocks[1].cause, BLOCK_NETWORK);
	assert_int_equal(d.blocks[1].until_s, t0_s + WINDOW); /* then the first has left the window */
	assert_false(d.blocks[1].prolonged);
	d = judge(v, "192.0.2.4", 100, 0, 900);
	assert_int_equal(d.n, 2);
	assert_true(d.blocks[1].prolonged);
	assert_int_equal(d.blocks[1].until_s, t0_s + 700 + WINDOW);
	assert_int_equal(judge(v, "192.0.3.4", 100, 0, 900).n, 1);
	/* When they have aged, it accepts as many again. */
	assert_int_equal(judge(v, "192.0.2.5", 100, 0, 10000).n, 1);
	/* Not with somebody allowed in it. */
	verdict_allow(v, &allowed, 1);
	assert_true(verdict_spares(v, &(struct net){addr_from("198.51.100.0"), 120}));
	for (unsigned i = 1; i < 10; i++) {
		char address[32];

		(void)snprintf(address, sizeof address, "198.51.100.%u", i);
		assert_int_equal(judge(v, address, 100, 0, 10000).n, 1);
	}
	/* IPv6: different /64 of one /48. */
	assert_int_equal(judge(v, "2001:db8:0:1::1", 100, 0, 10000).n, 1);
	assert_int_equal(judge(v, "2001:db8:0:2::1", 100, 0, 10000).n, 1);
	d = judge(v, "2001:db8:0:3::1", 100, 0, 10000);
	assert_int_equal(d.n, 2);
	assert_string_equal(text_of(&d.blocks[1].net), "2001:db8::/48");
	verdict_free(v);

	/* Not with a proven good client in it; nor after a manual unblock. */
	v = verdict_new(&p);
	verdict_at(v, t0_s);
	for (int day = 3; day > 0; day--) {
		const struct net net = net_from("192.0.2.99");

		verdict_known_good(v, &net, t0_s / 86400 - day);
	}
	for (unsigned i = 1; i < 10; i++) {
		char address[32];

		(void)snprintf(address, sizeof address, "192.0.2.%u", i);
		assert_int_equal(judge(v, address, 100, 0, 0).n, 1);
	}
	assert_int_equal(judge(v, "203.0.113.1", 100, 0, 0).n, 1);
	assert_int_equal(judge(v, "203.0.113.2", 100, 0, 0).n, 1);
	{
		const struct net forgiven = net_from("203.0.113.2");

		verdict_forget(v, &forgiven, t0_s);
	}
	assert_int_equal(judge(v, "203.0.113.3", 100, 0, 0).n, 1);
	assert_int_equal(judge(v, "203.0.113.4", 100, 0, 0).n, 2);
	verdict_free(v);
}

/* Subjects of one /64 count once: they are usually one client. */
static void test_network_part(void **state)
{
	struct verdict_policy p = rich_policy();

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct verdict *v;

		p.ip6_prefix = i == 0 ? 96 : 128;
		v = verdict_new(&p);
		assert_int_equal(judge(v, "2001:db8:0:1:1::1", 100, 0, 0).n, 1);
		assert_int_equal(judge(v, "2001:db8:0:1:2::1", 100, 0, 0).n, 1);
		assert_int_equal(judge(v, "2001:db8:0:1:3::1", 100, 0, 0).n, 1);
		assert_int_equal(judge(v, "2001:db8:0:2:1::1", 100, 0, 0).n, 1);
		assert_int_equal(judge(v, "2001:db8:0:3:1::1", 100, 0, 0).n, 2);
		verdict_free(v);
	}
}

/* A client of a blocked network proves good: the network need not stay blocked. */
static void test_network_opens(void **state)
{
	struct verdict_policy p = rich_policy();
	const struct net network = net_from("192.0.2.0/24");
	struct verdict *v;

	(void)state;
	p.earn_days = 1;
	v = verdict_new(&p);
	for (unsigned i = 1; i <= 3; i++) {
		char address[32];

		(void)snprintf(address, sizeof address, "192.0.2.%u", i);
		assert_int_equal(judge(v, address, 100, 0, 0).n, i == 3 ? 2 : 1);
	}
	assert_false(verdict_holds_good(v, &network));
	assert_false(judge(v, "192.0.2.9", 20, 0, 1).opens);
	assert_false(judge(v, "192.0.3.9", -20, 0, 1).opens); /* of another network */
	assert_true(judge(v, "192.0.2.9", -20, 0, 1).opens);
	assert_true(verdict_holds_good(v, &network));
	verdict_until(v, &network, t0_s + 2);
	assert_false(judge(v, "192.0.2.9", -20, 0, 2).opens); /* it was lifted */
	assert_int_equal(judge(v, "192.0.2.4", 100, 0, 3).n, 1);
	verdict_free(v);
}

static void test_proven(void **state)
{
	enum { DAY = 86400 };
	const struct verdict_policy p = rich_policy();
	struct verdict *const v = verdict_new(&p);
	struct verdict_decision d;
	const int day0 = (int)(DAY - t0_s % DAY); /* a midnight */

	(void)state;
	/* Twice on one day is one day; what is blocked meanwhile was not proven. */
	(void)judge(v, A, -20, 1, day0);
	(void)judge(v, A, -20, 1, day0 + 100);
	(void)judge(v, A, -20, 1, day0 + DAY);
	{
		const struct addr a = addr_from(A);

		assert_false(verdict_query(v, &a).proven);
	}
	d = judge(v, A, 100, 0, day0 + DAY + 7200);
	assert_int_equal(d.outcome, VERDICT_BLOCK);
	assert_false(d.blocks[0].proven);
	(void)judge(v, A, -20, 1, day0 + 2 * DAY);
	d = judge(v, A, 199, 0, day0 + 2 * DAY + 7200);
	assert_int_equal(d.outcome, VERDICT_COUNTED);
	d = judge(v, A, 1, 0, day0 + 2 * DAY + 7200);
	assert_int_equal(d.outcome, VERDICT_BLOCK);
	assert_true(d.blocks[0].proven);
	assert_int_equal(d.blocks[0].hits, 2); /* what came before the last block was spent on that, credit is none */
	/* A vote is no delivery. */
	for (int day = 0; day < 5; day++)
		(void)judge(v, B, -20, VERDICT_NO_RULE, day0 + day * DAY);
	assert_int_equal(judge(v, B, 100, 0, day0 + 4 * DAY + 7200).outcome, VERDICT_BLOCK);
	/* A month later nothing is left of it. */
	assert_int_equal(judge(v, A, 100, 0, day0 + 33 * DAY).outcome, VERDICT_BLOCK);
	/* A line from before the window counts for its day only. */
	for (int day = 40; day < 43; day++) {
		const struct verdict_evidence evidence = {
			.addr = addr_from("203.0.113.7"), .score = -20, .time_s = t0_s + day0 + day * DAY, .rule = 1};

		verdict_at(v, t0_s + day0 + 45 * DAY);
		verdict_hit(v, &evidence, &d);
		assert_int_equal(d.outcome, VERDICT_HISTORY);
		assert_false(d.counted);
	}
	assert_int_equal(judge(v, "203.0.113.7", 100, 0, day0 + 45 * DAY).outcome, VERDICT_COUNTED);
	assert_int_equal(judge(v, "203.0.113.7", 100, 0, day0 + 45 * DAY).outcome, VERDICT_BLOCK);
	verdict_free(v);
}

/* Makes addresses 192.0.2.1 ... n proven good. */
static void make_good(struct verdict *v, unsigned n)
{
	for (int64_t day = 3; day > 0; day--)
		for (unsigned i = 1; i <= n; i++) {
			struct net net = net_from("192.0.2.0");

			net.addr.bytes[15] = (uint8_t)i;
			verdict_known_good(v, &net, t0_s / 86400 - day);
		}
}

static void test_quarantine(void **state)
{
	const struct verdict_policy p = rich_policy();
	struct verdict *v = verdict_new(&p);
	struct net matched[4];
	struct verdict_decision d;

	(void)state;
	verdict_at(v, t0_s);
	make_good(v, 9);
	assert_int_equal(judge(v, "192.0.2.1", 200, 7, 0).outcome, VERDICT_BLOCK);
	assert_int_equal(judge(v, "192.0.2.2", 200, 7, 1).outcome, VERDICT_BLOCK);
	assert_int_equal(judge(v, "192.0.2.3", 200, 8, 1).outcome, VERDICT_BLOCK);   /* another rule */
	assert_int_equal(judge(v, "203.0.113.1", 200, 7, 1).outcome, VERDICT_BLOCK); /* no good client */
	assert_int_equal(judge(v, "192.0.2.1", 200, 7, 700).outcome, VERDICT_BLOCK); /* the same again */
	assert_int_equal(verdict_matched(v, 7, matched, 4), 2);
	assert_int_equal(verdict_stat(v).suspended, 0);
	d = judge(v, "192.0.2.4", 200, 7, 800);
	assert_int_equal(d.outcome, VERDICT_QUARANTINE);
	assert_false(d.counted);
	assert_int_equal(d.n, 0);
	assert_true(verdict_is_suspended(v, 7));
	assert_int_equal(verdict_stat(v).suspended, 1);
	assert_int_equal(verdict_matched(v, 7, matched, 4), 2);
	assert_int_equal(judge(v, "203.0.113.2", 200, 7, 801).outcome, VERDICT_SUSPENDED);
	assert_int_equal(judge(v, "203.0.113.2", 200, 8, 801).outcome, VERDICT_BLOCK);
	assert_int_equal(judge(v, "192.0.2.4", 199, 9, 802).outcome,
	                 VERDICT_COUNTED); /* what suspended it did not count */
	verdict_suspend(v, 7, false);
	assert_false(verdict_is_suspended(v, 7));
	assert_int_equal(verdict_matched(v, 7, matched, 4), 0);
	assert_int_equal(judge(v, "192.0.2.5", 200, 7, 900).outcome, VERDICT_BLOCK);
	assert_int_equal(judge(v, "192.0.2.6", 200, 7, 901).outcome, VERDICT_BLOCK);
	/* An hour later they are no longer held against it. */
	assert_int_equal(judge(v, "192.0.2.7", 200, 7, 901 + 3600).outcome, VERDICT_BLOCK);
	assert_int_equal(judge(v, "192.0.2.8", 200, 7, 902 + 3600).outcome, VERDICT_BLOCK);
	assert_int_equal(judge(v, "192.0.2.9", 200, 7, 903 + 3600).outcome, VERDICT_QUARANTINE);
	/* A restart knows that it was resumed. */
	verdict_free(v);
	v = verdict_new(&p);
	verdict_at(v, t0_s + 1000);
	verdict_known_resumed(v, 7, t0_s + 900);
	for (unsigned i = 0; i < 4; i++)
		verdict_known_block(v,
		                    &(struct block){.net = net_from(i < 3 ? "192.0.2.1" : "192.0.2.2"),
		                                    .since_s = t0_s + 898 + i,
		                                    .until_s = t0_s + 5000,
		                                    .offence = 1,
		                                    .proven = true},
		                    7);
	assert_int_equal(verdict_matched(v, 7, matched, 4), 1);
	/* Numbers of rules that cannot be. */
	verdict_known_resumed(v, VERDICT_NO_RULE, t0_s);
	verdict_suspend(v, VERDICT_NO_RULE, true);
	assert_false(verdict_is_suspended(v, VERDICT_NO_RULE));
	assert_false(verdict_is_suspended(v, UINT32_MAX));
	verdict_free(v);
}

static void test_brake(void **state)
{
	struct verdict_policy p = policy;
	struct verdict *v;
	const int minute = 60 - (int)(t0_s % 60);

	(void)state;
	p.blocks_per_minute = 2;
	v = verdict_new(&p);
	assert_int_equal(judge(v, "192.0.2.1", 100, 0, minute).outcome, VERDICT_BLOCK);
	assert_int_equal(judge(v, "192.0.2.2", 100, 0, minute + 30).outcome, VERDICT_BLOCK);
	assert_int_equal(judge(v, "192.0.2.3", 100, 0, minute + 59).outcome, VERDICT_BRAKED);
	assert_true(judge(v, "192.0.2.3", 1, 0, minute + 59).counted);
	assert_int_equal(verdict_stat(v).braked, 2);
	assert_int_equal(judge(v, "192.0.2.4", 99, 0, minute + 59).outcome, VERDICT_COUNTED);
	assert_int_equal(judge(v, "192.0.2.3", 1, 0, minute + 60).outcome, VERDICT_BLOCK); /* its next evidence */
	verdict_free(v);
}

static void test_allowances(void **state)
{
	static const char *const globs[] = {"*.example.org", "MX?.example.net", "*"};
	static const struct {
		const char *name;
		bool want;
	} rows[] = {
		{"mx.example.org", true},  {"a.b.EXAMPLE.ORG", true},
		{"example.org", false},    {"mx.example.org.evil.test", false},
		{"mx1.example.net", true}, {"mx12.example.net", false},
		{"mx.example.net", false}, {"", false},
	};
	struct verdict *const v = verdict_new(&policy);
	const struct net wide = net_from("192.0.2.0/24"), one = net_from("192.0.2.7"), six = net_from("2001:db8::/32");
	struct verdict_evidence evidence = {.addr = addr_from(A), .score = 1, .time_s = t0_s, .rule = VERDICT_NO_RULE};
	struct verdict_decision d;

	(void)state;
	verdict_at(v, t0_s);
	verdict_allow_names(v, globs, 2);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		evidence.name = (struct span){rows[i].name, strlen(rows[i].name)};
		verdict_hit(v, &evidence, &d);
		if ((d.outcome == VERDICT_ALLOWED) != rows[i].want)
			fail_msg("%s: got %s", rows[i].name, name_of(d.outcome));
	}
	verdict_allow_names(v, globs + 2, 1);
	evidence.name = (struct span){NULL, 0}; /* no name is not any name */
	verdict_hit(v, &evidence, &d);
	assert_int_equal(d.outcome, VERDICT_COUNTED);
	verdict_allow_names(v, NULL, 0);

	verdict_allow_earned(v, &wide, t0_s + 100);
	verdict_allow_earned(v, &one, t0_s + 200);
	verdict_allow_earned(v, &six, t0_s + 50);
	assert_int_equal(verdict_stat(v).earned, 3);
	assert_true(verdict_is_allowed(v, &one.addr));
	assert_true(verdict_spares(v, &wide));
	assert_true(verdict_spares(v, &(struct net){addr_from("192.0.2.128"), 121})); /* in it */
	assert_true(verdict_spares(v, &(struct net){addr_from("192.0.0.0"), 112}));   /* it in that */
	assert_false(verdict_spares(v, &(struct net){addr_from("192.0.3.0"), 120}));
	verdict_at(v, t0_s + 100);
	assert_false(verdict_is_allowed(v, &wide.addr));
	assert_true(verdict_is_allowed(v, &one.addr));
	assert_true(verdict_spares(v, &wide));
	verdict_allow_earned(v, &one, 0);
	assert_false(verdict_is_allowed(v, &one.addr));
	assert_false(verdict_spares(v, &wide));
	/* Many, and the old ones make space. */
	for (uint32_t i = 0; i < 2 * VERDICT_EARNED_MAX; i++) {
		const struct addr addr = addr_number(i);
		const struct net net = net_of(&addr);

		verdict_at(v, t0_s + 200 + i / 1000);
		verdict_allow_earned(v, &net, t0_s + 200 + i / 1000 + 10);
		assert_true(verdict_is_allowed(v, &addr));
	}
	assert_true(verdict_stat(v).earned <= VERDICT_EARNED_MAX);
	verdict_free(v);
}

static void test_forget(void **state)
{
	const struct verdict_policy p = rich_policy();
	struct verdict *const v = verdict_new(&p);
	const struct net one = net_from(A), wide = net_from("192.0.2.0/24"), six = net_from("2001:db8::1");

	(void)state;
	assert_int_equal(judge(v, A, 100, 0, 0).outcome, VERDICT_BLOCK);
	verdict_until(v, &one, t0_s + 10); /* unblocked */
	verdict_forget(v, &one, t0_s + 10);
	assert_int_equal(judge(v, A, 99, 0, 10).outcome, VERDICT_COUNTED); /* the same evidence does not block again */
	verdict_forget(v, &one, t0_s + 11);
	assert_int_equal(judge(v, A, 99, 0, 11).outcome, VERDICT_COUNTED);
	assert_int_equal(verdict_query(v, &one.addr).offence, 2); /* offences stay */
	verdict_forget(v, &wide, t0_s + 12);
	assert_int_equal(verdict_query(v, &one.addr).score, 0);
	assert_int_equal(judge(v, "2001:db8::2", 99, 0, 12).outcome, VERDICT_COUNTED);
	verdict_forget(v, &six, t0_s + 13); /* one address: its subject */
	assert_int_equal(verdict_query(v, &six.addr).score, 0);
	assert_int_equal(judge(v, "2001:db8::2", 99, 0, 13).outcome, VERDICT_COUNTED);
	verdict_free(v);
}

/* A block that is lifted in the second it began: what it was for is spent, before a restart and after it. */
static void test_second(void **state)
{
	const struct verdict_policy p = rich_policy();
	const struct net net = net_from(A);
	const struct verdict_evidence good = {.addr = net.addr, .score = -10, .time_s = t0_s, .rule = 1};
	struct verdict_decision decision;
	struct verdict *v = verdict_new(&p);

	(void)state;
	verdict_at(v, t0_s);
	verdict_hit(v, &good, &decision);
	assert_true(decision.counted);
	assert_int_equal(judge(v, A, 110, 0, 0).outcome, VERDICT_BLOCK);
	verdict_until(v, &net, t0_s);
	assert_int_equal(verdict_query(v, &net.addr).score, 0);
	verdict_hit(v, &good, &decision);
	assert_false(decision.counted);
	assert_int_equal(judge(v, A, 30, 0, 0).outcome, VERDICT_COUNTED);
	verdict_free(v);

	v = verdict_new(&p);
	verdict_at(v, t0_s);
	known_block(v, &net, t0_s, t0_s);
	known_hit(v, &net.addr, 50, t0_s);
	known_spent(v, &net.addr, t0_s);
	known_hit(v, &net.addr, 30, t0_s);
	known_credit(v, &net.addr, -10, t0_s);
	assert_int_equal(verdict_query(v, &net.addr).score, 30);
	verdict_at(v, t0_s + 1);
	known_credit(v, &net.addr, -10, t0_s + 1);
	assert_int_equal(verdict_query(v, &net.addr).score, 20);
	verdict_free(v);
}

/* --- everything at once: as if there had been no stop, never an allowed address, and in any order --- */

struct story {
	size_t n_hits, n_good, n_blocks;
	struct {
		struct addr addr;
		int score;
		int64_t time_s;
		bool spent;
		size_t first_spread, end_spread; /* the blocks that it caused because of its network */
	} hits[KEPT];
	struct {
		struct net net;
		int64_t day;
	} good[KEPT];
	struct {
		struct block block;
		unsigned rule;
	} blocks[KEPT];
	bool suspended[4];
};

static const char allowed_texts[][20] = {"10.0.1.200", "2001:db8:0:2::9", "10.0.3.0/24"};

static void set_allowed(struct verdict *v)
{
	struct net nets[3];

	for (size_t i = 0; i < 3; i++)
		nets[i] = net_from(allowed_texts[i]);
	verdict_allow(v, nets, 3);
}

static struct verdict *rebuilt(const struct verdict_policy *p, const struct story *s, int64_t now_s)
{
	struct verdict *const v = verdict_new(p);

	set_allowed(v);
	verdict_at(v, now_s);
	for (unsigned rule = 0; rule < 4; rule++)
		verdict_suspend(v, rule, s->suspended[rule]);
	for (size_t i = 0; i < s->n_good; i++)
		verdict_known_good(v, &s->good[i].net, s->good[i].day);
	for (size_t i = 0; i < s->n_blocks; i++)
		verdict_known_block(v, &s->blocks[i].block, s->blocks[i].rule);
	for (size_t i = 0; i < s->n_hits; i++)
		if (s->hits[i].spent) {
			known_spent(v, &s->hits[i].addr, s->hits[i].time_s);
			for (size_t k = s->hits[i].first_spread; k < s->hits[i].end_spread; k++)
				verdict_known_spread(v, &s->blocks[k].block.net);
		} else if (s->hits[i].score > 0) {
			known_hit(v, &s->hits[i].addr, s->hits[i].score, s->hits[i].time_s);
		}
	for (size_t i = 0; i < s->n_hits; i++)
		if (s->hits[i].score < 0)
			known_credit(v, &s->hits[i].addr, s->hits[i].score, s->hits[i].time_s);
	return v;
}

/* crowd: more clients in one network than it remembers. */
static struct addr random_addr(bool crowd)
{
	struct addr addr = random_below(3) > 0 ? addr_from("10.0.0.0") : addr_from("2001:db8::");

	if (addr_is_ip4(&addr)) {
		addr.bytes[14] = crowd ? 0 : (uint8_t)random_below(4);
		addr.bytes[15] = (uint8_t)(crowd ? random_below(256) : 200 + random_below(12));
	} else {
		addr.bytes[7] = (uint8_t)random_below(6);
		addr.bytes[15] = (uint8_t)(8 + random_below(3));
	}
	return addr;
}

static bool same_block(const struct block *a, const struct block *b)
{
	return addr_equal(&a->net.addr, &b->net.addr) && a->net.len == b->net.len && a->since_s == b->since_s &&
	       a->until_s == b->until_s && a->offence == b->offence && a->cause == b->cause && a->proven == b->proven &&
	       a->prolonged == b->prolonged;
}

static void write_down(struct story *s, const struct verdict_evidence *e, const struct verdict_decision *d,
                       int64_t now_s)
{
	if (d->counted) {
		s->hits[s->n_hits].addr = e->addr;
		s->hits[s->n_hits].score = e->score;
		s->hits[s->n_hits].spent = d->outcome == VERDICT_BLOCK;
		s->hits[s->n_hits].first_spread = s->hits[s->n_hits].end_spread = s->n_blocks;
		s->hits[s->n_hits++].time_s = e->time_s < now_s ? e->time_s : now_s;
	}
	if (e->score < 0 && d->outcome != VERDICT_ALLOWED && d->outcome != VERDICT_SUSPENDED) {
		s->good[s->n_good].net = d->subject;
		s->good[s->n_good++].day = e->time_s / 86400;
	}
	for (size_t i = 0; i < d->n; i++) {
		size_t k = s->n_blocks;

		if (d->blocks[i].prolonged) /* as the database does: the one that runs */
			while (s->blocks[k - 1].block.cause != d->blocks[i].cause ||
			       s->blocks[k - 1].block.list != d->blocks[i].list ||
			       !addr_equal(&s->blocks[k - 1].block.net.addr, &d->blocks[i].net.addr))
				k--;
		if (k < s->n_blocks || d->blocks[i].prolonged) {
			s->blocks[k - 1].block.until_s = d->blocks[i].until_s;
		} else {
			s->blocks[s->n_blocks].block = d->blocks[i];
			s->blocks[s->n_blocks++].rule = e->rule;
			if (d->n > 0 && d->blocks[0].spread) /* those of the network as a whole hold no evidence */
				s->hits[s->n_hits - 1].end_spread = s->n_blocks;
		}
	}
}

/* The active block of its subject is lifted at once, as a white vote does. */
static bool lift(struct story *s, struct verdict *v, struct verdict *again, const struct net *subject, int64_t now_s)
{
	for (size_t k = s->n_blocks; k > 0; k--) {
		struct block *const block = &s->blocks[k - 1].block;

		if (block->cause != BLOCK_EVIDENCE || !addr_equal(&block->net.addr, &subject->addr) ||
		    block->net.len != subject->len)
			continue;
		if (block->until_s <= now_s)
			return false;
		block->until_s = now_s;
		verdict_until(v, subject, now_s);
		verdict_until(again, subject, now_s);
		return true;
	}
	return false;
}

static void test_story(void **state)
{
	struct story *const s = malloc(sizeof *s);
	unsigned n_networks = 0, n_suspended = 0, n_braked = 0, n_proven = 0, n_lifted = 0, n_spread = 0;

	(void)state;
	assert_non_null(s);
	for (unsigned turn = 0; turn < 40; turn++) {
		struct verdict_policy p = random_policy();
		struct verdict *v, *again;
		const bool crowd = random_below(2) == 0;
		int64_t now_s = t0_s;

		p.ip6_prefix = random_below(3) == 0 ? 128 : 64;
		p.network_after = 2 + random_below(3);
		p.earn_days = random_below(4);
		p.suspension = random_below(3);
		p.blocks_per_minute = random_below(3) == 0 ? 1 + random_below(4) : 0;
		p.network_threshold = random_below(2) == 0 ? 0 : 1 + random_below((unsigned)p.threshold * 3);
		p.spread_list = random_below(2) == 0;
		v = verdict_new(&p);
		set_allowed(v);
		again = verdict_new(&p);
		set_allowed(again);
		memset(s, 0, sizeof *s);
		for (unsigned i = 0; i < 3000; i++) {
			struct verdict_evidence e = {.addr = random_addr(crowd),
			                             .score = random_below(3) == 0 ? -(int)random_below(20)
			                                                           : (int)random_below(150),
			                             .rule = random_below(4)};
			struct verdict_decision want, got;

			now_s += random_below(crowd ? 2000 : 200) == 0 ? random_below(100000)
			         : random_below(8) == 0                ? random_below(100)
			                                               : random_below(3);
			e.time_s = now_s - (e.score > 0 && random_below(4) == 0 ? random_below(100) : 0);
			if (random_below(30) == 0) {
				verdict_free(again);
				again = rebuilt(&p, s, now_s);
			}
			verdict_at(v, now_s);
			verdict_at(again, now_s);
			verdict_hit(v, &e, &want);
			verdict_hit(again, &e, &got);
			if (want.outcome != got.outcome || want.counted != got.counted || want.n != got.n)
				fail_msg("turn %u, hit %u: got %s after a restart, want %s", turn, i,
				         name_of(got.outcome), name_of(want.outcome));
			for (size_t k = 0; k < want.n; k++) {
				if (!same_block(&want.blocks[k], &got.blocks[k]))
					fail_msg("turn %u, hit %u: another block after a restart: %s until %" PRId64
					         ", want %s until %" PRId64,
					         turn, i, text_of(&got.blocks[k].net), got.blocks[k].until_s - now_s,
					         text_of(&want.blocks[k].net), want.blocks[k].until_s - now_s);
				for (size_t a = 0; a < 3; a++) {
					const struct net allowed = net_from(allowed_texts[a]);

					if (net_overlap(&allowed, &want.blocks[k].net))
						fail_msg("blocked %s, %s is allowed", text_of(&want.blocks[k].net),
						         allowed_texts[a]);
				}
				n_networks += want.blocks[k].cause == BLOCK_NETWORK;
				n_spread += want.blocks[k].spread;
				n_proven += want.blocks[k].proven;
			}
			write_down(s, &e, &want, now_s);
			n_braked += want.outcome == VERDICT_BRAKED;
			if (want.outcome == VERDICT_QUARANTINE) {
				s->suspended[e.rule] = true;
				n_suspended++;
			}
			if (random_below(want.outcome == VERDICT_BLOCK ? 4 : 100) == 0)
				n_lifted += lift(s, v, again, &want.subject, now_s);
		}
		verdict_free(v);
		verdict_free(again);
	}
	free(s);
	assert_true(n_spread > 300 && n_networks > 100 && n_suspended > 5 && n_braked > 50 && n_proven > 20 &&
	            n_lifted > 500); /* else it tried nothing */
}

/* Evidence of one second adds up to the same whatever comes first, and the other addresses play no part. */
static void test_order(void **state)
{
	(void)state;
	for (unsigned turn = 0; turn < 300; turn++) {
		struct verdict *const a = verdict_new(&policy), *const b = verdict_new(&policy);
		struct {
			struct addr addr;
			int score;
			int64_t time_s;
		} all[40];
		const struct addr crowd = addr_from("203.0.113.1");

		verdict_at(a, t0_s);
		verdict_at(b, t0_s);
		for (size_t i = 0; i < 40; i++) {
			all[i].addr = addr_number(random_below(4));
			all[i].score = (int)random_below(9) - 4;
			all[i].time_s = t0_s - random_below(100);
			known_hit(a, &all[i].addr, all[i].score, all[i].time_s);
		}
		for (size_t i = 40; i > 0; i--) {
			const size_t k = random_below((uint32_t)i);

			known_hit(b, &all[k].addr, all[k].score, all[k].time_s);
			known_hit(b, &crowd, 1, t0_s);
			all[k] = all[i - 1];
		}
		for (uint32_t i = 0; i < 4; i++) {
			const struct addr addr = addr_number(i);

			for (int64_t at = 0; at < 3700; at += 37) {
				verdict_at(a, t0_s + at);
				verdict_at(b, t0_s + at);
				assert_int_equal(verdict_query(a, &addr).score, verdict_query(b, &addr).score);
			}
		}
		verdict_free(a);
		verdict_free(b);
	}
}

/* What the process uses at most with everything that can be known of as many addresses as there may be. */
static long peak_kib(bool full)
{
	struct rusage usage;
	const pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct verdict_policy p = rich_policy();
		struct verdict *const v = verdict_new(&p);

		p.network_after = 0;
		for (uint32_t i = 0; full && i < VERDICT_ADDRESSES_MAX + VERDICT_ADDRESSES_MAX / 4; i++) {
			struct addr addr = addr_from("10.0.0.0");
			struct verdict_evidence e = {.score = i % 3 == 0 ? 100 : 20, .time_s = t0_s, .rule = 1};
			struct verdict_decision d;

			addr.bytes[13] = (uint8_t)(i >> 16);
			addr.bytes[14] = (uint8_t)(i >> 8);
			addr.bytes[15] = (uint8_t)i;
			e.addr = addr;
			verdict_at(v, t0_s);
			verdict_hit(v, &e, &d);
			e.score = -1;
			verdict_hit(v, &e, &d);
		}
		_exit(verdict_stat(v).addresses <= VERDICT_ADDRESSES_MAX ? 0 : 1);
	}
	assert_int_equal(wait4(pid, &status, 0, &usage), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	return usage.ru_maxrss;
}

static void test_memory(void **state)
{
	const long grown = peak_kib(true) - peak_kib(false);

	(void)state;
	print_message("a million addresses: %ld MiB\n", grown / 1024);
	assert_true(WFS_SANITIZED || grown < 100 * 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threshold),     cmocka_unit_test(test_at_least),
		cmocka_unit_test(test_window),        cmocka_unit_test(test_negative),
		cmocka_unit_test(test_offences),      cmocka_unit_test(test_duration),
		cmocka_unit_test(test_many_offences), cmocka_unit_test(test_allow),
		cmocka_unit_test(test_until),         cmocka_unit_test(test_known),
		cmocka_unit_test(test_extreme_times), cmocka_unit_test(test_naive),
		cmocka_unit_test(test_restart),       cmocka_unit_test(test_scores_max),
		cmocka_unit_test(test_crowd),         cmocka_unit_test(test_crowd_blocked),
		cmocka_unit_test(test_crowd_busy),    cmocka_unit_test(test_crowd_passing),
		cmocka_unit_test(test_subject),       cmocka_unit_test(test_network),
		cmocka_unit_test(test_network_part),  cmocka_unit_test(test_network_opens),
		cmocka_unit_test(test_proven),        cmocka_unit_test(test_quarantine),
		cmocka_unit_test(test_brake),         cmocka_unit_test(test_allowances),
		cmocka_unit_test(test_forget),        cmocka_unit_test(test_second),
		cmocka_unit_test(test_lists),         cmocka_unit_test(test_story),
		cmocka_unit_test(test_order),         cmocka_unit_test(test_memory),
		cmocka_unit_test(test_growth), /* frees what malloc then keeps */
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
