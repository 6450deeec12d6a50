#include "base/duration.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static const struct unit {
	char letter;
	int64_t seconds;
} units[] = {{'w', 7 * 86400}, {'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};

enum { N_UNITS = sizeof units / sizeof *units };

static const int64_t ten_years_s = INT64_C(10) * 366 * 86400;

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
			if (value > ten_years_s)
				return false;
		}
		if (text == digits)
			return false;
		if (*text == '\0') {
			if (digits > start)
				return false; /* "1h30": thirty what? */
			*ret_s = value;
			return true;
		}
		while (u < N_UNITS && units[u].letter != *text)
			u++;
		if (u == N_UNITS)
			return false;
		sum += value * units[u].seconds;
		if (sum > ten_years_s)
			return false;
		text++;
	}
	*ret_s = sum;
	return true;
}

void duration_text(int64_t s, char out[static DURATION_TEXT_MAX])
{
	size_t n = 0;

	if (s <= 0) {
		(void)snprintf(out, DURATION_TEXT_MAX, "0s");
		return;
	}
	for (size_t u = 1; u < N_UNITS; u++) { /* days are read more easily than weeks */
		const int64_t count = s / units[u].seconds;

		s %= units[u].seconds;
		if (count > 0 && n < DURATION_TEXT_MAX - 1)
			n += (size_t)snprintf(out + n, DURATION_TEXT_MAX - n, "%" PRId64 "%c", count,
			                      units[u].letter);
	}
}

void time_text(int64_t time_s, char out[static TIME_TEXT_MAX])
{
	const time_t t = (time_t)time_s;
	struct tm tm;

	/* Four digits for the year, which strftime does not promise before 1000. */
	if (gmtime_r(&t, &tm) == NULL || tm.tm_year < -1900 || tm.tm_year > 9999 - 1900 ||
	    strftime(out + 4, TIME_TEXT_MAX - 4, "-%m-%dT%H:%M:%SZ", &tm) == 0)
		(void)snprintf(out, TIME_TEXT_MAX, "-");
	else
		for (int i = 3, year = tm.tm_year + 1900; i >= 0; i--, year /= 10)
			out[i] = (char)('0' + year % 10);
}
