/* hostnames: rounds of queries to a name server that answers, lies, is in trouble, or is silent. */
#include "dns/hostnames.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dns/resolver.h"
#include "nameserver.h"

/* A round from its begin to its end. True when something changed. */
static bool ask(struct hostnames *hostnames, struct nameserver *server, int64_t now_ms)
{
	bool changed = hostnames_turn(hostnames, now_ms);

	while (hostnames_fd(hostnames) >= 0) {
		struct pollfd polled[] = {{.fd = hostnames_fd(hostnames), .events = POLLIN},
		                          {.fd = server->fd, .events = POLLIN}};

		assert_true(poll(polled, 2, hostnames_timeout_ms(hostnames, now_ms)) >= 0);
		nameserver_serve(server);
		changed |= hostnames_turn(hostnames, now_ms);
	}
	return changed;
}

/* All that is known, in the order of addresses. */
static const char *known(const struct hostnames *hostnames)
{
	static char text[1024];
	struct nets nets = {0};
	size_t len = 0;

	text[0] = '\0';
	hostnames_add_to(hostnames, &nets);
	nets_seal(&nets);
	for (size_t i = 0; i < nets.n; i++) {
		char net[NET_TEXT_MAX];

		(void)net_text(&nets.list[i], net);
		len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", i == 0 ? "" : " ", net);
	}
	nets_done(&nets);
	return text;
}

static void test_rounds(void **state)
{
	static const char *const three[] = {"192.0.2.8", "192.0.2.7", "2001:db8::7", NULL},
				 *const one[] = {"192.0.2.7", NULL},
				 *const other[] = {"203.0.113.9", "2001:db8::9", NULL};
	struct nameserver_name table[] = {{.name = "mx.hosts.invalid"},
	                                  {.name = "mx.hosts.invalid.example.net", .addrs = other}};
	char name[] = "mx.hosts.invalid";
	char *const list[] = {name};
	struct nameserver server = nameserver_open(table, 2);
	struct hostnames *const hostnames = hostnames_new(list, 1, server.address);
	int64_t now_ms = 1000;

	(void)state;
	assert_int_equal(hostnames_fd(hostnames), -1);
	assert_int_equal(hostnames_timeout_ms(hostnames, now_ms), 0);
	table[0].addrs = three;
	assert_true(ask(hostnames, &server, now_ms));
	assert_string_equal(known(hostnames), "192.0.2.7 192.0.2.8 2001:db8::7");
	assert_int_equal(server.asked, 2);
	assert_int_equal(hostnames_timeout_ms(hostnames, now_ms), HOSTNAMES_ROUND_MS);
	assert_false(hostnames_turn(hostnames, now_ms + HOSTNAMES_ROUND_MS - 1));
	assert_int_equal(hostnames_fd(hostnames), -1);

	/* The same again is no change; nor is what a stranger says of it. */
	now_ms += HOSTNAMES_ROUND_MS;
	server.lies = 3;
	assert_false(ask(hostnames, &server, now_ms));
	assert_string_equal(known(hostnames), "192.0.2.7 192.0.2.8 2001:db8::7");

	/* The server is in trouble: what is known stays, and it is asked again soon. */
	for (size_t i = 0; i < 2; i++) {
		now_ms += HOSTNAMES_ROUND_MS;
		table[0].rcode = (const unsigned[]){NAMESERVER_SERVFAIL, NAMESERVER_REFUSED}[i];
		assert_false(ask(hostnames, &server, now_ms));
		assert_string_equal(known(hostnames), "192.0.2.7 192.0.2.8 2001:db8::7");
		assert_int_equal(hostnames_timeout_ms(hostnames, now_ms), HOSTNAMES_RETRY_MS);
	}

	/* A question is lost; and then there is one address less, and no IPv6. */
	now_ms += HOSTNAMES_RETRY_MS;
	server.lies = 0;
	server.deaf = 1;
	table[0].rcode = 0;
	table[0].addrs = one;
	assert_true(ask(hostnames, &server, now_ms));
	assert_string_equal(known(hostnames), "192.0.2.7");
	assert_int_equal(hostnames_timeout_ms(hostnames, now_ms), HOSTNAMES_ROUND_MS);

	/* Nobody is there any more. */
	now_ms += HOSTNAMES_ROUND_MS;
	server.asked = 0;
	table[0].rcode = NAMESERVER_SILENCE;
	assert_false(ask(hostnames, &server, now_ms));
	assert_string_equal(known(hostnames), "192.0.2.7");
	assert_int_equal(server.asked, 2 * RESOLVER_TRIES);
	assert_int_equal(hostnames_timeout_ms(hostnames, now_ms), HOSTNAMES_RETRY_MS);

	/* The name is gone, not the server: neither is the search list tried. */
	now_ms += HOSTNAMES_RETRY_MS;
	table[0].rcode = NAMESERVER_NXDOMAIN;
	assert_true(ask(hostnames, &server, now_ms));
	assert_string_equal(known(hostnames), "");
	assert_int_equal(hostnames_timeout_ms(hostnames, now_ms), HOSTNAMES_ROUND_MS);

	/* In the middle of a round. */
	assert_false(hostnames_turn(hostnames, now_ms + HOSTNAMES_ROUND_MS));
	assert_true(hostnames_fd(hostnames) >= 0);
	hostnames_free(hostnames);
	(void)close(server.fd);
}

static void test_many_addresses(void **state)
{
	char text[RESOLVER_ADDRESSES_MAX + 10][16], name[] = "mx.hosts.invalid";
	const char *addrs[RESOLVER_ADDRESSES_MAX + 11] = {NULL};
	const struct nameserver_name table[] = {{.name = "", .addrs = addrs}};
	char *const list[] = {name};
	struct nameserver server = nameserver_open(table, 1);
	struct hostnames *const hostnames = hostnames_new(list, 1, server.address);
	struct nets nets = {0};

	(void)state;
	for (unsigned i = 0; i < RESOLVER_ADDRESSES_MAX + 10; i++) {
		(void)snprintf(text[i], sizeof text[i], "192.0.2.%u", i);
		addrs[i] = text[i];
	}
	assert_true(ask(hostnames, &server, 0));
	hostnames_add_to(hostnames, &nets);
	assert_int_equal(nets.n, RESOLVER_ADDRESSES_MAX);
	nets_done(&nets);
	hostnames_free(hostnames);
	(void)close(server.fd);
}

static void test_none(void **state)
{
	(void)state;
	hostnames_free(NULL);
	assert_int_equal(hostnames_fd(NULL), -1);
	assert_int_equal(hostnames_timeout_ms(NULL, 0), -1);
	assert_false(hostnames_turn(NULL, 0));
	assert_string_equal(known(NULL), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rounds),
		cmocka_unit_test(test_many_addresses),
		cmocka_unit_test(test_none),
	};

	(void)setenv("LOCALDOMAIN", "example.net", 1); /* as "search" in resolv.conf */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
