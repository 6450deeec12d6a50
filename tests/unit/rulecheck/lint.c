#include "rulecheck/lint.h"
#include "testlib.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64], first[128], second[128];

static int setup(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof dir, "/tmp/wfs-lint-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(first, sizeof first, "%s/a.rules", dir);
	(void)snprintf(second, sizeof second, "%s/b.rules", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)unlink(first);
	(void)unlink(second);
	return rmdir(dir);
}

static void loose(void **state)
{
	static const struct {
		bool loose;
		const char *regex, *at;
	} table[] = {
		{false, "^x <ADDR>", ""},
		{false, "^x from <NAME>\\[<ADDR>\\]: .*", ""},
		{false, "^user=.*, ip=<ADDR>$", ""},
		{false, "^(?:user=.*, ip=<ADDR>)$", ""},
		{false, "^user=[^,]*, ip=<ADDR>", ""},
		{false, "^user=[^,\\s]+ ip=<ADDR>", ""},
		{false, "^user=([^,]*), ip=<ADDR>", ""},
		{false, "^user=\\S+ ip=<ADDR>", ""},
		{false, "^x(?!.*y) <ADDR>", ""},
		{false, "^x.{0,20}<ADDR>", ""},
		{false, "^user=[^[:space:]]* ip=<ADDR>", ""},
		{false, "^user=[^[:space:],]*, ip=<ADDR>", ""},
		{false, "^user=[^]]+\\] ip=<ADDR>", ""},
		{false, "^user=\\S+\\s+ip=<ADDR>", ""},
		{false, "^user=\\D+\\d ip=<ADDR>", ""},
		{true, "^user=[^[:punct:]]* ip=<ADDR>", "[^[:punct:]]* ip="},
		{true, "^user=[^[:space:]]*[a-z] ip=<ADDR>", "[^[:space:]]*[a-z]"},
		{true, "^user=.*, ip=<ADDR>", ".*, ip="},
		{true, "^user=.*, ip=<ADDR>\\$", ".*, ip="},
		{true, "^user=.+?, ip=<ADDR>", ".+?, ip="},
		{true, "^user=.{3,}, ip=<ADDR>", ".{3,}, ip="},
		{true, "^user=\\S*<ADDR>", "\\S*"},
		{true, "^user=[^,]*ip=<ADDR>", "[^,]*ip="},
		{true, "^user=[^]]+<ADDR>", "[^]]+"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		size_t at = 0;

		if (lint_is_loose(table[i].regex, &at) != table[i].loose)
			fail_msg("%s: want %s", table[i].regex, table[i].loose ? "loose" : "not loose");
		if (table[i].loose && strncmp(table[i].regex + at, table[i].at, strlen(table[i].at)) != 0)
			fail_msg("%s: want it at %s, got %s", table[i].regex, table[i].at, table[i].regex + at);
	}
}

/* "PROGRAM: MESSAGE", as these tests' lines are. */
static struct example_line take_apart(const char *text)
{
	const char *const colon = strstr(text, ": ");

	if (colon == NULL)
		return (struct example_line){0};
	return (struct example_line){{NULL, 0}, {text, (size_t)(colon - text)}, {colon + 2, strlen(colon + 2)}};
}

/* The first error, or warning when there is none; "" when there is neither. */
static void said(const char *a, const char *b, size_t stretch_from, char *out, size_t cap)
{
	const char *const files[] = {first, second};
	struct rulefile_errors errors = {0}, warnings = {0}, notes = {0};
	struct example_line lines[4][8] = {0};
	const struct example_line *rows[4] = {lines[0], lines[1], lines[2], lines[3]};
	struct rules_scratch *scratch;
	struct rules *rules;
	struct why why;

	write_text(first, a);
	write_text(second, b);
	if (rules_load(NULL, 0, files, 2, &rules, &errors, &why) < 0)
		fail_msg("%s", errors.text[0]);
	for (size_t i = 0; i < rules_count(rules); i++)
		for (size_t e = 0; e < rules_at(rules, i)->text->n_examples; e++)
			lines[i][e] = take_apart(rules_at(rules, i)->text->examples[e].text);
	scratch = rules_scratch_new(rules);
	lint_rules(rules, stretch_from, scratch, rows, &errors, &warnings, &notes);
	(void)snprintf(out, cap, "%s", errors.n > 0 ? errors.text[0] : warnings.n > 0 ? warnings.text[0] : "");
	if (strncmp(out, dir, strlen(dir)) == 0)
		memmove(out, out + strlen(dir) + 1, strlen(out + strlen(dir) + 1) + 1);
	rulefile_errors_done(&errors);
	rulefile_errors_done(&warnings);
	rulefile_errors_done(&notes);
	rules_scratch_free(scratch);
	rules_free(rules);
}

#define R(name, match) "[" name "]\nprogram = q\ncategory = auth\nreason = r\nmatch = " match "\n"
#define HIT            "hit = 198.51.100.7 | q: bad 198.51.100.7\n"
#define MISS           "miss = q: good 198.51.100.7\n"

static void findings(void **state)
{
	static const struct {
		const char *a, *b, *want;
	} table[] = {
		{R("a", "^bad <ADDR>$") HIT MISS, "", ""},
		{R("a", "^bad <ADDR>$") MISS, "", "a.rules:1: [a] has no \"hit\""},
		{R("a", "^bad <ADDR>$") HIT, "", "a.rules:1: [a] has no \"miss\""},
		{R("a", "^bad <ADDR>$") HIT MISS, R("b", "^bad <ADDR>") HIT MISS, "a.rules:6: [a] and [b] of "},
		{R("a", "^bad <ADDR>$") HIT "hit = 198.51.100.7 | p: bad 198.51.100.7\n" MISS, "",
	         "a.rules:7: [a] is for \"q\", but its example is a line of \"p\""},
		{R("a", "^.*bad <ADDR>") HIT MISS, "",
	         "a.rules:5: match of [a]: untrusted text may come before <ADDR>"},
		{R("a", "^(?:\\w+ ?)+ <ADDR>$") HIT "hit = 198.51.100.7 | q: bad bad b 198.51.100.7\n" MISS, "",
	         "a.rules:6: match of [a] is aborted (limit of 50000 steps) when "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		char got[1024];

		said(table[i].a, table[i].b, 0, got, sizeof got);
		if (strncmp(got, table[i].want, strlen(table[i].want)) != 0 || (*table[i].want == '\0' && *got != '\0'))
			fail_msg("%s\nwant: %s\ngot:  %s", table[i].a, table[i].want, got);
	}
}

/* Parts are repeated only from the given directory on; the rest of the checks is the same. */
static void directories(void **state)
{
	static const char slow[] =
		R("a", "^(?:\\w+ ?)+ <ADDR>$") HIT "hit = 198.51.100.7 | q: bad bad b 198.51.100.7\n";
	char got[1024];

	(void)state;
	said(slow, "", 0, got, sizeof got);
	assert_non_null(strstr(got, "is aborted"));
	said(slow, "", 1, got, sizeof got); /* files have the number after the last directory, here 0 */
	assert_non_null(strstr(got, "[a] has no \"miss\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(loose), cmocka_unit_test(findings),
	                                   cmocka_unit_test(directories)};

	return cmocka_run_group_tests(tests, setup, teardown);
}
