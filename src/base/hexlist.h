/*
 * hexlist: some 32-bit numbers as text: eight lower-case hexadecimal digits each, ascending, nothing between
 * them.
 *
 * Pure. One text for each list, so that it can be signed.
 */
#ifndef WFS_HEXLIST_H
#define WFS_HEXLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum {
	HEXLIST_MAX = 40, /* numbers: a message with them fits into a line of the control socket */
	HEXLIST_DIGITS = 8,
	HEXLIST_TEXT_MAX = HEXLIST_MAX * HEXLIST_DIGITS + 1,
};

struct hexlist {
	size_t n;
	uint32_t numbers[HEXLIST_MAX];
};

/* One of 1..8 lower-case digits. False: it is none, and *ret is unchanged. */
bool hexlist_number(const char *digits, size_t n_digits, uint32_t *ret);

/* Of 1..HEXLIST_MAX numbers. False: it is none, and *ret is unchanged. */
bool hexlist_parse(struct span text, struct hexlist *ret);

/* NUL-ended. */
void hexlist_text(const struct hexlist *list, char out[static HEXLIST_TEXT_MAX]);

#endif
