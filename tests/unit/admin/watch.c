/*
 * watch: a client that reads piece by piece gets every event once and in order; no piece is large; who may begin
 * where.
 */
#include "admin/watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control/reply.h"
#include "store/audit.h"
#include "store/blocks.h"
#include "store/hits.h"
#include "store/reputation.h"
#include "testlib.h"

enum {
	N_EVENTS = 300,
	NOW_S = 1795181862,
	LINE_MAX_BYTES = 1024, /* of these */
};

static struct store *store;
static struct why why;

static int setup(void **state)
{
	(void)state;
	return store_open(NULL, STORE_WRITE, &store, &why);
}

static int teardown(void **state)
{
	(void)state;
	store_close(store);
	return 0;
}

static void allow_many(void)
{
	char reason[160];

	memset(reason, 'x', sizeof reason - 1);
	reason[sizeof reason - 1] = '\0';
	for (unsigned i = 0; i < N_EVENTS; i++) {
		char text[NET_TEXT_MAX];
		struct net net;

		(void)snprintf(text, sizeof text, "192.0.%u.%u", i / 256, i % 256);
		net = net_from(text);
		assert_int_equal(store_add_allowance(store, &net, NOW_S, NOW_S + 600, "by hand", reason, &why), 0);
	}
}

/* The numbers of the lines, each one more than the one before; returns the last. */
static int64_t check_lines(const struct watch_piece *piece, int64_t last)
{
	for (const char *p = piece->lines; p != NULL && p < piece->lines + piece->len;) {
		const char *const end = memchr(p, '\n', (size_t)(piece->lines + piece->len - p));
		json_t *row;

		assert_non_null(end);
		row = json_loadb(p, (size_t)(end - p), 0, NULL);
		assert_non_null(row);
		assert_int_equal(json_integer_value(json_object_get(row, "id")), ++last);
		assert_string_equal(json_string_value(json_object_get(row, "event")), "allow");
		json_decref(row);
		p = end + 1;
	}
	return last;
}

static void test_pieces(void **state)
{
	struct watch_piece piece = {.more = true};
	int64_t last = 0;
	size_t n = 0;

	(void)state;
	allow_many();
	for (; piece.more; n++) {
		assert_int_equal(watch_next(store, QUERY_STREAM_EVENTS, last, &piece, &why), 0);
		assert_true(piece.len <= WATCH_BYTES + LINE_MAX_BYTES);
		last = check_lines(&piece, last);
		assert_int_equal(piece.last, last);
		free(piece.lines);
	}
	assert_int_equal(last, N_EVENTS);
	assert_true(n > 3);
	/* And when there is nothing new. */
	assert_int_equal(watch_next(store, QUERY_STREAM_EVENTS, last, &piece, &why), 0);
	assert_null(piece.lines);
	assert_int_equal(piece.last, N_EVENTS);
	assert_false(piece.more);
	assert_int_equal(watch_next(store, QUERY_STREAM_HITS, 0, &piece, &why), 0);
	assert_null(piece.lines);
}

/* Blocks of other hosts are no events of this one, and are not looked at again. */
static void test_own(void **state)
{
	static const char *const rules[] = {"peer/mx2", "spam", "peer/mx3"};
	struct watch_piece piece;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct block block = {.net = net_from("192.0.2.7"), .since_s = NOW_S, .until_s = INT64_C(1) << 33};

		assert_int_equal(store_rule(store, rules[i], "other", "r", &block.rule, &why), 0);
		assert_int_equal(store_add_blocks(store, &block, 1, &why), 0);
	}
	assert_int_equal(watch_next(store, QUERY_STREAM_OWN, 0, &piece, &why), 0);
	assert_non_null(piece.lines);
	assert_int_equal(strncmp(piece.lines, "{\"id\":2,", 8), 0);
	assert_ptr_equal(memchr(piece.lines, '\n', piece.len), piece.lines + piece.len - 1);
	assert_int_equal(piece.last, 3);
	free(piece.lines);
	assert_int_equal(watch_next(store, QUERY_STREAM_EVENTS, 2, &piece, &why), 0);
	assert_non_null(piece.lines);
	free(piece.lines);
}

/* The error, or "newest N". */
static void check_begin(enum query_stream stream, int64_t after, const char *want)
{
	json_t *const reply = reply_new();
	char got[WHY_MAX];

	watch_begin(store, stream, after, reply);
	if (reply_is_ok(reply))
		(void)snprintf(got, sizeof got, "newest %lld",
		               (long long)json_integer_value(json_object_get(reply, "newest")));
	else
		(void)snprintf(got, sizeof got, "%s", json_string_value(json_object_get(reply, "error")));
	assert_string_equal(got, want);
	json_decref(reply);
}

static void test_begin(void **state)
{
	(void)state;
	check_begin(QUERY_STREAM_EVENTS, 0, "newest 0");
	check_begin(QUERY_STREAM_HITS, 0, "newest 0");
	allow_many();
	check_begin(QUERY_STREAM_EVENTS, 0, "newest 300");
	check_begin(QUERY_STREAM_EVENTS, 300, "newest 300");
	check_begin(QUERY_STREAM_EVENTS, 301,
	            "no event has the number 301 yet, the newest is 300: is it of another database? 0 gives all");
	check_begin(QUERY_STREAM_HITS, 1,
	            "no hit has the number 1 yet, the newest is 0: is it of another database? 0 gives all");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_pieces, setup, teardown),
		cmocka_unit_test_setup_teardown(test_own, setup, teardown),
		cmocka_unit_test_setup_teardown(test_begin, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
