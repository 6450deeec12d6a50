/*
 * examples: which rule files may be used, and what is said of the others.
 */
#include "examples.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[] = "/tmp/wfs-examples-XXXXXX";
static char path[64];

static int setup(void **state)
{
	(void)state;
	if (mkdtemp(directory) == NULL)
		return -1;
	(void)snprintf(path, sizeof path, "%s/test.rules", directory);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(directory);
}

#define RULE(name, match) "[" name "]\nprogram = testd\nmatch = " match "\ncategory = auth\nreason = guesses\nscore = 20\n"
#define LINE "Nov 20 13:37:42 mx testd[1]: "
#define HIT "hit = 192.0.2.7 | " LINE "guess from 192.0.2.7\n"
#define MISS "miss = " LINE "guess from nobody\n"

/* want: what the first fault says after the path, or NULL for rules that may be used. */
static void check(const char *text, const char *want, size_t n_faults)
{
	const char *const dirs[] = {directory};
	struct rulefile_faults faults = {0};
	struct rules *rules = NULL;
	struct why why = {""};
	FILE *const file = fopen(path, "w");
	int rc;

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	rc = examples_load(dirs, 1, NULL, 0, &rules, &faults, &why);
	if (want == NULL) {
		if (rc != 0)
			fail_msg("%s:\n got %s, want it taken", text, why.text);
		assert_non_null(rules);
		assert_int_equal(faults.n, 0);
	} else {
		if (rc == 0)
			fail_msg("%s:\n got it taken, want %s", text, want);
		assert_int_equal(rc, -EINVAL);
		assert_null(rules);
		if (strncmp(why.text, path, strlen(path)) != 0 || strncmp(why.text + strlen(path), want, strlen(want)) != 0)
			fail_msg("%s:\n got %s\nwant ...%s", text, why.text, want);
		if (faults.n != n_faults)
			fail_msg("%s:\n got %zu faults, want %zu", text, faults.n, n_faults);
	}
	rulefile_faults_done(&faults);
	rules_free(rules);
}

static void test_load(void **state)
{
	(void)state;
	check(RULE("a", "^guess from <ADDR>$") HIT MISS, NULL, 0);
	check(RULE("a", "^guess from <ADDR>$") HIT "hit = 2001:db8::1 | " LINE "guess from 2001:DB8::1\n"
	      "hit = 192.0.2.7 | " LINE "guess from ::ffff:192.0.2.7\n" MISS, NULL, 0);
	check(RULE("a", "^guess from <ADDR>$") "hit = 192.0.2.8 | " LINE "guess from 192.0.2.7\n" MISS,
	      ":7: hit of [a]: ", 1);
	check(RULE("a", "^guess from <ADDR>$") HIT "hit = 192.0.2.7 | " LINE "other 192.0.2.7\n" MISS, ":8: hit of [a]: ", 1);
	check(RULE("a", "^guess from <ADDR>$") HIT "miss = " LINE "guess from 192.0.2.9\n",
	      ":8: miss of [a]: the rule takes it, but must not", 1);
	check(RULE("a", "^guess from <ADDR>$") HIT "miss = no header at all\n", ":8: miss of [a]: ", 1);
	/* Another takes it first; a line of another program is nobody's. */
	check(RULE("a", "^guess from <ADDR>$") HIT MISS RULE("b", "^guess from <ADDR>$") HIT MISS, ":15: hit of [b]: ", 1);
	check(RULE("a", "^guess from <ADDR>$") "hit = 192.0.2.7 | Nov 20 13:37:42 mx other[1]: guess from 192.0.2.7\n" MISS,
	      ":7: hit of [a]: ", 1);
	/* Nor does a line name its program that has its own form. */
	check(RULE("a", "^guess from <ADDR>$") "hit = 192.0.2.7 | 2026-11-20 13:37:42 guess from 192.0.2.7\n" MISS,
	      ":7: hit of [a]: the rule is for the program \"testd\", and a line like this is one of \"exim\"\n"
	      "    2026-11-20 13:37:42 guess from 192.0.2.7", 1);
	/* All that is wrong is said. */
	check(RULE("a", "^guess from <ADDR>$") "hit = 192.0.2.8 | " LINE "guess from 192.0.2.7\n"
	      "miss = " LINE "guess from 192.0.2.9\n", ":7: hit of [a]: ", 2);
	/* Feb 29 is a day. */
	check(RULE("a", "^guess from <ADDR>$") "hit = 192.0.2.7 | Feb 29 13:37:42 mx testd[1]: guess from 192.0.2.7\n" MISS, NULL, 0);
	/* Rules that are off are tried as well. */
	check(RULE("a", "^guess from <ADDR>$") "enabled = no\nhit = 192.0.2.8 | " LINE "guess from 192.0.2.7\n" MISS,
	      ":8: hit of [a]: ", 1);
	/* What does not even compile has no examples tried. */
	check(RULE("a", "^guess (from <ADDR>$") HIT MISS, ":3", 1);
}

/* What a stranger's line holds is shown without harm. */
static void test_escaped(void **state)
{
	const char *const dirs[] = {directory};
	struct rulefile_faults faults = {0};
	struct rules *rules = NULL;
	struct why why = {""};
	FILE *const file = fopen(path, "w");

	(void)state;
	assert_non_null(file);
	assert_true(fputs(RULE("a", "^guess from <ADDR>$") HIT "hit = 192.0.2.7 | " LINE "\x1b[31m\xff guess\n" MISS, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(examples_load(dirs, 1, NULL, 0, &rules, &faults, &why), -EINVAL);
	assert_null(rules);
	assert_int_equal(faults.n, 1);
	assert_null(strchr(faults.text[0], '\x1b'));
	assert_non_null(strstr(faults.text[0], "\\x1b[31m\\xff guess"));
	rulefile_faults_done(&faults);
}

static void test_try(void **state)
{
	const char *const dirs[] = {directory};
	struct rulefile_faults faults = {0};
	struct rules *rules = NULL;
	struct why why = {""};
	FILE *const file = fopen(path, "w");

	(void)state;
	assert_non_null(file);
	assert_true(fputs(RULE("a", "^guess from <ADDR>$") HIT HIT MISS RULE("b", "^other from <ADDR>$")
	                  "hit = 192.0.2.7 | " LINE "other from 192.0.2.7\n" MISS, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(rules_load(dirs, 1, NULL, 0, &rules, &faults, &why), 0);
	assert_int_equal(examples_try(rules, &faults), 5);
	assert_int_equal(faults.n, 0);
	rulefile_faults_done(&faults);
	rules_free(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load), cmocka_unit_test(test_escaped), cmocka_unit_test(test_try),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
