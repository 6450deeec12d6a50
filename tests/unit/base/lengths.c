/* lengths: they contain what was added and nothing else, each in its own family. */
#include "base/lengths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_each(void **state)
{
	(void)state;
	for (unsigned family = 0; family < 2; family++)
		for (unsigned added = 1; added <= 128; added++) {
			struct lengths lengths = {0};

			lengths_add(&lengths, family == 0, (uint8_t)added);
			for (unsigned len = 0; len <= 128; len++) {
				assert_int_equal(lengths_has(&lengths, family == 0, (uint8_t)len), len == added);
				assert_false(lengths_has(&lengths, family != 0, (uint8_t)len));
			}
		}
}

static void test_fitting(void **state)
{
	static const struct {
		const char *net;
		uint8_t want;
	} rows[] = {
		{"192.0.2.1", 128},     {"192.0.2.0/24", 96 + 24},
		{"192.0.2.0/25", 128},  {"192.0.0.0/20", 96 + 24},
		{"0.0.0.0/0", 96 + 24}, {"2001:db8::1", 0},
		{"2001:db8::/64", 64},  {"2001:db8::/65", 0},
		{"2001:db8::/47", 48},  {"::/0", 48},
		{"2001:db8::/49", 64},
	};
	struct lengths lengths = {0};

	(void)state;
	lengths_add(&lengths, true, 96 + 24);
	lengths_add(&lengths, true, 128);
	lengths_add(&lengths, false, 48);
	lengths_add(&lengths, false, 64);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct net net;

		if (!net_parse(rows[i].net, strlen(rows[i].net), &net))
			fail_msg("%s: no network", rows[i].net);
		if (lengths_fitting(&lengths, &net) != rows[i].want)
			fail_msg("%s: got %u, want %u", rows[i].net, lengths_fitting(&lengths, &net), rows[i].want);
	}
}

/* Written and read again it is the same, but for addresses, which every text has. */
static void test_text(void **state)
{
	struct lengths lengths = {0}, got;
	char text[LENGTHS_TEXT_MAX];

	(void)state;
	lengths_text(&lengths, text);
	assert_string_equal(text, "");
	lengths_add(&lengths, true, 128);
	lengths_add(&lengths, true, 96 + 24);
	lengths_add(&lengths, false, 64);
	lengths_add(&lengths, false, 48);
	lengths_text(&lengths, text);
	assert_string_equal(text, "ip4/24 ip6/48 ip6/64");
	lengths_read(text, &got);
	lengths_add(&lengths, false, 128);
	assert_memory_equal(&got, &lengths, sizeof got);
	for (unsigned length = 1; length <= 128; length++) {
		lengths_add(&lengths, false, (uint8_t)length);
		if (length > 96)
			lengths_add(&lengths, true, (uint8_t)length);
	}
	lengths_text(&lengths, text);
	lengths_read(text, &got);
	assert_memory_equal(&got, &lengths, sizeof got);
}

static void test_odd_texts(void **state)
{
	static const char *const texts[] = {"", "ip4/0", "ip4/33", "ip6/129", "ip5/24", "ip4/", "24", "ip6/-1"};
	struct lengths got, want = {0};

	(void)state;
	lengths_add(&want, true, 128);
	lengths_add(&want, false, 128);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		lengths_read(texts[i], &got);
		if (memcmp(&got, &want, sizeof got) != 0)
			fail_msg("\"%s\" has a length", texts[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_odd_texts),
		cmocka_unit_test(test_each),
		cmocka_unit_test(test_fitting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
