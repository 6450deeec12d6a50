/*
 * elsewhere: networks that are good elsewhere are recognised for a while; their clients need a double score to be
 * blocked, and get no other advantage.
 */
#include "testlib.h"

#include "verdict/verdict.h"

enum { NOW = 1800000000 };

static const uint8_t key[SIPHASH_KEY] = "our hosts' key", seed[SIPHASH_KEY] = "a seed";
static struct elsewhere *elsewhere;

static int setup(void **state)
{
	(void)state;
	elsewhere = elsewhere_new(seed);
	elsewhere_begin(elsewhere, key);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	elsewhere_free(elsewhere);
	return 0;
}

static bool has(const char *text, int64_t now_s)
{
	const struct addr addr = net_from(text).addr;

	return elsewhere_has(elsewhere, &addr, now_s);
}

static void put(const char *text, int64_t until_s)
{
	const struct addr addr = net_from(text).addr;

	assert_true(elsewhere_put(elsewhere, elsewhere_number(elsewhere, &addr), until_s, NOW));
}

static void test_networks(void **state)
{
	(void)state;
	put("192.0.2.7", NOW + 100);
	put("2001:db8:1:2::7", NOW + 200);
	assert_true(has("192.0.2.255", NOW));
	assert_false(has("192.0.3.7", NOW));
	assert_true(has("2001:db8:1:2:ffff::", NOW));
	assert_false(has("2001:db8:1:3::7", NOW));
	assert_true(has("192.0.2.7", NOW + 99));
	assert_false(has("192.0.2.7", NOW + 100));
	put("192.0.2.9", NOW + 50); /* said again: the longest counts */
	assert_true(has("192.0.2.7", NOW + 99));
	assert_int_equal(elsewhere_count(elsewhere), 2);
	elsewhere_begin(elsewhere, seed); /* another key */
	assert_false(has("192.0.2.7", NOW));
	put("192.0.2.7", NOW + 100);
	assert_true(has("192.0.2.8", NOW));
}

/* Full of what lasts, more is refused; of what has expired, it makes space. */
static void test_full(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < ELSEWHERE_MAX; i++)
		assert_true(elsewhere_put(elsewhere, i, NOW + 10, NOW));
	assert_false(elsewhere_put(elsewhere, ELSEWHERE_MAX, NOW + 20, NOW));
	assert_true(elsewhere_put(elsewhere, 7, NOW + 20, NOW)); /* known already */
	for (uint32_t i = 0; i < 1024 && !elsewhere_put(elsewhere, ELSEWHERE_MAX, NOW + 20, NOW + 15); i++)
		;
	assert_int_equal(elsewhere_count(elsewhere), 2);
}

static void test_verdict(void **state)
{
	const struct verdict_policy policy = {.threshold = 100,
	                                      .window_s = 3600,
	                                      .memory_s = 86400,
	                                      .n_for = 1,
	                                      .for_s = {600},
	                                      .earn_days = 3,
	                                      .suspension = 1};
	struct verdict *const v = verdict_new(&policy);
	const struct addr good = net_from("192.0.2.7").addr, other = net_from("192.0.3.7").addr;
	struct verdict_evidence e = {.addr = good, .score = 100, .time_s = NOW, .rule = 1};
	struct verdict_decision d;

	(void)state;
	put("192.0.2.99", NOW + 100);
	verdict_at(v, NOW);
	assert_int_equal(verdict_query(v, &good).threshold, 100);
	verdict_elsewhere(v, elsewhere);
	assert_int_equal(verdict_query(v, &good).threshold, 200);
	assert_true(verdict_query(v, &good).elsewhere);
	assert_false(verdict_query(v, &good).proven);
	assert_int_equal(verdict_query(v, &other).threshold, 100);
	verdict_hit(v, &e, &d);
	assert_int_equal(d.outcome, VERDICT_COUNTED);
	verdict_hit(v, &e, &d);
	assert_int_equal(d.outcome, VERDICT_BLOCK);
	assert_false(d.blocks[0].proven); /* a rule that blocks it is not suspended for that */
	assert_false(verdict_is_suspended(v, 1));
	e.addr = other;
	verdict_hit(v, &e, &d);
	assert_int_equal(d.outcome, VERDICT_BLOCK);
	verdict_free(v);
}

/* Those that are proven here, each once; not those that are wider than what is sent. */
static void test_proven(void **state)
{
	const struct verdict_policy policy = {.threshold = 100,
	                                      .window_s = 3600,
	                                      .memory_s = 86400,
	                                      .n_for = 1,
	                                      .for_s = {600},
	                                      .earn_days = 2,
	                                      .ip6_prefix = 56,
	                                      .network_after = 5};
	static const char *const good[] = {"192.0.2.7", "192.0.2.8", "198.51.100.1", "2001:db8:1:200::/56"};
	struct verdict *const v = verdict_new(&policy);
	struct net out[2], once = net_from("203.0.113.1");
	size_t place = 0, n = 0;

	(void)state;
	verdict_at(v, NOW);
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		for (int64_t day = 1; day < 3; day++) {
			const struct net net = net_from(good[i]);

			verdict_known_good(v, &net, NOW / 86400 - day);
		}
	verdict_known_good(v, &once, NOW / 86400);
	do {
		const size_t some = verdict_proven(v, &place, out, sizeof out / sizeof *out);

		for (size_t i = 0; i < some; i++)
			assert_true(out[i].len == 128 && addr_is_ip4(&out[i].addr) &&
			            !addr_equal(&out[i].addr, &once.addr));
		n += some;
	} while (place != 0);
	assert_int_equal(n, 3);
	verdict_free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_networks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_verdict, setup, teardown),
		cmocka_unit_test_setup_teardown(test_proven, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
