/* names: packets that are right, wrong and malicious; and a name server that is here. */
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

static const char *addr_string(const struct addr *addr)
{
	static char text[ADDR_TEXT_MAX];

	(void)addr_text(addr, text);
	return text;
}

static void test_question(void **state)
{
	static const uint8_t want[] = {0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 'm', 'x', 7,   'e', 'x', 'a',
	                               'm',  'p',  'l', 'e', 3, 'o', 'r', 'g', 0, 0, 28, 0, 1};
	uint8_t got[NAMES_PACKET_MAX];
	char label[70], name[300];

	(void)state;
	assert_int_equal(names_question("mx.example.org", 28, 0x1234, got), sizeof want);
	assert_memory_equal(got, want, sizeof want);
	assert_int_equal(names_question("mx.example.org.", 28, 0x1234, got), sizeof want);
	assert_int_equal(names_question("a..b", 1, 0, got), 0);
	assert_int_equal(names_question(".a", 1, 0, got), 0);
	memset(label, 'a', sizeof label);
	label[64] = '\0';
	assert_int_equal(names_question(label, 1, 0, got), 0);
	label[63] = '\0';
	assert_int_equal(names_question(label, 1, 0, got), 12 + 64 + 1 + 4);
	memset(name, 'a', sizeof name);
	for (size_t i = 50; i < sizeof name; i += 50)
		name[i] = '.';
	name[254] = '\0';
	assert_int_equal(names_question(name, 1, 0, got), 0);
	name[253] = '\0';
	assert_int_not_equal(names_question(name, 1, 0, got), 0);
}

/* An answer to question: CNAME first, then addresses. Returns its length. */
static size_t answer_to(const uint8_t *question, size_t len, const char *const addrs[], size_t n, uint8_t *out)
{
	static const uint8_t cname[] = {0xC0, 12, 0, 5, 0, 1, 0, 0, 0, 9, 0, 2, 0xC0, 12};
	const uint8_t type = question[len - 3];

	memcpy(out, question, len);
	out[2] = 0x81;
	out[3] = 0x80;
	out[7] = (uint8_t)(n + 1);
	memcpy(out + len, cname, sizeof cname);
	len += sizeof cname;
	for (size_t i = 0; i < n; i++) {
		const uint8_t head[] = {0xC0, 12, 0, type, 0, 1, 0, 0, 0, 9, 0, type == 1 ? 4 : 16};

		memcpy(out + len, head, sizeof head);
		len += sizeof head;
		assert_int_equal(inet_pton(type == 1 ? AF_INET : AF_INET6, addrs[i], out + len), 1);
		len += type == 1 ? 4 : 16;
	}
	return len;
}

static void test_answer(void **state)
{
	static const char *const addrs[] = {"192.0.2.7", "198.51.100.9"};
	uint8_t question[NAMES_PACKET_MAX], packet[NAMES_PACKET_MAX], spoiled[NAMES_PACKET_MAX];
	struct addr out[NAMES_ADDRESSES_MAX];
	const size_t q = names_question("mx.example.org", 1, 0x4711, question);
	const size_t len = answer_to(question, q, addrs, 2, packet);

	(void)state;
	assert_int_equal(names_answer(packet, len, question, q, out), 2);
	assert_string_equal(addr_string(&out[0]), "192.0.2.7");
	assert_string_equal(addr_string(&out[1]), "198.51.100.9");
	/* Letters of another case are an echo, other letters are not. */
	memcpy(spoiled, packet, len);
	spoiled[13] = 'M';
	assert_int_equal(names_answer(spoiled, len, question, q, out), 2);
	spoiled[13] = 'n';
	assert_int_equal(names_answer(spoiled, len, question, q, out), -1);
	/* Another number; a question; a server in trouble; none such. */
	memcpy(spoiled, packet, len);
	spoiled[1] ^= 1;
	assert_int_equal(names_answer(spoiled, len, question, q, out), -1);
	memcpy(spoiled, packet, len);
	spoiled[2] = 1;
	assert_int_equal(names_answer(spoiled, len, question, q, out), -1);
	spoiled[2] = 0x81;
	spoiled[3] = 2;
	assert_int_equal(names_answer(spoiled, len, question, q, out), -1);
	spoiled[3] = 3;
	assert_int_equal(names_answer(spoiled, len, question, q, out), 0);
	/* Cut anywhere, or any byte changed: no read beyond, and never too many. */
	for (size_t i = 0; i < len; i++) {
		uint8_t *const exact = malloc(i + 1);

		assert_non_null(exact);
		memcpy(exact, packet, i);
		assert_int_equal(names_answer(exact, i, question, q, out), -1);
		free(exact);
	}
	for (size_t i = 0; i < len; i++)
		for (unsigned value = 0; value < 256; value++) {
			uint8_t *const exact = malloc(len);
			int n;

			assert_non_null(exact);
			memcpy(exact, packet, len);
			exact[i] = (uint8_t)value;
			n = names_answer(exact, len, question, q, out);
			assert_true(n >= -1 && n <= 2);
			free(exact);
		}
}

static void test_servers(void **state)
{
	char path[] = "/tmp/names-XXXXXX";
	struct names_server servers[NAMES_SERVERS_MAX];
	const int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(names_servers("/nonexistent/resolv.conf", servers), 1);
	assert_string_equal(addr_string(&servers[0].addr), "127.0.0.1");
	assert_int_equal(dprintf(fd, "# x\nsearch a.b\nnameserver 192.0.2.53\nnameservers 1.2.3.4\nnameserver\t2001:db8::53\n"
	                             "nameserver fe80::1%%eth0\nnameserver 198.51.100.1\nnameserver 198.51.100.2\n") > 0, 1);
	assert_int_equal(names_servers(path, servers), 3);
	assert_string_equal(addr_string(&servers[0].addr), "192.0.2.53");
	assert_string_equal(addr_string(&servers[1].addr), "2001:db8::53");
	assert_string_equal(addr_string(&servers[2].addr), "198.51.100.1");
	assert_int_equal(servers[2].port, 53);
	(void)close(fd);
	(void)unlink(path);
}

/* --- a name server --- */

static int open_server(uint16_t *ret_port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof in;
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&in, sizeof in), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	*ret_port = ntohs(in.sin_port);
	return fd;
}

/* Answers one question, if there is one. rcode 0: by addrs of its type. */
static bool serve(int fd, const char *const four[], size_t n4, const char *const six[], size_t n6, uint8_t rcode)
{
	uint8_t question[NAMES_PACKET_MAX], packet[NAMES_PACKET_MAX];
	struct sockaddr_in from;
	socklen_t from_len = sizeof from;
	const ssize_t q = recvfrom(fd, question, sizeof question, 0, (struct sockaddr *)&from, &from_len);
	size_t len;

	if (q < 0)
		return false;
	len = question[q - 3] == 1 ? answer_to(question, (size_t)q, four, n4, packet)
	                           : answer_to(question, (size_t)q, six, n6, packet);
	packet[3] = (uint8_t)(0x80 | rcode);
	assert_int_equal(sendto(fd, packet, len, 0, (const struct sockaddr *)&from, from_len), (ssize_t)len);
	return true;
}

static bool wait_for(int fd)
{
	struct pollfd polled = {.fd = fd, .events = POLLIN};

	return poll(&polled, 1, 2000) == 1;
}

static size_t count(const struct names *names)
{
	struct nets nets = {0};
	size_t n;

	names_add_to(names, &nets);
	n = nets.n;
	nets_done(&nets);
	return n;
}

static void test_round(void **state)
{
	static const char *const four[] = {"192.0.2.7", "192.0.2.8"}, *const six[] = {"2001:db8::7"};
	char name[] = "mx.example.org";
	char *const list[] = {name};
	struct names_server server = {.addr = {{[10] = 0xFF, [11] = 0xFF, [12] = 127, [15] = 1}}};
	const int fd = open_server(&server.port);
	struct names *const names = names_new(list, 1, &server, 1);
	int64_t now_ms = 1000;

	(void)state;
	assert_int_equal(names_timeout_ms(names, now_ms), 0);
	assert_false(names_turn(names, now_ms)); /* asks A */
	assert_true(wait_for(fd) && serve(fd, four, 2, six, 1, 0));
	assert_true(wait_for(names_fd(names)) && names_turn(names, now_ms)); /* and asks AAAA */
	assert_int_equal(count(names), 2);
	assert_true(wait_for(fd) && serve(fd, four, 2, six, 1, 0));
	assert_true(wait_for(names_fd(names)) && names_turn(names, now_ms));
	assert_int_equal(count(names), 3);
	assert_int_equal(names_fd(names), -1);
	assert_int_equal(names_timeout_ms(names, now_ms), NAMES_ROUND_MS);

	/* The next round: the server is in trouble, then silent; what is known stays. */
	now_ms += NAMES_ROUND_MS;
	assert_false(names_turn(names, now_ms));
	for (unsigned i = 0; i < NAMES_TRIES; i++) {
		assert_true(wait_for(fd));
		(void)serve(fd, four, 2, six, 1, 2);
		assert_true(wait_for(names_fd(names)));
		assert_false(names_turn(names, now_ms));
		now_ms += NAMES_WAIT_MS;
		assert_false(names_turn(names, now_ms));
	}
	for (unsigned i = 0; i < NAMES_TRIES; i++) {
		now_ms += NAMES_WAIT_MS;
		assert_false(names_turn(names, now_ms));
	}
	assert_int_equal(count(names), 3);
	assert_true(names_timeout_ms(names, now_ms) > NAMES_WAIT_MS);
	while (serve(fd, four, 2, six, 1, 0))
		; /* too late: nobody listens any more */

	/* And then it says that there is one, and no IPv6. */
	now_ms += NAMES_ROUND_MS;
	assert_false(names_turn(names, now_ms));
	assert_true(wait_for(fd) && serve(fd, four, 1, six, 0, 0));
	assert_true(wait_for(names_fd(names)) && names_turn(names, now_ms));
	assert_true(wait_for(fd) && serve(fd, four, 1, six, 0, 3));
	assert_true(wait_for(names_fd(names)) && names_turn(names, now_ms));
	assert_int_equal(count(names), 1);
	/* The same again is no change. */
	now_ms += NAMES_ROUND_MS;
	assert_false(names_turn(names, now_ms));
	assert_true(wait_for(fd) && serve(fd, four, 1, six, 0, 0));
	assert_true(wait_for(names_fd(names)));
	assert_false(names_turn(names, now_ms));
	names_free(names);
	(void)close(fd);

	names_free(NULL);
	assert_int_equal(names_fd(NULL), -1);
	assert_int_equal(names_timeout_ms(NULL, 0), -1);
	assert_false(names_turn(NULL, 0));
	assert_int_equal(count(NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_question),
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_servers),
		cmocka_unit_test(test_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
