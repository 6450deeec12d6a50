/*
 * stamp: reads the time stamp at the head of a line, and derives what stamps leave out: the year and the zone.
 *
 * Private to the folder. Knows line's clock and the zone of the process (TZ); knows neither what follows the stamp nor
 * the current time. It is fast because lines come in order: the bytes up to the minute are compared with those of the
 * line before, and only a different minute is computed again. The result is the same with and without that memory.
 *
 * A stamp without a year gets the latest year in which it is at most half a year after the one before, which is the
 * year that brings it nearest; the first stamp may be at most a day after end_s. So Feb 29 falls in the nearest earlier
 * leap year.
 * A stamp without a zone is local time. An hour that occurs twice counts as the first one, unless the line before is
 * already past it; an hour that is skipped is counted on from the hour before it.
 * Months may be named in other languages, see months.h.
 * Source: RFC 3164 and 3339; D. J. Bernstein's TAI64N and daemontools' tai64nlocal; journalctl(1) "short-full"; day
 * numbers as in H. Hinnant's days_from_civil.
 */
#ifndef WFS_INPUT_STAMP_H
#define WFS_INPUT_STAMP_H

#include "input/line.h"

enum stamp_form {
	STAMP_SYSLOG,      /* "Nov 20 13:37:42", "Nov 20 2026 13:37:42"; seconds since 1970 "1795184163.123456" */
	STAMP_FULL,        /* "Fri 2026-11-20 15:16:03 CET" */
	STAMP_RFC3339,     /* "2026-11-20T13:37:42.674459+00:00" */
	STAMP_COMMA,       /* STAMP_RFC3339 with a comma instead of the dot, which only dmesg writes */
	STAMP_BLANK,       /* "2026-11-20 13:37:42.123 +0100" */
	STAMP_BLANK_COMMA, /* "2026-11-20 13:37:42,123" */
	STAMP_NGINX,       /* "2026/11/20 13:37:42" */
	STAMP_CTIME,       /* "Fri Nov 20 13:37:42 2026" */
	STAMP_PHP,         /* "20-Nov-2026 14:00:00 +0000" */
	STAMP_KERIO,       /* "20/Nov/2026 14:00:00", "20/Nov/2026:14:00:00 +0000" */
	STAMP_TAI64N,      /* "@4000000065a0c3d50ab01234" */
};

struct stamp {
	int64_t time_s; /* Unix seconds UTC */
	enum stamp_form form;
};

/*
 * Reads the stamp at p. Returns its end, or NULL if there is none or its date is impossible. Changes only the memory in
 * clock: to continue from this stamp, the caller sets clock->last_s.
 */
const char *stamp_read(struct line_clock *clock, const char *p, const char *end, struct stamp *ret);

/*
 * Returns the end of a stamp that differs from the one in memory only in its seconds and their fraction, or NULL.
 * stamp_read would return the same.
 */
const char *stamp_read_again(const struct line_clock *clock, const char *p, const char *end, struct stamp *ret);

/* Like stamp_read for a TAI64N stamp, which is not remembered. */
const char *stamp_read_tai64n(const char *p, const char *end, struct stamp *ret);

#endif
