/* nets: compared with searching each network separately. */
#include "base/nets.h"
#include "testlib.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Few values, so that networks lie in each other and addresses at their edges. */
static struct net random_net(void)
{
	struct addr addr = {{0}};

	for (size_t i = 0; i < sizeof addr.bytes; i++)
		addr.bytes[i] = random_below(3) == 0 ? 0xFF : 0;
	return net_around(&addr, (uint8_t)(random_below(2) == 0 ? 128 : random_below(129)));
}

static void test_random(void **state)
{
	(void)state;
	for (unsigned turn = 0; turn < 2000; turn++) {
		const size_t n = random_below(20);
		struct net list[20];
		struct nets nets = {0};

		for (size_t i = 0; i < n; i++) {
			list[i] = random_net();
			nets_add(&nets, &list[i]);
		}
		nets_seal(&nets);
		for (unsigned i = 0; i < 50; i++) {
			const struct net net = random_net();
			bool has = false, overlaps = false;

			for (size_t j = 0; j < n; j++) {
				has |= net_has(&list[j], &net.addr);
				overlaps |= net_overlap(&list[j], &net);
			}
			assert_int_equal(nets_has(&nets, &net.addr), has);
			assert_int_equal(nets_find(&nets, &net.addr) != NULL, has);
			assert_int_equal(nets_overlap(&nets, &net), overlaps);
		}
		nets_done(&nets);
		assert_int_equal(nets.n, 0);
	}
}

static void test_around(void **state)
{
	static const struct {
		const char *addr, *net;
		uint8_t len;
	} rows[] = {
		{"192.0.2.7", "192.0.2.0/24", 120},        {"192.0.2.7", "192.0.2.4/30", 126},
		{"192.0.2.7", "192.0.2.7", 128},           {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", 64},
		{"2001:db8:ff::", "2001:db8:f0::/44", 44}, {"2001:db8::1", "::/0", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[NET_TEXT_MAX];
		struct addr addr;
		struct net net;

		assert_true(addr_parse(rows[i].addr, strlen(rows[i].addr), &addr));
		net = net_around(&addr, rows[i].len);
		(void)net_text(&net, text);
		assert_string_equal(text, rows[i].net);
	}
}

static void test_equal(void **state)
{
	const struct net a = net_around(&(struct addr){{1}}, 8), b = net_around(&(struct addr){{2}}, 8);
	struct nets x = {0}, y = {0};

	(void)state;
	assert_true(nets_equal(&x, &y));
	nets_add(&x, &a);
	nets_add(&x, &b);
	nets_add(&y, &b);
	nets_seal(&x);
	nets_seal(&y);
	assert_false(nets_equal(&x, &y));
	nets_add(&y, &a);
	nets_add(&y, &a);
	nets_seal(&y);
	assert_true(nets_equal(&x, &y));
	nets_done(&x);
	nets_done(&y);
	nets_done(&y);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_around),
		cmocka_unit_test(test_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
