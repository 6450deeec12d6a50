/*
 * stamp: the time stamp at the head of a line, and what stamps leave out: the year and the zone.
 *
 * Private to the folder. Knows line's clock and the process's zone (TZ); never what follows the stamp, nor what time it
 * is now. Fast because lines come in order: the bytes up to the minute are compared with those of the line before, and
 * only another minute is computed again. The result is the same with and without that memory.
 *
 * Year, when the stamp has none: the latest in which it is at most half a year after the one before, which
 * is the year that brings it nearest; for the first stamp, at most a day after end_s. So Feb 29 falls in
 * the leap year nearest before.
 * Zone, when the stamp has none: local. An hour that comes twice is read as the first one, unless the
 * line before is already past that; an hour that is left out is counted on from the hour before it.
 * Months may be named in another language, see months.h.
 * Source: RFC 3164 and 3339; D. J. Bernstein's TAI64N and daemontools' tai64nlocal; journalctl(1) "short-full"; day
 * numbers as in H. Hinnant's days_from_civil.
 */
#ifndef WFS_STAMP_H
#define WFS_STAMP_H

#include "input/line.h"

enum stamp_form {
	STAMP_SYSLOG,      /* "Nov 20 13:37:42", "Nov 20 2026 13:37:42"; seconds since 1970 "1795184163.123456" */
	STAMP_FULL,        /* "Fri 2026-11-20 15:16:03 CET" */
	STAMP_RFC3339,     /* "2026-11-20T13:37:42.674459+00:00" */
	STAMP_COMMA,       /* the same with a comma for the dot, as only dmesg writes it */
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
 * Reads the stamp that begins at p. Returns where it ends, or NULL when there is none or its date cannot
 * be. Only the memory in clock changes: to continue from this stamp, the caller sets clock->last_s.
 */
const char *stamp_read(struct line_clock *clock, const char *p, const char *end, struct stamp *ret);

/* The same for a TAI64N stamp, of which nothing is remembered. */
const char *stamp_read_tai64n(const char *p, const char *end, struct stamp *ret);

#endif
