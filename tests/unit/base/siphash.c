/* siphash: equals libsodium's for every length; and the example of its paper. */
#include "testlib.h"

#include <sodium.h>

#include "base/siphash.h"

static void test_paper(void **state)
{
	uint8_t bytes[SIPHASH_KEY];

	(void)state;
	for (uint8_t i = 0; i < SIPHASH_KEY; i++)
		bytes[i] = i;
	assert_true(siphash(bytes, bytes, 15) == UINT64_C(0xA129CA6149BE45E5));
}

static void test_sodium(void **state)
{
	uint8_t key[SIPHASH_KEY], data[64], out[8];

	(void)state;
	assert_true(sodium_init() >= 0);
	assert_int_equal(crypto_shorthash_BYTES, sizeof out);
	assert_int_equal(crypto_shorthash_KEYBYTES, SIPHASH_KEY);
	for (size_t round = 0; round < 100; round++) {
		randombytes_buf(key, sizeof key);
		randombytes_buf(data, sizeof data);
		for (size_t len = 0; len <= sizeof data; len++) {
			const uint64_t ours = htole64(siphash(key, data, len));

			assert_int_equal(crypto_shorthash(out, data, len, key), 0);
			assert_memory_equal(out, &ours, sizeof out);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_paper), cmocka_unit_test(test_sodium)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
