/*
 * categories: the names of the kinds of hostile lines, and of what is counted like them.
 *
 * A rule has one of the first CATEGORIES_OF_RULES; the daemon gives the others itself: a flood of connections, an order
 * by hand, a vote, a network of many hostile addresses, and what another host calls by a name that this one does not
 * have.
 */
#ifndef WFS_BASE_CATEGORIES_H
#define WFS_BASE_CATEGORIES_H

enum { CATEGORIES_OF_RULES = 11, CATEGORIES_N = 16 };

extern const char *const categories[CATEGORIES_N + 1]; /* ends with NULL */

#endif
