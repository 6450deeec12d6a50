/* macros: what is replaced, what stays as it is, and what is refused. */
#include "rules/macros.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char out[MACROS_EXPANDED_MAX];

static void read_text(const char *text, struct macros *macros, struct ini **ini, struct rulefile_errors *errors)
{
	struct why why;

	*macros = (struct macros){0};
	*errors = (struct rulefile_errors){0};
	if (ini_parse("m", text, strlen(text), ini, &why) != 0)
		fail_msg("%s", why.text);
	macros_read(macros, *ini, errors);
}

static void test_expand(void **state)
{
	static const struct {
		const char *in, *want;
		bool unanswered;
	} rows[] = {
		{"^x <who>$", "^x from <ADDR>$", false},
		{"<Who>", "from <ADDR>", false},
		{"<WHO><who>", "from <ADDR>from <ADDR>", false},
		{"<twice>", "2", false}, /* the last one of a name */
		{"<deep>", "(?:from <ADDR>)", false},
		{"<ADDR> <QUEUE>", "<ADDR> <QUEUE>", false},
		{"from=<a>", "from=<a>", false},
		{"<who", "<who", false},
		{"<>", "<>", false},
		{"(?<who>x)(?P<who>y)\\k<who>\\g<who>", "(?<who>x)(?P<who>y)\\k<who>\\g<who>", false},
		{"\\<who>", "\\<who>", false},
		{"\\\\<who>", "\\\\from <ADDR>", false}, /* the backslash is escaped, not the macro */
		{"<unanswered>", "no", true},
		{"<hidden>", "no", true},
		{"unanswered", "unanswered", false},
	};
	struct rulefile_errors errors;
	struct macros macros;
	struct ini *ini;

	(void)state;
	read_text(
		"[define]\nwho = from <ADDR>\ntwice = 1\nTWICE = 2\ndeep = (?:<who>)\nunanswered = no\nhidden = <unanswered>\n"
		"[a]\nother = 1\n",
		&macros, &ini, &errors);
	assert_int_equal(errors.n, 0);
	assert_int_equal(macros.n, 6);
	assert_string_equal(macros_value(&macros, "Hidden"), "<unanswered>");
	assert_null(macros_value(&macros, "other"));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		bool unanswered = !rows[i].unanswered;

		assert_true(macros_expand(&macros, "x", rows[i].in, out, &unanswered, &errors));
		if (strcmp(out, rows[i].want) != 0 || unanswered != rows[i].unanswered)
			fail_msg("%s: got \"%s\", want \"%s\"", rows[i].in, out, rows[i].want);
	}
	assert_int_equal(errors.n, 0);
	ini_free(ini);
}

static void test_names(void **state)
{
	struct rulefile_errors errors;
	struct macros macros;
	struct ini *ini;

	(void)state;
	read_text("[define]\nQUEUE = 1\na.b = 2\naddr = 3\n", &macros, &ini, &errors);
	assert_int_equal(macros.n, 1); /* those of the compiler are in capitals */
	assert_int_equal(errors.n, 2);
	assert_string_equal(errors.text[0], "m:2: \"QUEUE\" cannot be a macro's name");
	assert_string_equal(errors.text[1], "m:3: \"a.b\" cannot be a macro's name");
	assert_int_equal(macros_builtin_len("<ADDR>x"), 6);
	assert_int_equal(macros_builtin_len("<addr>"), 0);
	assert_int_equal(macros_builtin_len("ADDR>"), 0);
	assert_true(macros_is_name("a-B_9", 5));
	assert_false(macros_is_name("a b", 3));
	assert_false(macros_is_name("", 0));
	rulefile_errors_done(&errors);
	ini_free(ini);
}

static void test_refused(void **state)
{
	struct rulefile_errors errors;
	struct macros macros;
	struct ini *ini;
	char *const longest = malloc(MACROS_EXPANDED_MAX + 1);
	bool ignored;

	(void)state;
	assert_non_null(longest);
	read_text("[define]\na = <b>\nb = <a>\n", &macros, &ini, &errors);
	assert_false(macros_expand(&macros, "f:1: match", "<a>", out, &ignored, &errors));
	assert_string_equal(errors.text[0], "f:1: match: macros nest deeper than 8; does one contain itself?");
	memset(longest, 'x', MACROS_EXPANDED_MAX);
	longest[MACROS_EXPANDED_MAX] = '\0';
	assert_false(macros_expand(&macros, "f:1: match", longest, out, &ignored, &errors));
	assert_string_equal(errors.text[1], "f:1: match: longer than 16384 bytes with its macros");
	longest[MACROS_EXPANDED_MAX - 1] = '\0';
	assert_true(macros_expand(&macros, "f:1: match", longest, out, &ignored, &errors));
	assert_int_equal(strlen(out), MACROS_EXPANDED_MAX - 1);
	rulefile_errors_done(&errors);
	ini_free(ini);
	free(longest);
}

static void test_most(void **state)
{
	static char text[MACROS_MAX * 16];
	struct rulefile_errors errors;
	struct macros macros;
	struct ini *ini;
	size_t n = (size_t)sprintf(text, "[define]\n");

	(void)state;
	for (int i = 0; i < MACROS_MAX + 2; i++)
		n += (size_t)sprintf(text + n, "m%d = %d\n", i, i);
	read_text(text, &macros, &ini, &errors);
	assert_int_equal(macros.n, MACROS_MAX);
	assert_int_equal(errors.n, 1);
	assert_string_equal(errors.text[0], "m:258: more than 256 macros");
	rulefile_errors_done(&errors);
	ini_free(ini);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expand),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
