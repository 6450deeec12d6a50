/* dated: the order of old logs. */
#include "pipeline/dated.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { AT = 1795181862 }; /* 2026-11-20T13:37:42Z */

static char directory[32];

/* In this order they are given. */
static const struct {
	const char *name, *text; /* NULL: there is no such file */
} files[] = {
	{"gone", NULL},
	{"today", "2026-11-20T13:37:42Z mx testd: x\n2026-11-18T13:37:42Z mx testd: x\n"},
	{"words", "no header here\n2026-11-01T00:00:00Z mx testd: x\n"},
	{"empty", ""},
	{"yesterday", "2026-11-19T13:37:42Z mx testd: x\n"},
	{"same", "2026-11-20T13:37:42Z mx testd: y\n"},
	{"year", "Nov 18 13:37:42 mx testd: x\n"},
};
enum { N = sizeof files / sizeof *files };

static char paths[N][64];

static int setup(void **state)
{
	(void)state;
	(void)strcpy(directory, "/tmp/wfs-dated-XXXXXX");
	if (mkdtemp(directory) == NULL)
		return -1;
	for (size_t i = 0; i < N; i++) {
		FILE *out;

		(void)snprintf(paths[i], sizeof paths[i], "%s/%s", directory, files[i].name);
		if (files[i].text == NULL)
			continue;
		if ((out = fopen(paths[i], "we")) == NULL || fputs(files[i].text, out) < 0 || fclose(out) != 0)
			return -1;
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < N; i++)
		(void)unlink(paths[i]);
	return rmdir(directory);
}

/* By the first stamp; of those that begin alike, and of those that do not say, the first given comes first. */
static void test_order(void **state)
{
	static const struct {
		int year;
		const char *first[N + 1];
	} rows[] = {
		{2026, {"year", "yesterday", "today", "same", "gone", "words", "empty", "-"}},
		{2027, {"yesterday", "today", "same", "year", "gone", "words", "empty", "-"}},
	};
	const char *given[N + 1];
	struct dated got[N + 1];

	(void)state;
	for (size_t i = 0; i < N; i++)
		given[i] = paths[i];
	given[N] = "-";
	for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
		dated_files(given, N + 1, rows[r].year, got);
		for (size_t i = 0; i < N + 1; i++) {
			const char *const slash = strrchr(got[i].path, '/');

			assert_string_equal(slash != NULL ? slash + 1 : got[i].path, rows[r].first[i]);
			assert_ptr_equal(got[i].path, given[got[i].place]);
		}
	}
}

static void test_values(void **state)
{
	const char *const given[] = {paths[1], paths[0]};
	struct dated got[2];

	(void)state;
	dated_files(given, 2, 0, got);
	assert_int_equal(got[0].first_s, AT);
	assert_int_equal(got[0].size, (int64_t)strlen(files[1].text));
	assert_int_equal(got[1].first_s, INT64_MAX);
	assert_int_equal(got[1].size, 0);
	dated_files(NULL, 0, 0, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_values),
	};

	(void)setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, setup, teardown);
}
