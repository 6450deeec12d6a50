/* senders: rounds of queries for domains to a name server that answers, is in trouble, or is silent. */
#undef NDEBUG
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dns/resolver.h"
#include "dns/senders.h"
#include "nameserver.h"

static char first[] = "Example.com", second[] = "example.net";
static char *const both[] = {first, second};
static int64_t now_ms;

/* Until the domain whose turn it is has its news. */
static struct senders_news round_of(struct senders *s, struct nameserver *server)
{
	struct senders_news news;
	bool changed = false;

	for (;;) {
		struct pollfd polled[] = {{.fd = -1, .events = POLLIN}, {.fd = server->fd, .events = POLLIN}};

		changed |= senders_turn(s, now_ms);
		if (senders_next(s, &news)) {
			assert_true(!changed || news.changed);
			return news;
		}
		polled[0].fd = senders_fd(s);
		assert_true(polled[0].fd >= 0);
		assert_true(poll(polled, 2, senders_timeout_ms(s, now_ms)) >= 0);
		nameserver_serve(server);
	}
}

static const char *known(const struct senders *s)
{
	static char text[1024];
	struct nets nets = {0};
	size_t len = 0;

	text[0] = '\0';
	senders_add_to(s, &nets);
	nets_seal(&nets);
	for (size_t i = 0; i < nets.n; i++) {
		char net[NET_TEXT_MAX];

		(void)net_text(&nets.list[i], net);
		len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", i == 0 ? "" : " ", net);
	}
	nets_done(&nets);
	return text;
}

static void rounds(void **state)
{
	static const char *const addrs[] = {"192.0.2.7", "2001:db8::7", NULL};
	struct nameserver_name table[] = {
		{.name = "example.com", .addrs = addrs, .txt = "v=spf1 a ip4:203.0.113.0/24 -all"},
		{.name = "example.net", .txt = "v=spf1 ip4:198.51.100.0/24 ptr -all"}};
	struct nameserver server = nameserver_open(table, 2);
	struct senders *const s = senders_new(both, 2, server.address);
	struct senders_news news;

	(void)state;
	now_ms = 1000;
	assert_int_equal(senders_fd(s), -1);
	assert_int_equal(senders_timeout_ms(s, now_ms), 0);
	assert_string_equal(known(s), "");
	news = round_of(s, &server);
	assert_string_equal(news.domain, "example.com");
	assert_int_equal(news.what, SENDERS_KNOWN);
	assert_true(news.changed);
	assert_string_equal(known(s), "192.0.2.7 203.0.113.0/24 2001:db8::7");
	news = round_of(s, &server);
	assert_string_equal(news.domain, "example.net");
	assert_int_equal(news.networks->n_notes, 1);
	assert_string_equal(known(s), "192.0.2.7 198.51.100.0/24 203.0.113.0/24 2001:db8::7");

	/* The records live nine seconds, but nobody is asked every nine seconds. */
	assert_int_equal(senders_timeout_ms(s, now_ms), SENDERS_ROUND_MIN_S * 1000);
	assert_false(senders_turn(s, now_ms + SENDERS_ROUND_MIN_S * 1000 - 1));
	assert_int_equal(senders_fd(s), -1);

	/* The same again is no change, another is. */
	now_ms += SENDERS_ROUND_MIN_S * 1000;
	table[1].txt = "v=spf1 ip4:198.51.100.7 -all";
	assert_false(round_of(s, &server).changed);
	assert_true(round_of(s, &server).changed);
	assert_string_equal(known(s), "192.0.2.7 198.51.100.7 203.0.113.0/24 2001:db8::7");

	/* Trouble changes nothing, but is news; an error of the domain takes its networks away. */
	now_ms += SENDERS_ROUND_MIN_S * 1000;
	table[0].rcode = NAMESERVER_SERVFAIL;
	table[1].txt = "v=spf1 ip4:198.51.100.7 +all";
	news = round_of(s, &server);
	assert_int_equal(news.what, SENDERS_SILENT);
	assert_string_equal(news.why.text, "example.com: no name server answers");
	assert_true(news.changed);
	news = round_of(s, &server);
	assert_int_equal(news.what, SENDERS_ERROR);
	assert_string_equal(news.why.text, "SPF of example.net: \"+all\" allows everybody");
	assert_true(news.changed);
	assert_string_equal(known(s), "192.0.2.7 203.0.113.0/24 2001:db8::7");
	assert_int_equal(senders_timeout_ms(s, now_ms), SENDERS_RETRY_S * 1000);

	/* The same trouble again is no news. */
	now_ms += SENDERS_RETRY_S * 1000;
	assert_false(round_of(s, &server).changed);
	now_ms += SENDERS_RETRY_S * 1000;
	table[0].rcode = 0;
	news = round_of(s, &server);
	assert_int_equal(news.what, SENDERS_KNOWN);
	assert_true(news.changed);

	/* In the middle of a round. */
	now_ms += SENDERS_ROUND_MIN_S * 1000;
	assert_false(senders_turn(s, now_ms));
	assert_true(senders_fd(s) >= 0);
	senders_free(s);
	(void)close(server.fd);
}

static void none(void **state)
{
	struct senders_news news;
	struct nets nets = {0};

	(void)state;
	assert_int_equal(senders_fd(NULL), -1);
	assert_int_equal(senders_timeout_ms(NULL, 0), -1);
	assert_false(senders_turn(NULL, 0));
	assert_false(senders_next(NULL, &news));
	senders_add_to(NULL, &nets);
	assert_int_equal(nets.n, 0);
	senders_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(rounds), cmocka_unit_test(none)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
