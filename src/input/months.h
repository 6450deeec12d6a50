/*
 * months: abbreviated names of months as strftime's "%b" writes them in other languages than English.
 *
 * journalctl and some daemons write stamps in the language of whoever ran them. Known: the languages of
 * Europe and East Asia of the C library's locales in which no abbreviation means another month elsewhere;
 * Croatian is left out, whose "lis" is October and not November. Pure. Source: glibc 2.36,
 * localedata/locales, abmon and ab_alt_mon.
 */
#ifndef WFS_INPUT_MONTHS_H
#define WFS_INPUT_MONTHS_H

#include <stddef.h>

/* 1 to 12 when the len bytes at p are such a name, all of them but for a dot at the end; else 0. */
int months_find(const char *p, size_t len);

#endif
