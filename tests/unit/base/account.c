/* account: a name has the same number whatever its case; different names have different ones. */
#include "base/account.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint32_t number_of(const char *name)
{
	return account_number((struct span){name, strlen(name)});
}

static void test_names(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
		{"alice", "alice", true},
		{"Alice@Example.ORG", "alice@example.org", true},
		{"alice", "alice@example.org", false},
		{"alice", "alicf", false},
		{"a", "aa", false},
		{"\xC3\xA9ric", "\xC3\x89ric", false}, /* only ASCII has a case here */
		{"info@a.example", "info@b.example", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if ((number_of(rows[i].a) == number_of(rows[i].b)) != rows[i].same)
			fail_msg("%s and %s: got %s", rows[i].a, rows[i].b,
			         rows[i].same ? "two numbers" : "one number");
	assert_int_equal(account_number((struct span){NULL, 0}), ACCOUNT_NONE);
	assert_int_equal(number_of(""), ACCOUNT_NONE);
}

static int by_value(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Of so many names about half a dozen pairs share one of 2^28 numbers, if these are evenly spread. */
static void test_spread(void **state)
{
	enum { N = 60000, EXPECTED = 7 };
	uint32_t *const numbers = malloc(N * sizeof *numbers);
	size_t pairs = 0;

	(void)state;
	assert_non_null(numbers);
	for (size_t i = 0; i < N; i++) {
		char name[16];

		(void)snprintf(name, sizeof name, "u%zu", i);
		numbers[i] = number_of(name);
		assert_in_range(numbers[i], 1, (1U << ACCOUNT_BITS) - 1);
	}
	qsort(numbers, N, sizeof *numbers, by_value);
	for (size_t i = 1; i < N; i++)
		pairs += numbers[i] == numbers[i - 1];
	free(numbers);
	if (pairs > EXPECTED * 5)
		fail_msg("got %zu pairs with one number, want about %d", pairs, EXPECTED);
}

static void test_find(void **state)
{
	static const struct {
		const char *text, *name, *want;
	} rows[] = {
		{"SASL LOGIN authentication failed: (reason unavailable), sasl_username=bob", "bob", "bob"},
		{"user=<Bob@example.org>, method=PLAIN, rip=198.51.100.7", "bob@example.org", "Bob@example.org"},
		{"USER x-1.y: Login failed", "x-1.y", "x-1.y"},
		{"authentication failed for [b.ob], invalid password", "b.ob", "b.ob"},
		{"ruser=bob", "bob", "bob"},
		{"sasl_username=bobby", "bob", NULL}, /* no piece of a word */
		{"user=<a b>", "a b", NULL},
		{"", "bob", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct span got =
			account_find((struct span){rows[i].text, strlen(rows[i].text)}, number_of(rows[i].name));

		if (rows[i].want == NULL ? got.p != NULL : !span_is(got, rows[i].want))
			fail_msg("row %zu: got \"%.*s\"", i, (int)got.len, got.p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_names), cmocka_unit_test(test_spread),
	                                   cmocka_unit_test(test_find)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
