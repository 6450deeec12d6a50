/* rulefile: what is reported for each kind of error in a .rules file, word for word, with file and line. */
#include "rules/rulefile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "rules/rules.h"
#include "testlib.h"

static char dir[64], path[128];

static int setup(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof dir, "/tmp/wfs-rulefile-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(path, sizeof path, "%s/x.rules", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(dir);
}

/* The errors, one after the other, without the directory. */
static void errors_of(const char *text, char *out, size_t cap)
{
	const char *const files[] = {path};
	struct rulefile_errors errors = {0};
	struct rules *rules = NULL;
	struct why why;
	size_t n = 0;

	write_text(path, text);
	(void)rules_load(NULL, 0, files, 1, &rules, &errors, &why);
	out[0] = '\0';
	for (size_t i = 0; i < errors.n; i++)
		for (const char *p = errors.text[i]; *p != '\0' && n + 1 < cap;) {
			if (strncmp(p, dir, strlen(dir)) == 0) {
				p += strlen(dir) + 1;
				continue;
			}
			out[n++] = *p++;
			out[n] = '\0';
			if (*p == '\0' && i + 1 < errors.n && n + 1 < cap) {
				out[n++] = '\n';
				out[n] = '\0';
			}
		}
	rulefile_errors_done(&errors);
	rules_free(rules);
}

#define HEAD "[a]\nprogram = x\ncategory = auth\nreason = r\n"

static void every_error(void **state)
{
	static const struct {
		const char *text, *want;
	} table[] = {
		{HEAD "match = ^x <ADDR>\n", ""},
		{"[define]\nm = <ADDR>\n" HEAD "match = ^x <m>\n", ""},
		{HEAD "match = ^x (?<name>y) from=<a> <ADDR>\n", ""},
		{HEAD "mtch = ^x <ADDR>\n",
	         "x.rules:5: no key \"mtch\"; did you mean \"match\"?\nx.rules:1: [a] has no \"match\""},
		{HEAD "match = ^x <ADDR>\nzzz = 1\n", "x.rules:6: no key \"zzz\""},
		{HEAD "match = ^x <ADDR>\nmatch = ^y <ADDR>\n", "x.rules:6: match: appears twice in this rule"},
		{HEAD "match = ^x <ADDR>\nprogram = y\n", "x.rules:6: program: appears twice in this rule"},
		{HEAD "match = ^x <ADDR>\njournal_uid = daemon 77\n", ""},
		{"[define]\njournal_uid = daemon\n" HEAD "match = ^x <ADDR>\n", ""},
		{HEAD "match = ^x <ADDR>\njournal_uid =\n", "x.rules:6: journal_uid: empty"},
		{HEAD "match = ^x <ADDR>\njournal_uid = 1 2 3 4 5 6 7 8 9\n",
	         "x.rules:1: [a] journal_uid: more than 8 users"},
		{HEAD "match = ^x <ADDR>\nscore = ten\n",
	         "x.rules:6: score: want a whole number from -1000 to 1000, got \"ten\""},
		{HEAD "match = ^x <ADDR>\nscore = 1001\n",
	         "x.rules:6: score: want a whole number from -1000 to 1000, got \"1001\""},
		{HEAD "match = ^x <ADDR>\nenabled = maybe\n", "x.rules:6: enabled: want yes or no, got \"maybe\""},
		{HEAD "match = ^x <ADDR>\nalso = 1\n", "x.rules:6: also: want yes or no, got \"1\""},
		{HEAD "match = ^x <ADDR>\nname = broad\n", "x.rules:6: name: want \"generic\", got \"broad\""},
		{HEAD "match = ^x <ADDR>\nhit = x\n", "x.rules:6: hit: want \"ADDRESS | LOG LINE\", got \"x\""},
		{HEAD "match = ^x <ADDR>\nhit = 1.2.3 | x\n",
	         "x.rules:6: hit: want \"ADDRESS | LOG LINE\", got \"1.2.3 | x\""},
		{"[a]\nprogram = x\ncategory = autth\nreason = r\nmatch = ^x <ADDR>\n",
	         "x.rules:3: category: no category \"autth\"; did you mean \"auth\"?"},
		{"[a]\nprogram = x\ncategory = passwords\n",
	         "x.rules:3: category: no category \"passwords\"; there are dnsbl, auth, relay, probe, protocol, unknown-user, "
	         "content, firewall, name, good, grey"},
		{"[a]\nprogram = x\nreason = r\nmatch = ^x <ADDR>\n", "x.rules:1: [a] has no \"category\""},
		{"[a]\nprogram =\ncategory = auth\nreason = r\nmatch = ^x <ADDR>\n", "x.rules:2: program: empty"},
		{"[a b]\nprogram = x\ncategory = auth\nreason = r\nmatch = ^x <ADDR>\n",
	         "x.rules:1: [a b]: a rule's name has only letters, digits, \"-\" and \"_\""},
		{"[define]\nADDR = x\n" HEAD "match = ^x <ADDR>\n", "x.rules:2: \"ADDR\" cannot be a macro's name"},
		{"[define]\nm = <n>\nn = <m>\n" HEAD "match = ^<m> <ADDR>\n",
	         "x.rules:8: match: macros nest deeper than 8; does one contain itself?\nx.rules:4: [a] has "
	         "no \"match\""},
		{HEAD "match = x <ADDR>\n",
	         "x.rules:5: match of [a] must begin with \"^\": otherwise untrusted text may match"},
		{HEAD "match = ^x\n", "x.rules:5: match of [a] must have <ADDR> exactly once, it has it 0 times"},
		{HEAD "match = ^<ADDR> <ADDR>\n",
	         "x.rules:5: match of [a] must have <ADDR> exactly once, it has it 2 times"},
		{HEAD "match = ^<NAME> <NAME> <ADDR>\n", "x.rules:5: match of [a] may have <NAME> only once"},
		{HEAD "match = ^<ADDR> <FROM> <FROM>\n", "x.rules:5: match of [a] may have <FROM> only once"},
		{HEAD "match = ^x (<ADDR>\n", "x.rules:5: match of [a]: missing closing parenthesis"},
		{HEAD "match = ^x <ADDR>\nremember = yes\n",
	         "x.rules:5: [a]: remember, forget and after need <SESSION> in the match"},
		{HEAD "match = ^x <ADDR>\nevent = login\n",
	         "x.rules:6: event: want the event and the log it is read in, such as \"ftp-login pam\", got \"login\""},
		{HEAD "match = ^x <ADDR>\nevent = login a b\n",
	         "x.rules:6: event: want the event and the log it is read in, such as \"ftp-login pam\", got \"login a b\""},
		{HEAD "match = ^x <ADDR>\nevent = a b\nevent = a c\n", "x.rules:7: event: appears twice in this rule"},
		{HEAD "match = ^x <ADDR>\nscore = -1\nevent = a b\n",
	         "x.rules:5: [a]: event is for rules with a score above 0, and cannot be combined with remember"},
		{HEAD "match = ^<SESSION> <ADDR>\n",
	         "x.rules:5: [a]: <SESSION> beside <ADDR> needs remember, forget, after or event"},
		{HEAD "match = ^<SESSION> <ADDR>\nremember = yes\nforget = yes\n",
	         "x.rules:5: [a]: remember cannot be combined with forget or after"},
		{HEAD "match = ^<SESSION>\nafter = b\n", "x.rules:5: [a]: after needs <ADDR> in the match"},
		{HEAD "match = ^<SESSION> <ADDR>\nafter = b\n",
	         "x.rules:6: after of [a]: this file has no rule [b] with remember = yes and without <ADDR>"},
		{HEAD "match = ^<SESSION>\nalso = yes\n",
	         "x.rules:5: [a]: also needs <ADDR> in the match and no <SESSION>"},
		{HEAD "match = ^x <ADDR>\nname = generic\n",
	         "x.rules:5: [a]: name = generic needs <NAME> and <ADDR> in the match"},
		{HEAD "match = ^<SESSION> <SESSION>\n", "x.rules:5: match of [a] may have <SESSION> only once"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		char got[4096];

		errors_of(table[i].text, got, sizeof got);
		/* What follows a regex's error is the regex and a caret; caret() looks at that. */
		if (strncmp(got, table[i].want, strlen(table[i].want)) != 0 ||
		    (table[i].want[0] == '\0' && got[0] != '\0'))
			fail_msg("%s\nwant: %s\ngot:  %s", table[i].text, table[i].want, got);
	}
}

static void caret(void **state)
{
	char got[4096];

	(void)state;
	errors_of(HEAD "match = ^x <ADDR> [z-a]\n", got, sizeof got);
	assert_non_null(strstr(got, "x.rules:5: match of [a]: range out of order in character class"));
	assert_non_null(strstr(got, "\n    "));
	assert_non_null(strstr(got, "^"));
}

static void rules_of_a_file(void **state)
{
	const char *const files[] = {path};
	struct rulefile_errors errors;
	struct rulefile_set set;
	struct why why;

	(void)state;
	write_text(path, "[define]\nwho = from <ADDR>\n\n[a]\nprogram = x y*\nmatch = ^(?<detail>bad) <WHO>$\n"
	                 "unless = <nothing>\ncategory = auth\nreason = wrong password\nscore = -5\nenabled = no\n"
	                 "given = line 0\nhit = 192.0.2.7 | line 1 | more\nhit = - | line 2\nmiss = line 3\n");
	assert_int_equal(rulefile_read(&(struct rulefile_from){.extra = files, .n_extra = 1}, &set, &errors, &why), 0);
	assert_int_equal(set.n, 1);
	assert_string_equal(set.rules[0].name, "a");
	assert_string_equal(set.rules[0].program, "x y*");
	assert_string_equal(set.rules[0].match.text, "^(?<detail>bad) from <ADDR>$");
	assert_string_equal(set.rules[0].unless.text, "<nothing>");
	assert_int_equal(set.rules[0].match.line, 6);
	assert_int_equal(set.rules[0].score, -5);
	assert_false(set.rules[0].enabled);
	assert_false(set.rules[0].also);
	assert_int_equal(set.rules[0].n_examples, 4);
	assert_true(set.rules[0].examples[0].given);
	assert_string_equal(set.rules[0].examples[1].text, "line 1 | more");
	assert_true(set.rules[0].examples[1].hit);
	assert_true(set.rules[0].examples[2].unnamed);
	assert_false(set.rules[0].examples[3].hit);
	rulefile_set_done(&set);
	rulefile_errors_done(&errors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_error),
		cmocka_unit_test(caret),
		cmocka_unit_test(rules_of_a_file),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
