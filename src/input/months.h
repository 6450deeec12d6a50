/*
 * months: names of months as strftime's "%b" and "%B" write them in other languages than English.
 *
 * Private to the folder. journalctl and some daemons write stamps in the language of the user that ran them. Known: the
 * languages of Europe and East Asia, and Kazakh, of the C library's locales in which no abbreviation means another
 * month elsewhere; Croatian is left out, whose "lis" is October and not November. A longer name is known by its
 * beginning, the longest that is known; capitals are as good as small letters. Pure. Source: glibc 2.36,
 * localedata/locales, abmon, ab_alt_mon and mon.
 */
#ifndef WFS_INPUT_MONTHS_H
#define WFS_INPUT_MONTHS_H

#include <stddef.h>

enum { MONTHS_NAME_MAX = 24 }; /* bytes of a name and its dot */

/* 1 to 12 when the len bytes at p begin like such a name and are one word, but for a dot at the end; else 0. */
int months_find(const char *p, size_t len);

#endif
