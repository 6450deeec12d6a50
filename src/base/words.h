/*
 * words: the first bytes of a text as two numbers, for comparing them at once.
 *
 * Most lines of a log begin like the line before or like many others; a call of memcmp for each such question took
 * a tenth of the time of a replay. Pure.
 */
#ifndef WFS_WORDS_H
#define WFS_WORDS_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { WORDS_BYTES = 16 };

/* The first byte is the lowest of front. */
struct words {
	uint64_t front, back;
};

static inline uint64_t words_load8(const char *p)
{
	uint64_t eight;

	memcpy(&eight, p, sizeof eight);
	return le64toh(eight);
}

static inline uint32_t words_load4(const char *p)
{
	uint32_t four;

	memcpy(&four, p, sizeof four);
	return le32toh(four);
}

/*
 * len bytes at p, the first WORDS_BYTES of them; zeros behind their end. Never by a copy into the result: reading back as a
 * whole what was written in pieces costs more than all of this (measured).
 */
static inline struct words words_of(const char *p, size_t len)
{
	uint64_t front = 0;

	if (len >= WORDS_BYTES)
		return (struct words){words_load8(p), words_load8(p + 8)};
	if (len > 8) /* the last eight, without those that front has */
		return (struct words){words_load8(p), words_load8(p + len - 8) >> 8 * (WORDS_BYTES - len)};
	if (len == 8)
		return (struct words){words_load8(p), 0};
	if (len >= 4)
		return (struct words){words_load4(p) | (uint64_t)words_load4(p + len - 4) << 8 * (len - 4), 0};
	for (size_t i = 0; i < len; i++)
		front |= (uint64_t)(unsigned char)p[i] << 8 * i;
	return (struct words){front, 0};
}

static inline bool words_equal(struct words a, struct words b)
{
	return ((a.front ^ b.front) | (a.back ^ b.back)) == 0;
}

/* A text that others may begin with. */
struct words_head {
	struct words words, mask;
};

static inline struct words_head words_head(const char *p, size_t len)
{
	static const char ones[WORDS_BYTES] = "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF";

	return (struct words_head){words_of(p, len), words_of(ones, len < WORDS_BYTES ? len : WORDS_BYTES)};
}

/* True when text begins with the first WORDS_BYTES of head's. head's has no zeros. */
static inline bool words_begin(struct words text, const struct words_head *head)
{
	return (((text.front & head->mask.front) ^ head->words.front) |
	        ((text.back & head->mask.back) ^ head->words.back)) == 0;
}

#endif
