/*
 * times: a time as fail2ban writes it: "600", "10m", "1h 30m", "1week 2 days", "1year+6mo", "60*60*24"; "-1" is for
 * ever.
 *
 * Pure. A month is 30.4375 days and a year 365.25, as there. Source: server/mytime.py, str2seconds, of fail2ban 1.0,
 * which evaluates an expression; only sums of products are read here.
 */
#ifndef WFS_IMPORT_TIMES_H
#define WFS_IMPORT_TIMES_H

#include <stdbool.h>
#include <stdint.h>

/* Seconds, at most 100 years of them; -1: for ever. False: it is no time. */
bool times_parse(const char *text, int64_t *ret_s);

#endif
