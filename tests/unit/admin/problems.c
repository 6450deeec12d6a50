/* problems: each problem is reported, keeps the time since when it exists, and disappears when it is over. */
#include "admin/problems.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static size_t count(const struct problems *problems)
{
	size_t n = 0;

	for (size_t at = 0; problems_next(problems, &at) != NULL;)
		n++;
	return n;
}

/* The only one of its kind, or the first log. */
static const struct problem *find(const struct problems *problems, enum problems_kind kind)
{
	const struct problem *p;

	for (size_t at = 0; (p = problems_next(problems, &at)) != NULL;)
		if (p->kind == kind)
			return p;
	return NULL;
}

static void test_every_kind(void **state)
{
	static struct problems problems;

	(void)state;
	assert_int_equal(count(&problems), 0);
	for (unsigned kind = 0; kind < PROBLEMS_N; kind++) {
		problems_set(&problems, (enum problems_kind)kind, 0, "it is wrong", NULL, 7);
		assert_int_equal(count(&problems), kind + 1);
		assert_string_equal(find(&problems, (enum problems_kind)kind)->remedy,
		                    problems_remedy((enum problems_kind)kind));
		for (unsigned other = 0; other < kind; other++)
			assert_string_not_equal(problems_name((enum problems_kind)kind),
			                        problems_name((enum problems_kind)other));
	}
	for (unsigned kind = 0; kind < PROBLEMS_N; kind++) {
		problems_clear(&problems, (enum problems_kind)kind, 0);
		assert_int_equal(count(&problems), PROBLEMS_N - 1 - kind);
		assert_null(find(&problems, (enum problems_kind)kind));
	}
}

static void test_since(void **state)
{
	static struct problems problems;

	(void)state;
	problems_set(&problems, PROBLEMS_DATABASE, 0, "locked", NULL, 100);
	problems_set(&problems, PROBLEMS_DATABASE, 0, "full", "make room", 200);
	assert_int_equal(find(&problems, PROBLEMS_DATABASE)->since_s, 100);
	assert_string_equal(find(&problems, PROBLEMS_DATABASE)->what, "full");
	assert_string_equal(find(&problems, PROBLEMS_DATABASE)->remedy, "make room");
	assert_true(find(&problems, PROBLEMS_DATABASE)->critical);
	problems_clear(&problems, PROBLEMS_DATABASE, 0);
	problems_set(&problems, PROBLEMS_DATABASE, 0, "locked", NULL, 300);
	assert_int_equal(find(&problems, PROBLEMS_DATABASE)->since_s, 300);
}

static void test_logs(void **state)
{
	static struct problems problems;

	(void)state;
	for (size_t i = 0; i < PROBLEMS_LOGS_MAX; i++)
		problems_set(&problems, PROBLEMS_LOG, i, "cannot be read", NULL, 1);
	assert_int_equal(count(&problems), PROBLEMS_LOGS_MAX);
	problems_clear(&problems, PROBLEMS_LOG, PROBLEMS_LOGS_MAX - 1);
	problems_clear(&problems, PROBLEMS_LOG, 0);
	assert_int_equal(count(&problems), PROBLEMS_LOGS_MAX - 2);
}

/* Sentences that are too long are cut, not written over the next. */
static void test_long(void **state)
{
	static struct problems problems;
	char text[2 * WHY_MAX];

	(void)state;
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	problems_set(&problems, PROBLEMS_CONFIG, 0, text, text, 1);
	assert_int_equal(strlen(find(&problems, PROBLEMS_CONFIG)->what), WHY_MAX - 1);
	assert_int_equal(strlen(find(&problems, PROBLEMS_CONFIG)->remedy), WHY_MAX - 1);
	assert_int_equal(count(&problems), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind),
		cmocka_unit_test(test_since),
		cmocka_unit_test(test_logs),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
