#include "base/duration.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static const struct unit {
	char sign;
	int64_t seconds;
} units[] = {{'w', 7 * 86400}, {'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};

enum { N_UNITS = sizeof units / sizeof *units };

bool duration_parse(const char *text, int64_t *ret_s)
{
	const char *const start = text;
	int64_t sum = 0;

	if (*text == '\0')
		return false;
	while (*text != '\0') {
		int64_t value = 0;
		size_t u = 0;
		const char *const digits = text;

		for (; *text >= '0' && *text <= '9'; text++) {
			value = value * 10 + (*text - '0');
			if (value > DURATION_MAX_S)
				return false;
		}
		if (text == digits)
			return false;
		if (*text == '\0') {
			if (digits > start)
				return false; /* "1h30" is ambiguous: 30 of which unit? */
			*ret_s = value;
			return true;
		}
		while (u < N_UNITS && units[u].sign != *text)
			u++;
		if (u == N_UNITS)
			return false;
		sum += value * units[u].seconds;
		if (sum > DURATION_MAX_S)
			return false;
		text++;
	}
	*ret_s = sum;
	return true;
}

/* Writes at most units_max consecutive units, from the largest one that is not 0. */
static void write_units(int64_t s, int units_max, char out[static DURATION_TEXT_MAX])
{
	size_t n = 0;
	int first = -1;

	if (s <= 0) {
		(void)snprintf(out, DURATION_TEXT_MAX, "0s");
		return;
	}
	for (int u = 1; u < N_UNITS && (first < 0 || u < first + units_max);
	     u++) { /* skips weeks: days are easier to read */
		const int64_t count = s / units[u].seconds;

		s %= units[u].seconds;
		if (count > 0 && first < 0)
			first = u;
		if (count > 0 && n < DURATION_TEXT_MAX - 1)
			n += (size_t)snprintf(out + n, DURATION_TEXT_MAX - n, "%" PRId64 "%c", count, units[u].sign);
	}
}

void duration_text(int64_t s, char out[static DURATION_TEXT_MAX])
{
	write_units(s, N_UNITS, out);
}

void duration_short_text(int64_t s, char out[static DURATION_TEXT_MAX])
{
	write_units(s, 2, out);
}

/*
 * Writes the year with four digits, which strftime does not promise before 1000. rest_len 0 means that the time cannot
 * be written: out becomes "-".
 */
static void put_year(const struct tm *tm, size_t rest_len, char *out)
{
	if (rest_len == 0) {
		out[0] = '-';
		out[1] = '\0';
		return;
	}
	for (int i = 3, year = tm->tm_year + 1900; i >= 0; i--, year /= 10)
		out[i] = (char)('0' + year % 10);
}

/* tm may be NULL: the conversion failed. */
static bool is_writable(const struct tm *tm)
{
	return tm != NULL && tm->tm_year >= -1900 && tm->tm_year <= 9999 - 1900;
}

void time_text(int64_t time_s, char out[static TIME_TEXT_MAX])
{
	const time_t t = (time_t)time_s;
	struct tm tm;
	const bool good = is_writable(gmtime_r(&t, &tm));

	put_year(&tm, good ? strftime(out + 4, TIME_TEXT_MAX - 4, "-%m-%dT%H:%M:%SZ", &tm) : 0, out);
}

void time_local_text(int64_t time_s, bool utc, char out[static TIME_LOCAL_MAX])
{
	const time_t t = (time_t)time_s;
	struct tm tm;
	const bool good = is_writable(utc ? gmtime_r(&t, &tm) : localtime_r(&t, &tm));

	if (good && utc)
		tm.tm_zone = "UTC"; /* glibc writes GMT */
	put_year(&tm, good ? strftime(out + 4, TIME_LOCAL_MAX - 4, "-%m-%d %H:%M:%S %Z", &tm) : 0, out);
}

/* False for 30 February, which timegm and mktime take for 1 or 2 March. */
static bool is_day(int year, int month, int day)
{
	struct tm tm = {.tm_year = year, .tm_mon = month, .tm_mday = day};

	(void)timegm(&tm);
	return tm.tm_mday == day;
}

bool time_parse(const char *text, bool utc, int64_t *ret_s)
{
	static const struct form {
		const char *text;
		bool zone;
	} forms[] = {{"%Y-%m-%dT%H:%M:%S%z", true},
	             {"%Y-%m-%d %H:%M:%S%z", true},
	             {"%Y-%m-%dT%H:%M:%S", false},
	             {"%Y-%m-%d %H:%M:%S", false},
	             {"%Y-%m-%d", false}};

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		struct tm tm = {.tm_isdst = -1};
		const char *const end = strptime(text, forms[i].text, &tm);
		const int64_t east_s = forms[i].zone ? tm.tm_gmtoff : 0;

		if (end == NULL || *end != '\0')
			continue;
		if (!is_day(tm.tm_year, tm.tm_mon, tm.tm_mday))
			return false;
		*ret_s = forms[i].zone || utc ? timegm(&tm) - east_s : mktime(&tm);
		return true;
	}
	return false;
}
