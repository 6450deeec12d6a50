/*
 * months: recognises month names as strftime's "%b" and "%B" write them in languages other than English.
 *
 * Private to the folder. journalctl and some daemons write stamps in the language of the user who ran them. The table
 * has the languages of Europe and East Asia, and Kazakh, from the C library's locales, as long as no abbreviation means
 * a different month in another language. Croatian is left out: its "lis" is October, not November. A longer name is
 * recognised by the longest known beginning; capitals and small letters are equivalent. Pure. Source: glibc 2.36,
 * localedata/locales, abmon, ab_alt_mon and mon.
 */
#ifndef WFS_INPUT_MONTHS_H
#define WFS_INPUT_MONTHS_H

#include <stddef.h>

enum { MONTHS_NAME_MAX = 24 }; /* bytes of a name and its dot */

/*
 * Returns 1 to 12 if the len bytes at p begin with such a name and are one word, apart from a dot at the end; else 0.
 */
int months_find(const char *p, size_t len);

#endif
