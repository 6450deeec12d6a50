/* names: a name server that is here, and answers, lies, is in trouble, or says nothing. */
#include "names.h"

#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "resolver.h"

enum {
	HEADER = 12,
	PACKET_MAX = 2048,
	TYPE_A = 1,
	TYPE_AAAA = 28,
	SERVFAIL = 2,
	NXDOMAIN = 3,
	REFUSED = 5,
};

struct server {
	int fd;
	char address[32];
	const char *const *addrs; /* of mx.example.org, of both families, NULL at the end */
	uint8_t rcode;            /* 0: addrs */
	unsigned deaf;            /* does not hear so many questions */
	unsigned lies;            /* before the answer, of somebody who does not know its number */
	unsigned asked;
};

static struct server open_server(void)
{
	struct server server = {.fd = -1};
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof in;

	server.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(server.fd >= 0);
	assert_int_equal(bind(server.fd, (const struct sockaddr *)&in, sizeof in), 0);
	assert_int_equal(getsockname(server.fd, (struct sockaddr *)&in, &len), 0);
	(void)snprintf(server.address, sizeof server.address, "127.0.0.1:%u", ntohs(in.sin_port));
	return server;
}

/* Adds what is of the question's type to a packet; returns the new length. */
static size_t add_addrs(const char *const addrs[], uint8_t type, uint8_t packet[static PACKET_MAX], size_t len)
{
	const int family = type == TYPE_A ? AF_INET : AF_INET6;
	const uint8_t head[] = {0xC0, HEADER, 0, type, 0, 1, 0, 0, 0, 9, 0, family == AF_INET ? 4 : 16};
	uint8_t addr[16];

	for (; *addrs != NULL; addrs++) {
		if (inet_pton(family, *addrs, addr) != 1)
			continue;
		memcpy(packet + len, head, sizeof head);
		memcpy(packet + len + sizeof head, addr, head[11]);
		len += sizeof head + head[11];
		packet[7]++;
	}
	return len;
}

/* Answers one question, if there is one. */
static void serve(struct server *server)
{
	static const uint8_t name[] = "\2mx\7example\3org"; /* and the root's empty label */
	static const char *const nonsense[] = {"203.0.113.66", "2001:db8::66", NULL};
	uint8_t packet[PACKET_MAX];
	struct sockaddr_in from;
	socklen_t from_len = sizeof from;
	const ssize_t got = recvfrom(server->fd, packet, sizeof packet, 0, (struct sockaddr *)&from, &from_len);
	const size_t question = HEADER + sizeof name + 4;
	size_t len;
	uint8_t type;

	if (got < (ssize_t)question)
		return;
	server->asked++;
	if (server->deaf > 0) {
		server->deaf--;
		return;
	}
	type = packet[question - 3];
	packet[2] = 0x81;
	memset(packet + 6, 0, 6);
	for (unsigned i = 0; i < server->lies; i++) {
		packet[1] ^= 0x55;
		packet[7] = 0;
		len = add_addrs(nonsense, type, packet, question);
		(void)sendto(server->fd, packet, len, 0, (const struct sockaddr *)&from, from_len);
		packet[1] ^= 0x55;
		packet[7] = 0;
	}
	packet[3] = 0x80 | server->rcode;
	/* Only that name is there: one with the search list behind it would be somebody else's. */
	len = question;
	if (memcmp(packet + HEADER, name, sizeof name) != 0)
		len = add_addrs(nonsense, type, packet, len);
	else if (server->rcode == 0)
		len = add_addrs(server->addrs, type, packet, len);
	assert_int_equal(sendto(server->fd, packet, len, 0, (const struct sockaddr *)&from, from_len), (ssize_t)len);
}

/* A round from its begin to its end. True when something changed. */
static bool ask(struct names *names, struct server *server, int64_t now_ms)
{
	bool changed = names_turn(names, now_ms);

	while (names_fd(names) >= 0) {
		struct pollfd polled[] = {{.fd = names_fd(names), .events = POLLIN},
		                          {.fd = server->fd, .events = POLLIN}};

		assert_true(poll(polled, 2, names_timeout_ms(names, now_ms)) >= 0);
		serve(server);
		changed |= names_turn(names, now_ms);
	}
	return changed;
}

/* All that is known, in the order of addresses. */
static const char *known(const struct names *names)
{
	static char text[1024];
	struct nets nets = {0};
	size_t len = 0;

	text[0] = '\0';
	names_add_to(names, &nets);
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
	static const char *const three[] = {"192.0.2.8", "192.0.2.7", "2001:db8::7", NULL}, *const one[] = {"192.0.2.7", NULL};
	char name[] = "mx.example.org";
	char *const list[] = {name};
	struct server server = open_server();
	struct names *const names = names_new(list, 1, server.address);
	int64_t now_ms = 1000;

	(void)state;
	assert_int_equal(names_fd(names), -1);
	assert_int_equal(names_timeout_ms(names, now_ms), 0);
	server.addrs = three;
	assert_true(ask(names, &server, now_ms));
	assert_string_equal(known(names), "192.0.2.7 192.0.2.8 2001:db8::7");
	assert_int_equal(server.asked, 2);
	assert_int_equal(names_timeout_ms(names, now_ms), NAMES_ROUND_MS);
	assert_false(names_turn(names, now_ms + NAMES_ROUND_MS - 1));
	assert_int_equal(names_fd(names), -1);

	/* The same again is no change; nor is what a stranger says of it. */
	now_ms += NAMES_ROUND_MS;
	server.lies = 3;
	assert_false(ask(names, &server, now_ms));
	assert_string_equal(known(names), "192.0.2.7 192.0.2.8 2001:db8::7");

	/* The server is in trouble: what is known stays, and it is asked again soon. */
	for (size_t i = 0; i < 2; i++) {
		now_ms += NAMES_ROUND_MS;
		server.rcode = (const uint8_t[]){SERVFAIL, REFUSED}[i];
		assert_false(ask(names, &server, now_ms));
		assert_string_equal(known(names), "192.0.2.7 192.0.2.8 2001:db8::7");
		assert_int_equal(names_timeout_ms(names, now_ms), NAMES_RETRY_MS);
	}

	/* A question is lost; and then there is one address less, and no IPv6. */
	now_ms += NAMES_RETRY_MS;
	server.rcode = 0;
	server.lies = 0;
	server.deaf = 1;
	server.addrs = one;
	assert_true(ask(names, &server, now_ms));
	assert_string_equal(known(names), "192.0.2.7");
	assert_int_equal(names_timeout_ms(names, now_ms), NAMES_ROUND_MS);

	/* Nobody is there any more. */
	now_ms += NAMES_ROUND_MS;
	server.deaf = 1000;
	server.asked = 0;
	assert_false(ask(names, &server, now_ms));
	assert_string_equal(known(names), "192.0.2.7");
	assert_int_equal(server.asked, 2 * RESOLVER_TRIES);
	assert_int_equal(names_timeout_ms(names, now_ms), NAMES_RETRY_MS);

	/* The name is gone, not the server: neither is the search list tried. */
	now_ms += NAMES_RETRY_MS;
	server.deaf = 0;
	server.rcode = NXDOMAIN;
	assert_true(ask(names, &server, now_ms));
	assert_string_equal(known(names), "");
	assert_int_equal(names_timeout_ms(names, now_ms), NAMES_ROUND_MS);

	/* In the middle of a round. */
	assert_false(names_turn(names, now_ms + NAMES_ROUND_MS));
	assert_true(names_fd(names) >= 0);
	names_free(names);
	(void)close(server.fd);
}

static void test_many_addresses(void **state)
{
	char text[RESOLVER_ADDRESSES_MAX + 10][16], name[] = "mx.example.org";
	const char *addrs[RESOLVER_ADDRESSES_MAX + 11] = {NULL};
	char *const list[] = {name};
	struct server server = open_server();
	struct names *const names = names_new(list, 1, server.address);
	struct nets nets = {0};

	(void)state;
	for (unsigned i = 0; i < RESOLVER_ADDRESSES_MAX + 10; i++) {
		(void)snprintf(text[i], sizeof text[i], "192.0.2.%u", i);
		addrs[i] = text[i];
	}
	server.addrs = addrs;
	assert_true(ask(names, &server, 0));
	names_add_to(names, &nets);
	assert_int_equal(nets.n, RESOLVER_ADDRESSES_MAX);
	nets_done(&nets);
	names_free(names);
	(void)close(server.fd);
}

static void test_none(void **state)
{
	(void)state;
	names_free(NULL);
	assert_int_equal(names_fd(NULL), -1);
	assert_int_equal(names_timeout_ms(NULL, 0), -1);
	assert_false(names_turn(NULL, 0));
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
