/*
 * hexlist: a list of 32-bit numbers as text: eight lower-case hexadecimal digits each, ascending, with no separator.
 *
 * Pure. Each list has exactly one text, so that it can be signed.
 */
#ifndef WFS_BASE_HEXLIST_H
#define WFS_BASE_HEXLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum {
	HEXLIST_MAX = 40, /* numbers: a message with them fits into one line of the control socket */
	HEXLIST_DIGITS = 8,
	HEXLIST_TEXT_MAX = HEXLIST_MAX * HEXLIST_DIGITS + 1,
};

struct hexlist {
	size_t n;
	uint32_t numbers[HEXLIST_MAX];
};

/* Reads one number of 1..8 lower-case digits. Returns false and leaves *ret unchanged if it is invalid. */
bool hexlist_number(const char *digits, size_t n_digits, uint32_t *ret);

/* Reads a list of 1..HEXLIST_MAX numbers. Returns false and leaves *ret unchanged if it is invalid. */
bool hexlist_parse(struct span text, struct hexlist *ret);

/* Writes the list, NUL-ended. */
void hexlist_text(const struct hexlist *list, char out[static HEXLIST_TEXT_MAX]);

#endif
