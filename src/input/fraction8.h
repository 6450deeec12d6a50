/*
 * fraction8: tests for a "." and a number of digits, up to eight bytes at once.
 *
 * Private to the folder. Most stamps of a log differ from the previous one only in the fraction of a second, so this
 * test runs for nearly every line. It treats eight bytes as one number (SIMD within a register). XOR with ".0000000"
 * turns the "." into 0 and each digit into 0 to 9. It turns any other byte into one whose upper half is not 0, or into
 * 10 to 15; adding 6 makes the upper half of the latter 1. A sum that overflows its byte changes only the bytes after
 * it, and the byte itself is already rejected by its upper half. Pure. Verified by tests/unit/input/fraction8.c with
 * every byte in every position.
 */
#ifndef WFS_INPUT_FRACTION8_H
#define WFS_INPUT_FRACTION8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/prefix16.h"

enum { FRACTION8_MAX = 8 }; /* bytes: ".1234567" */

/*
 * Returns the bits that must be 0 in the end for a fraction of len bytes: all bits of the first byte, and the upper
 * halves of the others.
 */
static inline uint64_t fraction8_mask(size_t len)
{
	const uint64_t upper_halves = UINT64_C(0xF0F0F0F0F0F0F0F0);

	return len == 0 ? 0 : UINT64_MAX >> 8 * (FRACTION8_MAX - len) & (upper_halves | 0xFF);
}

/*
 * Returns true if the bytes at p that mask covers are a "." and digits; always true for mask 0. Eight bytes at p must
 * be readable.
 */
static inline bool fraction8_is(const char *p, uint64_t mask)
{
	const uint64_t shape = UINT64_C(0x3030303030303000) | '.'; /* ".0000000" */
	const uint64_t six_each = UINT64_C(0x0606060606060600);    /* added to the digits */
	const uint64_t digits = prefix16_load8(p) ^ shape;

	return ((digits | (digits + six_each)) & mask) == 0;
}

#endif
