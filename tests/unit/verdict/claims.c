/* claims: how long a network is blocked because of peers' claims, as a table; amnesties; limits. */
#include "testlib.h"

#include "verdict/claims.h"

enum { NOW = 1800000000 };

static struct claims *claims;

static int setup(void **state)
{
	(void)state;
	claims = claims_new(7);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	claims_free(claims);
	return 0;
}

static void put(const char *net, unsigned peer, unsigned weight, int64_t for_s, int64_t sent_ms)
{
	const struct claims_claim claim = {
		.net = net_from(net), .peer = peer, .weight = weight, .until_s = NOW + for_s, .sent_ms = sent_ms};

	assert_true(claims_put(claims, &claim, NOW));
}

static void test_until(void **state)
{
	/* Weights and durations of three peers; what is expected in four cases; 0: not blocked. */
	static const struct {
		unsigned weight[3];
		int64_t for_s[3];
		int64_t plain, local, proven, local_proven;
	} rows[] = {
		{{100}, {600}, 600, 600, 0, 0},
		{{50}, {600}, 0, 600, 0, 0},
		{{49}, {600}, 0, 0, 0, 0},
		{{50, 50}, {600, 60}, 60, 600, 0, 0},
		{{50, 50}, {60, 600}, 60, 600, 0, 0},
		{{50, 50, 50}, {60, 600, 300}, 300, 600, 0, 60},
		{{100, 100}, {600, 60}, 600, 600, 60, 60},
		{{100, 30}, {60, 600}, 60, 60, 0, 0},
		{{100, 50}, {60, 600}, 60, 600, 0, 60},
		{{0, 100}, {600, 60}, 60, 60, 0, 0}, /* an observed peer */
		{{100}, {-1}, 0, 0, 0, 0},
		{{50, 50}, {600, 0}, 0, 600, 0, 0},
	};
	const struct net net = net_from("192.0.2.7");

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const int64_t want[] = {rows[i].plain, rows[i].local, rows[i].proven, rows[i].local_proven};

		for (unsigned p = 0; p < 3; p++)
			if (rows[i].weight[p] > 0 || rows[i].for_s[p] != 0)
				put("192.0.2.7", p, rows[i].weight[p], rows[i].for_s[p], 1);
		for (int c = 0; c < 4; c++) {
			const int64_t got = claims_until(claims, &net, c & 1, c & 2, NOW);

			if (got != (want[c] == 0 ? 0 : NOW + want[c]))
				fail_msg("row %zu, case %d: got %ld, want %ld", i, c, (long)(got - NOW), (long)want[c]);
		}
		for (unsigned p = 0; p < 3; p++)
			(void)claims_remove(claims, p, &net);
		assert_false(claims_has(claims, &net, NOW));
	}
}

/* A later claim of the same peer replaces the one before; a lift takes only its own. */
static void test_origins(void **state)
{
	const struct net net = net_from("2001:db8::/64");
	unsigned peer = 0;

	(void)state;
	put("2001:db8::/64", 1, 100, 600, 1);
	put("2001:db8::/64", 1, 100, 900, 2);
	put("2001:db8::/64", 2, 100, 60, 3);
	assert_int_equal(claims_until(claims, &net, false, false, NOW), NOW + 900);
	put("2001:db8::/64", 3, 0, 900, 4); /* observed */
	assert_true(claims_newest(claims, &net, NOW, &peer));
	assert_int_equal(peer, 2);
	assert_true(claims_newest(claims, &net, NOW + 60, &peer)); /* that of 2 is over */
	assert_int_equal(peer, 1);
	assert_true(claims_remove(claims, 3, &net));
	assert_true(claims_remove(claims, 1, &net));
	assert_false(claims_remove(claims, 1, &net));
	assert_int_equal(claims_until(claims, &net, false, false, NOW), NOW + 60);
	assert_true(claims_has(claims, &net, NOW + 59));
	assert_false(claims_has(claims, &net, NOW + 60));
	assert_false(claims_newest(claims, &net, NOW + 60, &peer));
	assert_false(claims_has(claims, &(struct net){.addr = net.addr, .len = 65}, NOW));
}

static void test_amnesty(void **state)
{
	const struct net one = net_from("192.0.2.7"), wide = net_from("192.0.2.0/24"), other = net_from("198.51.100.7");
	struct net out[4];

	(void)state;
	put("192.0.2.7", 1, 100, 600, 10);
	put("192.0.2.7", 2, 100, 600, 30);
	put("192.0.2.0/24", 1, 100, 600, 10);
	put("198.51.100.7", 1, 100, 600, 10);
	assert_int_equal(claims_pardon(claims, &one, 20, NOW + 100, NOW, out, 4), 2);
	assert_int_equal(claims_until(claims, &one, false, false, NOW), NOW + 600); /* of peer 2, who spoke later */
	assert_int_equal(claims_until(claims, &wide, false, false, NOW), 0);
	assert_int_equal(claims_until(claims, &other, false, false, NOW), NOW + 600);
	assert_true(claims_is_pardoned(claims, &one, 20, NOW));
	assert_true(claims_is_pardoned(claims, &wide, 5, NOW));
	assert_false(claims_is_pardoned(claims, &one, 21, NOW));
	assert_false(claims_is_pardoned(claims, &one, 20, NOW + 100));
	assert_false(claims_is_pardoned(claims, &other, 5, NOW));
	/* One that was given earlier, and comes later, takes nothing back. */
	(void)claims_pardon(claims, &one, 15, NOW + 500, NOW, out, 4);
	assert_true(claims_is_pardoned(claims, &one, 20, NOW));
}

static void test_pieces(void **state)
{
	struct net out[8];
	size_t n, all = 0;

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		char text[NET_TEXT_MAX];

		(void)snprintf(text, sizeof text, "192.0.2.%u", i);
		put(text, i % 2, 100, 600, 1);
	}
	do
		all += n = claims_drop(claims, 1, out, 8);
	while (n == 8);
	assert_int_equal(all, 10);
	assert_int_equal(claims_drop(claims, 1, out, 8), 0);
	all = 0;
	do
		all += n = claims_pardon(claims, &(struct net){.len = 0}, 1, NOW + 9, NOW, out, 8);
	while (n == 8);
	assert_int_equal(all, 10);
	assert_int_equal(claims_drop(claims, 0, out, 8), 0);
}

/* What expired makes room; what is too much is refused; amnesties replace each other. */
static void test_limits(void **state)
{
	struct claims_claim claim = {.net = {.len = 128}, .weight = 100, .until_s = NOW + 60, .sent_ms = 1};
	struct net out[1];

	(void)state;
	for (uint32_t i = 0; i < CLAIMS_MAX; i++) {
		memcpy(claim.net.addr.bytes, &i, sizeof i);
		assert_true(claims_put(claims, &claim, NOW));
	}
	claim.net.addr.bytes[15] = 1;
	assert_false(claims_put(claims, &claim, NOW));
	assert_false(claims_put(claims, &claim, NOW));
	claim.until_s = NOW + 120;
	for (uint32_t i = 0; !claims_put(claims, &claim, NOW + 60); i++)
		assert_true(i < 8192);
	for (uint32_t i = 0; i < 2 * CLAIMS_AMNESTIES_MAX; i++) {
		memcpy(claim.net.addr.bytes, &i, sizeof i);
		(void)claims_pardon(claims, &claim.net, 1, NOW + 100 + i, NOW, out, 1);
	}
	assert_true(claims_is_pardoned(claims, &claim.net, 1, NOW));
}

int main(void)
{
#define CLEAN(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {CLEAN(test_until), CLEAN(test_origins), CLEAN(test_amnesty),
	                                   CLEAN(test_pieces), CLEAN(test_limits)};
#undef CLEAN

	return cmocka_run_group_tests(tests, NULL, NULL);
}
