/*
 * categories: the names of the kinds of hostile lines, and of events that count like them.
 *
 * A rule has one of the first CATEGORIES_OF_RULES. The daemon itself assigns the others: a flood of connections, a
 * manual block, a vote, a network with many hostile addresses, and "other" for a category of another host that this one
 * does not know.
 */
#ifndef WFS_BASE_CATEGORIES_H
#define WFS_BASE_CATEGORIES_H

enum { CATEGORIES_OF_RULES = 11, CATEGORIES_N = 16 };

extern const char *const categories[CATEGORIES_N + 1]; /* ends with NULL */

#endif
