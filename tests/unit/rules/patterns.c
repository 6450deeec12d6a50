/*
 * patterns: the shipped rules against their own examples, and against every spelling of an address. WFS_SOURCE_ROOT:
 * the checkout.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "input/line.h"
#include "rulecheck/example.h"
#include "rulecheck/lint.h"

enum { PATH_MAX_BYTES = 4096, MESSAGE_MAX = 8192 };

static struct rules *rules;
static struct rules_scratch *scratch;
static struct sessions *sessions;
static struct example_line **lines; /* [rule][example] */

static int load(void **state)
{
	const char *const root = getenv("WFS_SOURCE_ROOT");
	char dir[PATH_MAX_BYTES];
	const char *const dirs[] = {dir};
	struct rulefile_errors errors = {0};
	struct why why;

	(void)state;
	(void)snprintf(dir, sizeof dir, "%s/patterns", root != NULL ? root : ".");
	if (rules_load(dirs, 1, NULL, 0, &rules, &errors, &why) < 0) {
		for (size_t i = 0; i < errors.n; i++)
			print_error("%s\n", errors.text[i]);
		return -1;
	}
	scratch = rules_scratch_new(rules);
	sessions = sessions_new();
	lines = calloc(rules_count(rules), sizeof *lines);
	for (size_t i = 0; i < rules_count(rules); i++) {
		const struct rulefile_rule *const text = rules_at(rules, i)->text;

		lines[i] = calloc(text->n_examples + 1, sizeof **lines);
		for (size_t e = 0; e < text->n_examples; e++) {
			struct line_clock clock;
			struct line line;

			line_clock_init(&clock, 1735689600, 0); /* a leap year takes every day */
			if (line_parse(&clock, text->examples[e].text, strlen(text->examples[e].text), &line) ==
			    LINE_OK)
				lines[i][e] = (struct example_line){line.host, line.program, line.message};
		}
	}
	return 0;
}

static int unload(void **state)
{
	(void)state;
	for (size_t i = 0; i < rules_count(rules); i++)
		free(lines[i]);
	free(lines);
	sessions_free(sessions);
	rules_scratch_free(scratch);
	rules_free(rules);
	return 0;
}

/* A customer who forgot to log in is no spammer; who does it again is. */
static void one_relay_blocks_nobody(void **state)
{
	enum { THRESHOLD = 100 };
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < rules_count(rules); i++) {
		const struct rulefile_rule *const text = rules_at(rules, i)->text;

		if (strcmp(text->category, "relay") != 0)
			continue;
		if (text->score >= THRESHOLD || 2 * text->score < THRESHOLD)
			fail_msg("%s: score %d: one line must not block, two must", text->name, text->score);
		n++;
	}
	assert_true(n > 0);
}

static void own_examples(void **state)
{
	size_t n = 0, wrong = 0;

	(void)state;
	for (size_t i = 0; i < rules_count(rules); i++) {
		const struct rule *const rule = rules_at(rules, i);
		size_t hits = 0, misses = 0;

		for (size_t e = 0; e < rule->text->n_examples; e++, n++) {
			const struct rulefile_example *const example = &rule->text->examples[e];
			struct rules_hit hit;
			const int answer = example_try(scratch, sessions, rule, e, lines[i], &hit);

			hits += example->hit;
			misses += !example->hit && !example->given;
			if (answer == EXAMPLE_RIGHT)
				continue;
			print_error("%s:%u: [%s]: %s\n", rule->text->file, example->line, rule->text->name,
			            example_sentence(answer));
			wrong++;
		}
		if (hits == 0 || misses == 0) {
			print_error("%s:%u: [%s]: %zu hits, %zu misses\n", rule->text->file, rule->text->line,
			            rule->text->name, hits, misses);
			wrong++;
		}
	}
	print_message("%zu rules, %zu examples\n", rules_count(rules), n);
	assert_int_equal(wrong, 0);
}

/* An address has many spellings and is one value; what is not an address names nobody. */
static const struct {
	const char *spelling, *address; /* address NULL: none */
} spellings[] = {
	{"203.0.113.9", "203.0.113.9"},
	{"::ffff:203.0.113.9", "203.0.113.9"},
	{"::FFFF:203.0.113.9", "203.0.113.9"},
	{"0:0:0:0:0:ffff:203.0.113.9", "203.0.113.9"},
	{"2001:db8:bad::9", "2001:db8:bad::9"},
	{"2001:DB8:BAD::9", "2001:db8:bad::9"},
	{"2001:0db8:0bad:0000:0000:0000:0000:0009", "2001:db8:bad::9"},
	{"2001:db8:bad:0:0:0:0:9", "2001:db8:bad::9"},
	{"IPv6:2001:db8:bad::9", "2001:db8:bad::9"},
	{"203.0.113.256", NULL},
	{"203.0.113.09", NULL},
	{"203.0.113", NULL},
	{"203.0.113.9.5", NULL},
	{"0xcb007109", NULL},
	{"2001:db8::1::9", NULL},
	{"12001:db8::9", NULL},
	{"2001:db8:0:0:0:0:0:0:9", NULL},
	{"2001:db8:bad::9%eth0", NULL},
	{"::ffff:203.0.113.256", NULL},
	{"fe80::9", NULL},
	{"127.0.0.1", NULL},
	{"::ffff:127.0.0.1", NULL},
	{"255.255.255.255", NULL},
	{"host.example.com", NULL},
};

static bool spelled(const struct rule *rule, const struct example_line *line, struct span where, size_t s)
{
	struct rules_hit hits[RULES_HITS_MAX];
	char text[MESSAGE_MAX];
	struct addr want;
	const size_t before = (size_t)(where.p - line->message.p);
	const int len = snprintf(text, sizeof text, "%.*s%s%.*s", (int)before, line->message.p, spellings[s].spelling,
	                         (int)(line->message.len - before - where.len), where.p + where.len);
	const size_t n = rules_match_all(scratch, line->program, (struct span){text, (size_t)len}, true, hits);

	if (spellings[s].address == NULL)
		return n == 0 || hits[0].where.p == NULL || (size_t)(hits[0].where.p - text) != before;
	assert_true(addr_parse(spellings[s].address, strlen(spellings[s].address), &want));
	return n > 0 && hits[0].rule == rule && addr_equal(&hits[0].address, &want);
}

/* Exim's and others' echo of the client must be the client; the sendmail way of IPv6 stands there already. */
static bool cannot_be_spelled(struct span message, struct span where, const char *spelling)
{
	const char *const behind = where.p + where.len;

	if (memmem(behind, message.len - (size_t)(behind - message.p), where.p, where.len) != NULL &&
	    memmem(message.p, message.len, "JunkMail", 8) != NULL)
		return true;
	return strncmp(spelling, "IPv6:", 5) == 0 && where.p - message.p > 5 && memcmp(where.p - 5, "IPv6:", 5) == 0;
}

static void all_spellings(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < rules_count(rules); i++) {
		const struct rule *const rule = rules_at(rules, i);
		/* ":port" follows unbracketed, or "NAME:" precedes */
		const bool ip4_only = strncmp(rule->text->name, "dropbear-", 9) == 0 ||
		                      strncmp(rule->text->name, "vpopmail-", 9) == 0;

		for (size_t e = 0; e < rule->text->n_examples; e++) {
			struct rules_hit hit;

			if (!rule->text->examples[e].hit || rule->text->also ||
			    example_try(scratch, sessions, rule, e, lines[i], &hit) != EXAMPLE_RIGHT ||
			    hit.where.p == NULL || lines[i][e].message.len > MESSAGE_MAX / 2 ||
			    strncmp(lines[i][e].message.p, "message repeated", 16) == 0)
				continue;
			for (size_t s = 0; s < sizeof spellings / sizeof *spellings; s++) {
				if ((ip4_only && strchr(spellings[s].spelling, ':') != NULL) ||
				    cannot_be_spelled(lines[i][e].message, hit.where, spellings[s].spelling) ||
				    spelled(rule, &lines[i][e], hit.where, s))
					continue;
				print_error("%s:%u: [%s] with \"%s\": want %s\n", rule->text->file,
				            rule->text->examples[e].line, rule->text->name, spellings[s].spelling,
				            spellings[s].address != NULL ? spellings[s].address : "nobody");
				wrong++;
			}
		}
	}
	assert_int_equal(wrong, 0);
}

static void lints(void **state)
{
	struct rulefile_errors errors = {0}, warnings = {0}, notes = {0};

	(void)state;
	lint_rules(rules, 0, scratch, (const struct example_line *const *)lines, &errors, &warnings, &notes);
	for (size_t i = 0; i < errors.n; i++)
		print_error("%s\n", errors.text[i]);
	for (size_t i = 0; i < warnings.n; i++)
		print_error("%s\n", warnings.text[i]);
	for (size_t i = 0; i < notes.n; i++)
		print_error("%s\n", notes.text[i]);
	assert_int_equal(errors.n, 0);
	assert_int_equal(warnings.n, 0);
	assert_int_equal(notes.n, 0);
	rulefile_errors_done(&errors);
	rulefile_errors_done(&warnings);
	rulefile_errors_done(&notes);
}

/* What has a rule that anybody can cheat ships disabled. */
static void forgeable(void **state)
{
	(void)state;
	for (size_t i = 0; i < rules_count(rules); i++) {
		const struct rulefile_rule *const rule = rules_at(rules, i)->text;

		if (strcmp(rule->category, "firewall") == 0)
			assert_false(rule->enabled);
		assert_int_equal(strcmp(rule->category, "good") == 0, rule->score < 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_relay_blocks_nobody),
		cmocka_unit_test(own_examples),
		cmocka_unit_test(all_spellings),
		cmocka_unit_test(lints),
		cmocka_unit_test(forgeable),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
