/*
 * plural: picks the word that goes with a number: "1 log", "2 logs".
 */
#ifndef WFS_BASE_PLURAL_H
#define WFS_BASE_PLURAL_H

#include <stdint.h>

/* Returns one if n is 1, else many (also for 0). Both are borrowed. */
static inline const char *plural(int64_t n, const char *one, const char *many)
{
	return n == 1 ? one : many;
}

#endif
