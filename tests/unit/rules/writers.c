/* writers: root always, named users, and no ordinary user unless named. */
#include "rules/writers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_writers(void **state)
{
	static const struct {
		const char *users;
		int64_t uid;
		bool may;
	} rows[] = {
		{NULL, 0, true},
		{NULL, 33, true},
		{NULL, 999, true},
		{NULL, 1000, false},
		{NULL, 65534, false},
		{NULL, -1, false},
		{"root", 0, true},
		{"root", 1, false},
		{"daemon", 0, true},
		{"daemon", 1, true},
		{"daemon", 2, false},
		{"nobody-has-this-name daemon", 1, true},
		{"nobody-has-this-name", 0, true},
		{"nobody-has-this-name", 1, false},
		{"4321, 12", 4321, true},
		{"4321, 12", 12, true},
		{"4321, 12", 13, false},
		{"99999999999999999999", 1, false},
		{"4321", -1, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct writers writers;

		assert_true(writers_find(rows[i].users, &writers));
		if (writers_may(&writers, rows[i].uid) != rows[i].may)
			fail_msg("\"%s\", user %ld: got %s, want %s", rows[i].users, (long)rows[i].uid,
			         rows[i].may ? "no" : "yes", rows[i].may ? "yes" : "no");
	}
}

static void too_many_are_refused(void **state)
{
	struct writers writers;

	(void)state;
	assert_true(writers_find("1 2 3 4 5 6 7 8", &writers));
	assert_false(writers_find("1 2 3 4 5 6 7 8 9", &writers));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_writers), cmocka_unit_test(too_many_are_refused)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
