/* traffic: each unit and its limits, and unknown values. */
#include "base/traffic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_text(void **state)
{
	static const struct {
		int64_t packets, bytes;
		const char *want;
	} rows[] = {
		{0, 0, "0"},
		{1, 0, "-"},
		{INT64_MAX, 0, "-"},
		{1, 1, "1"},
		{9, 1023, "1023"},
		{9, 1024, "1.0K"},
		{9, 1536, "1.5K"},
		{9, 10239, "9.9K"},
		{9, 10240, "10K"},
		{9, 1048575, "1023K"},
		{9, 1048576, "1.0M"},
		{9, INT64_C(5) << 30, "5.0G"},
		{9, INT64_C(1) << 48, "256T"},
		{9, INT64_C(3) << 50, "3.0P"},
		{9, INT64_MAX, "7.9E"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char got[TRAFFIC_TEXT_MAX];

		traffic_text(rows[i].packets, rows[i].bytes, got);
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("row %zu: got %s, want %s", i, got, rows[i].want);
	}
}

static void test_phrase(void **state)
{
	char got[TRAFFIC_PHRASE_MAX];

	(void)state;
	traffic_phrase(0, 0, got);
	assert_string_equal(got, "0 packets, 0 bytes");
	traffic_phrase(1, 60, got);
	assert_string_equal(got, "1 packet, 60 bytes");
	traffic_phrase(2, 0, got);
	assert_string_equal(got, "2 packets");
	traffic_phrase(INT64_MAX, INT64_MAX, got);
	assert_string_equal(got, "9223372036854775807 packets, 7.9E bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_text), cmocka_unit_test(test_phrase)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
