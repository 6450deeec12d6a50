/* times: fail2ban's durations in seconds, and texts that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "import/times.h"

static void test_times(void **state)
{
	static const struct {
		const char *text;
		int64_t want; /* -2: it is none */
	} table[] = {
		{"600", 600},
		{"10m", 600},
		{"1h 30m", 5400},
		{"1h30m", 5400},
		{"1hour+30min", 5400},
		{"0d 1h 30m", 5400},
		{"1 week 2 days", 9 * 86400},
		{"1WEEK", 604800},
		{"1mo", 2629800},
		{"6 months", 15778800},
		{"1y", 31557600},
		{"60*60*24", 86400},
		{"2 * 1h", 7200},
		{" 5 ", 5},
		{"-1", -1},
		{" -1", -1},
		{"0", 0},
		{"1m 1mo", 60 + 2629800},
		{"100y", INT64_C(3155760000)},
		{"", -2},
		{" ", -2},
		{"soon", -2},
		{"h", -2},
		{"1 hou", 3600},
		{"1 hox", -2},
		{"-2", -2},
		{"1h-1m", -2},
		{"1*", -2},
		{"*1", -2},
		{"1++1", -2},
		{"1.5h", -2},
		{"1h # why", -2},
		{"999y", -2},
		{"99999999999999999999", -2},
		{"60*60*24*365*200", -2},
		{"9999999999999*9999999999999", -2},
		{"1abcdefghijklmnop", -2},
		{"1h\x80", -2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		int64_t got = -2;

		if (!times_parse(table[i].text, &got))
			got = -2;
		if (got != table[i].want)
			fail_msg("\"%s\": got %lld, want %lld", table[i].text, (long long)got,
			         (long long)table[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_times)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
