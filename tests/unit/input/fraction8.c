/* fraction8: the same result as reading byte by byte, for every byte in every place and every length. */
#include "input/fraction8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static bool is_fraction(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (i == 0 ? p[i] != '.' : p[i] < '0' || p[i] > '9')
			return false;
	return true;
}

static void check(const char *p)
{
	for (size_t len = 0; len <= FRACTION8_MAX; len++)
		if (fraction8_is(p, fraction8_mask(len)) != is_fraction(p, len))
			fail_msg("%.8s, length %zu: got %d, want %d", p, len, fraction8_is(p, fraction8_mask(len)),
			         is_fraction(p, len));
}

static void test_every_byte(void **state)
{
	static const char fractions[][FRACTION8_MAX + 1] = {".0000000", ".9999999", ".0918273", ".5040302"};

	(void)state;
	for (size_t f = 0; f < sizeof fractions / sizeof *fractions; f++)
		for (size_t at = 0; at < FRACTION8_MAX; at++)
			for (unsigned byte = 0; byte < 256; byte++) {
				char text[FRACTION8_MAX + 1];

				memcpy(text, fractions[f], sizeof text);
				text[at] = (char)byte;
				check(text);
			}
}

/* Two wrong bytes one behind the other: no carry makes the second one right. */
static void test_every_pair(void **state)
{
	(void)state;
	for (size_t at = 0; at + 1 < FRACTION8_MAX; at++)
		for (unsigned pair = 0; pair < 65536; pair++) {
			char text[FRACTION8_MAX + 1] = ".4657382";

			text[at] = (char)(pair >> 8);
			text[at + 1] = (char)(pair & 0xFF);
			check(text);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_byte), cmocka_unit_test(test_every_pair)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
