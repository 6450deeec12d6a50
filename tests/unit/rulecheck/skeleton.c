/*
 * skeleton: for every line in tests/rules/NAME.log that names a client, the drafted rule loads, has no findings of
 * lint, and matches that line with the address it was made for; nearly always that address is the right one.
 *
 * WFS_SOURCE_ROOT: the checkout.
 */
#include <dirent.h>
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

#include "input/line.h"
#include "rulecheck/examples.h"
#include "rulecheck/skeleton.h"

static char path[] = "/tmp/wfs-skeleton-XXXXXX";

static struct line take_apart(const char *text)
{
	struct line_clock clock;
	struct line line;

	line_clock_init(&clock, 1795190400, 0); /* 2026-11-20 */
	if (line_parse(&clock, text, strlen(text), &line) != LINE_OK)
		line = (struct line){0};
	return line;
}

static struct skeleton make(const char *text)
{
	const struct line line = take_apart(text);
	struct skeleton s;
	const int rc = skeleton_make(line.program, line.message, &s);

	if (rc != SKELETON_DONE)
		fail_msg("%s: got %d, want a skeleton", text, rc);
	return s;
}

static void write_rule(const struct skeleton *s, const char *text)
{
	FILE *const file = fopen(path, "we");
	char address[ADDR_TEXT_MAX];

	assert_non_null(file);
	(void)addr_text(&s->address, address);
	(void)fprintf(file, "[%s]\nprogram = %s\nmatch = %s\ncategory = %s\nreason = %s\nscore = %d\nhit = %s | %s\n",
	              s->name, s->program, s->match, s->category, s->reason, s->score, address, text);
	assert_int_equal(fclose(file), 0);
}

/* Loads, matches its line and has no error. */
static bool is_good(const struct skeleton *s, const char *text)
{
	const char *const files[] = {path};
	struct rulefile_errors errors = {0}, warnings = {0}, notes = {0};
	struct rules *rules = NULL;
	struct why why;
	bool good;

	write_rule(s, text);
	if (rules_load(NULL, 0, files, 1, &rules, &errors, &why) == 0) {
		(void)examples_try(rules, &errors, NULL);
		examples_lint(rules, 0, &errors, &warnings, &notes);
	}
	good = errors.n == 0;
	for (size_t i = 0; i < errors.n; i++)
		print_error("%s\n    %s\n    %s\n", errors.text[i], s->match, text);
	for (size_t i = 0; i < warnings.n; i++)
		if (strstr(warnings.text[i], "has no \"miss\"") == NULL) {
			print_error("%s\n    %s\n    %s\n", warnings.text[i], s->match, text);
			good = false;
		}
	rulefile_errors_done(&errors);
	rulefile_errors_done(&notes);
	rulefile_errors_done(&warnings);
	rules_free(rules);
	return good;
}

static size_t tried, right, bad;

static void try_line(const char *raw, const char *want)
{
	char text[8192], got[ADDR_TEXT_MAX];
	struct skeleton s;
	struct line line;

	(void)text_escape((struct span){raw, strlen(raw)}, text, sizeof text); /* as who gives the line does */
	line = take_apart(text);

	if (line.message.p == NULL || skeleton_make(line.program, line.message, &s) != SKELETON_DONE)
		return; /* the address stands in a line before it, or the line is longer than a pattern may be */
	(void)addr_text(&s.address, got);
	tried++;
	right += strcmp(got, want) == 0;
	bad += !is_good(&s, text);
	if (strcmp(got, want) != 0 && getenv("WFS_VERBOSE") != NULL)
		print_message("want %s, got %s: %s\n", want, got, text);
}

static void try_file(const char *name)
{
	char *text = NULL, want[64] = "";
	FILE *const in = fopen(name, "re");
	size_t cap = 0;
	ssize_t len;

	assert_non_null(in);
	while ((len = getline(&text, &cap, in)) > 0) {
		text[strcspn(text, "\r\n")] = '\0';
		for (len = (ssize_t)strlen(text); len > 0 && text[len - 1] == ' '; len--)
			text[len - 1] = '\0';
		if (text[0] == '#') {
			if (sscanf(text, "# expect: %*s %63s", want) != 1 && strncmp(text, "# expect:", 9) == 0)
				want[0] = '\0';
			continue;
		}
		if (want[0] != '\0' && strlen(text) > 0 && strlen(text) < 4000)
			try_line(text, want);
		want[0] = '\0';
	}
	free(text);
	(void)fclose(in);
}

static void every_line_has_a_beginning(void **state)
{
	const char *const root = getenv("WFS_SOURCE_ROOT");
	char dir[4096], name[8192];
	const struct dirent *entry;
	DIR *d;

	(void)state;
	assert_non_null(root);
	(void)snprintf(dir, sizeof dir, "%s/tests/rules", root);
	d = opendir(dir);
	assert_non_null(d);
	while ((entry = readdir(d)) != NULL) {
		const size_t len = strlen(entry->d_name);

		if (len < 4 || strcmp(entry->d_name + len - 4, ".log") != 0)
			continue;
		(void)snprintf(name, sizeof name, "%s/%s", dir, entry->d_name);
		try_file(name);
	}
	(void)closedir(d);
	print_message("%zu lines, %zu with the right address, %zu that do not pass\n", tried, right, bad);
	assert_true(tried > 300);
	assert_int_equal(bad, 0);
	assert_true(right * 100 >= tried * 90);
}

#define HEADER "Nov 20 13:40:03 mx "

static void patterns(void **state)
{
	static const struct {
		const char *text, *match;
	} rows[] = {
		{HEADER "policyd-spf[2212]: 550 5.7.23 Message rejected due to: SPF fail - not authorized. Please see "
	                "http://www.open-spf.org/Why?s=mfrom;id=u@example.com;ip=198.51.100.7;r=<UNKNOWN>",
	         "^550 5\\.7\\.23 Message rejected due to: SPF fail - not authorized\\. Please see "
	         "http://[^\\s=]+=[^\\s;]*;id=[^\\s;]*;ip=<ADDR>;r=<[^<>]*>$"},
		{HEADER
	         "postfix/smtpd[1]: NOQUEUE: reject: RCPT from unknown[198.51.100.7]:4711: 554 5.7.1 <x@y.example>: Relay access "
	         "denied; from=<a@example.net> to=<x@y.example> proto=ESMTP helo=<x>",
	         "^<QUEUE>: reject: RCPT from <NAME>\\[<ADDR>\\](?::\\d+)?: 554 5\\.7\\.1 <[^<>]*>: Relay access "
	         "denied; "
	         "from=<[^<>]*> to=<[^<>]*> proto=\\S* helo=<[^<>]*>$"},
		{HEADER "sshd[1]: Failed password for invalid user bob from 198.51.100.7 port 50427 ssh2",
	         "^Failed password for invalid user .* from <ADDR> port \\d+ ssh2$"},
		{HEADER "sshd[1]: Failed password for root from 198.51.100.7 port 50427 ssh2",
	         "^Failed password for .* from <ADDR> port \\d+ ssh2$"},
		{HEADER
	         "sshd[1]: message repeated 3 times: [ Failed password for root from 198.51.100.7 port 50427 ssh2]",
	         "^Failed password for .* from <ADDR> port \\d+ ssh2$"},
		{HEADER
	         "dovecot: imap-login: Disconnected (auth failed, 3 attempts in 4 secs): user=<x>, method=PLAIN, rip=198.51.100.7, "
	         "lip=192.0.2.1, TLS, session=<ab>",
	         "^imap-login: Disconnected \\(auth failed, \\d+ attempts in \\d+ secs\\): user=<[^<>]*>, method=[^\\s,]*, rip=<ADDR>, "
	         "lip=[^\\s,]*, TLS, session=<[^<>]*>$"},
		{HEADER
	         "postgrey[1]: action=greylist, reason=new, client_name=unknown, client_address=2001:db8::7, sender=a@example.net, "
	         "recipient=x@y.example",
	         "^action=greylist, reason=new, client_name=[^\\s,]*, client_address=<ADDR>, sender=<FROM>, recipient=<TO>$"},
		{HEADER "x[1]: client (IPv6:2001:db8::7) [net*work] said {1+1} \\ a|b $5",
	         "^client \\(<ADDR>\\) \\[net\\*work\\] said \\{[^\\s}]+\\} \\\\ a\\|b \\$\\d+$"},
		{HEADER "x[1]: <perm <198.51.100.7> perm>", "^<perm <<ADDR>> perm>$"},
	};

	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct skeleton s = make(rows[i].text);

		if (strcmp(s.match, rows[i].match) != 0) {
			print_error("%s\n    got  %s\n    want %s\n", rows[i].text, s.match, rows[i].match);
			wrong++;
		}
		wrong += !is_good(&s, rows[i].text);
	}
	assert_int_equal(wrong, 0);
}

/* What no rule can be begun for. */
static void refusals(void **state)
{
	static const struct {
		const char *program, *message;
		int want;
	} rows[] = {
		{"x", "nobody", SKELETON_NO_ADDRESS},
		{"x", "", SKELETON_NO_ADDRESS},
		{"x", "local client [127.0.0.1]", SKELETON_NO_ADDRESS},
		{"x", "from 300.1.2.3 at 13:37:42", SKELETON_NO_ADDRESS},
		{NULL, "from 198.51.100.7", SKELETON_NO_PROGRAM},
		{"a[b", "from 198.51.100.7", SKELETON_NO_PROGRAM},
		{"a*", "from 198.51.100.7", SKELETON_NO_PROGRAM},
		{"postfix/", "from 198.51.100.7", SKELETON_NO_PROGRAM},
		{"x", "message repeated 3 times: [ from 192.0.2.99] from 198.51.100.7 x", SKELETON_CUT},
	};
	static char dots[SKELETON_MATCH_MAX] = "from 198.51.100.7 ";
	struct skeleton s;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *const p = rows[i].program, *const m = rows[i].message;

		assert_int_equal(
			skeleton_make((struct span){p, p != NULL ? strlen(p) : 0}, (struct span){m, strlen(m)}, &s),
			rows[i].want);
	}
	memset(dots + strlen(dots), '.', SKELETON_MATCH_MAX / 2);
	assert_int_equal(skeleton_make((struct span){"x", 1}, (struct span){dots, strlen(dots)}, &s),
	                 SKELETON_TOO_LONG);
}

static void whose_it_is(void **state)
{
	const struct skeleton s =
		make(HEADER "x[1]: user=<a>, lip=192.0.2.1, rip=198.51.100.7, proxy 192.0.2.1 and 192.0.2.3");
	const struct span id = skeleton_session((struct span){"session 4a1b2c3d closed", 23}),
			  none = skeleton_session((struct span){"no id", 5});

	(void)state;
	assert_int_equal(s.n_others, 2);
	assert_true(s.open);
	assert_false(make(HEADER "x[1]: connect from unknown[198.51.100.7]").open);
	assert_string_equal(s.name, "local-x-protocol");
	assert_true(span_is(id, "4a1b2c3d"));
	assert_null(none.p);
}

static int begin(void **state)
{
	const int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int end(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_line_has_a_beginning),
		cmocka_unit_test(patterns),
		cmocka_unit_test(refusals),
		cmocka_unit_test(whose_it_is),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
