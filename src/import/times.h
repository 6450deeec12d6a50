/*
 * times: parses fail2ban's durations: "600", "10m", "1h 30m", "1week 2 days", "1year+6mo", "60*60*24"; "-1" is
 * infinite.
 *
 * Pure. A month has 30.4375 days and a year 365.25, as in fail2ban. Source: server/mytime.py, str2seconds, of
 * fail2ban 1.0. That function evaluates an expression; this one reads only sums of products.
 */
#ifndef WFS_IMPORT_TIMES_H
#define WFS_IMPORT_TIMES_H

#include <stdbool.h>
#include <stdint.h>

/* Parses text into seconds, at most 100 years; -1: infinite. Returns false if it is no duration. */
bool times_parse(const char *text, int64_t *ret_s);

#endif
