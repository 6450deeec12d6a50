/* compare, sample: log lines that our rules match, that another program matched, and the newest lines of a log. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "rulecheck/compare.h"
#include "rulecheck/sample.h"

static char dir[32];

static void put(const char *name, const char *text)
{
	char path[64];
	FILE *out;

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	out = fopen(path, "we");
	assert_non_null(out);
	(void)fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static int begin(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof dir, "/tmp/compare.XXXXXX");
	assert_non_null(mkdtemp(dir));
	return 0;
}

static int end(void **state)
{
	static const char *const names[] = {"own.rules", "other.rules", "a.log", "b.log", "long.log"};
	char path[64];

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		(void)unlink(path);
	}
	return rmdir(dir);
}

#define HEAD "Nov 20 13:37:42 mx p[7]: "

static void test_compare(void **state)
{
	static char text[] = HEAD "bad 192.0.2.1\n" /* both */
		HEAD "bad 192.0.2.2 \n"             /* both: they removed the blank */
		HEAD "worse 192.0.2.3\n"            /* both: by a rule of another file */
		HEAD "worse 192.0.2.4\n"            /* of neither: that file is not compared */
		HEAD "late abcdef01\n"              /* no such session yet */
		HEAD "hello abcdef01 192.0.2.5\n"   /* only noted */
		HEAD "late abcdef01\n"              /* ours */
		HEAD "good 192.0.2.6\n"             /* speaks for it */
		HEAD "strange 192.0.2.7\n"          /* theirs */
				  "no header\n"     /* theirs */
		HEAD "bad 192.0.2.8";               /* ours */
	struct span theirs[] = {{HEAD "bad 192.0.2.1", 0},
	                        {HEAD "bad 192.0.2.2", 0},
	                        {HEAD "strange 192.0.2.7", 0},
	                        {HEAD "worse 192.0.2.3", 0},
	                        {"no header", 0}};
	const char *const dirs[] = {dir};
	struct rulefile_errors errors = {0};
	struct compare_result r;
	struct compare_options options = {
		.file = "own.rules", .text = text, .len = sizeof text - 1, .end_s = 1795000000};
	struct rules *rules;
	struct why why;

	(void)state;
	put("own.rules",
	    "[bad]\nprogram = p\nmatch = ^bad <ADDR>\\s*$\ncategory = probe\nreason = r\n"
	    "[hello]\nprogram = p\nmatch = ^hello <SESSION> <ADDR>$\nremember = yes\ncategory = probe\nreason = r\n"
	    "[late]\nprogram = p\nmatch = ^late <SESSION>$\ncategory = probe\nreason = r\n"
	    "[good]\nprogram = p\nmatch = ^good <ADDR>$\ncategory = probe\nreason = r\nscore = -20\n");
	put("other.rules", "[worse]\nprogram = p\nmatch = ^worse <ADDR>$\ncategory = probe\nreason = r\n");
	if (rules_load(dirs, 1, NULL, 0, &rules, &errors, &why) < 0)
		fail_msg("%s", why.text);
	options.rules = rules;
	options.theirs = theirs;
	options.n_theirs = sizeof theirs / sizeof *theirs;
	for (size_t i = 0; i < options.n_theirs; i++)
		theirs[i].len = strlen(theirs[i].p);
	qsort(theirs, options.n_theirs, sizeof *theirs, span_order);
	compare_run(&options, &r);
	assert_int_equal(r.lines, 11);
	assert_int_equal(r.both, 3);
	assert_int_equal(r.only_theirs, 2);
	assert_int_equal(r.only_ours, 2);
	assert_true(span_is(r.first_theirs, HEAD "strange 192.0.2.7"));
	assert_true(span_is(r.first_ours, HEAD "late abcdef01"));
	assert_string_equal(r.rule->text->name, "late");

	options.n_theirs = 0;
	compare_run(&options, &r);
	assert_int_equal(r.both + r.only_theirs, 0);
	assert_int_equal(r.only_ours, 4);
	rules_free(rules);
	rulefile_errors_done(&errors);
}

static void test_sample(void **state)
{
	char all[64], none[64], missing[64], got[16];
	const char *const found[] = {missing, all}, *const nothing[] = {none, missing};
	struct sample sample;
	struct why why;

	(void)state;
	(void)snprintf(all, sizeof all, "%s/[ab].log", dir);
	(void)snprintf(none, sizeof none, "%s/none.log", dir);
	(void)snprintf(missing, sizeof missing, "%s", dir); /* no file */
	put("a.log", "1\n2\n3");                            /* its last line is not whole */
	put("b.log", "4\n");
	if (sample_files(found, 2, &sample, &why) < 0)
		fail_msg("%s", why.text);
	assert_int_equal(sample.len, 6);
	assert_string_equal(sample.text, "1\n2\n4\n");
	assert_int_equal(pread(sample.fd, got, sizeof got, 0), 6);
	assert_memory_equal(got, "1\n2\n4\n", 6);
	sample_done(&sample);
	assert_int_equal(sample_files(nothing, 2, &sample, &why), -ENODATA);
	assert_non_null(strstr(why.text, "none.log: No such file"));
	assert_int_equal(sample_files(nothing, 0, &sample, &why), -ENODATA);
}

/* Of a long log the end, from the beginning of a line. */
static void test_long(void **state)
{
	char path[64];
	const char *const paths[] = {path};
	struct sample sample;
	struct why why;
	FILE *out;

	(void)state;
	(void)snprintf(path, sizeof path, "%s/long.log", dir);
	out = fopen(path, "we");
	assert_non_null(out);
	for (int i = 0; i < SAMPLE_MAX / 10; i++)
		(void)fprintf(out, "%07d 23456\n", i); /* 14 bytes */
	assert_int_equal(fclose(out), 0);
	if (sample_files(paths, 1, &sample, &why) < 0)
		fail_msg("%s", why.text);
	assert_in_range(sample.len, SAMPLE_MAX - 14, SAMPLE_MAX);
	assert_int_equal(sample.len % 14, 0);
	assert_int_equal(strtol(sample.text, NULL, 10), SAMPLE_MAX / 10 - (long)sample.len / 14);
	assert_int_equal(strtol(sample.text + sample.len - 14, NULL, 10), SAMPLE_MAX / 10 - 1);
	sample_done(&sample);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_compare, begin, end),
		cmocka_unit_test_setup_teardown(test_sample, begin, end),
		cmocka_unit_test_setup_teardown(test_long, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
