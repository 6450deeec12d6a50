/* examples: which rule files are valid, and what is reported about the others. */
#include "rulecheck/examples.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

#define RULE(name, match)                                                                                              \
	"[" name "]\nprogram = testd\nmatch = " match "\ncategory = auth\nreason = guesses\nscore = 20\n"
#define LINE "Nov 20 13:37:42 mx testd[1]: "
#define HIT  "hit = 192.0.2.7 | " LINE "guess from 192.0.2.7\n"
#define MISS "miss = " LINE "guess from nobody\n"

/* want: what the first error says after the path, or NULL for rules that may be used. */
static void check(const char *text, const char *want, size_t n_errors)
{
	const char *const dirs[] = {directory};
	struct rulefile_errors errors = {0};
	struct rules *rules = NULL;
	struct why why = {""};
	FILE *const file = fopen(path, "w");
	int rc;

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	rc = examples_load(dirs, 1, NULL, 0, &rules, &errors, &why);
	if (want == NULL) {
		if (rc != 0)
			fail_msg("%s:\n got %s, want it accepted", text, why.text);
		assert_non_null(rules);
		assert_int_equal(errors.n, 0);
	} else {
		if (rc == 0)
			fail_msg("%s:\n got it accepted, want %s", text, want);
		assert_int_equal(rc, -EINVAL);
		assert_null(rules);
		if (strncmp(why.text, path, strlen(path)) != 0 ||
		    strncmp(why.text + strlen(path), want, strlen(want)) != 0)
			fail_msg("%s:\n got %s\nwant ...%s", text, why.text, want);
		if (errors.n != n_errors)
			fail_msg("%s:\n got %zu errors, want %zu", text, errors.n, n_errors);
	}
	rulefile_errors_done(&errors);
	rules_free(rules);
}

static void test_load(void **state)
{
	(void)state;
	check(RULE("a", "^guess from <ADDR>$") HIT MISS, NULL, 0);
	check(RULE("a", "^guess from <ADDR>$") HIT "hit = 2001:db8::1 | " LINE "guess from 2001:DB8::1\n"
	                                           "hit = 192.0.2.7 | " LINE "guess from ::ffff:192.0.2.7\n" MISS,
	      NULL, 0);
	check(RULE("a", "^guess from <ADDR>$") "hit = 192.0.2.8 | " LINE "guess from 192.0.2.7\n" MISS,
	      ":7: hit of [a]: ", 1);
	check(RULE("a", "^guess from <ADDR>$") HIT "hit = 192.0.2.7 | " LINE "other 192.0.2.7\n" MISS,
	      ":8: hit of [a]: ", 1);
	check(RULE("a", "^guess from <ADDR>$") HIT "miss = " LINE "guess from 192.0.2.9\n",
	      ":8: miss of [a]: the rule matches it, but must not", 1);
	check(RULE("a", "^guess from <ADDR>$") HIT "miss = no header at all\n", ":8: miss of [a]: ", 1);
	/* Another takes it first; a line of another program is nobody's. */
	check(RULE("a", "^guess from <ADDR>$") HIT MISS RULE("b", "^guess from <ADDR>$") HIT MISS,
	      ":15: hit of [b]: ", 1);
	check(RULE("a",
	           "^guess from <ADDR>$") "hit = 192.0.2.7 | Nov 20 13:37:42 mx other[1]: guess from 192.0.2.7\n" MISS,
	      ":7: hit of [a]: ", 1);
	/* A repetition whose end is missing is no message. */
	check(RULE("a", "^guess from <ADDR>$") "hit = 192.0.2.7 | " LINE
	                                       "message repeated 3 times: [ guess from 192.0.2.7\n" MISS,
	      ":7: hit of [a]: not matched: it repeats a message, and its end is missing", 1);
	/* Nor does a line name its program that has its own form. */
	check(RULE("a", "^guess from <ADDR>$") "hit = 192.0.2.7 | 2026-11-20 13:37:42 guess from 192.0.2.7\n" MISS,
	      ":7: hit of [a]: the rule is for the program \"testd\", and a line like this is one of \"exim\"\n"
	      "    2026-11-20 13:37:42 guess from 192.0.2.7",
	      1);
	/* All that is wrong is said. */
	check(RULE("a", "^guess from <ADDR>$") "hit = 192.0.2.8 | " LINE "guess from 192.0.2.7\n"
	                                       "miss = " LINE "guess from 192.0.2.9\n",
	      ":7: hit of [a]: ", 2);
	/* Feb 29 is a day. */
	check(RULE("a",
	           "^guess from <ADDR>$") "hit = 192.0.2.7 | Feb 29 13:37:42 mx testd[1]: guess from 192.0.2.7\n" MISS,
	      NULL, 0);
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
	struct rulefile_errors errors = {0};
	struct rules *rules = NULL;
	struct why why = {""};
	FILE *const file = fopen(path, "w");

	(void)state;
	assert_non_null(file);
	assert_true(fputs(RULE("a", "^guess from <ADDR>$") HIT "hit = 192.0.2.7 | " LINE "\x1b[31m\xff guess\n" MISS,
	                  file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(examples_load(dirs, 1, NULL, 0, &rules, &errors, &why), -EINVAL);
	assert_null(rules);
	assert_int_equal(errors.n, 1);
	assert_null(strchr(errors.text[0], '\x1b'));
	assert_non_null(strstr(errors.text[0], "\\x1b[31m\\xff guess"));
	rulefile_errors_done(&errors);
}

static void test_try(void **state)
{
	const char *const dirs[] = {directory};
	struct rulefile_errors errors = {0};
	struct rules *rules = NULL;
	struct why why = {""};
	FILE *const file = fopen(path, "w");

	(void)state;
	assert_non_null(file);
	assert_true(fputs(RULE("a", "^guess from <ADDR>$") HIT HIT MISS RULE(
				  "b", "^other from <ADDR>$") "hit = 192.0.2.7 | " LINE "other from 192.0.2.7\n" MISS,
	                  file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(rules_load(dirs, 1, NULL, 0, &rules, &errors, &why), 0);
	assert_int_equal(examples_try(rules, &errors, NULL), 5);
	assert_int_equal(errors.n, 0);
	rulefile_errors_done(&errors);
	rules_free(rules);
}

/* --- what a start takes --- */

static const char *const names[] = {"a.rules", "b.rules", "macros.rules"};

enum { N_NAMES = sizeof names / sizeof *names };

static void place(char out[static 128], const char *sub, const char *name)
{
	(void)snprintf(out, 128, "%s/%s/%s", directory, sub, name);
}

/* Two directories, one shipped and one for the administrator; texts by names, NULL: no such file. */
static void write_files(const char *sub, const char *const texts[static N_NAMES])
{
	char file_path[128];

	place(file_path, sub, "");
	(void)mkdir(file_path, 0755);
	for (size_t i = 0; i < N_NAMES; i++) {
		FILE *file;

		place(file_path, sub, names[i]);
		(void)unlink(file_path);
		if (texts[i] == NULL)
			continue;
		assert_non_null(file = fopen(file_path, "w"));
		assert_true(fputs(texts[i], file) >= 0);
		assert_int_equal(fclose(file), 0);
	}
}

static void remove_files(const char *sub)
{
	const char *const none[N_NAMES] = {0};
	char file_path[128];

	write_files(sub, none);
	place(file_path, sub, "");
	assert_int_equal(rmdir(file_path), 0);
}

/* want_rules: names of those that are used, separated by blanks; want_errors: how each sentence begins behind the
 * directory, and how it ends. */
static void start(const char *const shipped[static N_NAMES], const char *const own[static N_NAMES],
                  const char *want_rules, size_t n_errors, const char *const want_errors[][2])
{
	char share[128], etc[128], got[256] = "";
	const char *const dirs[] = {share, etc};
	struct rulefile_errors errors;
	struct rules *rules = NULL;

	(void)snprintf(share, sizeof share, "%s/share", directory);
	(void)snprintf(etc, sizeof etc, "%s/etc", directory);
	write_files("share", shipped);
	write_files("etc", own);
	examples_load_good(dirs, 2, &rules, &errors);
	for (size_t i = 0; i < rules_count(rules); i++) {
		(void)strcat(got, i > 0 ? " " : "");
		(void)strncat(got, rules_at(rules, i)->text->name, 20);
	}
	assert_string_equal(got, want_rules);
	for (size_t i = 0; i < errors.n && i < n_errors; i++) {
		const char *const text = errors.text[i] + strlen(directory);
		const size_t len = strlen(text), end_len = strlen(want_errors[i][1]);

		if (strncmp(text, want_errors[i][0], strlen(want_errors[i][0])) != 0 || len < end_len ||
		    strcmp(text + len - end_len, want_errors[i][1]) != 0)
			fail_msg("got %s\nwant %s...%s", text, want_errors[i][0], want_errors[i][1]);
		assert_null(strchr(text, '\n'));
	}
	assert_int_equal(errors.n, n_errors);
	rulefile_errors_done(&errors);
	rules_free(rules);
}

#define LEFT_OUT "; started without the rules of this file"
#define GOOD(name, word)                                                                                               \
	"[" name "]\nprogram = testd\nmatch = ^" word " from <ADDR>$\ncategory = auth\nreason = guesses\nscore = 20\n" \
	"hit = 192.0.2.7 | " LINE word " from 192.0.2.7\nmiss = " LINE word " from nobody\n"

static void test_start(void **state)
{
	const char *const shipped[N_NAMES] = {GOOD("a", "guess"), GOOD("b", "other"), NULL};
	char unreadable[128];

	(void)state;
	start(shipped, (const char *const[N_NAMES]){0}, "a b", 0, NULL);
	/* Its own rules replace the shipped ones, unless there is an error in them. */
	start(shipped, (const char *const[N_NAMES]){GOOD("mine", "guess")}, "mine b", 0, NULL);
	/* They come before the shipped ones, whatever the files' names are, and may match their examples first. */
	start(shipped, (const char *const[N_NAMES]){NULL, GOOD("mine", "guess")}, "mine a", 0, NULL);
	start((const char *const[N_NAMES]){GOOD("a", "guess"), NULL},
	      (const char *const[N_NAMES]){NULL, GOOD("mine", "guess")}, "mine a", 0, NULL);
	start(shipped, (const char *const[N_NAMES]){GOOD("mine", "guess") "scroe = 5\n"}, "a b", 1,
	      (const char *const[][2]){{"/etc/a.rules:9: no key \"scroe\"", "/share/a.rules"}});
	start(shipped, (const char *const[N_NAMES]){RULE("mine", "^(guess from <ADDR>$") HIT MISS}, "a b", 1,
	      (const char *const[][2]){{"/etc/a.rules:3: match of [mine]: ", "/share/a.rules"}});
	start(shipped,
	      (const char *const[N_NAMES]){RULE("mine", "^guess from <ADDR>$") "hit = 192.0.2.8 | " LINE
	                                                                       "guess from 192.0.2.7\n"},
	      "a b", 1,
	      (const char *const[][2]){
		      {"/etc/a.rules:7: hit of [mine]: the rule finds another address", "/share/a.rules"}});
	/* Nothing stands in; both have an error; all have. */
	start((const char *const[N_NAMES]){GOOD("a", "guess"), "nonsense\n"}, (const char *const[N_NAMES]){0}, "a", 1,
	      (const char *const[][2]){{"/share/b.rules:1: ", LEFT_OUT}});
	start((const char *const[N_NAMES]){"nonsense\n", GOOD("b", "other")},
	      (const char *const[N_NAMES]){"nonsense\n"}, "b", 2,
	      (const char *const[][2]){{"/etc/a.rules:1: ", "/share/a.rules"}, {"/share/a.rules:1: ", LEFT_OUT}});
	start((const char *const[N_NAMES]){"nonsense\n", "nonsense\n"}, (const char *const[N_NAMES]){0}, "", 2,
	      (const char *const[][2]){{"/share/a.rules:1: ", LEFT_OUT}, {"/share/b.rules:1: ", LEFT_OUT}});
	/* Of two rules of one name the later directory's is wrong, whatever its file's name. */
	start((const char *const[N_NAMES]){NULL, GOOD("b", "other")}, (const char *const[N_NAMES]){GOOD("B", "guess")},
	      "b", 1, (const char *const[][2]){{"/etc/a.rules:1: [b] exists already, at ", LEFT_OUT}});
	/* One that matches another's hit is none. */
	start((const char *const[N_NAMES]){NULL, GOOD("b", "other")}, (const char *const[N_NAMES]){GOOD("a", "other")},
	      "a b", 0, NULL);
	/* A file that cannot be read: here, because it is none. */
	write_files("share", shipped);
	write_files("etc", (const char *const[N_NAMES]){0});
	place(unreadable, "etc", "c.rules");
	assert_int_equal(mkdir(unreadable, 0755), 0);
	start(shipped, (const char *const[N_NAMES]){0}, "a b", 1,
	      (const char *const[][2]){{"/etc/c.rules: ", LEFT_OUT}});
	assert_int_equal(rmdir(unreadable), 0);
	remove_files("share");
	remove_files("etc");
}

/* Macros, and rules that stand beside others. */
static void test_start_together(void **state)
{
	static const char by_macro[] =
		"[a]\nprogram = testd\nmatch = ^guess from <client>$\ncategory = auth\nreason = guesses\n" HIT MISS;
	static const char beside[] =
		"[also]\nprogram = testd\nmatch = ^guess from <ADDR>$\ncategory = name\nreason = adds\nscore = 5\nalso = yes\n" HIT
			MISS;

	(void)state;
	start((const char *const[N_NAMES]){by_macro, NULL, "[define]\nclient = <ADDR>\n"},
	      (const char *const[N_NAMES]){NULL, NULL, "[define]\nclient = <ADDR>\nADDR = x\n"}, "a", 1,
	      (const char *const[][2]){{"/etc/macros.rules:3: ", "/share/macros.rules"}});
	/* An old copy of the macros lacks one. */
	start((const char *const[N_NAMES]){by_macro, NULL, "[define]\nclient = <ADDR>\nother = x\n"},
	      (const char *const[N_NAMES]){NULL, NULL, "[define]\nother = y\n"}, "a", 0, NULL);
	start((const char *const[N_NAMES]){by_macro, NULL, "[define]\nclient = nobody <ADDR>\n"},
	      (const char *const[N_NAMES]){NULL, NULL, "[define]\nclient = <ADDR>\n"}, "a", 0, NULL);
	/* What needs the macros goes with them, and nothing else. */
	start((const char *const[N_NAMES]){by_macro, GOOD("b", "other"), "[define]\nADDR = x\n"},
	      (const char *const[N_NAMES]){0}, "b", 2,
	      (const char *const[][2]){{"/share/macros.rules:2: ", LEFT_OUT}, {"/share/a.rules:3: ", LEFT_OUT}});
	start((const char *const[N_NAMES]){beside, RULE("b", "^guess from <ADDR>$") HIT MISS},
	      (const char *const[N_NAMES]){0}, "also b", 0, NULL);
	start((const char *const[N_NAMES]){beside, RULE("b", "^guess from (<ADDR>$")}, (const char *const[N_NAMES]){0},
	      "also", 1, (const char *const[][2]){{"/share/b.rules:3: ", LEFT_OUT}});
	remove_files("share");
	remove_files("etc");
}

/* A directory that is none is left out as well. */
static void test_start_directories(void **state)
{
	char missing[128];
	const char *const dirs[] = {missing};
	struct rulefile_errors errors;
	struct rules *rules = NULL;

	(void)state;
	(void)snprintf(missing, sizeof missing, "%s/missing", directory);
	examples_load_good(dirs, 1, &rules, &errors);
	assert_int_equal(rules_count(rules), 0);
	assert_int_equal(errors.n, 1);
	assert_non_null(strstr(errors.text[0], "/missing: no such directory"));
	rulefile_errors_done(&errors);
	rules_free(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_escaped),
		cmocka_unit_test(test_try),
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_start_together),
		cmocka_unit_test(test_start_directories),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
