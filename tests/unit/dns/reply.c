/* reply: packets of name servers, valid, odd and hostile. */
#undef NDEBUG
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dns/reply.h"

enum { CNAME = 5 };

static uint8_t packet[70000];
static size_t len;

static void put16(size_t value)
{
	packet[len++] = (uint8_t)(value >> 8);
	packet[len++] = (uint8_t)value;
}

static void put_name(const char *name)
{
	while (*name != '\0') {
		const size_t n = strcspn(name, ".");

		packet[len++] = (uint8_t)n;
		memcpy(packet + len, name, n);
		len += n;
		name += n + (name[n] == '.');
	}
	packet[len++] = 0;
}

/* The header and the question. */
static void begin(unsigned rcode, const char *name, unsigned type)
{
	len = 0;
	put16(1);
	put16(0x8180 | rcode);
	put16(1);
	put16(0);
	put16(0);
	put16(0);
	put_name(name);
	put16(type);
	put16(1);
}

static void record(const char *owner, unsigned type, unsigned ttl_s, const void *data, size_t n)
{
	put_name(owner);
	put16(type);
	put16(1);
	put16(ttl_s >> 16);
	put16(ttl_s & 0xFFFF);
	put16(n);
	memcpy(packet + len, data, n);
	len += n;
	packet[7]++;
}

static void address(const char *owner, unsigned ttl_s, const char *text)
{
	uint8_t addr[16];

	if (inet_pton(AF_INET, text, addr) == 1)
		record(owner, REPLY_A, ttl_s, addr, 4);
	else if (inet_pton(AF_INET6, text, addr) == 1)
		record(owner, REPLY_AAAA, ttl_s, addr, 16);
	else
		fail();
}

static size_t wire(const char *name, uint8_t out[static 256])
{
	const size_t before = len;

	put_name(name);
	memcpy(out, packet + before, len - before);
	len = before;
	return (size_t)(strlen(name) > 0 ? strlen(name) + 2 : 1);
}

static void named(const char *owner, unsigned type, const char *target)
{
	uint8_t data[258] = {0, 10};
	const size_t head = type == REPLY_MX ? 2 : 0, n = wire(target, data + head);

	record(owner, type, 60, data, head + n);
}

/* "records ttl 60: 192.0.2.7 192.0.2.8" */
static const char *got(const char *name, enum reply_type type)
{
	static const char *const outcomes[] = {"failed", "none", "records"};
	static char text[2048];
	uint8_t *const copy = malloc(len); /* so that the address sanitizer sees a read past it */
	struct reply reply;
	size_t n;

	assert_non_null(copy);
	memcpy(copy, packet, len);
	reply_read(copy, len, name, type, &reply);
	free(copy);
	n = (size_t)snprintf(text, sizeof text, "%s", outcomes[reply.outcome]);
	if (reply.outcome == REPLY_RECORDS)
		n += (size_t)snprintf(text + n, sizeof text - n, " ttl %u:", reply.ttl_s);
	else
		assert_int_equal(reply.nets.n + reply.n, 0);
	for (size_t i = 0; i < reply.nets.n; i++) {
		char net[NET_TEXT_MAX];

		(void)net_text(&reply.nets.list[i], net);
		n += (size_t)snprintf(text + n, sizeof text - n, " %s", net);
	}
	for (size_t i = 0; i < reply.n; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, " \"%s\"", reply.texts[i]);
	reply_done(&reply);
	return text;
}

static void addresses(void **state)
{
	(void)state;
	begin(0, "mx.example.com", REPLY_A);
	address("mx.example.com", 300, "192.0.2.8");
	address("MX.Example.com", 60, "192.0.2.7");
	address("mx.example.com", 300, "2001:db8::7");  /* not asked for */
	address("www.example.com", 30, "203.0.113.66"); /* nobody asked for that name */
	assert_string_equal(got("mx.example.com", REPLY_A), "records ttl 60: 192.0.2.7 192.0.2.8");
	assert_string_equal(got("mx.example.com", REPLY_AAAA), "records ttl 300: 2001:db8::7");
	assert_string_equal(got("mx.example.com", REPLY_TXT), "none");
	assert_string_equal(got("other.example.com", REPLY_A), "none");
	begin(3, "mx.example.com", REPLY_A);
	assert_string_equal(got("mx.example.com", REPLY_A), "none");
	begin(2, "mx.example.com", REPLY_A);
	address("mx.example.com", 300, "192.0.2.8");
	assert_string_equal(got("mx.example.com", REPLY_A), "failed");
	begin(0, "mx.example.com", REPLY_A);
	record("mx.example.com", REPLY_A, 60, "12345", 5);
	assert_string_equal(got("mx.example.com", REPLY_A), "failed");
}

static void aliases(void **state)
{
	(void)state;
	begin(0, "a.example", REPLY_A);
	address("c.example", 60, "192.0.2.7"); /* before the aliases that lead to it */
	named("a.example", CNAME, "b.example");
	named("b.example", CNAME, "c.example");
	address("a.example", 60, "192.0.2.66"); /* an alias has nothing else */
	assert_string_equal(got("a.example", REPLY_A), "records ttl 60: 192.0.2.7");
	begin(0, "a.example", REPLY_A);
	named("a.example", CNAME, "b.example");
	named("b.example", CNAME, "a.example");
	assert_string_equal(got("a.example", REPLY_A), "none");
}

static void texts(void **state)
{
	uint8_t long_text[600];

	(void)state;
	begin(0, "example.com", REPLY_TXT);
	record("example.com", REPLY_TXT, 3600, "\x07v=spf1 \x04-all", 13);
	record("example.com", REPLY_TXT, 7200, "\x00", 1);
	record("example.com", REPLY_TXT, 7200,
	       "\x03"
	       "a\0b",
	       4);
	assert_string_equal(got("example.com", REPLY_TXT), "records ttl 3600: \"v=spf1 -all\" \"\" \"a\1b\"");
	memset(long_text, 'x', sizeof long_text);
	long_text[0] = long_text[256] = 255;
	begin(0, "example.com", REPLY_TXT);
	record("example.com", REPLY_TXT, 60, long_text, 512);
	assert_int_equal(strlen(got("example.com", REPLY_TXT)), strlen("records ttl 60: \"\"") + 510);
	long_text[256] = 254;
	begin(0, "example.com", REPLY_TXT);
	record("example.com", REPLY_TXT, 60, long_text, 513);
	assert_string_equal(got("example.com", REPLY_TXT), "failed");
	begin(0, "example.com", REPLY_TXT);
	record("example.com", REPLY_TXT, 60,
	       "\x05"
	       "abc",
	       4);
	assert_string_equal(got("example.com", REPLY_TXT), "failed");
}

static void names(void **state)
{
	(void)state;
	begin(0, "example.com", REPLY_MX);
	named("example.com", REPLY_MX, "MX1.Example.com");
	named("example.com", REPLY_MX, "");
	assert_string_equal(got("example.com", REPLY_MX), "records ttl 60: \"mx1.example.com\" \"\"");
	begin(0, "7.2.0.192.in-addr.arpa", REPLY_PTR);
	named("7.2.0.192.in-addr.arpa", REPLY_PTR, "mail.example.com");
	assert_string_equal(got("7.2.0.192.in-addr.arpa", REPLY_PTR), "records ttl 60: \"mail.example.com\"");
	begin(0, "example.com", REPLY_MX);
	record("example.com", REPLY_MX, 60, "\0\x0A", 2);
	assert_string_equal(got("example.com", REPLY_MX), "failed");
	begin(0, "example.com", REPLY_PTR);
	record("example.com", REPLY_PTR, 60, "\xC0\xFF", 2); /* points behind the packet */
	assert_string_equal(got("example.com", REPLY_PTR), "failed");
}

/* A packet that ends anywhere, and one that claims more records than it has, is none. */
static void cut(void **state)
{
	size_t whole;

	(void)state;
	begin(0, "example.com", REPLY_MX);
	named("example.com", REPLY_MX, "mx1.example.com");
	for (whole = len--; len > 0; len--)
		assert_string_equal(got("example.com", REPLY_MX), "failed");
	len = whole;
	assert_string_equal(got("example.com", REPLY_MX), "records ttl 60: \"mx1.example.com\"");
	packet[7]++;
	assert_string_equal(got("example.com", REPLY_MX), "failed");
}

static void very_many(void **state)
{
	struct reply reply;

	(void)state;
	begin(0, "a", REPLY_A);
	for (unsigned i = 0; i < 2000; i++) {
		const uint8_t addr[] = {10, 0, (uint8_t)(i >> 8), (uint8_t)i};

		record("a", REPLY_A, 60, addr, 4);
	}
	packet[6] = 2000 >> 8;
	packet[7] = 2000 & 0xFF;
	reply_read(packet, len, "a", REPLY_A, &reply);
	assert_int_equal(reply.outcome, REPLY_RECORDS);
	assert_int_equal(reply.nets.n, REPLY_ADDRESSES_MAX);
	reply_done(&reply);
	reply_read(packet, REPLY_PACKET_MAX + 1, "a", REPLY_A, &reply);
	assert_int_equal(reply.outcome, REPLY_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses), cmocka_unit_test(aliases), cmocka_unit_test(texts),
		cmocka_unit_test(names),     cmocka_unit_test(cut),     cmocka_unit_test(very_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
