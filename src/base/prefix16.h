/*
 * prefix16: the first 16 bytes of a text as two numbers, for fast comparison.
 *
 * Most lines of a log begin like the line before or like many others; calling memcmp for each such comparison took a
 * tenth of the time of a replay. Pure.
 */
#ifndef WFS_BASE_PREFIX16_H
#define WFS_BASE_PREFIX16_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { PREFIX16_BYTES = 16 };

/* The first byte is the lowest byte of front. */
struct prefix16 {
	uint64_t front, back;
};

static inline uint64_t prefix16_load8(const char *p)
{
	uint64_t eight;

	memcpy(&eight, p, sizeof eight);
	return le64toh(eight);
}

static inline uint32_t prefix16_load4(const char *p)
{
	uint32_t four;

	memcpy(&four, p, sizeof four);
	return le32toh(four);
}

/*
 * Loads the first PREFIX16_BYTES of the len bytes at p, padded with zeros. It never copies into the result with memcpy:
 * reading back as a whole what was written in parts costs more than all of this (measured).
 */
static inline struct prefix16 prefix16_of(const char *p, size_t len)
{
	uint64_t front = 0;

	if (len >= PREFIX16_BYTES)
		return (struct prefix16){prefix16_load8(p), prefix16_load8(p + 8)};
	if (len > 8) /* the last eight bytes, shifted past those that front has */
		return (struct prefix16){prefix16_load8(p), prefix16_load8(p + len - 8) >> 8 * (PREFIX16_BYTES - len)};
	if (len == 8)
		return (struct prefix16){prefix16_load8(p), 0};
	if (len >= 4)
		return (struct prefix16){prefix16_load4(p) | (uint64_t)prefix16_load4(p + len - 4) << 8 * (len - 4), 0};
	for (size_t i = 0; i < len; i++)
		front |= (uint64_t)(unsigned char)p[i] << 8 * i;
	return (struct prefix16){front, 0};
}

static inline bool prefix16_equal(struct prefix16 a, struct prefix16 b)
{
	return ((a.front ^ b.front) | (a.back ^ b.back)) == 0;
}

/* A text that others are compared with: do they begin with it? */
struct prefix16_head {
	struct prefix16 words, mask;
};

static inline struct prefix16_head prefix16_head(const char *p, size_t len)
{
	static const char ones[PREFIX16_BYTES] = "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF";

	return (struct prefix16_head){prefix16_of(p, len),
	                              prefix16_of(ones, len < PREFIX16_BYTES ? len : PREFIX16_BYTES)};
}

/* Returns true if text begins with the first PREFIX16_BYTES of head's text. head's text must not contain NUL bytes. */
static inline bool prefix16_begin(struct prefix16 text, const struct prefix16_head *head)
{
	return (((text.front & head->mask.front) ^ head->words.front) |
	        ((text.back & head->mask.back) ^ head->words.back)) == 0;
}

#endif
