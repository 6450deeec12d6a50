/*
 * run8: finds the end of a run of digits, or of the characters of a tag's name, eight bytes at once.
 *
 * Private to the folder. Nearly every line has a tag with a process id, so this runs for nearly every line; where a
 * loop over bytes ends is different each time, which processors predict badly. It treats eight bytes as one number
 * (SIMD within a register), as in fraction8.h. Each test sets the highest bit of a byte that does not belong to the
 * run: of one above the last allowed by adding, of one below the first by subtracting, of one particular byte by XOR,
 * which makes it 0, and subtracting 1. A sum that overflows its byte, or a difference below 0, changes only the bytes
 * after it, and only the first such byte is looked for. Pure. Verified by tests/unit/input/run8.c with every byte in
 * every position.
 */
#ifndef WFS_INPUT_RUN8_H
#define WFS_INPUT_RUN8_H

#include <stdbool.h>
#include <stdint.h>

#include "base/prefix16.h"

enum { RUN8_BYTES = 8 };

#define RUN8_EACH UINT64_C(0x0101010101010101) /* times a byte: that byte in each place */

/* Returns how many bytes come before the first whose highest bit is set. */
static inline unsigned run8_before(uint64_t stops)
{
	stops &= 0x80 * RUN8_EACH;
	return stops == 0 ? RUN8_BYTES : (unsigned)__builtin_ctzll(stops) / 8;
}

/* Returns the end of a run that begins at p; eight and one: the two functions of its kind. Inlined with them. */
static inline const char *run8_skip(const char *p, const char *end, unsigned (*eight)(const char *), bool (*one)(char))
{
	while (end - p >= RUN8_BYTES) {
		const unsigned n = eight(p);

		p += n;
		if (n < RUN8_BYTES)
			return p;
	}
	while (p < end && one(*p))
		p++;
	return p;
}

/* Returns how many of the eight bytes at p are digits, up to the first that is not. */
static inline unsigned run8_digits(const char *p)
{
	const uint64_t bytes = prefix16_load8(p);

	return run8_before(bytes | (bytes + (0x7F - '9') * RUN8_EACH) | (bytes - '0' * RUN8_EACH));
}

/* A tag's name has the printable characters of ASCII but ':', '[', ']' and the blank. */
static inline bool run8_is_of_name(char c)
{
	return c > ' ' && c <= '~' && c != ':' && c != '[' && c != ']';
}

/* Returns how many of the eight bytes at p may be in a tag's name, up to the first that may not. */
static inline unsigned run8_name(const char *p)
{
	const uint64_t bytes = prefix16_load8(p);
	uint64_t stops = bytes | (bytes + (0x7F - '~') * RUN8_EACH) | (bytes - '!' * RUN8_EACH);

	stops |= (bytes ^ ':' * RUN8_EACH) - RUN8_EACH;
	stops |= (bytes ^ '[' * RUN8_EACH) - RUN8_EACH;
	stops |= (bytes ^ ']' * RUN8_EACH) - RUN8_EACH;
	return run8_before(stops);
}

#endif
