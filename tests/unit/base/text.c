/* text: whatever the input, the output is short enough, valid UTF-8, and harmless to a terminal. */
#include "base/text.h"
#include "testlib.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RANDOM_TURNS = 200000, OUT_MAX = 512 };

/* The same numbers in each run. */
/* Unicode's Bidi_Control property, and what begins a new line. */
static bool is_unsafe(uint32_t code)
{
	return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x061C || code == 0x200E || code == 0x200F ||
	       (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

/* RFC 3629, chapter 3, bit by bit; NULL or what is wrong. */
static const char *error_of(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text, *const end = p + len;

	while (p < end) {
		static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
		const size_t n = *p < 0x80 ? 1 : *p >> 5 == 6 ? 2 : *p >> 4 == 14 ? 3 : *p >> 3 == 30 ? 4 : 0;
		uint32_t code = n == 1 ? *p : n == 2 ? *p & 0x1FU : n == 3 ? *p & 0x0FU : *p & 0x07U;

		if (n == 0 || (size_t)(end - p) < n)
			return "a byte that begins nothing, or a torn character";
		for (size_t i = 1; i < n; i++) {
			if (p[i] >> 6 != 2)
				return "a torn character";
			code = code << 6 | (p[i] & 0x3FU);
		}
		if (code < least[n])
			return "overlong";
		if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
			return "no character";
		if (is_unsafe(code))
			return "a control character";
		p += n;
	}
	return NULL;
}

static void check(const char *in, size_t in_len, const char *want)
{
	char got[OUT_MAX];
	const size_t len = text_escape((struct span){in, in_len}, got, sizeof got);

	if (strcmp(got, want) != 0)
		fail_msg("got \"%s\", want \"%s\"", got, want);
	assert_int_equal(len, strlen(want));
}

static void test_rows(void **state)
{
	static const struct {
		const char *in, *want;
	} rows[] = {
		{"", ""},
		{"plain text: ~!@#$%^&*()\"'", "plain text: ~!@#$%^&*()\"'"},
		{"back\\slash", "back\\slash"},
		{"\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"},
		{"a\nb\rc\td", "a\\x0ab\\x0dc\\x09d"},
		{"\x7f", "\\x7f"},
		{"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
		{"\xc2\xa0", "\xc2\xa0"},
		{"\xe2\x82\xac", "\xe2\x82\xac"},
		{"\xf0\x9f\x90\x9f", "\xf0\x9f\x90\x9f"},
		{"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},     /* U+10FFFF */
		{"\xc2\x80\xc2\x9f", "\\xc2\\x80\\xc2\\x9f"}, /* C1 */
		{"\xc2\x85", "\\xc2\\x85"},                   /* NEL */
		{"\xc2\x9b"
	         "31m",
	         "\\xc2\\x9b"
	         "31m"},                    /* CSI in one character */
		{"\xc0\xaf", "\\xc0\\xaf"}, /* overlong */
		{"\xc1\xbf", "\\xc1\\xbf"},
		{"\xe0\x80\xaf", "\\xe0\\x80\\xaf"},
		{"\xe0\x9f\xbf", "\\xe0\\x9f\\xbf"},
		{"\xe0\xa0\x80", "\xe0\xa0\x80"},
		{"\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf"},
		{"\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf"},
		{"\xf0\x90\x80\x80", "\xf0\x90\x80\x80"},
		{"\xed\xa0\x80", "\\xed\\xa0\\x80"}, /* surrogates */
		{"\xed\xbf\xbf", "\\xed\\xbf\\xbf"},
		{"\xed\x9f\xbf", "\xed\x9f\xbf"},
		{"\xee\x80\x80", "\xee\x80\x80"},
		{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, /* beyond U+10FFFF */
		{"\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80"},
		{"\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80"},
		{"\xfe\xff", "\\xfe\\xff"},
		{"\x80", "\\x80"},
		{"\xbf"
	         "a",
	         "\\xbf"
	         "a"},
		{"\xe2\x80\xa8", "\\xe2\\x80\\xa8"}, /* U+2028 */
		{"\xe2\x80\xa9", "\\xe2\\x80\\xa9"}, /* U+2029 */
		{"\xe2\x80\xae"
	         "gpj.exe",
	         "\\xe2\\x80\\xae"
	         "gpj.exe"}, /* RLO */
		{"\xe2\x80\xaa", "\\xe2\\x80\\xaa"},
		{"\xe2\x80\x8e\xe2\x80\x8f", "\\xe2\\x80\\x8e\\xe2\\x80\\x8f"},
		{"\xe2\x81\xa6\xe2\x81\xa9", "\\xe2\\x81\\xa6\\xe2\\x81\\xa9"},
		{"\xd8\x9c", "\\xd8\\x9c"},       /* ALM is a bidi control as well */
		{"\xe2\x80\x8d", "\xe2\x80\x8d"}, /* ZWJ: emoji need it */
		{"\xe2\x81\xaa", "\xe2\x81\xaa"},
		{"\xe2\x82", "\\xe2\\x82"}, /* torn off at the end */
		{"\xf0\x9f\x90", "\\xf0\\x9f\\x90"},
		{"\xc3", "\\xc3"},
		{"\xc3(", "\\xc3("}, /* torn in the middle: the next byte is itself */
		{"\xe2\x82"
	         "A",
	         "\\xe2\\x82"
	         "A"},
		{"\xf0\x9f\xc3\xbc", "\\xf0\\x9f\xc3\xbc"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		check(rows[i].in, strlen(rows[i].in), rows[i].want);
	check("a\0b", 3, "a\\x00b");
	check(NULL, 0, "");
}

static void test_every_byte(void **state)
{
	(void)state;
	for (unsigned byte = 0; byte < 256; byte++) {
		const char in = (char)byte;
		char want[8];

		if (byte >= 0x20 && byte < 0x7F)
			(void)snprintf(want, sizeof want, "%c", in);
		else
			(void)snprintf(want, sizeof want, "\\x%02x", byte);
		check(&in, 1, want);
	}
}

/* Every character there is: stays as it is, or every byte of it is escaped. */
static void test_every_character(void **state)
{
	(void)state;
	for (uint32_t code = 0x80; code <= 0x10FFFF; code++) {
		char in[8], want[20];
		size_t len;

		if (code < 0x800)
			len = (size_t)snprintf(in, sizeof in, "%c%c", 0xC0 | code >> 6, 0x80 | (code & 0x3F));
		else if (code < 0x10000)
			len = (size_t)snprintf(in, sizeof in, "%c%c%c", 0xE0 | code >> 12, 0x80 | (code >> 6 & 0x3F),
			                       0x80 | (code & 0x3F));
		else
			len = (size_t)snprintf(in, sizeof in, "%c%c%c%c", 0xF0 | code >> 18, 0x80 | (code >> 12 & 0x3F),
			                       0x80 | (code >> 6 & 0x3F), 0x80 | (code & 0x3F));
		if (is_unsafe(code) || (code >= 0xD800 && code <= 0xDFFF)) {
			want[0] = '\0';
			for (size_t i = 0; i < len; i++)
				(void)snprintf(want + 4 * i, sizeof want - 4 * i, "\\x%02x", (unsigned char)in[i]);
		} else {
			memcpy(want, in, len + 1);
		}
		check(in, len, want);
	}
}

static void test_cap(void **state)
{
	static const struct {
		const char *in;
		size_t cap;
		const char *want;
	} rows[] = {
		{"1234567", 8, "1234567"},
		{"12345678", 8, "1234..."},
		{"123456789", 8, "1234..."},
		{"12345678", 9, "12345678"},
		{"123456\n", 11, "123456\\x0a"},
		{"123456\n", 10, "123456..."},
		{"1\n", 8, "1\\x0a"},
		{"12\n", 8, "12\\x0a"},
		{"123\n", 8, "123\\x0a"},
		{"1234\n", 8, "1234..."},
		{"\n\n", 8, "\\x0a..."},
		{"\n\n", 9, "\\x0a\\x0a"},
		{"\n\n\n", 9, "\\x0a..."},
		{"12345\xc3\xbc", 8, "12345\xc3\xbc"},
		{"123456\xc3\xbc", 8, "1234..."},
		{"123\xc3\xbc"
	         "67",
	         8,
	         "123\xc3\xbc"
	         "67"},
		{"123\xc3\xbc"
	         "678",
	         8, "123..."}, /* never half a character */
		{"12\xc3\xbc"
	         "5678",
	         8, "12\xc3\xbc..."},
		{"1\xf0\x9f\x90\x9f"
	         "67",
	         8,
	         "1\xf0\x9f\x90\x9f"
	         "67"},
		{"1\xf0\x9f\x90\x9f"
	         "678",
	         8, "1..."},
		{"\xf0\x9f\x90\x9f"
	         "5678",
	         8, "\xf0\x9f\x90\x9f..."},
		{"12345678\xe2\x82", 16, "12345678\\xe2..."},
		{"12345678\xe2\x82", 15, "12345678..."},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char got[OUT_MAX];
		size_t len;

		memset(got, '#', sizeof got);
		len = text_escape((struct span){rows[i].in, strlen(rows[i].in)}, got, rows[i].cap);
		if (strcmp(got, rows[i].want) != 0 || len != strlen(got))
			fail_msg("row %zu: got \"%s\" (%zu), want \"%s\"", i, got, len, rows[i].want);
		for (size_t k = rows[i].cap; k < sizeof got; k++)
			assert_int_equal(got[k], '#');
	}
}

/* Never more than cap, always valid, whole when it fits. Half of the bytes are pieces of characters. */
static void test_random(void **state)
{
	static const char *const pieces[] = {
		"\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x90\x9f", "\xc2\x85", "\xed\xa0\x80", "\xe2\x80",
		"\xf0\x9f", "\x1b[",        "\xe2\x80\xae",     "a",        "\\x"};

	(void)state;
	for (unsigned turn = 0; turn < RANDOM_TURNS; turn++) {
		const size_t want_len = random_number() % 48, cap = 8 + random_number() % 80;
		char in[64], whole[OUT_MAX], *const out = malloc(cap); /* of its size, for the sanitizer */
		size_t in_len = 0, len, whole_len;
		const char *error;

		assert_non_null(out);
		while (in_len < want_len) {
			const char *const piece = pieces[random_number() % (sizeof pieces / sizeof *pieces)];

			if (random_number() % 2 == 0) {
				in[in_len++] = (char)random_number();
			} else {
				memcpy(in + in_len, piece, strlen(piece));
				in_len += strlen(piece);
			}
		}
		len = text_escape((struct span){in, in_len}, out, cap);
		whole_len = text_escape((struct span){in, in_len}, whole, sizeof whole);
		assert_int_equal(len, strlen(out));
		assert_true(len < cap);
		error = error_of(out, len);
		if (error != NULL)
			fail_msg("turn %u: got \"%s\": %s", turn, out, error);
		if (whole_len < cap) {
			assert_string_equal(out, whole);
		} else {
			assert_true(len >= 3);
			assert_memory_equal(out, whole, len - 3);
			assert_string_equal(out + len - 3, "...");
			assert_true(len + 8 > cap); /* as much as fits: an escape less a byte, and the dots */
		}
		free(out);
	}
}

static void test_span_is(void **state)
{
	(void)state;
	assert_true(span_is((struct span){"abc", 3}, "abc"));
	assert_true(span_is((struct span){"abcd", 3}, "abc"));
	assert_true(span_is((struct span){"abc", 0}, ""));
	assert_false(span_is((struct span){"abc", 3}, "ab"));
	assert_false(span_is((struct span){"abc", 3}, "abcd"));
	assert_false(span_is((struct span){"abc", 3}, "abC"));
	assert_false(span_is((struct span){"ab\0", 3}, "ab"));
	assert_false(span_is((struct span){NULL, 0}, "a"));
	assert_true(span_is((struct span){NULL, 0}, ""));
}

static void test_find(void **state)
{
	static const char *const words[] = {"drop", "reject", "reset"};
	size_t i = 9;

	(void)state;
	assert_true(text_find("reject", words, 3, &i));
	assert_int_equal(i, 1);
	assert_false(text_find("reset", words, 2, &i));
	assert_false(text_find("rej", words, 3, &i));
	assert_false(text_find("Drop", words, 3, &i));
	assert_false(text_find("", words, 3, &i));
	assert_int_equal(i, 1);
}

static void test_list(void **state)
{
	static const char *const words[] = {"drop", "reject", "reset"};
	char out[32];

	(void)state;
	assert_string_equal(text_list(words, 3, out, sizeof out), "drop, reject, reset");
	assert_string_equal(text_list(words, 1, out, sizeof out), "drop");
	assert_string_equal(text_list(words, 0, out, sizeof out), "");
	assert_string_equal(text_list(words, 3, out, 16), "drop, reject");
	assert_string_equal(text_list(words, 3, out, 1), "");
}

static void test_nearest(void **state)
{
	static const char *const words[] = {"threshold", "window", "for", "memory", "extend", "path", NULL};
	static const char *const none[] = {NULL};
	static const struct {
		const char *word, *want;
	} rows[] = {
		{"treshold", "threshold"},
		{"thresholds", "threshold"},
		{"treshhold", "threshold"},
		{"windows", "window"},
		{"widnow", "window"},
		{"fro", "for"},
		{"four", "for"},
		{"form", "for"},
		{"fox", "for"},
		{"memroy", "memory"},
		{"pat", "path"},
		{"paths", "path"},
		{"threshold", "threshold"},
		{"xyz", NULL},
		{"", NULL},
		{"f", NULL},
		{"extended", "extend"},
		{"somethingverydifferent", NULL},
	};
	char large[4096];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *const got = text_nearest(rows[i].word, words);

		if ((got == NULL) != (rows[i].want == NULL) || (got != NULL && strcmp(got, rows[i].want) != 0))
			fail_msg("\"%s\": got %s, want %s", rows[i].word, got == NULL ? "none" : got,
			         rows[i].want == NULL ? "none" : rows[i].want);
	}
	assert_null(text_nearest("word", none));
	memset(large, 'x', sizeof large - 1);
	large[sizeof large - 1] = '\0';
	assert_null(text_nearest(large, words));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows), cmocka_unit_test(test_every_byte), cmocka_unit_test(test_every_character),
		cmocka_unit_test(test_cap),  cmocka_unit_test(test_random),     cmocka_unit_test(test_span_is),
		cmocka_unit_test(test_find), cmocka_unit_test(test_list),       cmocka_unit_test(test_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
