/* protocol: every request in its valid forms, and every way to write one wrong. */
#include "control/protocol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_good(void **state)
{
	static const struct {
		const char *line;
		enum protocol_verb verb;
		const char *net; /* NULL: none */
		int64_t for_s;
		int score;
		const char *reason, *rule, *token; /* NULL: "" */
	} rows[] = {
		{"block 192.0.2.7", PROTOCOL_BLOCK, "192.0.2.7", 0, 0, NULL, NULL, NULL},
		{"block 192.0.2.7\r", PROTOCOL_BLOCK, "192.0.2.7", 0, 0, NULL, NULL, NULL},
		{"  block \t 192.0.2.7  ", PROTOCOL_BLOCK, "192.0.2.7", 0, 0, NULL, NULL, NULL},
		{"BLOCK 192.0.2.7 FOR 10m", PROTOCOL_BLOCK, "192.0.2.7", 600, 0, NULL, NULL, NULL},
		{"block ::ffff:192.0.2.7", PROTOCOL_BLOCK, "192.0.2.7", 0, 0, NULL, NULL, NULL},
		{"block 192.0.2.0/24 for 1h30m reason too much, of it ", PROTOCOL_BLOCK, "192.0.2.0/24", 5400, 0,
	         "too much, of it", NULL, NULL},
		{"block 10.0.0.0/8", PROTOCOL_BLOCK, "10.0.0.0/8", 0, 0, NULL, NULL, NULL},
		{"block 2001:db8::/32 for 90", PROTOCOL_BLOCK, "2001:db8::/32", 90, 0, NULL, NULL, NULL},
		{"block 2001:DB8:0::7/128", PROTOCOL_BLOCK, "2001:db8::7", 0, 0, NULL, NULL, NULL},
		{"block 192.0.2.7 reason for 10m", PROTOCOL_BLOCK, "192.0.2.7", 0, 0, "for 10m", NULL, NULL},
		{"block 192.0.2.7 reason caf\xC3\xA9 \xFF", PROTOCOL_BLOCK, "192.0.2.7", 0, 0, "caf\xC3\xA9 \\xff",
	         NULL, NULL},
		{"block 192.0.2.7 reason a\tb", PROTOCOL_BLOCK, "192.0.2.7", 0, 0, "a\\x09b", NULL, NULL},
		{"add 192.0.2.7", PROTOCOL_BLOCK, "192.0.2.7", 0, 0, NULL, NULL, NULL},
		{"add 192.0.2.7 600", PROTOCOL_BLOCK, "192.0.2.7", 600, 0, NULL, NULL, NULL},
		{"add 192.0.2.7 600 Broadband", PROTOCOL_BLOCK, "192.0.2.7", 600, 0, "Broadband", NULL, NULL},
		{"add 192.0.2.7 Broadband 600", PROTOCOL_BLOCK, "192.0.2.7", 0, 0, "Broadband 600", NULL, NULL},
		{"add 192.0.2.7 for 10m reason Broadband", PROTOCOL_BLOCK, "192.0.2.7", 600, 0, "Broadband", NULL,
	         NULL},
		{"unblock 192.0.2.7", PROTOCOL_UNBLOCK, "192.0.2.7", 0, 0, NULL, NULL, NULL},
		{"unblock 192.0.2.0/24 reason a mistake", PROTOCOL_UNBLOCK, "192.0.2.0/24", 0, 0, "a mistake", NULL,
	         NULL},
		{"del 192.0.2.7", PROTOCOL_UNBLOCK, "192.0.2.7", 0, 0, NULL, NULL, NULL},
		{"del 192.0.2.7 600", PROTOCOL_UNBLOCK, "192.0.2.7", 0, 0, "600", NULL, NULL},
		{"unblock all", PROTOCOL_UNBLOCK_ALL, "::/0", 0, 0, NULL, NULL, NULL},
		{"unblock ALL reason an accident", PROTOCOL_UNBLOCK_ALL, "::/0", 0, 0, "an accident", NULL, NULL},
		{"allow 192.0.2.7", PROTOCOL_ALLOW, "192.0.2.7", 0, 0, NULL, NULL, NULL},
		{"allow 192.0.2.0/24 for 7d reason a customer", PROTOCOL_ALLOW, "192.0.2.0/24", 604800, 0, "a customer",
	         NULL, NULL},
		{"disallow 192.0.2.7 reason gone", PROTOCOL_DISALLOW, "192.0.2.7", 0, 0, "gone", NULL, NULL},
		{"block [192.0.2.7]:25 for 1h", PROTOCOL_BLOCK, "192.0.2.7", 3600, 0, NULL, NULL, NULL},
		{"test IPv6:2001:db8::7,", PROTOCOL_TEST, "2001:db8::7", 0, 0, NULL, NULL, NULL},
		{"why 2001:db8:bad:1::/64", PROTOCOL_WHY, "2001:db8:bad:1::/64", 0, 0, NULL, NULL, NULL},
		{"vote black unknown[192.0.2.7]:", PROTOCOL_BLACK, "192.0.2.7", 0, 0, NULL, NULL, NULL},
		{"vote black 192.0.2.7", PROTOCOL_BLACK, "192.0.2.7", 0, 0, NULL, NULL, NULL},
		{"vote white 192.0.2.7 score 1", PROTOCOL_WHITE, "192.0.2.7", 0, 1, NULL, NULL, NULL},
		{"vote black 192.0.2.7 score 1000000 reason X-Spam-Score: 25.1", PROTOCOL_BLACK, "192.0.2.7", 0,
	         1000000, "X-Spam-Score: 25.1", NULL, NULL},
		{"vote black 2001:db8::1/128", PROTOCOL_BLACK, "2001:db8::1", 0, 0, NULL, NULL, NULL},
		{"black 192.0.2.7", PROTOCOL_BLACK, "192.0.2.7", 0, 0, NULL, NULL, NULL},
		{"white 192.0.2.7", PROTOCOL_WHITE, "192.0.2.7", 0, 0, NULL, NULL, NULL},
		{"list", PROTOCOL_LIST, NULL, 0, 0, NULL, NULL, NULL},
		{"why 192.0.2.7", PROTOCOL_WHY, "192.0.2.7", 0, 0, NULL, NULL, NULL},
		{"status", PROTOCOL_STATUS, NULL, 0, 0, NULL, NULL, NULL},
		{"test 192.0.2.7", PROTOCOL_TEST, "192.0.2.7", 0, 0, NULL, NULL, NULL},
		{"test 192.0.2.0/24", PROTOCOL_TEST, "192.0.2.0/24", 0, 0, NULL, NULL, NULL},
		{"reload", PROTOCOL_RELOAD, NULL, 0, 0, NULL, NULL, NULL},
		{"resume postfix-dnsbl", PROTOCOL_RESUME, NULL, 0, 0, NULL, "postfix-dnsbl", NULL},
		{"note raised threshold", PROTOCOL_NOTE, NULL, 0, 0, "raised threshold", NULL, NULL},
		{"auth 0123456789abcdef", PROTOCOL_AUTH, NULL, 0, 0, NULL, NULL, "0123456789abcdef"},
		{"compat", PROTOCOL_COMPAT, NULL, 0, 0, NULL, NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct protocol_request r;
		char net[NET_TEXT_MAX] = "";
		struct why why;

		if (protocol_parse((struct span){rows[i].line, strlen(rows[i].line)}, &r, &why) != 0)
			fail_msg("\"%s\": %s", rows[i].line, why.text);
		if (rows[i].net != NULL)
			(void)net_text(&r.net, net);
		if (r.verb != rows[i].verb || strcmp(net, rows[i].net != NULL ? rows[i].net : "") != 0 ||
		    r.for_s != rows[i].for_s || r.score != rows[i].score ||
		    strcmp(r.reason, rows[i].reason != NULL ? rows[i].reason : "") != 0 ||
		    strcmp(r.rule, rows[i].rule != NULL ? rows[i].rule : "") != 0 ||
		    strcmp(r.token, rows[i].token != NULL ? rows[i].token : "") != 0)
			fail_msg("\"%s\": got %s, %s, %lld s, score %d, reason \"%s\", rule \"%s\"", rows[i].line,
			         protocol_verb_text(r.verb), net, (long long)r.for_s, r.score, r.reason, r.rule);
	}
}

static void test_watch(void **state)
{
	static const struct {
		const char *line;
		int64_t after;
		bool hits, own;
	} rows[] = {{"watch 0", 0, false, false},
	            {"WATCH 17 ", 17, false, false},
	            {"watch 9007199254740992", INT64_C(9007199254740992), false, false},
	            {"watch hits 17", 17, true, false},
	            {"watch own 17", 17, false, true}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct protocol_request r;
		struct why why;

		if (protocol_parse((struct span){rows[i].line, strlen(rows[i].line)}, &r, &why) != 0)
			fail_msg("\"%s\": %s", rows[i].line, why.text);
		assert_int_equal(r.verb, PROTOCOL_WATCH);
		assert_int_equal(r.after, rows[i].after);
		assert_int_equal(r.hits, rows[i].hits);
		assert_int_equal(r.own, rows[i].own);
	}
}

static void test_bad(void **state)
{
	static const struct {
		const char *line, *want; /* a part of the sentence */
	} rows[] = {
		{"", "an empty line"},
		{" \t ", "an empty line"},
		{"\r", "an empty line"},
		{"frobnicate 192.0.2.7", "\"frobnicate\": no such request"},
		{"blocks 192.0.2.7", "no such request"},
		{"GET / HTTP/1.1", "no such request"},
		{"\x16\x03\x01", "a control character"},
		{"block 192.0.2.7 reason a\x1b[2J", "a control character"},
		{"block 192.0.2.7 reason a\x7f", "a control character"},
		{"block 192.0.2.7\rblock 192.0.2.8", "a control character"},
		{"block", "which address"},
		{"block example.org", "not an IPv4 or IPv6 address"},
		{"block 192.0.2", "not an IPv4 or IPv6 address"},
		{"block 192.0.2.256", "not an IPv4 or IPv6 address"},
		{"block 192.0.2.07", "not an IPv4 or IPv6 address"},
		{"block 0x7f000001", "not an IPv4 or IPv6 address"},
		{"block 192.0.2.7\xc3", "\"192.0.2.7\\xc3\" is not an IPv4 or IPv6 address"},
		{"block fe80::1%eth0", "zone"},
		{"block 192.0.2.7%eth0 for 1h", "zone"},
		{"block 192.0.2.7/24", "did you mean 192.0.2.0/24?"},
		{"block 192.0.2.0/33", "a prefix length is a number from 0 to 32"},
		{"block 192.0.2.0/", "a prefix length is a number from 0 to 32"},
		{"block 192.0.2.0/024", "a prefix length is a number from 0 to 32"},
		{"block 192.0.2.0/-1", "a prefix length is a number from 0 to 32"},
		{"block 0.0.0.0/0", "too wide a network: /8 at least"},
		{"block 10.0.0.0/7", "too wide a network: /8 at least"},
		{"block ::/0", "too wide a network: /32 at least"},
		{"block 2001:db8::/31", "too wide a network: /32 at least"},
		{"block ::ffff:0.0.0.0/96", "a number from 0 to 32"}, /* the length is IPv4's own */
		{"block 192.0.2.7 for", "for how long"},
		{"block 192.0.2.7 for ever", "for how long"},
		{"block 192.0.2.7 for 0", "for how long"},
		{"block 192.0.2.7 for -1", "for how long"},
		{"block 192.0.2.7 for 11000d", "for how long"},
		{"block 192.0.2.7 for 99999999999999999999999999999999999999", "for how long"},
		{"block 192.0.2.7 for 1h for 2h", "appears twice"},
		{"block 192.0.2.7 1h", "after the address"},
		{"block 192.0.2.7 score 5", "after the address"},
		{"block 192.0.2.7 192.0.2.8", "after the address"},
		{"block 192.0.2.7 reason", "reason: which"},
		{"block 192.0.2.7 reason   ", "reason: which"},
		{"unblock 192.0.2.7 for 1h", "after the address"},
		{"unblock", "which address"},
		{"unblock all for 1h", "after the address"},
		{"block all", "\"all\" is not an IPv4 or IPv6 address"},
		{"allow", "which address"},
		{"allow all", "\"all\" is not an IPv4 or IPv6 address"},
		{"allow 192.0.2.7 score 5", "after the address"},
		{"disallow 192.0.2.7 for 1h", "after the address"},
		{"disallow all", "\"all\" is not an IPv4 or IPv6 address"},
		{"del", "which address"},
		{"vote", "black or white"},
		{"vote purple 192.0.2.7", "\"purple\": black or white?"},
		{"vote black", "which address"},
		{"vote black 192.0.2.0/24", "not a network"},
		{"vote black 192.0.2.7 score", "score: a whole number"},
		{"vote black 192.0.2.7 score 0", "score: a whole number"},
		{"vote black 192.0.2.7 score -5", "score: a whole number"},
		{"vote black 192.0.2.7 score 1000001", "score: a whole number"},
		{"vote black 192.0.2.7 score 99999999999999999999", "score: a whole number"},
		{"vote black 192.0.2.7 score 5 score 6", "appears twice"},
		{"vote black 192.0.2.7 for 1h", "after the address"},
		{"why", "which address"},
		{"why 192.0.2.7 192.0.2.8", "unexpected argument"},
		{"test 192.0.2.7 please", "unexpected argument"},
		{"list all", "\"all\": unexpected argument"},
		{"status now", "unexpected argument"},
		{"reload it", "unexpected argument"},
		{"resume", "which rule"},
		{"resume a;b", "no name of a rule"},
		{"resume \xC3\xA9", "no name of a rule"},
		{"resume a b", "unexpected argument"},
		{"resume 12345678901234567890123456789012345678901234567890123456789012345", "no name of a rule"},
		{"watch", "after which event"},
		{"watch -1", "after which event"},
		{"watch hits", "after which event"},
		{"watch 1 hits", "unexpected argument"},
		{"watch hits own 1", "after which event"},
		{"watch 1x", "after which event"},
		{"watch 9007199254740993", "after which event"},
		{"watch 99999999999999999999999", "after which event"},
		{"watch 1 2", "unexpected argument"},
		{"auth", "which token"},
		{"auth a b", "unexpected argument"},
		{"compat 1", "unexpected argument"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct protocol_request r = {.score = 4711};
		struct why why;

		if (protocol_parse((struct span){rows[i].line, strlen(rows[i].line)}, &r, &why) == 0)
			fail_msg("\"%s\" is accepted", rows[i].line);
		if (strstr(why.text, rows[i].want) == NULL)
			fail_msg("\"%s\": got \"%s\", want \"%s\"", rows[i].line, why.text, rows[i].want);
		assert_int_equal(r.score, 4711); /* untouched */
	}
}

static int parse(const char *bytes, size_t len, struct protocol_request *ret)
{
	struct why why;

	return protocol_parse((struct span){bytes, len}, ret, &why);
}

static void test_lengths(void **state)
{
	static const char begin[] = "block 192.0.2.7 reason ";
	char line[PROTOCOL_LINE_MAX + 2];
	struct protocol_request r;

	(void)state;
	assert_true(parse("block 192.0.2.7\0", 16, &r) < 0); /* a NUL is a control character */
	assert_true(parse("\0", 1, &r) < 0);

	memset(line, 'x', sizeof line);
	memcpy(line, begin, sizeof begin - 1);
	assert_int_equal(parse(line, sizeof begin - 1 + PROTOCOL_REASON_MAX, &r), 0);
	assert_int_equal(strlen(r.reason), PROTOCOL_REASON_MAX);
	assert_true(parse(line, sizeof begin - 1 + PROTOCOL_REASON_MAX + 1, &r) < 0);
	/* It is the escaped text that must fit. */
	memset(line + sizeof begin - 1, 0xFF, PROTOCOL_REASON_MAX);
	assert_int_equal(parse(line, sizeof begin - 1 + PROTOCOL_REASON_MAX / 4, &r), 0);
	assert_int_equal(strlen(r.reason), PROTOCOL_REASON_MAX);
	assert_true(parse(line, sizeof begin - 1 + PROTOCOL_REASON_MAX / 4 + 1, &r) < 0);

	memset(line, ' ', sizeof line);
	memcpy(line, "list", 4);
	assert_int_equal(parse(line, PROTOCOL_LINE_MAX, &r), 0);
	assert_true(parse(line, PROTOCOL_LINE_MAX + 1, &r) < 0);
}

static void test_token(void **state)
{
	char line[5 + PROTOCOL_TOKEN_MAX + 1] = "auth ";
	struct protocol_request r;

	(void)state;
	memset(line + 5, 'a', PROTOCOL_TOKEN_MAX + 1);
	assert_int_equal(parse(line, 5 + PROTOCOL_TOKEN_MAX, &r), 0);
	assert_int_equal(strlen(r.token), PROTOCOL_TOKEN_MAX);
	assert_true(parse(line, 5 + PROTOCOL_TOKEN_MAX + 1, &r) < 0);
	/* Compared as a whole: what is behind it must be zeros. */
	assert_int_equal(parse(line, 5 + 3, &r), 0);
	for (size_t i = 3; i < sizeof r.token; i++)
		assert_int_equal(r.token[i], 0);
}

/* Every beginning of every good line is either a request or refused; with each byte changed, too. */
static void test_cut_and_changed(void **state)
{
	static const char line[] = "vote black 2001:db8::7 score 50 reason \xC3\xA9t\xC3\xA9 for 1h";
	char changed[sizeof line];
	struct protocol_request r;

	(void)state;
	for (size_t len = 0; len < sizeof line; len++)
		(void)parse(line, len, &r);
	for (size_t i = 0; i < sizeof line - 1; i++)
		for (int byte = 0; byte < 256; byte++) {
			memcpy(changed, line, sizeof line);
			changed[i] = (char)byte;
			(void)parse(changed, sizeof line - 1, &r);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),    cmocka_unit_test(test_watch), cmocka_unit_test(test_bad),
		cmocka_unit_test(test_lengths), cmocka_unit_test(test_token), cmocka_unit_test(test_cut_and_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
