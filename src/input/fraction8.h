/*
 * fraction8: is this a "." and so many digits? Up to eight bytes are seen at once.
 *
 * Private to the folder. Most stamps of a log differ from the one before in their fraction of a second only, so this is
 * checked for nearly every line. How: eight bytes are one number (SIMD within a register). XOR with ".0000000" makes 0
 * of the "." and 0 to 9 of each digit; of any other byte it makes one whose upper half is not 0, or 10 to 15, to which
 * 6 added makes the upper half 1. A sum that overflows its byte changes only bytes behind it, and that byte itself is
 * refused by its upper half. Pure. Proven by tests/unit/input/fraction8.c with every byte in every place.
 */
#ifndef WFS_FRACTION8_H
#define WFS_FRACTION8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/prefix16.h"

enum { FRACTION8_MAX = 8 }; /* bytes: ".1234567" */

/* Which bits must be 0 in the end, for a fraction of len bytes: all of the first byte's, the upper half of
 * the others'. */
static inline uint64_t fraction8_mask(size_t len)
{
	const uint64_t upper_halves = UINT64_C(0xF0F0F0F0F0F0F0F0);

	return len == 0 ? 0 : UINT64_MAX >> 8 * (FRACTION8_MAX - len) & (upper_halves | 0xFF);
}

/* True when the bytes at p that mask is about are a "." and digits; mask 0: always. Eight bytes can be read
 * at p. */
static inline bool fraction8_is(const char *p, uint64_t mask)
{
	const uint64_t shape = UINT64_C(0x3030303030303000) | '.'; /* ".0000000" */
	const uint64_t six_each = UINT64_C(0x0606060606060600);    /* for the digits */
	const uint64_t digits = prefix16_load8(p) ^ shape;

	return ((digits | (digits + six_each)) & mask) == 0;
}

#endif
