/* rulekeys: what each key sets in its rule, and which values it refuses. */
#include "rules/rulekeys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct rulefile_rule rule;
static struct rulefile_errors errors;

static int set_up(void **state)
{
	(void)state;
	rule = (struct rulefile_rule){.score = 100};
	errors = (struct rulefile_errors){0};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(rule.program);
	free(rule.match.text);
	free(rule.category);
	free(rule.from.path);
	free(rule.to.path);
	free(rule.event);
	free(rule.event_log);
	for (size_t i = 0; i < rule.n_examples; i++)
		free(rule.examples[i].text);
	free(rule.examples);
	rulefile_errors_done(&errors);
	return 0;
}

/* The last error, or "" if the key gave none. */
static const char *read_key(unsigned line, const char *key, const char *value)
{
	static const struct macros none;
	char path[] = "/d/x.rules";
	const struct ini ini = {.path = path};
	const size_t before = errors.n;
	char *const k = strdup(key), *const v = strdup(value);

	rulekeys_read(&ini, &(struct ini_entry){.key = k, .value = v, .line = line}, &none, &rule, &errors);
	free(k);
	free(v);
	return errors.n == before ? "" : errors.text[errors.n - 1];
}

static void test_values(void **state)
{
	(void)state;
	assert_string_equal(read_key(1, "Program", "x y*"), "");
	assert_string_equal(rule.program, "x y*");
	assert_string_equal(read_key(2, "match", "^x <ADDR>"), "");
	assert_string_equal(rule.match.text, "^x <ADDR>");
	assert_int_equal(rule.match.line, 2);
	assert_string_equal(read_key(3, "score", "-1000"), "");
	assert_int_equal(rule.score, -1000);
	assert_string_equal(read_key(4, "category", "dnsbl"), "");
	assert_string_equal(read_key(5, "also", "YES"), "");
	assert_true(rule.also);
	assert_string_equal(read_key(6, "helo", "Foreign"), "");
	assert_true(rule.foreign);
	assert_string_equal(read_key(7, "for", "366d"), "");
	assert_int_equal(rule.for_s, 366 * 86400);
	assert_string_equal(read_key(8, "event", "login  pam"), "");
	assert_string_equal(rule.event, "login");
	assert_string_equal(rule.event_log, "pam");
	assert_int_equal(errors.n, 0);
}

/* Files are beside the rules unless the path is absolute. */
static void test_listed(void **state)
{
	(void)state;
	assert_string_equal(read_key(1, "to", "not  in traps"), "");
	assert_string_equal(rule.to.path, "/d/traps");
	assert_true(rule.to.negated);
	assert_string_equal(read_key(2, "from", "IN\t/etc/our own"), "");
	assert_string_equal(rule.from.path, "/etc/our own");
	assert_false(rule.from.negated);
	assert_int_equal(rule.from.line, 2);
	assert_string_equal(read_key(3, "from", "in x"), "/d/x.rules:3: from: appears twice in this rule");
}

static void test_examples(void **state)
{
	(void)state;
	assert_string_equal(read_key(1, "given", "line 0"), "");
	assert_string_equal(read_key(2, "hit", "192.0.2.7 | line 1 | more"), "");
	assert_string_equal(read_key(3, "hit", "- | line 2"), "");
	assert_string_equal(read_key(4, "miss", "line 3"), "");
	assert_int_equal(rule.n_examples, 4);
	assert_true(rule.examples[0].given);
	assert_string_equal(rule.examples[1].text, "line 1 | more");
	assert_true(rule.examples[1].hit);
	assert_true(rule.examples[2].unnamed);
	assert_false(rule.examples[3].hit);
	for (unsigned i = 4; i < 1000; i++)
		assert_string_equal(read_key(i, "miss", "x"), "");
	assert_string_equal(read_key(1001, "miss", "x"), "/d/x.rules:1001: more than 1000 examples");
	assert_int_equal(rule.n_examples, 1000);
}

static void test_refused(void **state)
{
	static const struct {
		const char *key, *value, *want;
	} rows[] = {
		{"score", "", "score: want a whole number from -1000 to 1000, got \"\""},
		{"score", "1001", "score: want a whole number from -1000 to 1000, got \"1001\""},
		{"forget", "maybe", "forget: want yes or no, got \"maybe\""},
		{"name", "broad", "name: want \"generic\", got \"broad\""},
		{"helo", "ours", "helo: want \"foreign\", got \"ours\""},
		{"for", "367d", "for: want a duration of at most 366d, such as 24h, got \"367d\""},
		{"for", "0s", "for: want a duration of at most 366d, such as 24h, got \"0s\""},
		{"to", "traps", "to: want \"in FILE\" or \"not in FILE\", got \"traps\""},
		{"to", "not in ", "to: want \"in FILE\" or \"not in FILE\", got \"not in \""},
		{"hit", "1.2.3 | x", "hit: want \"ADDRESS | LOG LINE\", got \"1.2.3 | x\""},
		{"event", "a b c",
	         "event: want the event and the log it is read in, such as \"ftp-login pam\", got \"a b c\""},
		{"score", "\x1b[1m", "score: want a whole number from -1000 to 1000, got \"\\x1b[1m\""},
		{"mtch", "x", "no key \"mtch\"; did you mean \"match\"?"},
		{"zzz", "x", "no key \"zzz\""},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *const got = read_key(7, rows[i].key, rows[i].value);

		if (strncmp(got, "/d/x.rules:7: ", 14) != 0 || strcmp(got + 14, rows[i].want) != 0)
			fail_msg("%s = %s: got \"%s\", want \"%s\"", rows[i].key, rows[i].value, got, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_values, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_listed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_examples, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
