/*
 * regex: the output of fail2ban-regex becomes lines; a program of that name that fails, hangs or is missing is an
 * error.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "import/regex.h"

enum { SOON_MS = 300, LONG_MS = 60 * 1000 };

/* Lines joined by "|". */
static void expect(const struct regex_lines *lines, const char *want)
{
	char got[512] = "";
	size_t n = 0;

	for (size_t i = 0; i < lines->n; i++)
		n += (size_t)snprintf(got + n, sizeof got - n, "%s%.*s", i > 0 ? "|" : "", (int)lines->list[i].len,
		                      lines->list[i].p);
	if (strcmp(got, want) != 0)
		fail_msg("got \"%s\", want \"%s\"", got, want);
}

static void parse(const char *text, size_t len, const char *want)
{
	struct regex_lines lines;
	char *const bytes = malloc(len + 1);

	memcpy(bytes, text, len);
	regex_parse(bytes, len, &lines);
	expect(&lines, want);
	regex_done(&lines);
}

static void test_output(void **state)
{
	static const struct {
		const char *text, *want;
	} table[] = {
		{"", ""},
		{"Results\n|- Matched line(s):\n", ""},
		{"Lines: 3 lines\n\n|- Matched line(s):\n|  b\n|  a \t\n|  b\n`-\n|  c\n", "a|b"},
		/* what a client wrote is no heading and no end */
		{"x\n|- Matched line(s):\n|  |- Matched line(s):\n|  `-\n|  |  z\n`-\n", "`-||  z||- Matched line(s):"},
		{"x\n|- Matched line(s):\n|  without end", "without end"},
		{"x\n|- Matched line(s):\n| ", ""},
	};
	static const char odd[] = "x\n|- Matched line(s):\n|  b\xA0\n|  a\r\n`-\0\n";

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		parse(table[i].text, strlen(table[i].text), table[i].want);
	parse(odd, sizeof odd - 1, "a|b");
}

/* Makes a program of that name the only one. */
static void install(const char *dir, const char *script)
{
	char path[128];
	FILE *out;

	(void)snprintf(path, sizeof path, "%s/fail2ban-regex", dir);
	out = fopen(path, "we");
	assert_non_null(out);
	(void)fprintf(out, "#!/bin/sh\n%s\n", script);
	(void)fclose(out);
	assert_int_equal(chmod(path, 0755), 0);
}

static int run(int64_t ms, struct regex_lines *ret, struct why *why)
{
	FILE *const log = tmpfile();
	struct regex_order order = {"/etc/f2b", "own; touch x", "mode=\"a b\"", fileno(log), clock_steady_ms() + ms};
	int rc;

	(void)fputs("a line of the log\n", log);
	(void)fflush(log);
	rc = regex_run(&order, ret, why);
	(void)fclose(log);
	return rc;
}

static void test_child(void **state)
{
	char dir[] = "/tmp/regex.XXXXXX", path[128];
	struct regex_lines lines;
	struct why why;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(setenv("PATH", dir, 1), 0);
	assert_int_equal(run(LONG_MS, &lines, &why), -ENOENT);
	regex_done(&lines);

	/* Its arguments, one a line, and the log. */
	install(dir, "printf '\\n|- Matched line(s):\\n'; for a; do printf '|  %s\\n' \"$a\"; done\n"
	             "while read -r line; do printf '|  %s\\n' \"$line\"; done </dev/fd/3; echo '`-'");
	if (run(LONG_MS, &lines, &why) < 0)
		fail_msg("%s", why.text);
	expect(&lines,
	       "--|--config=/etc/f2b|--encoding=latin-1|--print-all-matched|--print-no-ignored|--print-no-missed|/dev/fd/3|"
	       "a line of the log|own; touch x[mode=\"a b\"]");
	regex_done(&lines);

	install(dir, "echo first; printf 'ERROR: \\033[1mno filter\\n' >&2; exit 255");
	assert_int_equal(run(LONG_MS, &lines, &why), -EINVAL);
	assert_string_equal(why.text, "fail2ban-regex: ERROR: \\x1b[1mno filter");
	regex_done(&lines);

	install(dir, "while :; do :; done");
	assert_int_equal(run(SOON_MS, &lines, &why), -ETIMEDOUT);
	regex_done(&lines);

	(void)snprintf(path, sizeof path, "%s/fail2ban-regex", dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_output),
		cmocka_unit_test(test_child),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
