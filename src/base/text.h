/*
 * text: untrusted bytes, split and escaped for display; and the word that was meant.
 *
 * A span is a piece of another owner's buffer: never NUL-ended, any bytes, valid as long as the
 * buffer is. Everything printed, logged or stored goes through text_escape first.
 */
#ifndef WFS_TEXT_H
#define WFS_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct span {
	const char *p; /* NULL when there is no such piece; len is 0 then */
	size_t len;
};

/* ASCII's capital letters become small ones; in every locale. */
static inline char text_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* True when the piece is exactly the NUL-ended word. */
bool span_is(struct span span, const char *word);

/* By their bytes, for qsort(3) and bsearch(3) of spans. */
int span_order(const void *a, const void *b);

/* Without the blanks at its end: those of ISO 8859-1, C1's NEL included, and C0's separators. */
struct span span_trim(struct span span);

/*
 * Writes in to out, NUL-ended: printable ASCII and well-formed UTF-8 (RFC 3629) stay; control
 * characters (C0, DEL, C1), U+2028/9, the Unicode bidi controls and bytes that are not UTF-8 become
 * \xHH. Cut with "..." when it does not fit.
 * cap: bytes at out, at least 8. Returns the length written.
 */
size_t text_escape(struct span in, char *out, size_t cap);

/* The index of the word in a list of n; false: it is not there. */
bool text_find(const char *word, const char *const words[], size_t n, size_t *ret);

/* The n words as "one, two, three"; those that do not fit into cap bytes are left out. Returns out. */
const char *text_list(const char *const words[], size_t n, char *out, size_t cap);

/*
 * The word of the list that a person may have meant by word: smallest edit distance, at most a third of
 * the word's length; NULL when none is near. words: NULL-ended.
 */
const char *text_nearest(const char *word, const char *const words[]);

#endif
