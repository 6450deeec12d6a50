/* gates: passes that are earned, lost and earned again, and sums that add up by day. */
#include "store/gates.h"
#include "store/reputation.h"
#include "store/retention.h"
#include "store/store.h"
#include "testlib.h"

enum { DAY_S = 86400 };

static const int64_t t0_s = INT64_C(1795181862);
static struct store *store;
static struct why why;

static int setup(void **state)
{
	(void)state;
	return store_open(NULL, STORE_WRITE, &store, &why);
}

static int teardown(void **state)
{
	(void)state;
	store_close(store);
	return 0;
}

static void good(int rc)
{
	if (rc != 0)
		fail_msg("got %d (%s), want 0", rc, why.text);
}

/* "192.0.2.7 60, ...": those of a walk that has begun, with the seconds from t0_s on. */
static void check_walk(const char *want)
{
	char got[512] = "", net[NET_TEXT_MAX];
	struct store_pass pass;
	int rc;

	while ((rc = store_next_pass(store, &pass, &why)) == 0) {
		(void)net_text(&pass.net, net);
		(void)snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s %d", got[0] != '\0' ? ", " : "", net,
		               (int)(pass.until_s - t0_s));
	}
	assert_int_equal(rc, STORE_NONE);
	assert_string_equal(got, want);
}

static void check_passes(int64_t now_s, const char *want)
{
	good(store_passes(store, now_s, &why));
	check_walk(want);
}

static void test_passes(void **state)
{
	const struct store_pass passes[] = {{net_from("192.0.2.7"), t0_s + 60}, {net_from("2001:db8::/64"), t0_s + 90}};
	const struct store_pass earlier = {net_from("192.0.2.7"), t0_s + 50},
				later = {net_from("192.0.2.7"), t0_s + 70};

	(void)state;
	good(store_add_passes(store, passes, 2, &why));
	check_passes(t0_s, "192.0.2.7 60, 2001:db8::/64 90");
	good(store_add_passes(store, &earlier, 1, &why));
	check_passes(t0_s, "192.0.2.7 60, 2001:db8::/64 90");
	good(store_add_passes(store, &later, 1, &why));
	check_passes(t0_s + 65, "192.0.2.7 70, 2001:db8::/64 90");
	check_passes(t0_s + 70, "2001:db8::/64 90");
	good(store_take_passes(store, &passes[1].net, 1, t0_s + 10, &why));
	check_passes(t0_s, "192.0.2.7 70");
}

/* What was delivered before a pass was withdrawn gives none; what comes later does. */
static void test_earned(void **state)
{
	const struct store_evidence list[] = {{.net = net_from("192.0.2.7"), .time_s = t0_s, .times = 1},
	                                      {.net = net_from("192.0.2.8"), .time_s = t0_s + 5, .times = 1},
	                                      {.net = net_from("192.0.2.9"), .time_s = t0_s - 2 * DAY_S, .times = 1}};
	const struct store_evidence again = {.net = net_from("192.0.2.7"), .time_s = t0_s + 20, .times = 1};

	(void)state;
	good(store_add_good(store, list, 3, &why));
	good(store_take_passes(store, &list[0].net, 1, t0_s + 10, &why));
	good(store_passes_earned(store, t0_s / DAY_S, &why));
	check_walk("192.0.2.8 5");
	good(store_add_good(store, &again, 1, &why));
	good(store_passes_earned(store, t0_s / DAY_S, &why));
	check_walk("192.0.2.7 20, 192.0.2.8 5");
}

static void test_sums(void **state)
{
	const struct store_gate_sums one = {"mail", 10, 6, 3, 2, 1, 0, 1, 90}, other = {"a", 1, 1, 0, 1, 0, 0, 0, 0};
	struct store_gate_sums got[GATES_CAP];
	size_t n = 0;

	(void)state;
	good(store_add_gate(store, 100, &one, &why));
	good(store_add_gate(store, 100, &one, &why));
	good(store_add_gate(store, 101, &one, &why));
	good(store_add_gate(store, 101, &other, &why));
	good(store_gates(store, 100, got, &n, &why));
	assert_int_equal(n, 2);
	assert_string_equal(got[0].name, "a");
	assert_string_equal(got[1].name, "mail");
	assert_int_equal(got[1].asked, 30);
	assert_int_equal(got[1].delay_s, 270);
	good(store_gates(store, 101, got, &n, &why));
	assert_int_equal(got[1].refused, 6);
}

static void test_now(void **state)
{
	const struct store_gate_now gates[] = {{"mail", t0_s, 3, 4, 5, true, net_from("192.0.2.7").addr, t0_s - 60},
	                                       {.name = "b", .at_s = t0_s}};
	struct store_gate_now got[GATES_CAP];
	size_t n = 9;

	(void)state;
	good(store_put_gates_now(store, gates, 2, &why));
	good(store_put_gates_now(store, gates, 2, &why));
	good(store_gates_now(store, got, &n, &why));
	assert_int_equal(n, 2);
	assert_string_equal(got[0].name, "b");
	assert_int_equal(got[0].since_s, 0);
	assert_string_equal(got[1].name, "mail");
	assert_true(got[1].closed);
	assert_int_equal(got[1].paused, 3);
	assert_int_equal(got[1].inside, 4);
	assert_int_equal(got[1].waiting, 5);
	assert_int_equal(got[1].since_s, t0_s - 60);
	assert_true(addr_equal(&got[1].waits, &gates[0].waits));
	good(store_put_gates_now(store, NULL, 0, &why));
	good(store_gates_now(store, got, &n, &why));
	assert_int_equal(n, 0);
}

/* Passes that ended long ago go; one that lasts, or was withdrawn lately, stays. */
static void test_purge(void **state)
{
	const struct store_pass passes[] = {{net_from("192.0.2.7"), t0_s - 60}, {net_from("192.0.2.8"), t0_s + 60}};
	const struct net withdrawn = net_from("192.0.2.9");
	size_t n;

	(void)state;
	good(store_add_passes(store, passes, 2, &why));
	good(store_take_passes(store, &withdrawn, 1, t0_s + 1, &why));
	good(store_begin(store, &why));
	good(store_purge(store, t0_s, 100, &n, &why));
	good(store_purge_good(store, t0_s, t0_s, 100, &n, &why));
	good(store_commit(store, &why));
	check_passes(0, "192.0.2.8 60");
	good(store_passes(store, -1, &why));
	check_walk("192.0.2.8 60, 192.0.2.9 -1795181862");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_passes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_earned, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sums, setup, teardown),
		cmocka_unit_test_setup_teardown(test_now, setup, teardown),
		cmocka_unit_test_setup_teardown(test_purge, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
