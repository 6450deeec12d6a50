/* duplicates: reports of the same events in several logs, as tables of calls in order. */
#include "rules/duplicates.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "testlib.h"

enum { T0 = 1000000 };

struct row {
	const char *id;
	unsigned log;
	int64_t after_s; /* T0 */
	unsigned count, left;
};

static void check_rows(const struct row *rows, size_t n)
{
	struct duplicates *const d = duplicates_new();

	for (size_t i = 0; i < n; i++) {
		const struct row *const r = &rows[i];
		const unsigned left =
			duplicates_left(d, 1, (struct span){r->id, strlen(r->id)}, r->log, T0 + r->after_s, r->count);

		if (left != r->left)
			fail_msg("row %zu: got %u, want %u", i, left, r->left);
	}
	duplicates_free(d);
}

#define CHECK_ROWS(rows) check_rows(rows, sizeof(rows) / sizeof *(rows))

static void test_two_logs(void **state)
{
	static const struct row rows[] = {
		/* one after the other, whichever comes first */
		{"a", 0, 0, 1, 1},
		{"a", 1, 0, 1, 0},
		{"a", 1, 5, 1, 1},
		{"a", 0, 5, 1, 0},
		/* one log is read with delay */
		{"a", 0, 10, 1, 1},
		{"a", 0, 20, 1, 1},
		{"a", 1, 21, 1, 0},
		{"a", 1, 22, 1, 0},
		{"a", 1, 23, 1, 1},
		/* a line of several attempts */
		{"b", 0, 0, 1, 1},
		{"b", 0, 1, 1, 1},
		{"b", 1, 2, 5, 3},
		{"b", 0, 3, 4, 1},
		/* another client */
		{"c", 1, 0, 1, 1},
		{"c", 0, 0, 1, 0},
	};

	(void)state;
	CHECK_ROWS(rows);
}

static void test_more_logs(void **state)
{
	static const struct row rows[] = {
		{"a", 2, 0, 1, 1}, {"a", 0, 0, 1, 0}, {"a", 1, 0, 1, 0},
		{"a", 3, 0, 1, 0}, {"a", 1, 1, 1, 1}, {"a", 3, 1, 1, 0},
	};

	(void)state;
	CHECK_ROWS(rows);
}

static void test_age(void **state)
{
	static const struct row rows[] = {
		{"a", 0, 0, 1, 1},
		{"a", 1, DUPLICATES_AGE_S, 1, 0}, /* late, but of the same time */
		{"a", 0, 2 * DUPLICATES_AGE_S + 1, 1, 1},
		{"a", 1, 3 * DUPLICATES_AGE_S + 2, 1, 1},
		{"a", 0, DUPLICATES_AGE_S, 1, 1}, /* the clock jumped */
	};

	(void)state;
	CHECK_ROWS(rows);
}

static void test_realms(void **state)
{
	struct duplicates *const d = duplicates_new();
	const struct span id = {"olPsa7VgAbrAAAIU", 16};

	(void)state;
	assert_int_equal(duplicates_left(d, 1, id, 0, T0, 1), 1);
	assert_int_equal(duplicates_left(d, 2, id, 1, T0, 1), 1);
	duplicates_clear(d);
	assert_int_equal(duplicates_left(d, 1, id, 1, T0, 1), 1);
	duplicates_free(d);
}

/* The one that is longest ago is forgotten first. */
static void test_full(void **state)
{
	struct duplicates *const d = duplicates_new();
	char id[16];

	(void)state;
	for (unsigned i = 0; i <= DUPLICATES_MAX; i++) {
		(void)snprintf(id, sizeof id, "%08x", i);
		assert_int_equal(duplicates_left(d, 1, (struct span){id, 8}, 0, T0, 1), 1);
	}
	assert_int_equal(duplicates_left(d, 1, (struct span){id, 8}, 1, T0, 1), 0);
	assert_int_equal(duplicates_left(d, 1, (struct span){"00000001", 8}, 1, T0, 1), 0);
	assert_int_equal(duplicates_left(d, 1, (struct span){"00000000", 8}, 1, T0, 1), 1);
	duplicates_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_logs), cmocka_unit_test(test_more_logs), cmocka_unit_test(test_age),
		cmocka_unit_test(test_realms),   cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
