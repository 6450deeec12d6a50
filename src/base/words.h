/*
 * words: the first bytes of a text as two numbers, for comparing them at once.
 *
 * Most lines of a log begin like the line before or like many others; a call of memcmp for each such question took
 * a tenth of the time of a replay. Pure.
 */
#ifndef WFS_WORDS_H
#define WFS_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { WORDS_BYTES = 16 };

struct words {
	uint64_t front, back;
};

/* len bytes at p, the first WORDS_BYTES of them; zeros behind their end. */
static inline struct words words_of(const char *p, size_t len)
{
	struct words words = {0, 0};

	if (len >= WORDS_BYTES) { /* two copies: one of 16 bytes would be read back before it is written (measured) */
		memcpy(&words.front, p, 8);
		memcpy(&words.back, p + 8, 8);
	} else if (len > 0) {
		memcpy(&words, p, len);
	}
	return words;
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
