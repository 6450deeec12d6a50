/*
 * samples: the shipped rules against real lines of every supported server.
 *
 * tests/rules/NAME.log has "# expect: REASON ADDRESS [SCORE]" or "# expect: none" before each line; the lines of a
 * file are one log, in order. The reason "good" is evidence in the client's favour. tests/rules/captures/ holds whole
 * logs of servers under attack: every client they name must be an attacker. WFS_SOURCE_ROOT: the checkout.
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

#include <cmocka.h>

#include "input/line.h"
#include "input/unwrap.h"
#include "rules/rules.h"
#include "rules/sessions.h"

enum { PATH_MAX_BYTES = 4096, FILES_MAX = 256 };

static struct rules *rules;
static struct rules_scratch *scratch;
static struct sessions *sessions;

/* What a line came to. */
struct outcome {
	bool named;      /* somebody, with a score above 0 */
	bool good;       /* somebody, with a score below 0 */
	int score, each; /* each: of one event, the score is that times their count */
	char address[ADDR_TEXT_MAX];
	const char *rule, *category;
};

/* The expectation in front of a line. */
struct expectation {
	bool present, none, may_refuse;
	char reason[32], address[64];
	int score; /* of one event; 0: any */
};

static void path_of(char out[static PATH_MAX_BYTES], const char *rest)
{
	const char *const root = getenv("WFS_SOURCE_ROOT");

	(void)snprintf(out, PATH_MAX_BYTES, "%s/%s", root != NULL ? root : ".", rest);
}

static int load(void **state)
{
	char dir[PATH_MAX_BYTES];
	const char *const dirs[] = {dir};
	struct rulefile_errors errors = {0};
	struct why why;

	(void)state;
	path_of(dir, "patterns");
	if (rules_load(dirs, 1, NULL, 0, &rules, &errors, &why) < 0) {
		for (size_t i = 0; i < errors.n; i++)
			print_error("%s\n", errors.text[i]);
		return -1;
	}
	scratch = rules_scratch_new(rules);
	sessions = sessions_new();
	return 0;
}

static int unload(void **state)
{
	(void)state;
	sessions_free(sessions);
	rules_scratch_free(scratch);
	rules_free(rules);
	return 0;
}

static struct unwrap unwrap; /* of the file that is read */

/* One line through all that decides: as the engine does it, but with disabled rules too. */
static struct outcome run(struct line_clock *clock, const char *text, size_t len)
{
	struct rules_hit hits[RULES_HITS_MAX];
	struct outcome outcome = {0};
	struct span content;
	struct line line;
	bool cut = len > LINE_MAX_BYTES;
	size_t n;

	if (cut)
		len = LINE_MAX_BYTES;
	if (unwrap_next(&unwrap, (struct span){text, len}, &cut, &content) != UNWRAP_LINE ||
	    line_parse(clock, content.p, content.len, &line) != LINE_OK)
		return outcome;
	n = rules_match_all(scratch, line.program, line.message, true, hits);
	for (size_t i = 0; i < n; i++) {
		if (sessions_resolve(sessions, line.host, line.has_time ? line.time_s : 0, &hits[i]) != RULES_HIT)
			continue;
		if (i > 0) /* "also" rules name whom the first named */
			continue;
		outcome.named = hits[i].score > 0;
		outcome.good = hits[i].score < 0;
		outcome.score = hits[i].score;
		outcome.each = hits[i].rule->text->score;
		(void)addr_text(&hits[i].address, outcome.address);
		outcome.rule = hits[i].rule->text->name;
		outcome.category = hits[i].rule->text->category;
	}
	return outcome;
}

/* Which categories answer to a reason of the samples. */
static bool category_fits(const char *reason, const char *category)
{
	static const struct {
		const char *reason, *categories;
	} table[] = {
		{"auth", "auth"},
		{"ssh-user", "auth"},
		{"rcpt-unknown", "unknown-user"},
		{"relay", "relay unknown-user"}, /* OpenSMTPD says the same of both */
		{"dnsbl", "dnsbl"},
		{"helo", "protocol"},
		{"sender", "protocol"},
		{"client", "protocol"},
		{"protocol", "protocol probe"},
		{"flood", "protocol"},
		{"spam", "content"},
		{"scan", "firewall"},
		{"ping", "firewall"},
		{"good", "good"},
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (strcmp(table[i].reason, reason) == 0)
			return strstr(table[i].categories, category) != NULL;
	return false;
}

static bool judge(const struct expectation *want, const struct outcome *got)
{
	if (want->none)
		return !got->named;
	if (!got->named && !got->good)
		return want->may_refuse;
	if (want->score != 0 && want->score != got->each)
		return false;
	return strcmp(want->address, got->address) == 0 && category_fits(want->reason, got->category);
}

/* Reads "# expect:" and the notes that matter. Returns false for a line of the log. */
static bool read_remark(const char *text, struct expectation *want)
{
	static const char expect[] = "# expect: ";

	if (*text != '#')
		return false;
	if (strstr(text, "refusing this line is also right") != NULL)
		want->may_refuse = true;
	if (strncmp(text, expect, sizeof expect - 1) != 0)
		return true;
	want->present = true;
	want->none = strncmp(text + sizeof expect - 1, "none", 4) == 0;
	if (!want->none)
		assert_true(sscanf(text + sizeof expect - 1, "%31s %63s %d", want->reason, want->address,
		                   &want->score) >= 2);
	return true;
}

static size_t try_file(const char *path, size_t *ret_lines, size_t *ret_matched)
{
	struct expectation want = {0};
	FILE *const in = fopen(path, "rbe");
	struct line_clock clock;
	char *text = NULL;
	size_t room = 0, wrong = 0;
	unsigned number = 0;
	ssize_t len;

	assert_non_null(in);
	sessions_clear(sessions);
	memset(&unwrap, 0, sizeof unwrap);
	line_clock_init(&clock, 1795190400, 0); /* 2026-11-20, when the lines were written */
	while ((len = getline(&text, &room, in)) > 0) {
		struct outcome got;

		number++;
		if (text[len - 1] == '\n')
			text[--len] = '\0';
		if (len == 0 || read_remark(text, &want))
			continue;
		got = run(&clock, text, (size_t)len);
		*ret_lines += want.present;
		*ret_matched += want.present && (got.named || got.good);
		if (want.present && !judge(&want, &got)) {
			print_error("%s:%u: want %s %s %d, got %s %s %d [%s]\n    %.200s\n", path, number,
			            want.none ? "none" : want.reason, want.address, want.score,
			            got.rule != NULL ? got.category : "none", got.address, got.each,
			            got.rule != NULL ? got.rule : "-", text);
			wrong++;
		}
		want = (struct expectation){0};
	}
	free(text);
	(void)fclose(in);
	return wrong;
}

static bool ends_with(const char *text, const char *end)
{
	const size_t a = strlen(text), b = strlen(end);

	return a >= b && strcmp(text + a - b, end) == 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The files of a directory whose names end so, in order; the caller frees each. */
static size_t list(const char *dir, const char *end, char *ret[static FILES_MAX])
{
	DIR *const d = opendir(dir);
	const struct dirent *entry;
	size_t n = 0;

	assert_non_null(d);
	while ((entry = readdir(d)) != NULL)
		if (entry->d_name[0] != '.' && ends_with(entry->d_name, end)) {
			assert_true(n < FILES_MAX);
			assert_true(asprintf(&ret[n++], "%s/%s", dir, entry->d_name) > 0);
		}
	(void)closedir(d);
	qsort(ret, n, sizeof *ret, by_name);
	return n;
}

static void expectations(void **state)
{
	char dir[PATH_MAX_BYTES], *files[FILES_MAX];
	size_t n, wrong = 0;

	(void)state;
	path_of(dir, "tests/rules");
	n = list(dir, ".log", files);
	assert_true(n > 20);
	for (size_t i = 0; i < n; i++) {
		size_t lines = 0, matched = 0;

		wrong += try_file(files[i], &lines, &matched);
		print_message("%-32s %4zu lines, %4zu matched, %4zu left\n", strrchr(files[i], '/') + 1, lines, matched,
		              lines - matched);
		free(files[i]);
	}
	assert_int_equal(wrong, 0);
}

/* The hosts that attacked when the captures were made. */
static bool is_attacker(const char *address)
{
	return strncmp(address, "198.51.100.", 11) == 0 || strncmp(address, "203.0.113.", 10) == 0 ||
	       strncmp(address, "2001:db8:bad::", 14) == 0;
}

/* 192.0.2.10 is a monitor that tried our relaying, once: it is named, but never reaches a block by it. */
static bool is_relay_test(const char *address, int score)
{
	return strcmp(address, "192.0.2.10") == 0 && score < 100;
}

static void try_capture(const char *path, size_t *wrong, size_t *named)
{
	FILE *const in = fopen(path, "rbe");
	struct line_clock clock;
	char *text = NULL;
	size_t room = 0;
	ssize_t len;
	int monitor = 0;

	assert_non_null(in);
	sessions_clear(sessions);
	line_clock_init(&clock, 1795190400, 0);
	while ((len = getline(&text, &room, in)) > 0) {
		struct outcome got;

		if (text[len - 1] == '\n')
			text[--len] = '\0';
		got = run(&clock, text, (size_t)len);
		*named += got.named;
		if (!got.named || is_attacker(got.address) || strcmp(got.address, "2001:db8:feed::5") == 0)
			continue;
		monitor += got.score;
		if (is_relay_test(got.address, monitor))
			continue;
		print_error("%s: names %s [%s]\n    %s\n", path, got.address, got.rule, text);
		++*wrong;
	}
	free(text);
	(void)fclose(in);
}

static void captures(void **state)
{
	char dir[PATH_MAX_BYTES], *files[FILES_MAX];
	size_t n, wrong = 0;

	(void)state;
	path_of(dir, "tests/rules/captures");
	n = list(dir, "", files);
	assert_true(n > 10);
	for (size_t i = 0; i < n; i++) {
		size_t named = 0;

		try_capture(files[i], &wrong, &named);
		print_message("%-40s %4zu hits\n", strrchr(files[i], '/') + 1, named);
		free(files[i]);
	}
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expectations),
		cmocka_unit_test(captures),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
