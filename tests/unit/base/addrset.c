/* addrset: the count is right, whatever is added twice and however often the tables grow. */
#include "base/addrset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The i-th of each kind; neighbours, and in IPv6 such as differ in any of the words. */
static struct addr ip4(uint32_t i)
{
	return (struct addr){{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 198, (uint8_t)(18 + (i >> 16)),
	                      (uint8_t)(i >> 8), (uint8_t)i}};
}

static struct addr ip6(uint32_t i)
{
	struct addr addr = {{0x20, 0x01, 0x0D, 0xB8}};

	memcpy(addr.bytes + 4 * (i % 3 + 1), &i, sizeof i);
	return addr;
}

static void test_count(void **state)
{
	static const uint64_t seeds[] = {0, 1, UINT64_C(0x9E3779B97F4A7C15)};

	(void)state;
	for (size_t s = 0; s < sizeof seeds / sizeof *seeds; s++) {
		struct addrset set = {.seed = seeds[s]};

		assert_int_equal(addrset_count(&set), 0);
		for (uint32_t i = 1; i <= 50000; i++) {
			const struct addr four = ip4(i), six = ip6(i), before = ip4((i + 1) / 2);

			addrset_add(&set, &four);
			addrset_add(&set, &six);
			addrset_add(&set, &before);
			addrset_add(&set, &six);
			if (addrset_count(&set) != 2 * (size_t)i)
				fail_msg("seed %zu, %u of each: got %zu, want %u", s, i, addrset_count(&set), 2 * i);
		}
		addrset_done(&set);
		assert_int_equal(addrset_count(&set), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_count)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
