#include "input/stamp.h"

#include <string.h>
#include <time.h>

#include "input/fraction8.h"
#include "input/months.h"

enum {
	DAY_S = 86400,
	HALF_YEAR_S = 31556952 / 2, /* half of the Gregorian mean year */
	YEARS_BACK = 8,             /* leap years are at most this far apart: 2096, 2104 */
	BACKWARDS_S = 120,          /* lines of one log may be out of order by this much, compared by their minutes */
	SECOND_LEN = 3,             /* ":42" */
	SECOND_MAX = 60,            /* a leap second */
	STAMP_MIN = 15,             /* bytes of the shortest stamp, "Nov 3 13:37:42", and the blank after it */
};

#define TAI64N_1970 ((UINT64_C(1) << 62) + 10) /* like daemontools, ignores the leap seconds since 1972 */

enum {
	TAI64N_DIGITS = 24,
	TAI64N_SECONDS = 16, /* digits of the seconds; the rest are nanoseconds */
};

/* What a wall clock shows. */
struct wall {
	int year; /* 0: the stamp has no year */
	int month, day, hour, minute;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* Returns the value of two digits, or -1. */
static int two_digits(const char *p)
{
	return is_digit(p[0]) && is_digit(p[1]) ? (p[0] - '0') * 10 + (p[1] - '0') : -1;
}

static int four_digits(const char *p)
{
	const int high = two_digits(p), low = two_digits(p + 2);

	return high < 0 || low < 0 ? -1 : high * 100 + low;
}

/* Returns 1 to 12, or 0 if it is no month. */
static int month_of(const char *p)
{
	static const char names[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
	                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

	for (int month = 0; month < 12; month++)
		if (memcmp(p, names[month], 3) == 0)
			return month + 1;
	return 0;
}

static bool is_weekday(const char *p)
{
	static const char names[][5] = {"Mon ", "Tue ", "Wed ", "Thu ", "Fri ", "Sat ", "Sun "};

	for (int day = 0; day < 7; day++)
		if (memcmp(p, names[day], 4) == 0)
			return true;
	return false;
}

/* Accepts Feb 29 without a year: year 0 is a leap year. */
static bool date_exists(const struct wall *wall)
{
	static const uint8_t days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	const int year = wall->year;

	if (wall->month < 1 || wall->month > 12 || wall->day < 1 || wall->day > days[wall->month - 1])
		return false;
	return wall->month != 2 || wall->day != 29 || (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
}

/* Returns Unix seconds as if the wall clock showed UTC. */
static int64_t wall_seconds(const struct wall *wall)
{
	/* Here years begin in March, so that the leap day is the last. */
	const int64_t year = wall->year - (wall->month <= 2);
	const int64_t month = wall->month > 2 ? wall->month - 3 : wall->month + 9;
	const int64_t days =
		365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + wall->day - 1 - 719468;

	return days * DAY_S + wall->hour * 3600 + wall->minute * 60;
}

/* Sets the zone's UTC offset at a time. Returns false if zone is not empty and is not the zone's name at that time. */
static bool offset_at(int64_t time_s, struct span zone, int64_t *ret)
{
	const time_t t = (time_t)time_s;
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL)
		return false;
	*ret = tm.tm_gmtoff;
	return zone.len == 0 || span_is(zone, tm.tm_zone);
}

/*
 * Converts local time to Unix seconds. Does not use mktime: for an hour that occurs twice, its result depends on
 * earlier calls.
 * zone: a name such as "CET", which distinguishes these two hours, or empty.
 */
static bool local_seconds(int64_t wall_s, int64_t last_s, struct span zone, int64_t *ret)
{
	const struct span any = {NULL, 0};
	int64_t before, after, offset;
	bool first, second;

	if (!offset_at(wall_s - DAY_S, any, &before) || !offset_at(wall_s + DAY_S, any, &after))
		return false;
	*ret = wall_s - before;
	if (before == after)
		return true;
	/* The clocks change near this time. */
	first = offset_at(wall_s - before, zone, &offset) && offset == before;
	second = offset_at(wall_s - after, zone, &offset) && offset == after;
	if (second && (!first || wall_s - before < last_s - BACKWARDS_S))
		*ret = wall_s - after;
	return true;
}

/* Reads "+0100", "+01:00", "+01", "-0330". */
static int64_t offset_of(struct span zone)
{
	const int hours = two_digits(zone.p + 1);
	const int minutes = zone.len < 5 ? 0 : two_digits(zone.p + zone.len - 2);
	const int64_t offset = hours * 3600 + minutes * 60;

	return zone.p[0] == '-' ? -offset : offset;
}

static bool zoned_seconds(const struct wall *wall, int64_t last_s, struct span zone, int64_t *ret)
{
	const int64_t wall_s = wall_seconds(wall);

	if (zone.len == 0 || (is_upper(zone.p[0]) && !span_is(zone, "Z") && !span_is(zone, "UTC")))
		return local_seconds(wall_s, last_s, zone, ret);
	*ret = is_upper(zone.p[0]) ? wall_s : wall_s - offset_of(zone);
	return true;
}

/* Computes the Unix seconds of a minute; finds the year if the stamp has none. */
static bool minute_seconds(const struct line_clock *clock, struct wall wall, struct span zone, int64_t *ret)
{
	const bool is_first = clock->last_s == 0;
	const int64_t limit_s = is_first ? clock->end_s + DAY_S : clock->last_s + HALF_YEAR_S;
	const time_t t = (time_t)limit_s;
	struct tm tm;
	int latest;

	if (wall.year == 0 && is_first)
		wall.year = clock->year;
	if (wall.year != 0)
		return date_exists(&wall) && zoned_seconds(&wall, clock->last_s, zone, ret);
	if (gmtime_r(&t, &tm) == NULL)
		return false;
	latest = tm.tm_year + 1900 + 1; /* one more: it may be the new year here and the old one in UTC */
	for (int year = latest; year >= latest - YEARS_BACK - 1; year--) {
		wall.year = year;
		if (date_exists(&wall) && zoned_seconds(&wall, clock->last_s, zone, ret) && *ret <= limit_s)
			return true;
	}
	return false;
}

/* Reads "13:37". */
static bool scan_time(const char *p, struct wall *wall)
{
	wall->hour = two_digits(p);
	wall->minute = two_digits(p + 3);
	return wall->hour >= 0 && wall->hour < 24 && p[2] == ':' && wall->minute >= 0 && wall->minute < 60;
}

/* Reads "20 ", " 5 ", "05 " and "5 ". Returns the length, or 0. */
static size_t scan_day(const char *p, struct wall *wall)
{
	if (is_digit(p[0]) && p[1] == ' ') {
		wall->day = p[0] - '0';
		return 2;
	}
	wall->day = p[0] == ' ' && is_digit(p[1]) ? p[1] - '0' : two_digits(p);
	return p[2] == ' ' ? 3 : 0;
}

/* Reads "Nov 20 " and the like. Returns the length, or 0. */
static size_t scan_month_day(const char *p, struct wall *wall)
{
	size_t n;

	wall->month = month_of(p);
	if (wall->month == 0 || p[3] != ' ')
		return 0;
	n = scan_day(p + 4, wall);
	return n == 0 ? 0 : 4 + n;
}

/* Reads "2026-11-20", "2026/11/20". */
static bool scan_iso_date(const char *p, char between, struct wall *wall)
{
	wall->year = four_digits(p);
	wall->month = two_digits(p + 5);
	wall->day = two_digits(p + 8);
	return wall->year >= 1970 && p[4] == between && p[7] == between;
}

/* Reads "20-Nov-2026 ", "20/Nov/2026 ", "20/Nov/2026:". */
static bool scan_dmy_date(const char *p, char between, struct wall *wall)
{
	wall->day = two_digits(p);
	wall->month = month_of(p + 3);
	wall->year = four_digits(p + 7);
	return p[2] == between && wall->month > 0 && p[6] == between && wall->year >= 1970 &&
	       (p[11] == ' ' || p[11] == ':');
}

/*
 * Reads "13:37" or "2026 13:37" after the n bytes of month and day at p. len: at least n + 5. Returns the whole length,
 * or 0.
 */
static size_t scan_time_or_year(const char *p, size_t len, size_t n, struct wall *wall)
{
	if (scan_time(p + n, wall))
		return n + 5;
	if (len < n + 13)
		return 0;
	wall->year = four_digits(p + n);
	return wall->year >= 1970 && p[n + 4] == ' ' && scan_time(p + n + 5, wall) ? n + 10 : 0;
}

/* Reads a stamp that begins with a month name in another language. Returns the length, or 0. */
static size_t scan_other_month(const char *p, size_t len, struct wall *wall)
{
	const char *const blank = memchr(p, ' ', len < MONTHS_NAME_MAX ? len : MONTHS_NAME_MAX);
	size_t n, day;

	if (blank == NULL || len < (size_t)(blank - p) + STAMP_MIN)
		return 0;
	n = (size_t)(blank - p) + 1;
	day = scan_day(p + n, wall);
	if (day == 0)
		return 0;
	wall->year = 0;
	wall->month = months_find(p, n - 1);
	return wall->month == 0 ? 0 : scan_time_or_year(p, len, n + day, wall);
}

/* Reads a stamp that begins with a digit. len: at least 19. */
static size_t scan_date_first(const char *p, size_t len, struct wall *wall, enum stamp_form *form)
{
	if (scan_iso_date(p, '-', wall)) {
		*form = p[10] == 'T' ? STAMP_RFC3339 : STAMP_BLANK;
		return (p[10] == 'T' || p[10] == ' ') && scan_time(p + 11, wall) ? 16 : 0;
	}
	if (scan_iso_date(p, '/', wall)) {
		*form = STAMP_NGINX;
		return p[10] == ' ' && scan_time(p + 11, wall) ? 16 : 0;
	}
	*form = scan_dmy_date(p, '-', wall) ? STAMP_PHP : STAMP_KERIO;
	if (*form == STAMP_KERIO && !scan_dmy_date(p, '/', wall))
		return 0;
	return len >= 20 && scan_time(p + 12, wall) ? 17 : 0;
}

/* Reads a stamp that begins with a day of the week. len: at least 19. */
static size_t scan_weekday_first(const char *p, size_t len, struct wall *wall, enum stamp_form *form)
{
	const size_t n = scan_month_day(p + 4, wall);

	wall->year = 0;
	if (n > 0) {
		*form = STAMP_CTIME;
		return scan_time(p + 4 + n, wall) ? 4 + n + 5 : 0;
	}
	*form = STAMP_FULL;
	return len >= 23 && scan_iso_date(p + 4, '-', wall) && p[14] == ' ' && scan_time(p + 15, wall) ? 20 : 0;
}

/* Reads a stamp up to its minute. Returns its length so far, or 0. */
static size_t scan_minute(const char *p, size_t len, struct wall *wall, enum stamp_form *form)
{
	size_t n;

	wall->year = 0;
	if (len < STAMP_MIN)
		return 0;
	*form = STAMP_SYSLOG;
	if (is_upper(p[0]) && (n = scan_month_day(p, wall)) > 0)
		return scan_time_or_year(p, len, n, wall);
	if (len >= 19 && is_digit(p[0]) && (n = scan_date_first(p, len, wall, form)) > 0)
		return n;
	if (len >= 19 && is_weekday(p))
		return scan_weekday_first(p, len, wall, form);
	*form = STAMP_SYSLOG;
	return scan_other_month(p, len, wall);
}

/* Returns the length of "+0100", "+01:00" or "+01"; 0 if it is no offset. */
static size_t scan_offset(const char *p, size_t len)
{
	size_t n = 3;

	if (len < 3 || (*p != '+' && *p != '-') || two_digits(p + 1) < 0 || two_digits(p + 1) > 23)
		return 0;
	if (len > n && p[n] == ':')
		n++;
	if (len >= n + 2 && two_digits(p + n) >= 0)
		return two_digits(p + n) < 60 ? n + 2 : 0;
	return n == 3 ? 3 : 0;
}

/* Returns the length of what belongs to the stamp after its seconds: a zone, or ctime's year; 0 if nothing. */
static size_t scan_tail(enum stamp_form form, const char *p, size_t len)
{
	size_t n = 1;

	switch (form) {
	case STAMP_SYSLOG:
	case STAMP_NGINX:
	case STAMP_TAI64N:
		return 0;
	case STAMP_RFC3339:
	case STAMP_COMMA:
		return len > 0 && *p == 'Z' ? 1 : scan_offset(p, len);
	case STAMP_FULL:
	case STAMP_BLANK:
	case STAMP_BLANK_COMMA:
	case STAMP_PHP:
	case STAMP_KERIO:
		if (len == 0 || *p != ' ')
			return 0;
		if (form == STAMP_FULL)
			while (n < len && n < LINE_TAIL_MAX && is_upper(p[n]))
				n++;
		if (n == 1)
			n += scan_offset(p + 1, len - 1);
		return n > 1 ? n : 0;
	case STAMP_CTIME:
		return len >= 5 && *p == ' ' && four_digits(p + 1) >= 1970 ? 5 : 0;
	}
	return 0;
}

/* Computes the Unix seconds of the minute that wall shows; tail: as found by scan_tail. */
static bool dated_seconds(const struct line_clock *clock, enum stamp_form form, struct wall wall, struct span tail,
                          int64_t *ret)
{
	if (form == STAMP_CTIME) {
		wall.year = four_digits(tail.p + 1);
		tail.len = 0;
	} else if (tail.len > 0 && *tail.p == ' ') {
		tail.p++;
		tail.len--;
	}
	return date_exists(&wall) && minute_seconds(clock, wall, tail, ret);
}

/* Reads a stamp of journalctl -o short-unix: "1795184163.123456". */
static const char *read_unix(struct line_clock *clock, const char *p, const char *end, struct stamp *ret)
{
	const char *const start = p;
	int64_t time_s = 0;
	const char *dot;

	for (; p < end && p - start < 11 && is_digit(*p); p++)
		time_s = time_s * 10 + (*p - '0');
	if (p - start < 9 || end - p < 7 || *p != '.')
		return NULL;
	for (dot = p++; p < end && p - dot < 7 && is_digit(*p); p++)
		;
	if (p - dot != 7)
		return NULL;
	clock->stamp.len = 0; /* the stamp in memory is no longer that of the line before */
	*ret = (struct stamp){time_s, STAMP_SYSLOG};
	return p;
}

const char *stamp_read_tai64n(const char *p, const char *end, struct stamp *ret)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t seconds = 0;

	if (end - p < 1 + TAI64N_DIGITS || *p++ != '@')
		return NULL;
	for (int i = 0; i < TAI64N_DIGITS; i++) {
		const char *const digit = memchr(digits, p[i], sizeof digits - 1);

		if (digit == NULL)
			return NULL;
		if (i < TAI64N_SECONDS)
			seconds = seconds << 4 | (uint64_t)(digit - digits);
	}
	if (seconds < TAI64N_1970 || seconds - TAI64N_1970 > UINT32_MAX)
		return NULL; /* before 1970, or after 2106 */
	*ret = (struct stamp){(int64_t)(seconds - TAI64N_1970), STAMP_TAI64N};
	return p + TAI64N_DIGITS;
}

/* Remembers a stamp, unless the byte after its tail would not distinguish it from another one. end: of the line. */
static void remember(struct line_clock *clock, const char *start, size_t minute_len, struct span fraction,
                     struct span tail, const char *end, enum stamp_form form, int64_t minute_s)
{
	struct line_stamp *const m = &clock->stamp;
	const char *const behind = tail.p + tail.len;

	m->len = 0;
	if (fraction.len > FRACTION8_MAX || (fraction.len > 0 && *fraction.p != '.') || behind == end ||
	    (*behind != ' ' && *behind != ']'))
		return;
	m->len = (uint8_t)(minute_len + SECOND_LEN + FRACTION8_MAX); /* <= LINE_MINUTE_MAX + 11 */
	m->minute_len = (uint8_t)minute_len;                         /* <= LINE_MINUTE_MAX */
	m->fraction_len = (uint8_t)fraction.len;                     /* <= FRACTION8_MAX */
	m->tail_len = (uint8_t)tail.len;                             /* <= LINE_TAIL_MAX */
	m->form = (uint8_t)form;
	memcpy(m->minute, start, minute_len);
	m->minute_head = prefix16_head(start, minute_len);
	m->tail_head = prefix16_head(tail.p, tail.len + 1);
	m->fraction_mask = fraction8_mask(fraction.len);
	m->minute_s = minute_s;
}

const char *stamp_read_again(const struct line_clock *clock, const char *p, const char *end, struct stamp *ret)
{
	const struct line_stamp *const m = &clock->stamp;
	size_t len = (size_t)(end - p);
	int second;

	if (m->len == 0 || len < m->len || !prefix16_begin(prefix16_of(p, len), &m->minute_head) ||
	    (m->minute_len > PREFIX16_BYTES &&
	     memcmp(p + PREFIX16_BYTES, m->minute + PREFIX16_BYTES, m->minute_len - PREFIX16_BYTES) != 0))
		return NULL;
	p += m->minute_len + SECOND_LEN;
	len -= m->minute_len + SECOND_LEN;
	second = two_digits(p - 2);
	if (p[-3] != ':' || second < 0 || second > SECOND_MAX)
		return NULL;
	if (!fraction8_is(p, m->fraction_mask))
		return NULL;
	p += m->fraction_len;
	len -= m->fraction_len;
	if (!prefix16_begin(prefix16_of(p, len), &m->tail_head))
		return NULL;
	p += m->tail_len;
	if (m->tail_len == 0 && len > 1 && (p[1] == '+' || p[1] == '-')) /* this one has a zone, the other had none */
		return NULL;
	*ret = (struct stamp){m->minute_s + second, m->form};
	return p;
}

const char *stamp_read(struct line_clock *clock, const char *p, const char *end, struct stamp *ret)
{
	const char *const start = p, *const again = stamp_read_again(clock, p, end, ret);
	struct span fraction, tail;
	struct wall wall = {0};
	enum stamp_form form;
	int64_t minute_s;
	size_t minute_len;
	int second;

	if (again != NULL)
		return again;
	minute_len = scan_minute(p, (size_t)(end - p), &wall, &form);
	if (minute_len == 0)
		return read_unix(clock, p, end, ret);
	p += minute_len;
	if (end - p < SECOND_LEN || *p != ':')
		return NULL;
	second = two_digits(p + 1);
	if (second < 0 || second > SECOND_MAX)
		return NULL;
	p += SECOND_LEN;
	ret->form = form;
	fraction = (struct span){p, 0};
	if (end - p >= 2 && (*p == '.' || (*p == ',' && (form == STAMP_RFC3339 || form == STAMP_BLANK))) &&
	    is_digit(p[1])) {
		if (*p == ',')
			ret->form = form == STAMP_BLANK ? STAMP_BLANK_COMMA : STAMP_COMMA;
		for (p += 2; p < end && is_digit(*p); p++)
			;
		fraction.len = (size_t)(p - fraction.p);
	}
	tail = (struct span){p, scan_tail(form, p, (size_t)(end - p))};
	if ((tail.len == 0 && (form == STAMP_CTIME || form == STAMP_FULL)) ||
	    !dated_seconds(clock, form, wall, tail, &minute_s))
		return NULL;
	remember(clock, start, minute_len, fraction, tail, end, form, minute_s);
	ret->time_s = minute_s + second;
	return p + tail.len;
}
