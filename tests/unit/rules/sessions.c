#include "rules/sessions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct rulefile_rule connected = {.name = (char[]){"connected"}, .file = "smtpd.rules", .remember = true};
static struct rulefile_rule unknown = {.name = (char[]){"unknown"}, .file = "smtpd.rules", .remember = true};
static struct rulefile_rule failed = {
	.name = (char[]){"failed"}, .file = "smtpd.rules", .score = 20, .category = (char[]){"protocol"}};
static struct rulefile_rule summary = {.name = (char[]){"summary"},
                                       .file = "smtpd.rules",
                                       .after = (char[]){"unknown"},
                                       .score = 20,
                                       .category = (char[]){"protocol"}};
static struct rulefile_rule ended = {.name = (char[]){"ended"}, .file = "smtpd.rules", .forget = true};
static struct rulefile_rule other = {
	.name = (char[]){"other"}, .file = "other.rules", .score = 20, .category = (char[]){"protocol"}};

static const struct span mx = {"mx", 2}, mx2 = {"mx2", 3}, no_host = {NULL, 0};

static struct rule rules[6];
static struct sessions *sessions;

static int setup(void **state)
{
	struct rulefile_rule *const texts[] = {&connected, &unknown, &failed, &summary, &ended, &other};

	(void)state;
	for (size_t i = 0; i < 6; i++)
		rules[i] = (struct rule){.index = i, .text = texts[i]};
	sessions = sessions_new();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sessions_free(sessions);
	return 0;
}

static struct rules_hit piece(size_t rule, enum rules_kind kind, const char *id, const char *address)
{
	struct rules_hit hit = {.rule = &rules[rule], .kind = kind, .count = 1, .score = rules[rule].text->score};

	hit.session = (struct span){id, strlen(id)};
	if (address != NULL)
		assert_true(addr_parse(address, strlen(address), &hit.address));
	return hit;
}

static int note(struct span host, int64_t time_s, const char *id, const char *address)
{
	struct rules_hit hit = piece(0, RULES_KIND_ADDRESS, id, address);

	return sessions_resolve(sessions, host, time_s, &hit);
}

/* Looks a session up; "" when it is not known. */
static const char *who(struct span host, int64_t time_s, const char *id, size_t rule)
{
	static char text[ADDR_TEXT_MAX];
	struct rules_hit hit = piece(rule, RULES_KIND_LOOKUP, id, NULL);

	if (sessions_resolve(sessions, host, time_s, &hit) != RULES_HIT)
		return "";
	assert_int_equal(hit.score, 20);
	(void)addr_text(&hit.address, text);
	return text;
}

static void address(void **state)
{
	struct rules_hit end = piece(4, RULES_KIND_FORGET, "2c0c496e8883d6d3", NULL);

	(void)state;
	assert_string_equal(who(mx, 1000, "2c0c496e8883d6d3", 2), "");
	assert_int_equal(note(mx, 1000, "2c0c496e8883d6d3", "198.51.100.7"), RULES_NONE);
	assert_int_equal(note(mx, 1000, "2c0c496e8883d6d4", "2001:db8:bad::7"), RULES_NONE);
	assert_string_equal(who(mx, 1001, "2c0c496e8883d6d3", 2), "198.51.100.7");
	assert_string_equal(who(mx, 1001, "2c0c496e8883d6d4", 2), "2001:db8:bad::7");
	assert_string_equal(who(mx, 1001, "2c0c496e8883d6d", 2), "");
	assert_string_equal(who(mx2, 1001, "2c0c496e8883d6d3", 2), "");     /* another host */
	assert_string_equal(who(no_host, 1001, "2c0c496e8883d6d3", 2), ""); /* no host at all */
	assert_string_equal(who(mx, 1001, "2c0c496e8883d6d3", 5), "");      /* another file's rule */
	assert_int_equal(note(mx, 1002, "2c0c496e8883d6d3", "198.51.100.8"), RULES_NONE);
	assert_string_equal(who(mx, 1003, "2c0c496e8883d6d3", 2), "198.51.100.8");
	assert_int_equal(sessions_resolve(sessions, mx, 1004, &end), RULES_NONE);
	assert_string_equal(who(mx, 1005, "2c0c496e8883d6d3", 2), "");
	assert_string_equal(who(mx, 1005, "2c0c496e8883d6d4", 2), "2001:db8:bad::7");
	sessions_clear(sessions);
	assert_string_equal(who(mx, 1005, "2c0c496e8883d6d4", 2), "");
}

/* Who has logged in is not hostile: in its session only failed logins count, until the id names another
 * client. */
static void logged_in(void **state)
{
	const struct rulefile_rule accepted = {
		.name = (char[]){"accepted"}, .file = "smtpd.rules", .score = -40, .category = (char[]){"good"}};
	const struct rulefile_rule password = {
		.name = (char[]){"password"}, .file = "smtpd.rules", .score = 20, .category = (char[]){"auth"}};
	const struct rule login = {.index = 6, .text = &accepted}, wrong = {.index = 7, .text = &password};
	struct rules_hit hit = piece(2, RULES_KIND_LOOKUP, "2c0c496e8883d6d3", NULL);

	(void)state;
	sessions_clear(sessions);
	(void)note(mx, 1000, "2c0c496e8883d6d3", "198.51.100.7");
	hit.rule = &login;
	assert_int_equal(sessions_resolve(sessions, mx, 1001, &hit), RULES_HIT); /* mail, not a login */
	assert_string_equal(who(mx, 1001, "2c0c496e8883d6d3", 2), "198.51.100.7");
	hit.user = (struct span){"alice", 5};
	assert_int_equal(sessions_resolve(sessions, mx, 1002, &hit), RULES_HIT);
	assert_string_equal(who(mx, 1002, "2c0c496e8883d6d3", 2), "");
	hit.rule = &wrong;
	assert_int_equal(sessions_resolve(sessions, mx, 1003, &hit), RULES_HIT);
	(void)note(mx, 1004, "2c0c496e8883d6d3", "198.51.100.8");
	assert_string_equal(who(mx, 1004, "2c0c496e8883d6d3", 2), "198.51.100.8");
}

static void event(void **state)
{
	struct rules_hit seen = piece(1, RULES_KIND_EVENT, "6AKE2fKL000024", NULL);
	struct rules_hit end = piece(3, RULES_KIND_AFTER, "6AKE2fKL000024", "198.51.100.7");

	(void)state;
	sessions_clear(sessions);
	assert_int_equal(sessions_resolve(sessions, mx, 1000, &end), RULES_NONE); /* nothing was noted */
	for (int i = 0; i < 3; i++)
		assert_int_equal(sessions_resolve(sessions, mx, 1000, &seen), RULES_NONE);
	assert_int_equal(sessions_resolve(sessions, mx2, 1001, &end), RULES_NONE);
	assert_int_equal(sessions_resolve(sessions, mx, 1001, &end), RULES_HIT);
	assert_int_equal(end.count, 3);
	assert_int_equal(end.score, 60);
	assert_int_equal(sessions_resolve(sessions, mx, 1001, &end), RULES_NONE); /* each counts once */
	for (int i = 0; i < 100; i++)
		assert_int_equal(sessions_resolve(sessions, mx, 1002, &seen), RULES_NONE);
	assert_int_equal(sessions_resolve(sessions, mx, 1002, &end), RULES_HIT);
	assert_int_equal(end.count, RULES_COUNT_MAX);
}

/* An attempt counts when its database reports the next one, later; other databases report the same attempts. */
static void again(void **state)
{
	static char name[] = "again";
	static const struct rulefile_rule text = {.name = name, .file = "smtpd.rules", .after = name, .score = 20};
	static const struct rule rule = {.index = 6, .text = &text};
	static const struct {
		const char *id, *database;
		int64_t time_s;
		int rc;
	} rows[] = {
		{"olPsa7VgAbrAAAIU", "passwd-file", 1000, RULES_NONE},
		{"olPsa7VgAbrAAAIU", "pam", 1002, RULES_NONE},
		{"olPsa7VgAbrAAAIU", "passwd-file", 1000, RULES_NONE}, /* two files of one attempt */
		{"olPsa7VgAbrAAAIU", "passwd-file", 1004, RULES_HIT},
		{"olPsa7VgAbrAAAIU", "pam", 1006, RULES_NONE},
		{"olPsa7VgAbrAAAIV", "passwd-file", 1006, RULES_NONE}, /* another session */
		{"olPsa7VgAbrAAAIU", "passwd-file", 1008, RULES_HIT},
		{"olPsa7VgAbrAAAIU", "passwd-file", 1009 + SESSIONS_AGE_S, RULES_NONE},
	};

	(void)state;
	sessions_clear(sessions);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct rules_hit hit = {.rule = &rule,
		                        .kind = RULES_KIND_AGAIN,
		                        .count = 1,
		                        .score = 20,
		                        .detail = {rows[i].database, strlen(rows[i].database)},
		                        .session = {rows[i].id, strlen(rows[i].id)}};

		if (sessions_resolve(sessions, mx, rows[i].time_s, &hit) != rows[i].rc)
			fail_msg("row %zu: want %d", i, rows[i].rc);
		assert_int_equal(hit.score, 20);
	}
}

/* Reports of a client, or of a session; rules without an event. */
static void unreported(void **state)
{
	struct rule first = {.text = &failed, .event = {.number = 3, .log = 0}}, second = first;
	struct rules_hit one = {.rule = &first, .kind = RULES_KIND_HIT, .count = 2, .address = {{9}}};
	struct rules_hit twin = one, plain = one;

	(void)state;
	second.event.log = 1;
	twin.rule = &second;
	plain.rule = &rules[2];
	sessions_clear(sessions);
	assert_int_equal(sessions_unreported(sessions, mx, 1000, &one), 2);
	assert_int_equal(sessions_unreported(sessions, mx2, 1000, &twin), 0); /* of whatever host */
	assert_int_equal(sessions_unreported(sessions, mx, 1000, &plain), 2);
	one.session = twin.session = (struct span){"olPsa7VgAbrAAAIU", 16};
	twin.count = 3;
	assert_int_equal(sessions_unreported(sessions, mx, 1000, &one), 2);
	assert_int_equal(sessions_unreported(sessions, mx2, 1000, &twin), 3); /* another host's session */
	assert_int_equal(sessions_unreported(sessions, mx, 1000, &twin), 1);
	sessions_clear(sessions);
	assert_int_equal(sessions_unreported(sessions, mx, 1000, &twin), 3);
}

/* A complete hit is passed through; with forget it ends its session. */
static void complete(void **state)
{
	struct rules_hit hit = {.rule = &rules[2], .kind = RULES_KIND_HIT, .count = 1, .score = 20};
	struct rules_hit last = piece(4, RULES_KIND_HIT, "2c0c496e8883d6d3", "198.51.100.7");

	(void)state;
	sessions_clear(sessions);
	assert_int_equal(sessions_resolve(sessions, mx, 1000, &hit), RULES_HIT);
	(void)note(mx, 1000, "2c0c496e8883d6d3", "198.51.100.7");
	assert_int_equal(sessions_resolve(sessions, mx, 1000, &last), RULES_HIT);
	assert_string_equal(who(mx, 1000, "2c0c496e8883d6d3", 2), "");
}

static void age(void **state)
{
	(void)state;
	sessions_clear(sessions);
	(void)note(mx, 10000, "2c0c496e8883d6d3", "198.51.100.7");
	assert_string_equal(who(mx, 10000 + SESSIONS_AGE_S, "2c0c496e8883d6d3", 2), "198.51.100.7");
	assert_string_equal(who(mx, 10001 + SESSIONS_AGE_S, "2c0c496e8883d6d3", 2), "");
	(void)note(mx, 10000, "2c0c496e8883d6d3", "198.51.100.7");
	assert_string_equal(who(mx, 9999 - SESSIONS_AGE_S, "2c0c496e8883d6d3", 2), ""); /* the clock jumped */
}

/* The table is bounded: the oldest session goes first. */
static void full(void **state)
{
	char id[32];

	(void)state;
	sessions_clear(sessions);
	for (int round = 0; round < 3; round++)
		for (unsigned i = 0; i <= SESSIONS_MAX; i++) {
			(void)snprintf(id, sizeof id, "%016x", i);
			(void)note(mx, 1000, id, "198.51.100.7");
		}
	assert_string_equal(who(mx, 1000, "0000000000000000", 2), "");
	(void)snprintf(id, sizeof id, "%016x", (unsigned)SESSIONS_MAX);
	assert_string_equal(who(mx, 1000, id, 2), "198.51.100.7");
	assert_string_equal(who(mx, 1000, "0000000000000002", 2), "198.51.100.7");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(address),  cmocka_unit_test(logged_in),  cmocka_unit_test(event),
		cmocka_unit_test(complete), cmocka_unit_test(age),        cmocka_unit_test(full),
		cmocka_unit_test(again),    cmocka_unit_test(unreported),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
