/*
 * duration: reads and writes durations and points in time as people write them.
 */
#ifndef WFS_BASE_DURATION_H
#define WFS_BASE_DURATION_H

#include <stdbool.h>
#include <stdint.h>

enum {
	DURATION_MAX_S = 10 * 366 * 86400, /* ten years */
	DURATION_TEXT_MAX = 32,
	TIME_TEXT_MAX = 24,
	TIME_LOCAL_MAX = 40,
};

/*
 * Reads "90", "90s", "10m", "1h", "7d", "2w" and sums of them ("1h30m"): 0 seconds to ten years. Returns false and
 * leaves *ret_s unchanged for anything else.
 */
bool duration_parse(const char *text, int64_t *ret_s);

/* Writes the shortest text that duration_parse reads back: "10m", "1d12h", "0s". s must be >= 0. */
void duration_text(int64_t s, char out[static DURATION_TEXT_MAX]);

/* Like duration_text, but truncated to the two largest units: "59m59s", "6d23h" for 6d23h59m59s. */
void duration_short_text(int64_t s, char out[static DURATION_TEXT_MAX]);

/* Writes RFC 3339 in UTC: "2026-11-20T13:37:42Z"; "-" outside the years 0..9999. */
void time_text(int64_t time_s, char out[static TIME_TEXT_MAX]);

/*
 * Writes a time for people: "2026-11-20 14:37:42 CET", in the time zone of the process (TZ, /etc/localtime), or in UTC
 * if utc is true. Writes "-" outside the years 0..9999.
 */
void time_local_text(int64_t time_s, bool utc, char out[static TIME_LOCAL_MAX]);

/*
 * Reads RFC 3339 and similar: "2026-11-20" (its first second), "2026-11-20T13:37:42Z", "2026-11-20 14:37:42+01:00". A
 * time without a zone is in the zone that time_local_text uses. Returns false and leaves *ret_s unchanged for anything
 * else.
 */
bool time_parse(const char *text, bool utc, int64_t *ret_s);

#endif
