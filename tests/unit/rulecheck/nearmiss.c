/* nearmiss: which rule came nearest to a line, where it stopped matching, and why. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "rulecheck/nearmiss.h"

static char dir[32];
static struct rules *rules;

/* One rule for each program, but for "many". */
static const char file[] =
	"[define]\nclient = [^\\s\\[]+\\[<ADDR>\\]\n"
	"[fixed]\nprogram = fixed\nmatch = ^reject: RCPT from <client>: 554 5\\.7\\.1 <[^>]*>: Relay "
	"denied$\n"
	"category = relay\nreason = r\n"
	"[sought]\nprogram = sought\nmatch = ^login failed.*, rip=<ADDR>, lip=\\d+$\ncategory = auth\nreason "
	"= r\n"
	"[lazy]\nprogram = lazy\nmatch = ^from <ADDR>: .*? blocked using (?<detail>\\S+)$\ncategory = "
	"dnsbl\nreason = r\n"
	"[choice]\nprogram = choice\nmatch = ^(?:alpha|beta (?:one|two)|gamma) <ADDR>$\ncategory = "
	"probe\nreason = r\n"
	"[repeat]\nprogram = repeat\nmatch = ^code \\d{3} <ADDR>$\ncategory = probe\nreason = r\n"
	"[or]\nprogram = or\nmatch = ^one <ADDR>$|^two [a-z]+$\ncategory = probe\nreason = r\nenabled = no\n"
	"[possessive]\nprogram = possessive\nmatch = ^<(?:[^<>\"]++|\"[^\"]*+\")*+> <ADDR>$\ncategory = "
	"probe\nreason = r\n"
	"[caseless]\nprogram = caseless\nmatch = ^(?i)abc DEF <ADDR>$\ncategory = probe\nreason = r\n"
	"[around]\nprogram = around\nmatch = ^(?!bad)\\w+ <ADDR>(?= x)\ncategory = probe\nreason = r\n"
	"[unless]\nprogram = unless\nmatch = ^by <ADDR> .*\nunless = open resolver|later\ncategory = "
	"probe\nreason = r\n"
	"[broad]\nprogram = broad\nmatch = ^by <NAME> <ADDR>$\nname = generic\ncategory = name\nreason = r\n"
	"[besides]\nprogram = besides\nmatch = ^by <ADDR>$\nalso = yes\ncategory = name\nreason = r\n"
	"[slow]\nprogram = slow\nmatch = ^(?:\\w+ ?)+ by <ADDR>$\ncategory = probe\nreason = r\n"
	"[queue]\nprogram = queue\nmatch = ^<QUEUE>: client=<ADDR>, from=<FROM> to$\ncategory = probe\nreason = r\n"
	"[trap]\nprogram = trap\nmatch = ^by <ADDR> to <TO> helo <NAME> <HELO>$\nto = in people\nhelo = foreign\ncategory = "
	"content\nreason = r\n"
	"[unlisted]\nprogram = unlisted\nmatch = ^by <ADDR> to <TO>$\nto = not in people\ncategory = content\nreason = r\n"
	"[trap-off]\nprogram = trap*\nmatch = ^by <ADDR> to <TO> .*\nto = in nowhere\nenabled = no\ncategory = "
	"content\nreason = r\n"
	"[many-a]\nprogram = many\nmatch = ^reject from <ADDR>: wrong word$\ncategory = probe\nreason = r\n"
	"[many-b]\nprogram = many\nmatch = ^reject from <ADDR>: listed by (?<detail>\\S+)$\ncategory = "
	"dnsbl\nreason = r\n"
	"[many-c]\nprogram = many*\nmatch = ^reject from .* finally <ADDR>$\ncategory = probe\nreason = r\n";

static int load(void **state)
{
	const char *const dirs[] = {dir};
	struct rulefile_errors errors = {0};
	char path[64];
	struct why why;
	FILE *out;

	(void)state;
	(void)snprintf(dir, sizeof dir, "/tmp/nearest.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(path, sizeof path, "%s/people", dir);
	out = fopen(path, "we");
	if (out == NULL || fputs("bob@example.org\n", out) < 0 || fclose(out) != 0)
		return -1;
	(void)snprintf(path, sizeof path, "%s/a.rules", dir);
	out = fopen(path, "we");
	if (out == NULL || fputs(file, out) < 0 || fclose(out) != 0)
		return -1;
	if (rules_load(dirs, 1, NULL, 0, &rules, &errors, &why) < 0)
		print_error("%s\n", why.text);
	rulefile_errors_done(&errors);
	(void)unlink(path);
	(void)snprintf(path, sizeof path, "%s/people", dir);
	(void)unlink(path);
	return rules == NULL ? -1 : 0;
}

static int unload(void **state)
{
	(void)state;
	rules_free(rules);
	return rmdir(dir);
}

/* at: where it stopped, or of what place holds; wanted: how the regex goes on. */
static const struct {
	const char *program, *message, *rule;
	enum nearmiss_why why;
	size_t at;
	const char *place, *wanted;
} found[] = {
	/* Every word of a rule without ".*" has one place where it can fail. */
	{"fixed", "reject: RCPT from a[192.0.2.7]: 454 4.7.1", "fixed", NEARMISS_STOPPED, 32, "", "554 5\\.7\\.1"},
	{"fixed", "reject: RCPT from a[192.0.2.7]: 554 5.7.1 <x>: Relay denoed", "fixed", NEARMISS_STOPPED, 56, "",
         "ied$"},
	{"fixed", "reject: RCPT from a[192.0.2.7]: 554 5.7.1 <x>: Relay denied.", "fixed", NEARMISS_STOPPED, 59, "",
         "$"},
	{"fixed", "reject: DATA from a", "fixed", NEARMISS_STOPPED, 8, "", "RCPT from"},
	{"fixed", "reject: RCPT from a b[192.0.2.7]", "fixed", NEARMISS_STOPPED, 19, "", "\\[<ADDR>\\]"},
	{"fixed", "reject: RCPT from a[host]", "fixed", NEARMISS_STOPPED, 20, "", "<ADDR>\\]"},
	{"fixed", "reject: RCPT", "fixed", NEARMISS_STOPPED, 12, "", " from"},
	{"fixed", "reject: RCPT from a[300.1.2.3]: 554 5.7.1 <x>: Relay denied", "fixed", NEARMISS_NOT_ADDRESS, 20,
         "300.1.2.3", NULL},
	{"fixed", "reject: RCPT from a[127.0.0.1]: 554 5.7.1 <x>: Relay denied", "fixed", NEARMISS_NEVER, 20,
         "127.0.0.1", NULL},
	{"fixed", "message repeated 2 times: [ reject: RCPT from a[192.0.2.7]: 454]", "fixed", NEARMISS_STOPPED, 60, "",
         "554 5"},
	/* What is sought in all the rest stands nowhere: from where on. */
	{"sought", "login failed: bob from 192.0.2.7", "sought", NEARMISS_STOPPED, 12, "", ".*, rip="},
	{"sought", "login failed: bob, rip=192.0.2.7, mip=1", "sought", NEARMISS_STOPPED, 34, "", "lip="},
	{"lazy", "from 192.0.2.7: 554 blocked by zen.example", "lazy", NEARMISS_STOPPED, 28, "", "using "},
	{"lazy", "from 192.0.2.7: 554 blocked using zen.example now", "lazy", NEARMISS_STOPPED, 45, "", "$"},
	{"choice", "beta three 192.0.2.7", "choice", NEARMISS_STOPPED, 6, "", "wo)"},
	{"choice", "gamme 192.0.2.7", "choice", NEARMISS_STOPPED, 4, "", "a) <ADDR>"},
	{"choice", "alpha 192.0.2.7 x", "choice", NEARMISS_STOPPED, 15, "", "$"},
	{"repeat", "code 12a 192.0.2.7", "repeat", NEARMISS_STOPPED, 7, "", "\\d{3} "},
	{"or", "two abc x", "or", NEARMISS_STOPPED, 7, "", "$"},
	{"possessive", "<\"a>b\"c 192.0.2.7", "possessive", NEARMISS_STOPPED, 17, "", "> <ADDR>"},
	{"caseless", "ABC def 192.0.2.7.", "caseless", NEARMISS_STOPPED, 17, "", "$"},
	{"around", "good 192.0.2.7 y", "around", NEARMISS_STOPPED, 15, "", "(?= x)"},
	{"unless", "by 192.0.2.7 try later", "unless", NEARMISS_UNLESS, 17, "later", NULL},
	{"broad", "by mail.example.com 192.0.2.7", "broad", NEARMISS_NAME, 3, "mail.example.com", NULL},
	{"besides", "by 192.0.2.7", "besides", NEARMISS_ALSO, 3, "192.0.2.7", NULL},
	{"slow", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa! by y", "slow", NEARMISS_LIMIT, 0, "", NULL},
	{"queue", "ABCDEF: foo", "queue", NEARMISS_STOPPED, 8, "", "client="},
	{"queue", "ABCDEF; foo", "queue", NEARMISS_STOPPED, 6, "", ": client="},
	{"queue", "ABCDEF: client=192.0.2.7, from=a@example.com too", "queue", NEARMISS_STOPPED, 47, "", "$"},
	{"trap", "by 192.0.2.7 to x@example.org helo mx.example.com mx.example.net", "trap", NEARMISS_NOT_IN, 16,
         "x@example.org", NULL},
	{"trap", "by 192.0.2.7 to bob@example.org helo mx.example.com example.com", "trap", NEARMISS_HELO, 52,
         "example.com", NULL},
	{"unlisted", "by 192.0.2.7 to bob@example.org", "unlisted", NEARMISS_IN, 16, "bob@example.org", NULL},
	/* Of several the one that got furthest; of those the one whose words are there. */
	{"many", "reject from 192.0.2.7: wrong ward", "many-a", NEARMISS_STOPPED, 30, "", "ord$"},
	{"many", "reject from 192.0.2.7: listed at zen", "many-b", NEARMISS_STOPPED, 30, "", "by "},
	{"many", "reject from 192.0.2.7, finally x", "many-c", NEARMISS_STOPPED, 31, "", "<ADDR>$"},
	{"manytoo", "reject him", "many-c", NEARMISS_STOPPED, 7, "", "from "},
};

static void the_nearest_rule_and_its_place(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof found / sizeof *found; i++) {
		const struct span program = {found[i].program, strlen(found[i].program)};
		const struct span message = {found[i].message, strlen(found[i].message)};
		struct nearmiss near = {0};
		const int rc = nearmiss_find(rules, program, message, &near);
		const char *const wanted = found[i].wanted;

		if (rc != NEARMISS_FOUND) {
			print_error("\"%s\": got answer %d, want %s\n", found[i].message, rc, found[i].rule);
			wrong++;
			continue;
		}
		if (strcmp(near.rule->text->name, found[i].rule) != 0 || near.why != found[i].why ||
		    (size_t)(near.place.p - message.p) != found[i].at || !span_is(near.place, found[i].place) ||
		    (near.wanted == NULL) != (wanted == NULL) ||
		    (wanted != NULL && strncmp(near.wanted, wanted, strlen(wanted)) != 0)) {
			print_error("\"%s\": got %s (%s) at %td \"%.*s\" before \"%s\", want %s (%s) at %zu "
			            "\"%s\" before \"%s\"\n",
			            found[i].message, near.rule->text->name, nearmiss_sentence(near.why),
			            near.place.p - message.p, (int)near.place.len, near.place.p,
			            near.wanted != NULL ? near.wanted : "-", found[i].rule,
			            nearmiss_sentence(found[i].why), found[i].at, found[i].place,
			            wanted != NULL ? wanted : "-");
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

static void none_is_near(void **state)
{
	const struct span message = {"xyz", 3}, empty = {"", 0};
	struct nearmiss near;

	(void)state;
	assert_int_equal(nearmiss_find(rules, (struct span){"fixed", 5}, message, &near), NEARMISS_NONE);
	assert_int_equal(nearmiss_find(rules, (struct span){"fixed", 5}, empty, &near), NEARMISS_NONE);
	assert_int_equal(nearmiss_find(rules, (struct span){"other", 5}, message, &near), NEARMISS_NO_RULES);
	assert_string_equal(nearmiss_program(rules, (struct span){"fixxed", 6}), "fixed");
	assert_null(nearmiss_program(rules, (struct span){"something", 9}));
	assert_null(nearmiss_program(rules, (struct span){NULL, 0}));
}

/* Any bytes, and any cut of a line: the place lies in the message, and it ends. */
static void the_place_is_always_in_the_message(void **state)
{
	char message[] = "reject: RCPT from \xFF[192.0.2.7]: 554 5.7.1 <x\x01>: Relay denied, rip=192.0.2.7, lip=1";

	(void)state;
	for (size_t i = 0; i < rules_count(rules); i++)
		for (size_t len = 0; len < sizeof message; len++) {
			struct nearmiss near;

			nearmiss_of_rule(rules, i, (struct span){message, len}, &near);
			assert_true(near.place.p >= message && near.place.p + near.place.len <= message + len);
			assert_true(near.why != NEARMISS_STOPPED || near.wanted != NULL);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_nearest_rule_and_its_place),
		cmocka_unit_test(none_is_near),
		cmocka_unit_test(the_place_is_always_in_the_message),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
