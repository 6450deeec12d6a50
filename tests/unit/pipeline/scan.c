/* scan: which lines match, which are only counted, and when a line without a time stamp was written. */
#include "pipeline/scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define STAMPED   "2026-11-20T13:37:42Z mx testd[1]: "
#define UNSTAMPED "<22>1 - mx testd 1 - - "
#define BAD       "bad client 192.0.2.7"

enum { AT = 1795181862, END = 1795200000 }; /* STAMPED; when the log was last written */

static const char set[] =
	"[bad]\nprogram = testd\nmatch = ^bad client <ADDR>$\ncategory = auth\nreason = is bad\nscore = 50\n"
	"[off]\nprogram = testd\nmatch = ^off <ADDR>$\ncategory = auth\nreason = is off\nscore = 50\nenabled = no\n";
static struct rules *rules;
static struct rules_scratch *scratch;
static struct scan scan;
static struct record record;

static int load(void **state)
{
	char path[] = "/tmp/wfs-scan-XXXXXX";
	const char *const files[] = {path};
	struct rulefile_errors errors = {0};
	const int fd = mkstemp(path);
	struct why why;
	int rc;

	(void)state;
	if (fd < 0 || write(fd, set, sizeof set - 1) != (ssize_t)sizeof set - 1)
		return -1;
	(void)close(fd);
	rc = rules_load(NULL, 0, files, 1, &rules, &errors, &why);
	if (rc < 0)
		print_error("%s\n", why.text);
	rulefile_errors_done(&errors);
	(void)unlink(path);
	if (rc == 0)
		scratch = rules_scratch_new(rules);
	return rc;
}

static int unload(void **state)
{
	(void)state;
	rules_scratch_free(scratch);
	rules_free(rules);
	return 0;
}

static int begin(void **state)
{
	(void)state;
	scan_begin(&scan, scratch, END);
	return 0;
}

static int end(void **state)
{
	(void)state;
	scan_end(&scan);
	return 0;
}

/* How many rules match. */
static size_t matches(const char *text, bool cut)
{
	struct rules_hit hits[RULES_HITS_MAX];

	record = (struct record){.text = {text, strlen(text)}, .cut = cut};
	return scan_line(&scan, &record, hits);
}

static void test_lines(void **state)
{
	static const struct {
		const char *text;
		bool cut, disabled, parsed;
		size_t n;
	} rows[] = {
		{STAMPED BAD, false, false, true, 1},
		{STAMPED BAD, true, false, true, 0}, /* its end may be missing, which the rule is anchored to */
		{STAMPED "good client 192.0.2.7", false, false, true, 0},
		{UNSTAMPED BAD, false, false, true, 1},
		{STAMPED "off 192.0.2.7", false, false, true, 0},
		{STAMPED "off 192.0.2.7", false, true, true, 1},
		{BAD, false, false, false, 0},
		{" " STAMPED BAD, false, false, false, 0},
		{BAD, true, false, false, 0},
		{"", false, false, false, 0},
	};
	struct scan_tally want = {.first_line_at = AT, .last_line_at = AT};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		size_t n;

		scan.disabled = rows[i].disabled;
		n = matches(rows[i].text, rows[i].cut);
		if (n != rows[i].n || record.parsed != rows[i].parsed)
			fail_msg("row %zu: got %zu, parsed %d", i, n, record.parsed);
		want.lines++;
		want.cut += rows[i].cut;
		want.unparsed += !rows[i].parsed;
	}
	assert_memory_equal(&scan.tally, &want, sizeof want);
}

/* Line after line: when each was written. */
static void test_missing_stamps(void **state)
{
	static const struct {
		const char *text;
		bool live;
		int64_t now_s, want_s;
	} rows[] = {
		{UNSTAMPED BAD, false, INT64_MAX, END}, /* no line before it */
		{UNSTAMPED BAD, true, AT + 5, AT + 5},
		{STAMPED BAD, false, INT64_MAX, AT},
		{UNSTAMPED BAD, false, INT64_MAX, AT},
		{"2026-11-20T13:36:42Z mx testd[1]: " BAD, false, INT64_MAX, AT - 60},
		{UNSTAMPED BAD, false, INT64_MAX, AT}, /* the newest, not the last */
		{"2026-11-20T13:38:42Z mx testd[1]: " BAD, false, INT64_MAX, AT + 60},
		{UNSTAMPED BAD, false, INT64_MAX, AT + 60},
		{UNSTAMPED BAD, true, AT + 90, AT + 90},
		{UNSTAMPED BAD, false, AT + 30, AT + 30}, /* never later than now */
		{STAMPED BAD, true, AT - 1, AT - 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		scan.live = rows[i].live;
		scan.now_s = rows[i].now_s;
		assert_int_equal(matches(rows[i].text, false), 1);
		if (record.time_s != rows[i].want_s)
			fail_msg("row %zu: got %jd, want %jd", i, (intmax_t)record.time_s, (intmax_t)rows[i].want_s);
	}
	assert_int_equal(scan.tally.first_line_at, AT - 60);
	assert_int_equal(scan.tally.last_line_at, AT + 60);
}

static void test_from_until(void **state)
{
	static const struct {
		int64_t from_s, until_s;
		size_t n;
	} rows[] = {{AT, AT, 1}, {AT + 1, INT64_MAX, 0}, {INT64_MIN, AT - 1, 0}, {AT - 1, AT + 1, 1}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		scan.from_s = rows[i].from_s;
		scan.until_s = rows[i].until_s;
		assert_int_equal(matches(STAMPED BAD, false), rows[i].n);
	}
	assert_int_equal(scan.tally.lines, 4); /* they count all the same */
}

static void test_first_time(void **state)
{
	static const struct {
		const char *text;
		int year;
		int64_t want_s;
	} rows[] = {
		{STAMPED BAD, 0, AT},
		{"Nov 20 13:37:42 mx testd[1]: x", 0, AT}, /* in the year of END */
		{"Nov 20 13:37:42 mx testd[1]: x", 2025, AT - 365 * 86400},
		{UNSTAMPED BAD, 0, INT64_MAX},
		{BAD, 0, INT64_MAX},
		{"", 0, INT64_MAX},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(scan_first_time((struct span){rows[i].text, strlen(rows[i].text)}, END, rows[i].year),
		                 rows[i].want_s);
}

static struct span span(const char *text)
{
	return (struct span){text, strlen(text)};
}

static size_t scan_fields(const char *program, const char *message, bool printed, int64_t uid)
{
	struct rules_hit hits[RULES_HITS_MAX];

	record = (struct record){.has_fields = true,
	                         .printed = printed,
	                         .uid = uid,
	                         .line = {.time_s = AT,
	                                  .has_time = true,
	                                  .host = span("mx"),
	                                  .program = span(program),
	                                  .pid = span("1"),
	                                  .message = span(message)}};
	return scan_entry(&scan, &record, hits);
}

/* Fields match as the same line does, but only from those who may write it. */
static void test_entries(void **state)
{
	(void)state;
	assert_int_equal(scan_fields("testd", BAD, false, 0), 1);
	assert_int_equal(record.time_s, AT);
	assert_int_equal(scan_fields("testd", BAD, false, 33), 1);
	assert_int_equal(scan_fields("testd", "good client", false, 0), 0);
	assert_int_equal(scan.tally.forged, 0);
	assert_int_equal(scan.tally.lines, 3);
	assert_int_equal(scan_fields("testd", BAD, false, 1000), 0);
	assert_int_equal(scan_fields("testd", BAD, false, RECORD_UID_NONE), 0);
	assert_int_equal(scan_fields("testd", "good client", false, 1000), 0); /* it would not have matched anyway */
	assert_int_equal(scan.tally.forged, 2);
	/* What no rule is for is not counted. */
	assert_int_equal(scan_fields("other", BAD, false, 0), 0);
	assert_int_equal(scan.tally.lines, 6);
	assert_int_equal(scan_fields("testd", "", false, 0), 0);
	assert_int_equal(scan.tally.unparsed, 1);
	/* A container's own header counts. */
	assert_int_equal(scan_fields("0123456789ab", "Nov 20 13:37:42 mail testd[1]: " BAD, true, 0), 1);
	assert_int_equal(scan_fields("testd", BAD, true, 0), 0);
	assert_int_equal(scan_fields("0123456789ab", "Nov 20 13:37:42 mail testd[1]: " BAD, true, 1000), 0);
	assert_int_equal(scan.tally.forged, 3);
}

#define STAMP "Nov 20 13:37:42 "
#define HIT   STAMP "mx testd[1]: " BAD

/* Line after line: how often each counts. */
static void test_repeats(void **state)
{
	static const struct {
		const char *text;
		unsigned count; /* of its hit; 0: it is none */
	} rows[] = {
		/* nothing to repeat */
		{STAMP "mx last message repeated 5 times", 0},
		/* syslogd, again and again; rsyslog's tag; syslog-ng */
		{HIT, 1},
		{STAMP "mx last message repeated 2 times", 2},
		{STAMP "mx last message repeated 3 times", 3},
		{HIT, 1},
		{STAMP "mx testd[1]: last message repeated 1 times", 1},
		{HIT, 1},
		{STAMP "mx testd: last message repeated 7 times", 7},
		{HIT, 1},
		{STAMP "mx testd: Last message 'bad client 192.0.2.7' repeated 4 times, suppressed by syslog-ng on mx",
	         4},
		{HIT, 1},
		{"<6>1 2026-11-20T13:37:43Z mx testd 1 - - last message repeated 2 times", 2},
		/* never more than a count can be */
		{HIT, 1},
		{STAMP "mx last message repeated 10 times", 10},
		{STAMP "mx last message repeated 11 times", 10},
		{STAMP "mx last message repeated 99999999999999999999999 times", 10},
		{STAMP "mx testd[1]: message repeated 4 times: [ " BAD "]", 4},
		{STAMP "mx last message repeated 2 times", 8},
		/* of another host, program or process; after another line; no such line */
		{HIT, 1},
		{STAMP "other last message repeated 5 times", 0},
		{STAMP "mx last message repeated 5 times", 0},
		{HIT, 1},
		{STAMP "mx php[1]: last message repeated 5 times", 0},
		{HIT, 1},
		{STAMP "mx testd[2]: last message repeated 5 times", 0},
		{HIT, 1},
		{STAMP "mx testd[1]: good client", 0},
		{STAMP "mx last message repeated 5 times", 0},
		{HIT, 1},
		{"garbage", 0},
		{STAMP "mx last message repeated 5 times", 0},
		{HIT, 1},
		{STAMP "mx last message repeated 0 times", 0},
		{HIT, 1},
		{STAMP "mx testd[1]: last message repeated 5 times ", 0},
		{HIT, 1},
		{STAMP "mx testd[1]: x last message repeated 5 times", 0},
		{HIT, 1},
		{STAMP "mx testd[1]: last message repeated x times", 0},
		{HIT, 1},
		{STAMP
	         "mx testd[1]: Last message 'x' repeated 5 times, suppressed by syslog-ng on ' repeated x times, suppressed by "
	         "syslog-ng on mx",
	         0},
		/* the text that is quoted changes no number */
		{HIT, 1},
		{STAMP "mx testd: Last message '' repeated 9 times, s' repeated 2 times, suppressed by syslog-ng on mx",
	         2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *const text = strdup(rows[i].text); /* nothing of the line before is there any more */
		struct rules_hit hits[RULES_HITS_MAX];
		size_t n;

		assert_non_null(text);
		record = (struct record){.text = {text, strlen(text)}};
		n = scan_line(&scan, &record, hits);
		if (n != (rows[i].count > 0) || (n > 0 && hits[0].count != rows[i].count))
			fail_msg("row %zu: %s\ngot %u, want %u", i, text, n > 0 ? hits[0].count : 0, rows[i].count);
		if (n > 0) {
			assert_int_equal(hits[0].score, 50 * (int)rows[i].count);
			assert_true(span_is(record.line.host, "mx"));
			assert_non_null(memmem(record.content.p, record.content.len, BAD, strlen(BAD)));
		}
		free(text);
	}
}

/* The pieces of a line are one line, and come with the last of them. */
static void test_pieces(void **state)
{
	static const char time[] = "2026-11-20T13:40:00Z";
	char text[200];

	(void)state;
	(void)snprintf(text, sizeof text, "%s stdout P " STAMPED "bad cli", time);
	assert_int_equal(matches(text, false), 0);
	assert_true(record.part && !record.parsed);
	assert_int_equal(scan.tally.lines, 0);
	(void)snprintf(text, sizeof text, "%s stdout F ent 192.0.2.7", time);
	assert_int_equal(matches(text, false), 1);
	assert_true(!record.part && record.parsed);
	assert_int_equal(scan.tally.lines, 1);
	assert_int_equal(record.time_s, AT);
	(void)snprintf(text, sizeof text, "{\"log\":\"" STAMPED BAD "\\n\",\"stream\":\"stdout\",\"time\":\"%s\"}",
	               time);
	assert_int_equal(matches(text, false), 1);
	assert_int_equal(scan.tally.lines, 2);
}

/* What counts as the time of a line whose stamp is so far from the clock: now while watching, less the difference when
 * catching up. */
static void test_other_clocks(void **state)
{
	enum { HOUR = 3600, NOW = AT + 2 * HOUR }; /* the stamp is two hours behind */
	static const struct {
		const char *text;
		bool appended, is_off;
		int64_t now_s, ahead_s, time_s, ret_ahead_s;
	} rows[] = {
		{STAMPED BAD, true, false, NOW, 0, NOW, -2 * HOUR}, /* a container in another zone */
		{STAMPED BAD, true, false, AT - 5 * HOUR, 0, AT - 5 * HOUR, 5 * HOUR},
		{STAMPED BAD, true, false, AT + 30, 0, AT + 30, -30},        /* a slow queue */
		{STAMPED BAD, true, true, AT, -2 * HOUR, AT, 0},             /* the stamps are right again */
		{UNSTAMPED BAD, true, true, NOW, -2 * HOUR, NOW, -2 * HOUR}, /* it shows nothing */
		{STAMPED BAD, false, true, NOW, -2 * HOUR, NOW,
	         -2 * HOUR}, /* catching up: written now by that clock, ... */
		{STAMPED BAD, false, true, NOW + HOUR, -2 * HOUR, NOW, -2 * HOUR}, /* ... an hour ago */
		{STAMPED BAD, false, false, NOW, 0, AT, 0},                        /* no difference was ever seen */
		{STAMPED BAD, false, false, NOW, -60, AT, -60},                    /* too small to be a zone */
		{STAMPED BAD, false, false, AT - HOUR, 0, AT - HOUR, 0},           /* no line is of the future */
	};

	(void)state;
	scan.live = true;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		scan.appended = rows[i].appended;
		scan.is_off = rows[i].is_off;
		scan.now_s = rows[i].now_s;
		scan.ahead_s = rows[i].ahead_s;
		(void)matches(rows[i].text, false);
		if (record.time_s != rows[i].time_s || scan.ahead_s != rows[i].ret_ahead_s)
			fail_msg("row %zu: got %lld, ahead %lld", i, (long long)(record.time_s - AT),
			         (long long)scan.ahead_s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_entries, begin, end),
		cmocka_unit_test_setup_teardown(test_lines, begin, end),
		cmocka_unit_test_setup_teardown(test_missing_stamps, begin, end),
		cmocka_unit_test_setup_teardown(test_other_clocks, begin, end),
		cmocka_unit_test_setup_teardown(test_from_until, begin, end),
		cmocka_unit_test_setup_teardown(test_repeats, begin, end),
		cmocka_unit_test_setup_teardown(test_pieces, begin, end),
		cmocka_unit_test(test_first_time),
	};

	(void)setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, load, unload);
}
