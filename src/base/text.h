/*
 * text: handles untrusted bytes: spans, escaping for display, and "did you mean" suggestions.
 *
 * A span is part of a buffer that somebody else owns: never NUL-ended, any bytes, valid as long as the buffer is.
 * Everything that is printed, logged or stored goes through text_escape first.
 */
#ifndef WFS_BASE_TEXT_H
#define WFS_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct span {
	const char *p; /* NULL if there is no such text; len is 0 then */
	size_t len;
};

/* Converts an ASCII capital to lower case, independent of the locale. */
static inline char text_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Returns true if the span is exactly the NUL-ended word. */
bool span_is(struct span span, const char *word);

/* The same, whatever the case of ASCII letters. */
bool span_is_nocase(struct span span, const char *word);

/* Compares spans by their bytes, for qsort(3) and bsearch(3). */
int span_order(const void *a, const void *b);

/* Returns the span without trailing blanks: those of ISO 8859-1, including C1's NEL and C0's separators. */
struct span span_trim(struct span span);

/*
 * Writes in to out, NUL-ended: printable ASCII and well-formed UTF-8 (RFC 3629) stay; control characters (C0, DEL, C1),
 * U+2028/9, the Unicode bidi controls and bytes that are not UTF-8 become \xHH. Truncates with "..." if it does not
 * fit.
 * cap: bytes at out, at least 8. Returns the length written, without the NUL.
 */
size_t text_escape(struct span in, char *out, size_t cap);

/* Finds the index of the word in a list of n words; returns false if it is not there. */
bool text_find(const char *word, const char *const words[], size_t n, size_t *ret);

/* Writes the n words as "one, two, three"; leaves out those that do not fit into cap bytes. Returns out. */
const char *text_list(const char *const words[], size_t n, char *out, size_t cap);

/*
 * Returns the word of the list that a person may have meant by word: the one with the smallest edit distance, at most a
 * third of the word's length. Returns NULL if none is near. words: NULL-ended.
 */
const char *text_nearest(const char *word, const char *const words[]);

#endif
