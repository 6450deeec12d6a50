/* prefix16: compared with comparing byte by byte. */
#include "base/prefix16.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { LEN_MAX = PREFIX16_BYTES + 4 };

/* A text in its own room, so that a sanitizer sees what is read behind its end. */
static char *text_of(size_t len, unsigned char first)
{
	char *const text = malloc(len + (len == 0));

	assert_non_null(text);
	for (size_t i = 0; i < len; i++)
		text[i] = (char)(first + i * 37);
	return text;
}

static void test_bytes(void **state)
{
	(void)state;
	for (size_t len = 0; len <= LEN_MAX; len++) {
		char *const text = text_of(len, 0xF3);
		const struct prefix16 words = prefix16_of(text, len);

		for (size_t i = 0; i < PREFIX16_BYTES; i++) {
			const uint64_t word = i < 8 ? words.front : words.back;

			assert_int_equal(word >> 8 * (i % 8) & 0xFF, i < len ? (unsigned char)text[i] : 0);
		}
		free(text);
	}
}

static void test_begin(void **state)
{
	(void)state;
	for (size_t head_len = 0; head_len <= PREFIX16_BYTES; head_len++)
		for (size_t len = 0; len <= LEN_MAX; len++)
			for (size_t wrong = 0; wrong <= LEN_MAX; wrong++) {
				char *const head = text_of(head_len, 'A'), *const text = text_of(len, 'A');
				const struct prefix16_head h = prefix16_head(head, head_len);
				bool want;

				if (wrong < len)
					text[wrong] ^= 0x20;
				want = len >= head_len && memcmp(text, head, head_len) == 0;
				if (prefix16_begin(prefix16_of(text, len), &h) != want)
					fail_msg("head of %zu, text of %zu, byte %zu wrong: want %d", head_len, len,
					         wrong, want);
				free(head);
				free(text);
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_bytes), cmocka_unit_test(test_begin)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
