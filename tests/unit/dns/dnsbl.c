/*
 * dnsbl: what DNS lists answer about addresses, with a name server that knows them, lies, is in trouble, or is
 * silent.
 */
#include "dns/dnsbl.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "nameserver.h"

enum {
	NOW_S = 1760000000,
	WINDOW_S = 3600,
};

static char black[] = "black.example", weak[] = "weak.example", white[] = "white.example";

static struct config *config_of(size_t n)
{
	static struct config config;

	config = (struct config){
		.block = {.window_s = WINDOW_S},
		.dns = {.n = n, .lists = {{black, 60, 0, {{{0}}}}, {white, 0, 0, {{{0}}}}, {weak, 5, 0, {{{0}}}}}}};
	return &config;
}

static struct addr addr(const char *text)
{
	struct addr ret;

	assert_true(addr_parse(text, strlen(text), &ret));
	return ret;
}

static void ask(struct dnsbl *lists, const char *text, int64_t now_s)
{
	const struct addr a = addr(text);
	const struct net subject = net_of(&a);

	dnsbl_ask(lists, &subject, &a, now_s);
}

/* What the lists say until nothing is open: "black.example 192.0.2.7 127.0.0.2; ..." */
static const char *answers(struct dnsbl *lists, struct nameserver *server, int64_t now_ms)
{
	static const char *const words[] = {
		[DNSBL_LISTED] = "",      [DNSBL_DEAD] = "dead ",      [DNSBL_SILENT] = "silent ",
		[DNSBL_ALIVE] = "alive ", [DNSBL_NO_NAME] = "no name", [DNSBL_MISMATCH] = "mismatch",
		[DNSBL_BROKEN] = "broken"};
	static char text[4096];
	size_t len = 0;

	text[0] = '\0';
	for (;;) {
		struct pollfd polled[] = {{.fd = -1, .events = POLLIN}, {.fd = server->fd, .events = POLLIN}};
		char of[ADDR_TEXT_MAX], code[ADDR_TEXT_MAX];
		struct dnsbl_answer answer;

		dnsbl_turn(lists, now_ms);
		while (dnsbl_next(lists, &answer)) {
			(void)addr_text(&answer.addr, of);
			(void)addr_text(&answer.code, code);
			len += (size_t)snprintf(text + len, sizeof text - len, "%s%s%s", len == 0 ? "" : "; ",
			                        words[answer.word], answer.list == NULL ? "" : answer.list->zone);
			if (answer.word == DNSBL_LISTED || answer.list == NULL)
				len += (size_t)snprintf(text + len, sizeof text - len, " %s", of);
			if (answer.word == DNSBL_LISTED || answer.word == DNSBL_DEAD)
				len += (size_t)snprintf(text + len, sizeof text - len, " %s", code);
		}
		if ((polled[0].fd = dnsbl_fd(lists)) < 0)
			return text;
		assert_true(poll(polled, 2, dnsbl_timeout_ms(lists, now_ms)) >= 0);
		nameserver_serve(server);
	}
}

/* Names, without any list, and beside one: none, another's, its own; a list with "allow" is awaited, a name is not. */
static void test_names(void **state)
{
	static const char *const own[] = {"192.0.2.8", NULL}, *const in_white[] = {"127.0.0.2", NULL};
	static const struct nameserver_name table[] = {
		{.name = "8.2.0.192.in-addr.arpa", .ptr = "mx.example"},
		{.name = "9.2.0.192.in-addr.arpa", .ptr = "mx.example"},
		{.name = "mx.example", .addrs = own},
		{.name = "10.2.0.192.in-addr.arpa", .rcode = NAMESERVER_SERVFAIL},
		{.name = "7.2.0.192.white.example", .addrs = in_white},
	};
	struct nameserver server = nameserver_open(table, 5);
	struct config *config = config_of(0);
	const struct addr seven = addr("192.0.2.7");
	const struct net net = net_of(&seven);
	struct dnsbl *lists;

	(void)state;
	assert_null(dnsbl_new(config, server.address));
	config->dns.ptr_mismatch = 20;
	lists = dnsbl_new(config, server.address);
	ask(lists, "192.0.2.7", NOW_S);
	assert_false(dnsbl_awaits(lists, &net));
	assert_string_equal(answers(lists, &server, 1000), "no name 192.0.2.7");
	ask(lists, "192.0.2.8", NOW_S);
	assert_string_equal(answers(lists, &server, 1000), "");
	ask(lists, "192.0.2.9", NOW_S);
	assert_string_equal(answers(lists, &server, 1000), "mismatch 192.0.2.9");
	ask(lists, "192.0.2.9", NOW_S);
	assert_string_equal(answers(lists, &server, 1000), "");

	/* Twice, with an answer to another in between; without one our own name server may be the culprit. */
	ask(lists, "192.0.2.10", NOW_S);
	assert_string_equal(answers(lists, &server, 1000), "");
	assert_int_equal(dnsbl_timeout_ms(lists, 1000), DNSBL_AGAIN_MS);
	ask(lists, "192.0.2.11", NOW_S);
	assert_string_equal(answers(lists, &server, 1000), "no name 192.0.2.11");
	assert_string_equal(answers(lists, &server, 1000 + DNSBL_AGAIN_MS), "broken 192.0.2.10");
	ask(lists, "192.0.2.10", NOW_S + WINDOW_S + 1);
	assert_string_equal(answers(lists, &server, 20000), "");
	assert_string_equal(answers(lists, &server, 20000 + DNSBL_AGAIN_MS), "");
	assert_int_equal(dnsbl_timeout_ms(lists, 30000), -1);
	dnsbl_free(lists);

	config = config_of(2);
	config->dns.ptr = 20;
	lists = dnsbl_new(config, server.address);
	ask(lists, "192.0.2.7", NOW_S);
	assert_true(dnsbl_awaits(lists, &net));
	assert_string_equal(answers(lists, &server, 1000), "white.example 192.0.2.7 127.0.0.2; no name 192.0.2.7");
	assert_false(dnsbl_awaits(lists, &net));
	dnsbl_free(lists);
	(void)close(server.fd);
}

static void test_name(void **state)
{
	const struct addr four = addr("192.0.2.99"), six = addr("2001:db8:1:2:3:4:567:89ab");
	char name[DNSBL_NAME_MAX];

	(void)state;
	dnsbl_name(&four, "bad.example.com", name);
	assert_string_equal(name, "99.2.0.192.bad.example.com"); /* RFC 5782 2.1 */
	dnsbl_name(&six, "ugly.example.com", name);              /* RFC 5782 2.4 */
	assert_string_equal(name, "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ugly.example.com");
}

static void test_answers(void **state)
{
	static const struct {
		const char *const addrs[4];
		unsigned rcode;
		bool listed;
	} cases[] = {
		{{"127.0.0.2"}, 0, true},
		{{"127.0.0.2", "127.0.0.4"}, 0, true},
		{{"127.1.255.3"}, 0, true},
		{{NULL}, 0, false},
		{{NULL}, NAMESERVER_NXDOMAIN, false},
		{{NULL}, NAMESERVER_SERVFAIL, false},
		{{NULL}, NAMESERVER_REFUSED, false},
		{{"127.255.255.252"}, 0, false}, /* a typing error in the zone's name */
		{{"127.255.255.254"}, 0, false}, /* asked through a public resolver */
		{{"127.255.255.255"}, 0, false}, /* over quota */
		{{"127.0.0.255"}, 0, false},
		{{"127.0.0.1"}, 0, false},
		{{"203.0.113.80"}, 0, false}, /* a zone that answers for names that do not exist */
		{{"127.0.0.2", "203.0.113.80"}, 0, false},
		{{"127.0.0.2", "127.255.255.254"}, 0, false},
		{{"2001:db8::1"}, 0, false},
	};
	struct nameserver_name table[] = {{.name = "7.2.0.192.black.example"}};
	struct nameserver server = nameserver_open(table, 1);
	struct dnsbl *const lists = dnsbl_new(config_of(1), server.address);
	const char *got;

	(void)state;
	assert_string_equal(answers(lists, &server, 0), "");
	assert_string_equal(server.last, "1.0.0.127.black.example");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		table[0].addrs = cases[i].addrs;
		table[0].rcode = cases[i].rcode;
		ask(lists, "192.0.2.7", NOW_S + (int64_t)i * WINDOW_S);
		got = answers(lists, &server, 0);
		if (strncmp(got, cases[i].listed ? "black.example 192.0.2.7 127." : "", 28) != 0)
			fail_msg("case %zu: got \"%s\"", i, got);
	}
	dnsbl_free(lists);
	(void)close(server.fd);
}

static void test_codes(void **state)
{
	static const char *const two[] = {"127.0.0.2", "127.0.0.10", NULL}, *const ten[] = {"127.0.0.10", NULL};
	struct nameserver_name table[] = {{.name = "7.2.0.192.black.example", .addrs = two},
	                                  {.name = "8.2.0.192.black.example", .addrs = ten}};
	struct nameserver server = nameserver_open(table, 2);
	struct config *const config = config_of(1);
	struct dnsbl *lists;

	(void)state;
	config->dns.lists[0].codes[config->dns.lists[0].n_codes++] = addr("127.0.0.9");
	config->dns.lists[0].codes[config->dns.lists[0].n_codes++] = addr("127.0.0.2");
	lists = dnsbl_new(config, server.address);
	assert_string_equal(answers(lists, &server, 0), "");
	ask(lists, "192.0.2.7", NOW_S);
	ask(lists, "192.0.2.8", NOW_S);
	assert_string_equal(answers(lists, &server, 0), "black.example 192.0.2.7 127.0.0.2");
	dnsbl_free(lists);
	(void)close(server.fd);
}

static void test_once(void **state)
{
	static const char *const yes[] = {"127.0.0.2", NULL};
	const struct nameserver_name table[] = {
		{.name = "7.2.0.192.black.example", .addrs = yes},
		{.name = "7.2.0.192.white.example", .addrs = yes},
		{.name = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.weak.example", .addrs = yes}};
	struct nameserver server = nameserver_open(table, 3);
	struct dnsbl *const lists = dnsbl_new(config_of(3), server.address);
	const struct addr one = addr("2001:db8::1"), other = addr("2001:db8::2");
	const struct net subject = net_around(&other, 64), of_others = net_around(&other, 48);

	(void)state;
	assert_string_equal(answers(lists, &server, 0), "");
	assert_int_equal(server.asked, 3);
	ask(lists, "192.0.2.7", NOW_S);
	ask(lists, "192.0.2.7", NOW_S);
	assert_string_equal(answers(lists, &server, 0),
	                    "black.example 192.0.2.7 127.0.0.2; white.example 192.0.2.7 127.0.0.2");
	assert_int_equal(server.asked, 6);
	ask(lists, "192.0.2.7", NOW_S + WINDOW_S - 1);
	assert_string_equal(answers(lists, &server, 0), "");
	assert_int_equal(server.asked, 6);
	ask(lists, "192.0.2.7", NOW_S + WINDOW_S);
	assert_string_equal(answers(lists, &server, 0),
	                    "black.example 192.0.2.7 127.0.0.2; white.example 192.0.2.7 127.0.0.2");

	/* By a subject, not by its addresses; and by somebody before us. */
	dnsbl_known(lists, &of_others, NOW_S);
	server.asked = 0;
	dnsbl_ask(lists, &subject, &one, NOW_S);
	dnsbl_ask(lists, &subject, &other, NOW_S);
	assert_string_equal(answers(lists, &server, 0), "weak.example 2001:db8::1 127.0.0.2");
	assert_int_equal(server.asked, 3);
	dnsbl_ask(lists, &of_others, &other, NOW_S + 10);
	assert_string_equal(answers(lists, &server, 0), "");
	assert_int_equal(server.asked, 3);
	dnsbl_free(lists);
	(void)close(server.fd);
}

static void test_dead_list(void **state)
{
	static const char *const yes[] = {"127.0.0.2", NULL};
	struct nameserver_name table[] = {{.name = "7.2.0.192.black.example", .addrs = yes},
	                                  {.name = "7.2.0.192.white.example", .addrs = yes},
	                                  {.name = "1.0.0.127.black.example", .rcode = NAMESERVER_SERVFAIL}};
	struct nameserver server = nameserver_open(table, 3);
	struct dnsbl *const lists = dnsbl_new(config_of(2), server.address);
	int64_t now_ms = 5000;

	(void)state;
	/* Nobody knows yet whether it has everybody in it. */
	assert_string_equal(answers(lists, &server, now_ms), "silent black.example");
	assert_int_equal(dnsbl_timeout_ms(lists, now_ms), DNSBL_RETRY_MS);
	ask(lists, "192.0.2.7", NOW_S);
	server.asked = 0;
	assert_string_equal(answers(lists, &server, now_ms), "white.example 192.0.2.7 127.0.0.2");
	assert_int_equal(server.asked, 1);
	/* It has. */
	now_ms += DNSBL_RETRY_MS;
	table[2] = (struct nameserver_name){.name = "1.0.0.127.black.example", .addrs = yes};
	assert_string_equal(answers(lists, &server, now_ms), "dead black.example 127.0.0.2");
	ask(lists, "192.0.2.7", NOW_S + WINDOW_S);
	assert_string_equal(answers(lists, &server, now_ms), "white.example 192.0.2.7 127.0.0.2");
	/* And has still, or there is no answer: which is said no more. */
	now_ms += DNSBL_CHECK_MS;
	assert_string_equal(answers(lists, &server, now_ms), "");
	now_ms += DNSBL_CHECK_MS;
	table[2].rcode = NAMESERVER_REFUSED;
	assert_string_equal(answers(lists, &server, now_ms), "");
	ask(lists, "192.0.2.7", NOW_S + 2 * WINDOW_S);
	assert_string_equal(answers(lists, &server, now_ms), "white.example 192.0.2.7 127.0.0.2");
	/* Somebody mends it. */
	now_ms += DNSBL_CHECK_MS;
	table[2].rcode = NAMESERVER_NXDOMAIN;
	assert_string_equal(answers(lists, &server, now_ms), "alive black.example");
	ask(lists, "192.0.2.7", NOW_S + 3 * WINDOW_S);
	assert_string_equal(answers(lists, &server, now_ms),
	                    "black.example 192.0.2.7 127.0.0.2; white.example 192.0.2.7 127.0.0.2");
	/* It may have died, and everybody be in it: so it is checked sooner. And gives no answer; a minute later it
	 * does. */
	assert_int_equal(dnsbl_timeout_ms(lists, now_ms), DNSBL_RETRY_MS);
	now_ms += DNSBL_RETRY_MS;
	table[2].rcode = NAMESERVER_SERVFAIL;
	assert_string_equal(answers(lists, &server, now_ms), "silent black.example");
	now_ms += DNSBL_RETRY_MS;
	table[2].rcode = NAMESERVER_NXDOMAIN;
	assert_string_equal(answers(lists, &server, now_ms), "alive black.example");
	dnsbl_free(lists);
	(void)close(server.fd);
}

/* More than may be open at a time are not asked about, and are with their next evidence. */
static void test_limits(void **state)
{
	static const char *const yes[] = {"127.0.0.2", NULL};
	struct nameserver_name table[] = {{.name = "1.0.0.127.black.example", .rcode = NAMESERVER_NXDOMAIN},
	                                  {.name = "", .rcode = NAMESERVER_SERVFAIL, .addrs = yes}};
	struct nameserver server = nameserver_open(table, 2);
	struct dnsbl *const lists = dnsbl_new(config_of(1), server.address);

	(void)state;
	assert_string_equal(answers(lists, &server, 0), "");
	for (unsigned i = 0; i < DNSBL_OPEN_MAX + 20; i++) {
		char text[20];

		(void)snprintf(text, sizeof text, "198.18.%u.%u", i / 256, i % 256);
		ask(lists, text, NOW_S);
	}
	assert_string_equal(answers(lists, &server, 0), "");
	assert_true(server.asked <= 1 + 3 * DNSBL_OPEN_MAX);
	server.asked = 0;
	table[1].rcode = 0;
	ask(lists, "198.18.0.1", NOW_S);
	assert_string_equal(answers(lists, &server, 0), "");
	assert_int_equal(server.asked, 0);
	ask(lists, "198.18.1.19", NOW_S);
	assert_string_equal(answers(lists, &server, 0), "black.example 198.18.1.19 127.0.0.2");

	/* Neighbours do not drive each other out. */
	for (int turn = 0; turn < 2; turn++)
		for (unsigned i = 0; i < 200; i++) {
			const struct addr a = {
				{[10] = 0xFF, [11] = 0xFF, [12] = 198, [13] = 51, [14] = 100, [15] = (uint8_t)i}};
			const struct net net = net_of(&a);

			if (turn == 0)
				dnsbl_known(lists, &net, NOW_S);
			else
				dnsbl_ask(lists, &net, &a, NOW_S);
		}
	server.asked = 0;
	(void)answers(lists, &server, 0);
	assert_true(server.asked <= 2); /* by a rare chance of the seed */

	/* A flood does not grow anything. */
	for (unsigned i = 0; i < 3 * DNSBL_KNOWN_MAX; i++) {
		const struct net net = {
			{{[0] = 0x20, [1] = (uint8_t)(i >> 16), [2] = (uint8_t)(i >> 8), [3] = (uint8_t)i}}, 64};

		dnsbl_known(lists, &net, NOW_S + i);
	}
	/* In the middle of something. */
	ask(lists, "192.0.2.9", NOW_S);
	assert_int_equal(dnsbl_timeout_ms(lists, 0), 0);
	dnsbl_turn(lists, 0);
	assert_true(dnsbl_fd(lists) >= 0);
	dnsbl_free(lists);
	(void)close(server.fd);
}

static void test_none(void **state)
{
	const struct addr a = addr("192.0.2.7");
	const struct net net = net_of(&a);
	struct dnsbl_answer answer;

	(void)state;
	assert_null(dnsbl_new(config_of(0), NULL));
	dnsbl_ask(NULL, &net, &a, NOW_S);
	dnsbl_known(NULL, &net, NOW_S);
	dnsbl_turn(NULL, 0);
	assert_false(dnsbl_next(NULL, &answer));
	assert_int_equal(dnsbl_fd(NULL), -1);
	assert_int_equal(dnsbl_timeout_ms(NULL, 0), -1);
	dnsbl_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name),   cmocka_unit_test(test_names), cmocka_unit_test(test_answers),
		cmocka_unit_test(test_codes),  cmocka_unit_test(test_once),  cmocka_unit_test(test_dead_list),
		cmocka_unit_test(test_limits), cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
