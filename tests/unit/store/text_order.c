/* text_order: as strcmp sorts the texts. */
#include "testlib.h"

#include "store/text_order.h"

enum { PAIRS = 200000 };

static struct addr random_ip4(void)
{
	struct addr addr = net_from("0.0.0.0").addr;

	for (size_t i = 12; i < 16; i++) /* many that differ in one digit */
		addr.bytes[i] = (uint8_t)(random_below(2) == 0 ? random_below(256) : 10 * random_below(26));
	return addr;
}

static void test_ip4(void **state)
{
	(void)state;
	for (size_t i = 0; i < PAIRS; i++) {
		const struct addr a = random_ip4();
		struct addr b = random_ip4();
		char of_a[ADDR_TEXT_MAX], of_b[ADDR_TEXT_MAX];

		if (random_below(2) == 0)
			memcpy(b.bytes, a.bytes, 15);
		(void)addr_text(&a, of_a);
		(void)addr_text(&b, of_b);
		if ((strcmp(of_a, of_b) < 0) != (text_order(&a) < text_order(&b)) ||
		    (strcmp(of_a, of_b) == 0) != (text_order(&a) == text_order(&b)))
			fail_msg("%s and %s", of_a, of_b);
	}
}

static void test_ip6(void **state)
{
	static const char *const texts[] = {"255.255.255.255", "2001:db8::7", "2001:db8:4::", "2001:db9::", "fd00::1"};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		const struct addr addr = net_from(texts[i]).addr, last = net_from(texts[i == 0 ? 0 : i - 1]).addr;

		assert_true(i == 0 || text_order(&last) < text_order(&addr));
		assert_true(text_order(&addr) >> TEXT_ORDER_BITS == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ip4),
		cmocka_unit_test(test_ip6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
