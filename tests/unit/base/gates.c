/*
 * gates: every key with the values it accepts and refuses, what two gates may not have in common, and which gate
 * decides.
 */
#include "base/gates.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct addr address(const char *text)
{
	struct addr addr;

	assert_true(addr_parse(text, strlen(text), &addr));
	return addr;
}

static void test_defaults(void **state)
{
	struct gates gates = {0};
	struct why why;

	(void)state;
	assert_null(gates_add(&gates, "mail"));
	assert_null(gates_add(&gates, "MAIL")); /* the same, of a later file */
	assert_int_equal(gates.n, 1);
	assert_int_equal(gates_settle(&gates, &why), 0);
	assert_int_equal(gates.gates[0].pause_s, 60);
	assert_int_equal(gates.gates[0].window_s, 4 * 3600);
	assert_int_equal(gates.gates[0].count, 6);
	assert_int_equal(gates.gates[0].pass_s, 36 * 86400);
	assert_int_equal(gates.gates[0].open_after_s, 900);
	assert_int_equal(gates.gates[0].n_ports, 1);
	assert_int_equal(gates.gates[0].ports[0], 25);
	assert_int_equal(gates.gates[0].n_networks + gates.gates[0].n_passes, 0);
}

static void test_names(void **state)
{
	static const char *const wrong[] = {"", "a_b", "a b", "-a", "1234567890123456", "m\xC3\xA4il", "a.b"};
	struct gates gates = {0};

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_non_null(gates_add(&gates, wrong[i]));
	assert_non_null(gates_read(&gates, "pause", "5s")); /* of no gate */
	assert_null(gates_add(&gates, "123456789012345"));
	assert_null(gates_add(&gates, "b"));
	assert_null(gates_add(&gates, "c-3"));
	assert_null(gates_add(&gates, "d"));
	assert_string_equal(gates_add(&gates, "e"), "at most 4 gates");
	assert_int_equal(gates.n, GATES_MAX);
}

static void test_values(void **state)
{
	static const struct {
		const char *key, *value;
		bool good;
	} rows[] = {
		{"pause", "1s", true},
		{"pause", "1d", true},
		{"pause", "0s", false},
		{"pause", "25h", false},
		{"window", "30d", true},
		{"window", "31d", false},
		{"window", "x", false},
		{"count", "1", true},
		{"count", "1000", true},
		{"count", "0", false},
		{"count", "1001", false},
		{"count", "-1", false},
		{"count", "6x", false},
		{"pass", "1m", true},
		{"pass", "59s", false},
		{"open_after", "2s", true},
		{"open_after", "1s", false},
		{"open_after", "2d", false},
		{"ports", "25 2525", true},
		{"ports", "", false},
		{"ports", "465", false},
		{"ports", "25,587", false},
		{"ports", "0", false},
		{"ports", "65536", false},
		{"ports", "smtp", false},
		{"networks", "", true},
		{"networks", "192.0.2.0/24, 2001:db8::/32", true},
		{"networks", "0.0.0.0/1", true},
		{"networks", "0.0.0.0/0", false},
		{"networks", "::/0", false},
		{"networks", "192.0.2.1/24", false},
		{"networks", "example.org", false},
		{"pass_networks", "192.0.2.7", true},
		{"ports", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15", true},
		{"ports", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16", false},
		{"networks",
	         "10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 10.0.0.6 10.0.0.7 10.0.0.8 10.0.0.9 10.0.1.0 10.0.1.1 10.0.1.2 "
	         "10.0.1.3 10.0.1.4 10.0.1.5 10.0.1.6",
	         true},
		{"networks",
	         "10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 10.0.0.6 10.0.0.7 10.0.0.8 10.0.0.9 10.0.1.0 10.0.1.1 10.0.1.2 "
	         "10.0.1.3 10.0.1.4 10.0.1.5 10.0.1.6 10.0.1.7",
	         false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct gates gates = {0};
		const char *wanted;

		assert_null(gates_add(&gates, "mail"));
		wanted = gates_read(&gates, rows[i].key, rows[i].value);
		if ((wanted == NULL) != rows[i].good)
			fail_msg("%s = %s: got \"%s\", want it %s", rows[i].key, rows[i].value,
			         wanted == NULL ? "" : wanted, rows[i].good ? "accepted" : "refused");
	}
}

static void test_together(void **state)
{
	struct gates gates = {0}, other;
	struct why why;

	(void)state;
	(void)gates_add(&gates, "a");
	(void)gates_add(&gates, "b");
	assert_int_equal(gates_settle(&gates, &why), -EINVAL);
	assert_string_equal(why.text, "[gate a] and [gate b] are both for everybody: name the networks of one of them");
	assert_null(gates_read(&gates, "networks", "192.0.2.0/24 2001:db8::/32"));
	assert_int_equal(gates_settle(&gates, &why), 0);
	assert_null(gates_read(&gates, "window", "10s"));
	assert_int_equal(gates_settle(&gates, &why), -EINVAL);
	assert_non_null(strstr(why.text, "[gate b]: pause is longer than window"));
	assert_null(gates_read(&gates, "pause", "10s"));
	assert_int_equal(gates_settle(&gates, &why), 0);
	(void)gates_add(&gates, "c");
	assert_null(gates_read(&gates, "networks", "198.51.100.0/24 2001:db8::/32"));
	assert_int_equal(gates_settle(&gates, &why), -EINVAL);
	assert_string_equal(why.text, "2001:db8::/32 is in [gate b] and in [gate c]: remove it from one of them");
	other = gates;
	assert_true(gates_equal(&gates, &other));
	other.gates[1].pass_s++;
	assert_true(gates_equal(&gates, &other));
	other.gates[1].count++;
	assert_false(gates_equal(&gates, &other));
}

static void test_which(void **state)
{
	static const struct {
		const char *address;
		int gate;
	} rows[] = {{"192.0.2.7", 1}, {"192.0.2.130", 2}, {"192.0.3.1", 0}, {"2001:db8::1", 1}, {"2001:db9::1", 0}};
	struct gates gates = {0};
	struct addr addr;

	(void)state;
	addr = address("192.0.2.7");
	assert_int_equal(gates_of(&gates, &addr), -1);
	(void)gates_add(&gates, "all");
	(void)gates_add(&gates, "some");
	assert_null(gates_read(&gates, "networks", "192.0.2.0/24 2001:db8::/32"));
	(void)gates_add(&gates, "few");
	assert_null(gates_read(&gates, "networks", "192.0.2.128/25"));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		addr = address(rows[i].address);
		assert_int_equal(gates_of(&gates, &addr), rows[i].gate);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults), cmocka_unit_test(test_names), cmocka_unit_test(test_values),
		cmocka_unit_test(test_together), cmocka_unit_test(test_which),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
