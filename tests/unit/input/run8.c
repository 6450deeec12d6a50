/* run8: the same lengths as counting byte by byte, for every byte in every place, and for every pair of bytes. */
#include "input/run8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_of_name(char c)
{
	return c > ' ' && c <= '~' && strchr(":[]", c) == NULL;
}

static unsigned count(const char *p, bool (*belongs)(char))
{
	unsigned n = 0;

	while (n < RUN8_BYTES && belongs(p[n]))
		n++;
	return n;
}

static void check(const char *p)
{
	if (run8_digits(p) != count(p, is_digit))
		fail_msg("%.8s: got %u digits, want %u", p, run8_digits(p), count(p, is_digit));
	if (run8_name(p) != count(p, is_of_name))
		fail_msg("%.8s: got %u of a name, want %u", p, run8_name(p), count(p, is_of_name));
}

static void test_every_byte(void **state)
{
	static const char runs[][RUN8_BYTES + 1] = {"01234567", "99999999", "postfix/", "!~^`{;=@",
	                                            "\xFF\x80 :[]\x7F."};

	(void)state;
	for (size_t r = 0; r < sizeof runs / sizeof *runs; r++)
		for (size_t at = 0; at < RUN8_BYTES; at++)
			for (unsigned byte = 0; byte < 256; byte++) {
				char text[RUN8_BYTES + 1];

				memcpy(text, runs[r], sizeof text);
				text[at] = (char)byte;
				check(text);
			}
}

/* Two other bytes one after the other: no carry hides the first, or makes one before it wrong. */
static void test_every_pair(void **state)
{
	(void)state;
	for (size_t at = 0; at + 1 < RUN8_BYTES; at++)
		for (unsigned pair = 0; pair < 65536; pair++) {
			char text[RUN8_BYTES + 1] = "46573829";

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
