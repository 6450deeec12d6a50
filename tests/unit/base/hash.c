/* hash: known values, and the properties that tables rely on. */
#include "testlib.h"

#include "base/hash.h"

static uint64_t of_text(const char *text)
{
	return hash_bytes(HASH_START, text, strlen(text));
}

/* Of the page of FNV's authors: 64 bits, FNV-1a. */
static void test_known(void **state)
{
	(void)state;
	assert_int_equal(of_text(""), UINT64_C(0xCBF29CE484222325));
	assert_int_equal(of_text("a"), UINT64_C(0xAF63DC4C8601EC8C));
	assert_int_equal(of_text("foobar"), UINT64_C(0x85944171F73967E8));
	assert_int_equal(hash_bytes(HASH_START, "\xFF\0", 2), hash_step(hash_step(HASH_START, 0xFF), 0));
}

/* In parts it is the same; a step that is no byte keeps the parts apart. */
static void test_parts(void **state)
{
	(void)state;
	assert_int_equal(hash_bytes(of_text("foo"), "bar", 3), of_text("foobar"));
	for (unsigned byte = 0; byte < 256; byte++)
		assert_int_not_equal(hash_step(HASH_START, byte), hash_step(HASH_START, 0x100));
	assert_int_not_equal(hash_bytes(hash_step(of_text("foo"), 0x100), "bar", 3),
	                     hash_bytes(hash_step(of_text("fo"), 0x100), "obar", 4));
}

/* Numbers that differ in one bit differ in about half of the bits afterwards; 0 is the only one that stays.
 */
static void test_mix(void **state)
{
	uint64_t r = 1;

	(void)state;
	assert_int_equal(hash_mix(0), 0);
	assert_int_equal(hash_mix(1), UINT64_C(0xB456BCFC34C2CB2C));
	for (unsigned i = 0; i < 100; i++) {
		r = hash_mix(r + i);
		for (unsigned bit = 0; bit < 64; bit++) {
			const int n = __builtin_popcountll(hash_mix(r) ^ hash_mix(r ^ UINT64_C(1) << bit));

			assert_in_range(n, 8, 56);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_known), cmocka_unit_test(test_parts),
	                                   cmocka_unit_test(test_mix)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
