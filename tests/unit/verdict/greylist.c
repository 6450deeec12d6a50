/* greylist: which two greylisted attempts are from one large sender. */
#include "verdict/greylist.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const int64_t t0_s = 1795181862;
static const struct verdict_policy policy = {
	.threshold = 100, .window_s = 3600, .memory_s = 86400, .n_for = 1, .for_s = {600}};

struct attempt {
	const char *addr, *from, *to, *helo;
	int at;
	const char *want; /* the network that earned it; NULL: none */
};

static struct span span_of(const char *text)
{
	return (struct span){text, text == NULL ? 0 : strlen(text)};
}

static void play(const struct attempt steps[], size_t n, const char *hostile)
{
	struct greylist *const c = greylist_new(7);
	struct verdict *const v = verdict_new(&policy);
	struct verdict_evidence evidence = {.score = 20, .time_s = t0_s, .rule = VERDICT_NO_RULE};
	struct verdict_decision ignored;

	verdict_at(v, t0_s);
	if (hostile != NULL) {
		assert_true(addr_parse(hostile, strlen(hostile), &evidence.addr));
		verdict_hit(v, &evidence, &ignored);
	}
	for (size_t i = 0; i < n; i++) {
		const struct attempt *const s = &steps[i];
		char text[NET_TEXT_MAX] = "";
		struct addr addr;
		struct net net;

		assert_true(addr_parse(s->addr, strlen(s->addr), &addr));
		if (greylist_attempt(c, v, &addr, span_of(s->from), span_of(s->to), span_of(s->helo), t0_s + s->at,
		                     &net) == GREYLIST_EARNED)
			(void)net_text(&net, text);
		if (strcmp(text, s->want == NULL ? "" : s->want) != 0)
			fail_msg("%s, step %zu: got \"%s\", want \"%s\"", s->addr, i, text,
			         s->want == NULL ? "" : s->want);
	}
	verdict_free(v);
	greylist_free(c);
}

#define PLAY(hostile, ...)                                                                                             \
	do {                                                                                                           \
		const struct attempt steps[] = {__VA_ARGS__};                                                          \
		play(steps, sizeof steps / sizeof *steps, hostile);                                                    \
	} while (0)

#define A "192.0.2.1", "news@example.com", "alice@example.org", "mx1.example.com"
#define B "192.0.2.2", "news@example.com", "alice@example.org", "mx2.EXAMPLE.com"

static void test_attempts(void **state)
{
	(void)state;
	PLAY(NULL, {A, 0, NULL}, {A, 1, NULL}, {B, 2, "192.0.2.0/24"});
	PLAY(NULL, {A, 0, NULL}, {B, GREYLIST_AGE_S - 1, "192.0.2.0/24"});
	PLAY(NULL, {A, 0, NULL}, {B, GREYLIST_AGE_S, NULL});
	/* Another sender, recipient, organisation, network. */
	PLAY(NULL, {A, 0, NULL}, {"192.0.2.2", "other@example.com", "alice@example.org", "mx2.example.com", 1, NULL});
	PLAY(NULL, {A, 0, NULL}, {"192.0.2.2", "news@example.com", "bob@example.org", "mx2.example.com", 1, NULL});
	PLAY(NULL, {A, 0, NULL}, {"192.0.2.2", "news@example.com", "alice@example.org", "mx2.example.net", 1, NULL});
	PLAY(NULL, {A, 0, NULL}, {"192.0.3.2", "news@example.com", "alice@example.org", "mx2.example.com", 1, NULL});
	/* Texts do not run into each other. */
	PLAY(NULL, {"192.0.2.1", "a", "bc", "mx.example.com", 0, NULL},
	     {"192.0.2.2", "ab", "c", "mx.example.com", 1, NULL});
	/* The empty sender of bounces. */
	PLAY(NULL, {"192.0.2.1", "", "a@b", "mx.example.com", 0, NULL},
	     {"192.0.2.2", "", "a@b", "mx.example.com", 1, "192.0.2.0/24"});
	PLAY(NULL, {"2001:db8::1", "", "a@b", "mx.example.com", 0, NULL},
	     {"2001:db8::2", "", "a@b", "mx.example.com", 1, "2001:db8::/64"});
	PLAY(NULL, {"2001:db8::1", "", "a@b", "mx.example.com", 0, NULL},
	     {"2001:db8:0:1::2", "", "a@b", "mx.example.com", 1, NULL});
	/* No client with hits. */
	PLAY("192.0.2.1", {A, 0, NULL}, {B, 1, NULL});
	PLAY("192.0.2.2", {A, 0, NULL}, {B, 1, NULL},
	     {"192.0.2.3", "news@example.com", "alice@example.org", "mx2.example.com", 2, "192.0.2.0/24"});
}

/* Two attempts with these HELO names: are they of one organisation? */
static void test_organisations(void **state)
{
	static const struct {
		const char *a, *b;
		bool want;
	} rows[] = {
		{"example.com", "mx.example.com", true},
		{"a.b.c.example.com", "z.example.com", true},
		{"mx.example.com", "mx.other.com", false},
		{"mx.example.co.uk", "mx2.example.co.uk", true},
		{"mx.example.co.uk", "mx.other.co.uk", false},
		{"co.uk", "co.uk", false},
		{"mx.example.de", "example.de", true},
		{"localhost", "localhost", false},
		{"", "", false},
		{".", ".", false},
		{"..", "..", false},
		{"mx.example.com.", "mx.example.com.", false},
		{"10.9.8.7", "10.9.8.7", false},
		{".com", ".com", false},
		{"mx.example.com.br", "mx2.example.com.br", true},
		{"mx.example.com.br", "mx.other.com.br", false},
		{"mx.one.github.io", "mx.two.github.io", false},
		{"mx.abc.uk", "mx2.abc.uk", true},
		{"a.abc.de", "b.abc.de", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		PLAY(NULL, {"192.0.2.1", "a@b", "c@d", rows[i].a, 0, NULL},
		     {"192.0.2.2", "a@b", "c@d", rows[i].b, 1, rows[i].want ? "192.0.2.0/24" : NULL});
}

/* More than fit: memory stays, and the newest is remembered. */
static void test_many(void **state)
{
	struct greylist *const c = greylist_new(1);
	struct verdict *const v = verdict_new(&policy);
	struct net net;

	(void)state;
	verdict_at(v, t0_s);
	for (uint32_t i = 0; i < 100000; i++) {
		struct addr addr = {{[10] = 0xFF,
		                     [11] = 0xFF,
		                     [12] = 45,
		                     [13] = (uint8_t)(i >> 16 & 255),
		                     [14] = (uint8_t)(i >> 8 & 255),
		                     [15] = (uint8_t)(i & 127)}};
		char to[32];

		(void)snprintf(to, sizeof to, "u%u@example.org", i);
		assert_int_equal(greylist_attempt(c, v, &addr, span_of("a@b"), span_of(to), span_of("mx.example.com"),
		                                  t0_s + i, &net),
		                 GREYLIST_NOTED);
		assert_int_equal(greylist_attempt(c, v, &addr, span_of("a@b"), span_of(to), span_of("mx.example.com"),
		                                  t0_s + i, &net),
		                 GREYLIST_NOTHING);
		addr.bytes[15] = 200;
		assert_int_equal(greylist_attempt(c, v, &addr, span_of("a@b"), span_of(to), span_of("mx.example.com"),
		                                  t0_s + i, &net),
		                 GREYLIST_EARNED);
	}
	verdict_free(v);
	greylist_free(c);
	greylist_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attempts),
		cmocka_unit_test(test_organisations),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
