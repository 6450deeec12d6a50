/*
 * duration: spans of time and points in time as people write them.
 */
#ifndef WFS_DURATION_H
#define WFS_DURATION_H

#include <stdbool.h>
#include <stdint.h>

enum {
	DURATION_TEXT_MAX = 32,
	TIME_TEXT_MAX = 24,
};

/*
 * Reads "90", "90s", "10m", "1h", "7d", "2w" and sums of them ("1h30m"): seconds >= 0, at most ten
 * years. Returns false, *ret_s untouched, for anything else.
 */
bool duration_parse(const char *text, int64_t *ret_s);

/* The shortest text duration_parse reads back: "10m", "1d12h", "0s". s >= 0. */
void duration_text(int64_t s, char out[static DURATION_TEXT_MAX]);

/* RFC 3339 in UTC: "2026-11-20T13:37:42Z"; "-" outside the years 0..9999. */
void time_text(int64_t time_s, char out[static TIME_TEXT_MAX]);

#endif
