/* duration: every spelling, the limit of ten years, and texts that are parsed back. */
#include "base/duration.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		int64_t want;
	} rows[] = {
		{"0", 0},
		{"90", 90},
		{"90s", 90},
		{"10m", 600},
		{"1h", 3600},
		{"7d", 604800},
		{"2w", 1209600},
		{"1h30m", 5400},
		{"1d12h", 129600},
		{"1w1d1h1m1s", 694861},
		{"0s", 0},
		{"0h5m", 300},
		{"5m0s", 300},
		{"1m1h", 3660},
		{"1h1h", 7200},
		{"007", 7},
		{"0000000000000000000000000000010m", 600},
		{"316224000", 316224000},
		{"316224000s", 316224000},
		{"3660d", 316224000},
		{"3659d24h", 316224000},
	};
	static const char *const refused[] = {
		"",
		" ",
		"s",
		"h",
		"1x",
		"1y",
		"1M",
		"1H",
		"10 m",
		" 10m",
		"10m ",
		"10m\n",
		"1h30",
		"0h30",
		"0s5",
		"h1",
		"1hh",
		"-1",
		"+1",
		"-1h",
		"1.5h",
		"1,5h",
		"1e3",
		"0x10",
		"1h-5m",
		"1h 30m",
		"316224001",
		"3661d",
		"3660d1s",
		"523w",
		"87841h",
		"9999999999",
		"99999999999999999999999",
		"18446744073709551617",
		"18446744073709551617s",
		"10\xc2\xa0m",
		"one hour",
		"1ms",
		"\xd9\xa1h",
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t got = -1;

		if (!duration_parse(rows[i].text, &got) || got != rows[i].want)
			fail_msg("\"%s\": got %" PRId64 ", want %" PRId64, rows[i].text, got, rows[i].want);
	}
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		int64_t got = -77;

		if (duration_parse(refused[i], &got))
			fail_msg("\"%s\": got %" PRId64 ", want refused", refused[i], got);
		assert_int_equal(got, -77);
	}
}

static void test_text(void **state)
{
	static const struct {
		int64_t s;
		const char *want;
	} rows[] = {
		{0, "0s"},           {-5, "0s"},           {1, "1s"},
		{59, "59s"},         {60, "1m"},           {61, "1m1s"},
		{600, "10m"},        {3599, "59m59s"},     {3600, "1h"},
		{3601, "1h1s"},      {5400, "1h30m"},      {86400, "1d"},
		{129600, "1d12h"},   {604800, "7d"},       {2592000, "30d"},
		{90061, "1d1h1m1s"}, {316224000, "3660d"}, {INT64_MAX, "106751991167300d15h30m7s"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char got[DURATION_TEXT_MAX];

		duration_text(rows[i].s, got);
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("%" PRId64 ": got \"%s\", want \"%s\"", rows[i].s, got, rows[i].want);
	}
	for (int64_t s = 0; s <= 316224000; s += s < 200000 ? 1 : 99991) {
		char text[DURATION_TEXT_MAX];
		int64_t back = -1;

		duration_text(s, text);
		if (!duration_parse(text, &back) || back != s)
			fail_msg("%" PRId64 ": \"%s\" is read back as %" PRId64, s, text, back);
	}
}

static void test_time(void **state)
{
	static const struct {
		int64_t s;
		const char *want;
	} rows[] = {
		{0, "1970-01-01T00:00:00Z"},
		{1795181862, "2026-11-20T13:37:42Z"},
		{-1, "1969-12-31T23:59:59Z"},
		{951782400, "2000-02-29T00:00:00Z"},
		{4294967295, "2106-02-07T06:28:15Z"},
		{253402300799, "9999-12-31T23:59:59Z"},
		{-62167219200, "0000-01-01T00:00:00Z"}, /* RFC 3339: four digits */
		{-30641760000, "0999-01-01T00:00:00Z"},
		{253402300800, "-"}, /* what RFC 3339 cannot say */
		{-62167219201, "-"},
		{INT64_MAX, "-"},
		{INT64_MIN, "-"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char got[TIME_TEXT_MAX];

		time_text(rows[i].s, got);
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("%" PRId64 ": got \"%s\", want \"%s\"", rows[i].s, got, rows[i].want);
	}
}

static void test_short(void **state)
{
	static const struct {
		int64_t s;
		const char *want;
	} rows[] = {
		{0, "0s"},       {59, "59s"},       {599, "9m59s"},    {3600, "1h"},
		{3601, "1h"},    {5400, "1h30m"},   {5459, "1h30m"},   {86400, "1d"},
		{90061, "1d1h"}, {86399, "23h59m"}, {604799, "6d23h"}, {INT64_MAX, "106751991167300d15h"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char got[DURATION_TEXT_MAX];

		duration_short_text(rows[i].s, got);
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("%" PRId64 ": got \"%s\", want \"%s\"", rows[i].s, got, rows[i].want);
	}
}

static void set_zone(const char *zone)
{
	assert_int_equal(setenv("TZ", zone, 1), 0);
	tzset();
}

/* POSIX zones: no table of zones is needed. */
#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"

static void test_local(void **state)
{
	static const struct {
		const char *zone;
		int64_t s;
		bool utc;
		const char *want;
	} rows[] = {
		{"UTC0", 1795181862, false, "2026-11-20 13:37:42 UTC"},
		{BERLIN, 1795181862, false, "2026-11-20 14:37:42 CET"},
		{BERLIN, 1795181862, true, "2026-11-20 13:37:42 UTC"},
		{BERLIN, 1784554662, false, "2026-07-20 15:37:42 CEST"},
		{"<-03>3", 1795181862, false, "2026-11-20 10:37:42 -03"},
		{"NST3:30", 0, false, "1969-12-31 20:30:00 NST"},
		{BERLIN, INT64_MAX, false, "-"},
		{BERLIN, INT64_MIN, true, "-"},
		{"UTC0", -30641760000, false, "0999-01-01 00:00:00 UTC"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char got[TIME_LOCAL_MAX];

		set_zone(rows[i].zone);
		time_local_text(rows[i].s, rows[i].utc, got);
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("%" PRId64 ": got \"%s\", want \"%s\"", rows[i].s, got, rows[i].want);
	}
	set_zone("UTC0");
}

static void test_time_parse(void **state)
{
	static const struct {
		const char *text;
		bool utc;
		int64_t want;
	} rows[] = {
		{"2026-11-20T13:37:42Z", false, 1795181862},
		{"2026-11-20 13:37:42Z", false, 1795181862},
		{"2026-11-20T14:37:42+01:00", false, 1795181862},
		{"2026-11-20T12:37:42-0100", true, 1795181862},
		{"2026-11-20 14:37:42", false, 1795181862},
		{"2026-11-20T13:37:42", true, 1795181862},
		{"2026-11-20", true, 1795132800},
		{"2026-11-20", false, 1795129200},
		{"2026-07-20 15:37:42", false, 1784554662},
		{"2028-02-29", true, 1835395200},
		{"2016-12-31 23:59:60", true, 1483228800}, /* a leap second */
		{"1970-01-01T00:00:00Z", false, 0},
	};
	static const char *const refused[] = {"",
	                                      "now",
	                                      "2026-11-20 ",
	                                      "2026-11-20T13:37",
	                                      "2026-13-20",
	                                      "2026-11-20T13:37:42X",
	                                      "20.11.2026",
	                                      "13:37:42",
	                                      "2026-02-29",
	                                      "2026-02-30T12:00:00Z",
	                                      "2026-11-31 00:00:00"};

	(void)state;
	set_zone(BERLIN);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t got = -77;

		if (!time_parse(rows[i].text, rows[i].utc, &got) || got != rows[i].want)
			fail_msg("\"%s\": got %" PRId64 ", want %" PRId64, rows[i].text, got, rows[i].want);
	}
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		int64_t got = -77;

		if (time_parse(refused[i], false, &got) || got != -77)
			fail_msg("\"%s\": got %" PRId64 ", want refused", refused[i], got);
	}
	set_zone("UTC0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse), cmocka_unit_test(test_text),  cmocka_unit_test(test_time),
		cmocka_unit_test(test_short), cmocka_unit_test(test_local), cmocka_unit_test(test_time_parse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
