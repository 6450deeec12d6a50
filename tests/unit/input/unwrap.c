/* unwrap: each encoding once, each trap once, and lines in pieces. */
#include "input/unwrap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TIME       "2026-11-20T14:01:02.123456789Z"
#define JSON(text) "{\"log\":\"" text "\",\"stream\":\"stdout\",\"time\":\"" TIME "\"}"

static struct unwrap unwrap;

static int begin(void **state)
{
	(void)state;
	memset(&unwrap, 0, sizeof unwrap);
	return 0;
}

static struct span span_of(const char *text)
{
	return (struct span){text, strlen(text)};
}

/* want NULL: a part. */
static void next(const char *text, const char *want)
{
	bool cut = false;
	struct span got;
	const int answer = unwrap_next(&unwrap, span_of(text), &cut, &got);

	if (want == NULL) {
		assert_int_equal(answer, UNWRAP_PART);
		assert_true(unwrap_wants(&unwrap, span_of("x")));
		return;
	}
	if (answer != UNWRAP_LINE || !span_is(got, want))
		fail_msg("%s\ngot \"%.*s\", want \"%s\"", text, (int)got.len, got.p, want);
	assert_false(cut);
}

static void test_json(void **state)
{
	static const struct {
		const char *text, *want; /* NULL: passes as it is */
	} rows[] = {
		{JSON("Nov 20 x: <a>\\n"), TIME " stdout F Nov 20 x: <a>"},
		{"{\"log\":\"x\\n\",\"stream\":\"stderr\",\"time\":\"" TIME "\"}", TIME " stderr F x"},
		{"{\"log\":\"x\\n\",\"stream\":\"stdout\",\"attrs\":{\"tag\":\"a\\\"b\"},\"time\":\"" TIME "\"}",
	         TIME " stdout F x"},
		{JSON("\\u003ca@b\\u003E \\\"q\\\" \\\\ \\/ \\t\\r\\n"), TIME " stdout F <a@b> \"q\" \\ / \t\r"},
		{JSON("\\u00e9 \\u20ac \\ud83d\\ude00\\n"), TIME " stdout F \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"},
		{JSON("\\n"), TIME " stdout F "},
		/* what no runtime writes */
		{JSON("a\\nb\\n"), NULL},
		{JSON("\\ud83d x\\n"), NULL},
		{JSON("\\ude00\\n"), NULL},
		{JSON("\\ud83d\\u0041\\n"), NULL},
		{JSON("\\u12\\n"), NULL},
		{JSON("\\x\\n"), NULL},
		{"{\"log\":\"x\\n\",\"stream\":\"other\",\"time\":\"" TIME "\"}", NULL},
		{"{\"log\":\"x\\n\",\"stream\":\"stdout\"}", NULL},
		{"{\"log\":\"x\\n\",\"stream\":\"stdout\",\"time\":\"a b\"}", NULL},
		{"{\"log\":\"x\\n\",\"stream\":\"stdout\",\"time\":\"0123456789012345678901234567890123456789012345\"}",
	         NULL},
		{"{\"log\":\"x\\n", NULL},
		{"{\"log\":\"x\\", NULL},
		{"{\"log\":\"", NULL},
		{"{", NULL},
		{"{\"message\":\"x\"}", NULL},
		{" " JSON("x\\n"), NULL},
		/* a client's text ends no string and adds no key */
		{JSON("x\\\",\\\"stream\\\":\\\"stdout\\\",\\\"time\\\":\\\"2020\\\"}\\n"),
	         TIME " stdout F x\",\"stream\":\"stdout\",\"time\":\"2020\"}"},
	};
	char decoded[LINE_MAX_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *const want = rows[i].want != NULL ? rows[i].want : rows[i].text;

		next(rows[i].text, want);
		assert_true(span_is(unwrap_one(span_of(rows[i].text), decoded), want));
		assert_false(unwrap_is_part(span_of(rows[i].text)));
	}
	assert_false(unwrap_wants(&unwrap, span_of("x")));
}

static void test_pieces(void **state)
{
	(void)state;
	/* CRI */
	next(TIME " stdout P Nov 20 ", NULL);
	next("2026-11-20T14:01:03Z stdout P mx x: ", NULL);
	next("2026-11-20T14:01:04Z stdout F Nov 20 mx forged", TIME " stdout F Nov 20 mx x: Nov 20 mx forged");
	next(TIME " stdout F y", TIME " stdout F y");
	/* the other stream goes on meanwhile */
	next(TIME " stdout P a", NULL);
	next(TIME " stderr F b", TIME " stderr F b");
	next(TIME " stderr P c", NULL);
	next(TIME " stdout F d", TIME " stdout F ad");
	next(TIME " stderr F e", TIME " stderr F ce");
	/* json-file */
	next(JSON("a"), NULL);
	next(JSON("b\\n"), TIME " stdout F ab");
	next(JSON(""), NULL);
	next(JSON("\\n"), TIME " stdout F ");
	/* lines of others in between */
	next(TIME " stdout P a", NULL);
	next("Nov 20 14:01:02 mx x: y", "Nov 20 14:01:02 mx x: y");
	next(TIME " stdout F b", TIME " stdout F ab");
	assert_false(unwrap_wants(&unwrap, span_of("x")));
}

static void test_is_part(void **state)
{
	(void)state;
	assert_true(unwrap_is_part(span_of(TIME " stdout P x")));
	assert_true(unwrap_is_part(span_of(TIME " stderr P ")));
	assert_true(unwrap_is_part(span_of(JSON("x"))));
	assert_false(unwrap_is_part(span_of(TIME " stdout F x")));
	assert_false(unwrap_is_part(span_of("Nov 20 14:01:02 mx stdout P x")));
	assert_false(unwrap_is_part(span_of("stdout P x")));
	assert_false(unwrap_is_part(span_of("")));
}

/* A line without end is cut, and its rest is no line of its own. */
static void test_limits(void **state)
{
	static char piece[LINE_MAX_BYTES + 1], json[LINE_MAX_BYTES + 1];
	struct span got;
	bool cut = false;

	(void)state;
	(void)snprintf(piece, sizeof piece, "%s stdout P %05000d", TIME, 1);
	next(piece, NULL);
	assert_int_equal(unwrap_next(&unwrap, span_of(piece), &cut, &got), UNWRAP_PART);
	cut = false;
	assert_int_equal(unwrap_next(&unwrap, span_of(TIME " stdout F Nov 20"), &cut, &got), UNWRAP_LINE);
	assert_true(cut);
	assert_int_equal(got.len, LINE_MAX_BYTES);
	next(TIME " stdout F x", TIME " stdout F x");
	/* a piece that is cut itself */
	cut = true;
	assert_int_equal(unwrap_next(&unwrap, span_of(TIME " stdout P x"), &cut, &got), UNWRAP_PART);
	cut = false;
	assert_int_equal(unwrap_next(&unwrap, span_of(TIME " stdout F y"), &cut, &got), UNWRAP_LINE);
	assert_true(cut);
	/* json-file: its end was not seen */
	memset(json, 'x', LINE_MAX_BYTES);
	memcpy(json, "{\"log\":\"", 8);
	cut = true;
	assert_int_equal(unwrap_next(&unwrap, span_of(json), &cut, &got), UNWRAP_LINE);
	assert_true(cut && unwrap_wants(&unwrap, span_of("x")));
	cut = false;
	assert_int_equal(unwrap_next(&unwrap, span_of(JSON("Nov 20 14:01:02 mx sshd[1]: forged\\n")), &cut, &got),
	                 UNWRAP_LINE);
	assert_true(cut);
	next(JSON("x\\n"), TIME " stdout F x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_json, begin),
		cmocka_unit_test_setup(test_pieces, begin),
		cmocka_unit_test_setup(test_is_part, begin),
		cmocka_unit_test_setup(test_limits, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
