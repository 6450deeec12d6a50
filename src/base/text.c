#include "base/text.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

bool span_is(struct span span, const char *word)
{
	const size_t len = strlen(word);

	return span.len == len && (len == 0 || memcmp(span.p, word, len) == 0);
}

bool span_is_nocase(struct span span, const char *word)
{
	const size_t len = strlen(word);

	return span.len == len && (len == 0 || strncasecmp(span.p, word, len) == 0);
}

int span_order(const void *a, const void *b)
{
	const struct span *const x = a, *const y = b;
	const size_t n = x->len < y->len ? x->len : y->len;
	const int order = n > 0 ? memcmp(x->p, y->p, n) : 0;

	return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

static bool is_blank(unsigned char c)
{
	return (c >= 9 && c <= 13) || (c >= 28 && c <= 32) || c == 0x85 || c == 0xA0;
}

struct span span_trim(struct span span)
{
	while (span.len > 0 && is_blank((unsigned char)span.p[span.len - 1]))
		span.len--;
	return span;
}

/* Returns how many bytes at p form one character that is safe to show; 0 if the first byte must be escaped. */
static size_t safe_char(const unsigned char *p, size_t n)
{
	unsigned code;
	size_t len;

	if (p[0] < 0x80)
		return p[0] >= 0x20 && p[0] != 0x7F;
	if (p[0] >= 0xC2 && p[0] <= 0xDF) {
		len = 2;
		code = p[0] & 0x1FU;
	} else if ((p[0] & 0xF0) == 0xE0) {
		len = 3;
		code = p[0] & 0x0FU;
	} else if (p[0] >= 0xF0 && p[0] <= 0xF4) {
		len = 4;
		code = p[0] & 0x07U;
	} else {
		return 0;
	}
	if (n < len)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3FU);
	}
	if (code < (len == 2 ? 0xA0U : len == 3 ? 0x800U : 0x10000U) || code > 0x10FFFF)
		return 0; /* C1 control, overlong or out of range */
	if (code >= 0xD800 && code <= 0xDFFF)
		return 0; /* surrogate */
	if (code == 0x061C || code == 0x200E || code == 0x200F || (code >= 0x2028 && code <= 0x202E) ||
	    (code >= 0x2066 && code <= 0x2069))
		return 0; /* line separators and bidi controls */
	return len;
}

/*
 * Sets the highest bit of a byte if one of the eight bytes is not printable ASCII: below 0x20, 0x7F, or 0x80 and above.
 */
static uint64_t special(const unsigned char *p)
{
	const uint64_t each = UINT64_C(0x0101010101010101), high = each * 0x80;
	uint64_t eight;

	memcpy(&eight, p, sizeof eight);
	return ((eight - each * 0x20) | ((eight ^ each * 0x7F) - each) | eight) & high;
}

/* Returns true if nothing needs escaping; len must be >= 8. */
static bool is_plain(const unsigned char *p, size_t len)
{
	uint64_t found = special(p + len - 8);

	for (size_t i = 0; i + 8 <= len; i += 8)
		found |= special(p + i);
	return found == 0;
}

size_t text_escape(struct span in, char *out, size_t cap)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *p = (const unsigned char *)(in.p != NULL ? in.p : "");
	const unsigned char *const end = p + in.len;
	size_t used = 0, mark = 0; /* mark: the last position where the dots still fit */

	assert(cap >= 8);
	if (in.len >= 8 && in.len < cap && is_plain(p, in.len)) { /* true for most lines */
		memcpy(out, p, in.len);
		out[in.len] = '\0';
		return in.len;
	}
	while (p < end) {
		const size_t len = safe_char(p, (size_t)(end - p)), need = len > 0 ? len : 4;

		if (used + need + 1 > cap) {
			memcpy(out + mark, "...", 3);
			used = mark + 3;
			break;
		}
		if (len > 0) {
			memcpy(out + used, p, len);
			p += len;
		} else {
			out[used] = '\\';
			out[used + 1] = 'x';
			out[used + 2] = hex[*p >> 4];
			out[used + 3] = hex[*p & 15];
			p++;
		}
		used += need;
		if (used + 4 <= cap)
			mark = used;
	}
	out[used] = '\0';
	return used;
}

/* Returns the edit distance; two swapped characters count as one mistake. Only short words are suggested. */
static size_t distance(const char *a, const char *b)
{
	enum { LEN_MAX = 63 };
	size_t rows[3][LEN_MAX + 1]; /* for the current character of a and the two before it, in rotation */
	const size_t n = strlen(b);
	size_t i = 0;

	if (strlen(a) > LEN_MAX || n > LEN_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= n; j++)
		rows[0][j] = j;
	for (i = 1; a[i - 1] != '\0'; i++) {
		const size_t *const before = rows[(i + 2) % 3], *const two_before = rows[(i + 1) % 3];
		size_t *const row = rows[i % 3];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t best = before[j - 1] + (a[i - 1] != b[j - 1]);

			if (before[j] + 1 < best)
				best = before[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    two_before[j - 2] + 1 < best)
				best = two_before[j - 2] + 1;
			row[j] = best;
		}
	}
	return rows[(i + 2) % 3][n];
}

bool text_find(const char *word, const char *const words[], size_t n, size_t *ret)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(word, words[i]) == 0) {
			*ret = i;
			return true;
		}
	return false;
}

const char *text_list(const char *const words[], size_t n, char *out, size_t cap)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < n && len + strlen(words[i]) + sizeof ", " <= cap; i++)
		len += (size_t)snprintf(out + len, cap - len, "%s%s", i > 0 ? ", " : "", words[i]);
	return out;
}

const char *text_nearest(const char *word, const char *const words[])
{
	const char *nearest = NULL;
	size_t best = strlen(word) / 3 + 1;

	for (; *words != NULL; words++) {
		const size_t d = distance(word, *words);

		if (d < best || (d == best && nearest == NULL && d <= strlen(word) / 3)) {
			best = d;
			nearest = *words;
		}
	}
	return nearest;
}
