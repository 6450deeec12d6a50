/*
 * findings: what is found in a chunk of a log is what the rules match in each of its lines. WFS_SOURCE_ROOT: the
 * checkout.
 */
#include "replay/findings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "input/line.h"

#define STAMP "2026-11-20T13:37:0"

static const char *root;
static struct rules *rules;
static struct rules_scratch *scratch;
static const struct findings_limits all = {INT64_MIN, INT64_MAX, 1795182000};

static int setup(void **state)
{
	struct rulefile_errors errors = {0};
	const char *dirs[1];
	char dir[256];
	struct why why;

	(void)state;
	root = getenv("WFS_SOURCE_ROOT");
	assert_non_null(root);
	(void)snprintf(dir, sizeof dir, "%s/patterns", root);
	dirs[0] = dir;
	if (rules_load(dirs, 1, NULL, 0, &rules, &errors, &why) < 0)
		fail_msg("%s", why.text);
	rulefile_errors_done(&errors);
	scratch = rules_scratch_new(rules);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rules_scratch_free(scratch);
	rules_free(rules);
	return 0;
}

/* A piece of its own; freed by the caller. */
static struct chunks_piece piece_of(const char *text, size_t len)
{
	struct chunks_piece piece = {.bytes = malloc(len + 1), .len = len, .start = 1000};

	assert_non_null(piece.bytes);
	memcpy(piece.bytes, text, len);
	piece.bytes[len] = '\0';
	return piece;
}

/* Both from the beginnings of their lines. */
static void check_span(struct span got, const char *got_line, struct span want, const char *want_line)
{
	assert_int_equal(got.p == NULL, want.p == NULL);
	if (want.p != NULL)
		assert_int_equal(got.p - got_line, want.p - want_line);
	assert_int_equal(got.len, want.len);
}

/* The findings of the line at start against what the rules match in it. Returns how many they are. */
static size_t check_line(const struct findings *s, size_t i, const struct chunks_piece *piece, struct line_clock *clock,
                         size_t start, size_t len)
{
	const char *const text = piece->bytes + start;
	struct rules_hit want[RULES_HITS_MAX], got;
	struct span host, copy;
	struct line line;
	size_t n;

	if (line_parse(clock, text, len, &line) != LINE_OK)
		return 0;
	n = rules_match_all(scratch, line.program, line.message, false, want);
	for (size_t k = 0; k < n; k++) {
		assert_true(i + k < s->n);
		assert_int_equal(s->found[i + k].start, start);
		assert_int_equal(s->found[i + k].len, len);
		if (line.has_time)
			assert_int_equal(s->found[i + k].time_s, line.time_s);
		findings_hit(s, i + k, rules, piece, &got, &host);
		assert_ptr_equal(got.rule, want[k].rule);
		assert_int_equal(got.kind, want[k].kind);
		assert_int_equal(got.score, want[k].score);
		assert_int_equal(got.count, want[k].count);
		if (got.kind == RULES_KIND_HIT)
			assert_true(addr_equal(&got.address, &want[k].address));
		copy = findings_line(s, i + k, piece);
		assert_int_equal(copy.len, len);
		assert_memory_equal(copy.p, text, len);
		assert_true(got.score <= 0 || copy.p != text);
		check_span(host, copy.p, line.host, text);
		check_span(got.name, copy.p, want[k].name, text);
		check_span(got.detail, copy.p, want[k].detail, text);
		check_span(got.session, copy.p, want[k].session, text);
		assert_int_equal(got.account, want[k].account);
		check_span(got.from, copy.p, want[k].from, text);
		check_span(got.to, copy.p, want[k].to, text);
		check_span(got.helo, copy.p, want[k].helo, text);
	}
	return n;
}

/* Every file of captured lines, as often as needed for the findings to grow. */
static void test_samples(void **state)
{
	static const char *const names[] = {"postfix", "courier", "exim", "sendmail", "haraka", "dovecot", "greylist"};
	struct findings s = {0};
	size_t found = 0, envelopes = 0;

	(void)state;
	for (size_t f = 0; f < sizeof names / sizeof *names; f++) {
		char path[256], *text = NULL;
		size_t cap = 0, len = 0, i = 0;
		struct chunks_piece piece;
		struct line_clock clock;
		FILE *file;

		(void)snprintf(path, sizeof path, "%s/patterns/%s.rules", root, names[f]);
		file = fopen(path, "re");
		assert_non_null(file);
		assert_true(getdelim(&text, &cap, '\0', file) > 0);
		(void)fclose(file);
		/* The examples of its rules are lines of logs: "hit = ADDRESS | LINE". */
		for (char *p = text; (p = strstr(p, " | ")) != NULL;) {
			char *const end = strchr(p, '\n');

			memmove(text + len, p + 3, (size_t)(end - p - 2));
			len += (size_t)(end - p - 2);
			p = end;
		}
		piece = piece_of(text, len);
		findings_piece(&s, &all, scratch, &piece);
		line_clock_init(&clock, all.end_s, 0);
		for (size_t start = 0; start < len;) {
			const size_t line_len =
				(size_t)((char *)memchr(piece.bytes + start, '\n', len - start) - piece.bytes) - start;

			i += check_line(&s, i, &piece, &clock, start, line_len);
			start += line_len + 1;
		}
		assert_int_equal(i, s.n);
		found += i;
		envelopes += s.n_envelopes;
		free(piece.bytes);
		free(text);
	}
	assert_true(found > 100 && envelopes > 0);
	findings_done(&s);
}

/* Counts: NULs, a CR, a line that is too long, one without LF at the end; and times that are left out. */
static void test_counts(void **state)
{
	static const char hit[] = " mx sshd[1]: Failed password for root from 198.51.100.7 port 22 ssh2";
	char text[LINE_MAX_BYTES + 4096];
	struct chunks_piece piece;
	struct findings s = {0};
	struct findings_limits some = all;
	size_t len;

	(void)state;
	len = (size_t)snprintf(text, sizeof text,
	                       STAMP "1Z%s\r\n" STAMP "2Z mx %c %s\n" STAMP "3Z mx x[1]: %*s\n\n" STAMP "4Z%s", hit,
	                       'N', hit, LINE_MAX_BYTES, "", hit);
	*strchr(text, 'N') = '\0';
	piece = piece_of(text, len);
	findings_piece(&s, &all, scratch, &piece);
	assert_int_equal(s.tally.lines, 5);
	assert_int_equal(s.tally.unparsed, 2);
	assert_int_equal(s.tally.cut, 1);
	assert_int_equal(s.tally.last_line_at - s.tally.first_line_at, 3);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.tallies[0].lines, 1);
	assert_int_equal(s.tallies[1].lines, 5);
	assert_int_equal(s.tallies[1].unparsed, 2);
	assert_int_equal(s.last_start + s.last_len, len);
	some.from_s = s.tally.last_line_at;
	findings_piece(&s, &some, scratch, &piece);
	assert_int_equal(s.tally.lines, 5);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.found[0].time_s, some.from_s);
	some.until_s = some.from_s - 1;
	findings_piece(&s, &some, scratch, &piece);
	assert_int_equal(s.n, 0);
	piece.is_cut = true; /* the beginning of a line longer than a piece */
	piece.len = strlen(STAMP "1Z") + strlen(hit);
	piece.bytes[piece.len] = '\0';
	findings_piece(&s, &all, scratch, &piece);
	assert_int_equal(s.tally.lines, 1);
	assert_int_equal(s.tally.cut, 1);
	assert_int_equal(s.n, 0);
	free(piece.bytes);
	findings_done(&s);
}

/* The shortest lines there are, with as many envelopes as rules can find in them. */
static void test_many_letters(void **state)
{
	static const char line[] = "[A] [-] [1::\n";
	static const char file[] =
		"program = haraka\ncategory = probe\nreason = r\nscore = 1\nmatch = ^\\[A\\] \\[-\\] \\[<ADDR><FROM>\n";
	char dir[] = "/tmp/sift.XXXXXX", path[64], *const text = malloc(CHUNKS_SIZE);
	struct rulefile_errors errors = {0};
	const char *dirs[1] = {dir};
	struct chunks_piece piece;
	struct rules_scratch *own;
	struct rules_hit hit;
	struct findings s = {0};
	struct rules *four;
	struct span host;
	struct why why;
	size_t len = 0;
	FILE *out;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof path, "%s/a.rules", dir);
	out = fopen(path, "we");
	assert_non_null(out);
	(void)fprintf(out, "[a]\n%s[b]\n%salso = yes\n[c]\n%salso = yes\n[d]\n%salso = yes\n", file, file, file, file);
	assert_int_equal(fclose(out), 0);
	if (rules_load(dirs, 1, NULL, 0, &four, &errors, &why) < 0)
		fail_msg("%s", why.text);
	rulefile_errors_done(&errors);
	(void)unlink(path);
	(void)rmdir(dir);
	for (; len + strlen(line) <= CHUNKS_SIZE; len += strlen(line))
		memcpy(text + len, line, strlen(line));
	piece = piece_of(text, len);
	own = rules_scratch_new(four);
	findings_piece(&s, &all, own, &piece);
	assert_int_equal(s.n, len / strlen(line) * 4);
	findings_hit(&s, s.n - 1, four, &piece, &hit, &host);
	assert_string_equal(hit.rule->text->name, "d");
	assert_non_null(hit.from.p);
	findings_done(&s);
	rules_scratch_free(own);
	rules_free(four);
	free(piece.bytes);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_samples), cmocka_unit_test(test_counts),
	                                   cmocka_unit_test(test_many_letters)};

	return cmocka_run_group_tests(tests, setup, teardown);
}
