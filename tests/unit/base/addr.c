/*
 * addr: every spelling that must be accepted or refused, and random addresses against inet_ntop and a naive
 * comparison bit by bit.
 */
#include "base/addr.h"
#include "testlib.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RANDOM_TURNS = 100000 };

/* The same numbers in each run. */
/* Runs of zeros, since these are what the text of IPv6 shortens. */
static struct addr random_addr(void)
{
	struct addr addr;

	for (size_t i = 0; i < 16; i += 2) {
		const uint32_t r = random_number();

		addr.bytes[i] = (r & 3) == 0 ? (uint8_t)(r >> 8) : 0;
		addr.bytes[i + 1] = (r & 4) == 0 ? (uint8_t)(r >> 16) : 0;
	}
	if (random_number() % 3 == 0) {
		memset(addr.bytes, 0, 10);
		memset(addr.bytes + 10, 0xFF, 2);
	}
	return addr;
}

static struct addr addr_from(const char *text)
{
	struct addr addr;

	if (!addr_parse(text, strlen(text), &addr))
		fail_msg("\"%s\" is not read", text);
	return addr;
}

static void test_parse(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"192.0.2.7", "192.0.2.7"},
		{"0.0.0.0", "0.0.0.0"},
		{"255.255.255.255", "255.255.255.255"},
		{"1.2.3.4", "1.2.3.4"},
		{"10.100.9.99", "10.100.9.99"},
		{"::ffff:192.0.2.7", "192.0.2.7"},
		{"::FFFF:192.0.2.7", "192.0.2.7"},
		{"::ffff:c000:207", "192.0.2.7"},
		{"::FFFF:C000:0207", "192.0.2.7"},
		{"0:0:0:0:0:ffff:192.0.2.7", "192.0.2.7"},
		{"0000:0000:0000:0000:0000:ffff:192.0.2.7", "192.0.2.7"},
		{"0000:0000:0000:0000:0000:ffff:c000:0207", "192.0.2.7"},
		{"0::ffff:0:0", "0.0.0.0"},
		{"0000:0000:0000:0000:0000:ffff:255.255.255.255", "255.255.255.255"}, /* the longest text */
		{"::", "::"},
		{"::1", "::1"},
		{"::192.0.2.7", "::192.0.2.7"}, /* IPv4-compatible is no IPv4 */
		{"64:ff9b::192.0.2.7", "64:ff9b::c000:207"},
		{"2001:DB8::A", "2001:db8::a"},
		{"2001:0db8:0000:0000:0000:0000:0000:000a", "2001:db8::a"},
		{"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
		{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"}, /* RFC 5952, 4.2.2: one group is not shortened */
		{"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
		{"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
		{"fe80::1", "fe80::1"},
		{"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char got[ADDR_TEXT_MAX];
		const struct addr addr = addr_from(rows[i].text);
		const size_t len = addr_text(&addr, got);

		if (strcmp(got, rows[i].want) != 0 || len != strlen(got))
			fail_msg("\"%s\": got \"%s\" (%zu), want \"%s\"", rows[i].text, got, len, rows[i].want);
		assert_int_equal(addr_is_ip4(&addr), strchr(rows[i].want, ':') == NULL);
	}
}

static void test_parse_refused(void **state)
{
	static const char *const rows[] = {
		"",
		" ",
		".",
		":",
		":::",
		"...",
		"1",
		"1.2.3",
		"1.2.3.",
		".1.2.3",
		"1.2.3.4.",
		".1.2.3.4",
		"1.2.3.4.5",
		"1..2.3",
		"1.2.3.256",
		"256.2.3.4",
		"1.2.3.999",
		"1.2.3.4294967300",
		"1.2.3.18446744073709551617",
		"192.0.2.07",
		"192.0.2.020",
		"00.0.2.7",
		"01.2.3.4",
		"192.0.2.007",
		"0xc0.0.2.7",
		"192.0.2.0x7",
		"3221225991",
		"0300.0.2.7",
		" 192.0.2.7",
		"192.0.2.7 ",
		"192.0.2.7\t",
		"192.0.2.7\n",
		"+1.2.3.4",
		"-1.2.3.4",
		"1.2.3.-4",
		"1.2.3.4a",
		"1,2,3,4",
		"192.0.2.7:25",
		"[192.0.2.7]",
		"192.0.2.7/32",
		"192.0.2.7%lo",
		"localhost",
		"mail.example.com",
		"\xd9\xa1.2.3.4",
		"::ffff:192.0.2.07",
		"::ffff:192.0.2.020",
		"::ffff:192.0.2.256",
		"::ffff:192.0.2",
		"::ffff:192.0.2.7.8",
		"::ffff:192.0.2.7 ",
		"::ffff:192.0.2.",
		"::ffff:.0.2.7",
		"::ffff:0xc0.0.2.7",
		"192.0.2.7::",
		"::192.0.2.7:1",
		"1:2:3:4:5:6:7:192.0.2.7",
		"1:2:3:4:5:6:7",
		"1:2:3:4:5:6:7:8:9",
		"1::2::3",
		"::12345",
		"00001::",
		"::g",
		"1:2:3:4:5:6:7:",
		":1:2:3:4:5:6:7",
		":1::2",
		"1::2:",
		"fe80::1%eth0",
		"fe80::1%2",
		"[::1]",
		"::1/128",
		" ::1",
		"::1 ",
		"::1\n",
		"::-1",
		"::+1",
		"::0x1",
		"IPv6:2001:db8::1",
		"2001:db8::1]",
		"2001;db8::1",
		"0000:0000:0000:0000:0000:ffff:255.255.255.2555",
		"00000000000000000000000000000000000000000000000000000001::",
		"1:2:3:4:5:6:7:8::",
	};
	const struct addr before = addr_from("203.0.113.9");

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct addr addr = before;

		if (addr_parse(rows[i], strlen(rows[i]), &addr))
			fail_msg("\"%s\": got read, want refused", rows[i]);
		if (!addr_equal(&addr, &before))
			fail_msg("\"%s\": refused, but *ret was written", rows[i]);
	}
}

/* A piece of a longer text is parsed as it is: what follows plays no part, and a NUL is a byte. */
static void test_parse_length(void **state)
{
	static const char trap[] = "192.0.2.77";
	static const char mapped[] = "::ffff:192.0.2.77";
	char exact[9] = {'1', '9', '2', '.', '0', '.', '2', '.', '7'}; /* no NUL after it, for the sanitizer */
	char *const big = malloc(1 << 20);
	struct addr addr;
	char text[ADDR_TEXT_MAX];

	(void)state;
	assert_true(addr_parse(trap, sizeof trap - 2, &addr));
	(void)addr_text(&addr, text);
	assert_string_equal(text, "192.0.2.7");
	assert_true(addr_parse(mapped, sizeof mapped - 2, &addr));
	(void)addr_text(&addr, text);
	assert_string_equal(text, "192.0.2.7");
	assert_true(addr_parse(exact, sizeof exact, &addr));
	assert_false(addr_parse(trap, sizeof trap, &addr)); /* with its NUL */
	assert_false(addr_parse("1.2.3.4\0", 8, &addr));
	assert_false(addr_parse("\0001.2.3.4", 8, &addr));
	assert_false(addr_parse("1.2.\0003.4", 8, &addr));
	assert_false(addr_parse("::1\0", 4, &addr));
	assert_false(addr_parse("::\0001", 4, &addr));
	assert_false(addr_parse(trap, 0, &addr));
	assert_non_null(big);
	for (size_t i = 0; i < 4; i++) {
		memset(big, "1:.0"[i], 1 << 20);
		assert_false(addr_parse(big, 1 << 20, &addr));
		assert_false(net_parse(big, 1 << 20, &(struct net){{{0}}, 0}));
	}
	free(big);
}

static void test_text_random(void **state)
{
	(void)state;
	for (unsigned turn = 0; turn < RANDOM_TURNS; turn++) {
		const struct addr addr = random_addr();
		char got[ADDR_TEXT_MAX], want[INET6_ADDRSTRLEN], upper[ADDR_TEXT_MAX];
		struct addr back;
		size_t len;

		memset(got, '#', sizeof got);
		len = addr_text(&addr, got);
		if (addr_is_ip4(&addr))
			assert_non_null(inet_ntop(AF_INET, addr.bytes + 12, want, sizeof want));
		else
			assert_non_null(inet_ntop(AF_INET6, addr.bytes, want, sizeof want));
		if (strcmp(got, want) != 0 || len != strlen(want))
			fail_msg("got \"%s\" (%zu), want \"%s\"", got, len, want);
		if (!addr_parse(got, len, &back) || !addr_equal(&back, &addr))
			fail_msg("\"%s\" is not read back as it was", got);
		for (size_t i = 0; i <= len; i++)
			upper[i] = got[i] >= 'a' && got[i] <= 'f' ? (char)(got[i] - 32) : got[i];
		if (!addr_parse(upper, len, &back) || !addr_equal(&back, &addr))
			fail_msg("\"%s\" is not read back as it was", upper);
		(void)snprintf(upper, sizeof upper, "%x:%x:%x:%x:%x:%x:%x:%x", addr.bytes[0] << 8 | addr.bytes[1],
		               addr.bytes[2] << 8 | addr.bytes[3], addr.bytes[4] << 8 | addr.bytes[5],
		               addr.bytes[6] << 8 | addr.bytes[7], addr.bytes[8] << 8 | addr.bytes[9],
		               addr.bytes[10] << 8 | addr.bytes[11], addr.bytes[12] << 8 | addr.bytes[13],
		               addr.bytes[14] << 8 | addr.bytes[15]);
		if (!addr_parse(upper, strlen(upper), &back) || !addr_equal(&back, &addr))
			fail_msg("\"%s\" is not read as \"%s\"", upper, got);
	}
}

static void test_net_parse(void **state)
{
	static const struct {
		const char *text, *want;
		unsigned len;
	} rows[] = {
		{"192.0.2.7", "192.0.2.7", 128},
		{"192.0.2.7/32", "192.0.2.7", 128},
		{"192.0.2.0/24", "192.0.2.0/24", 120},
		{"0.0.0.0/0", "0.0.0.0/0", 96},
		{"128.0.0.0/1", "128.0.0.0/1", 97},
		{"10.0.0.0/8", "10.0.0.0/8", 104},
		{"192.0.2.6/31", "192.0.2.6/31", 127},
		{"::ffff:192.0.2.0/24", "192.0.2.0/24", 120}, /* the family's own terms: it is IPv4 */
		{"::/0", "::/0", 0},
		{"::", "::", 128},
		{"2000::/3", "2000::/3", 3},
		{"2001:db8::/32", "2001:db8::/32", 32},
		{"2001:DB8:0::/64", "2001:db8::/64", 64},
		{"2001:db8::1/128", "2001:db8::1", 128},
		{"2001:db8::2/127", "2001:db8::2/127", 127},
	};
	static const char *const refused[] = {
		"",
		"/",
		"/24",
		"192.0.2.0/",
		"192.0.2.0/33",
		"192.0.2.0/024",
		"192.0.2.0/00",
		"192.0.2.0/+24",
		"192.0.2.0/-1",
		"192.0.2.0/ 24",
		"192.0.2.0/24 ",
		"192.0.2.0 /24",
		"192.0.2.0/2 4",
		"192.0.2.0/24/24",
		"192.0.2.0/1000",
		"192.0.2.0/999",
		"192.0.2.0/256",
		"192.0.2.0/4294967320",
		"192.0.2.0/0x18",
		"192.0.2.0/255.255.255.0",
		"192.0.2.1/24",
		"192.0.2.1/31",
		"192.0.2.1/0",
		"1.0.0.0/0",
		"192.0.2/24",
		"2001:db8::/129",
		"2001:db8::1/64",
		"2001:db8::1/127",
		"::1/0",
		"::ffff:192.0.2.0/120",
		"::ffff:0:0/96",
		"2001:db8::/0x20",
		"2001:db8::/",
		"::/000",
		"fe80::%lo/64",
		"example.com/24",
		"192.0.2.0\\24",
	};
	const struct net before = net_from("203.0.113.0/24");

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct net net = net_from(rows[i].text);
		char got[NET_TEXT_MAX];
		const size_t len = net_text(&net, got);

		if (strcmp(got, rows[i].want) != 0 || len != strlen(got) || net.len != rows[i].len)
			fail_msg("\"%s\": got \"%s\" (%zu), length %d, want \"%s\", %u", rows[i].text, got, len,
			         net.len, rows[i].want, rows[i].len);
	}
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		struct net net = before;

		if (net_parse(refused[i], strlen(refused[i]), &net))
			fail_msg("\"%s\": got read, want refused", refused[i]);
		assert_memory_equal(&net.addr, &before.addr, sizeof net.addr);
		assert_int_equal(net.len, before.len);
	}
	{
		struct net net;

		assert_true(net_parse("192.0.2.0/248", 12, &net)); /* "192.0.2.0/24" */
		assert_int_equal(net.len, 120);
		assert_false(net_parse("192.0.2.0/2\0", 12, &net));
		assert_false(net_parse("192.0.2.0\0/24", 13, &net));
	}
}

static bool bit_of(const struct addr *addr, unsigned bit)
{
	return addr->bytes[bit / 8] >> (7 - bit % 8) & 1;
}

static bool naive_equal(const struct addr *a, const struct addr *b, unsigned len)
{
	for (unsigned bit = 0; bit < len; bit++)
		if (bit_of(a, bit) != bit_of(b, bit))
			return false;
	return true;
}

static struct net cut_net(struct addr addr, unsigned len)
{
	struct net net = {addr, (uint8_t)len};

	for (unsigned bit = len; bit < 128; bit++)
		net.addr.bytes[bit / 8] &= (uint8_t) ~(0x80U >> bit % 8);
	return net;
}

/* All lengths, neighbours in every bit. */
static void test_net_random(void **state)
{
	(void)state;
	for (unsigned turn = 0; turn < RANDOM_TURNS; turn++) {
		const struct addr addr = random_addr();
		struct addr other = addr;
		const struct net a = cut_net(addr, turn % 129), whole = net_of(&addr),
				 around = net_around(&addr, (uint8_t)(turn % 129));
		const unsigned flip = random_number() % 128;
		struct net b, back;
		char text[NET_TEXT_MAX];
		size_t len;

		other.bytes[flip / 8] ^= (uint8_t)(0x80U >> flip % 8);
		b = cut_net(other, random_number() % 129);
		assert_true(addr_equal(&around.addr, &a.addr) && around.len == a.len);
		assert_true(net_has(&a, &addr));
		assert_int_equal(net_has(&a, &other), naive_equal(&a.addr, &other, a.len));
		assert_int_equal(net_has(&b, &addr), naive_equal(&b.addr, &addr, b.len));
		assert_int_equal(net_overlap(&a, &b), naive_equal(&a.addr, &b.addr, a.len < b.len ? a.len : b.len));
		assert_int_equal(net_overlap(&a, &b), net_overlap(&b, &a));
		assert_true(net_overlap(&a, &whole));
		assert_int_equal(whole.len, 128);
		/* ::ffff:0:0 cut shorter than /96 is IPv6 again; every such network reads back. */
		len = net_text(&a, text);
		assert_int_equal(len, strlen(text));
		if (!net_parse(text, len, &back) || back.len != a.len || !addr_equal(&back.addr, &a.addr))
			fail_msg("\"%s\" is not read back as it was", text);
	}
}

static void test_overlap(void **state)
{
	static const struct {
		const char *a, *b;
		bool want;
	} rows[] = {
		{"192.0.2.0/24", "192.0.2.255", true},
		{"192.0.2.0/24", "192.0.3.0", false},
		{"192.0.2.0/24", "192.0.0.0/16", true},
		{"192.0.2.0/25", "192.0.2.128/25", false},
		{"0.0.0.0/0", "2001:db8::/32", false},
		{"::/0", "192.0.2.7", true},
		{"::/0", "0.0.0.0/0", true},
		{"::/96", "0.0.0.0/0", false},
		{"2001:db8::/32", "2001:db9::/32", false},
		{"2001:db8::/31", "2001:db9::1", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct net a = net_from(rows[i].a), b = net_from(rows[i].b);

		if (net_overlap(&a, &b) != rows[i].want || net_overlap(&b, &a) != rows[i].want)
			fail_msg("%s and %s: want %d", rows[i].a, rows[i].b, rows[i].want);
	}
}

/* Both neighbours of each network that is never blocked, and what contains it. */
static void test_never(void **state)
{
	static const struct {
		const char *text;
		bool want;
	} rows[] = {
		{"0.0.0.0", true},
		{"0.255.255.255", true},
		{"1.0.0.0", false},
		{"0.0.0.0/0", true},
		{"126.255.255.255", false},
		{"127.0.0.0", true},
		{"127.255.255.255", true},
		{"128.0.0.0", false},
		{"126.0.0.0/7", true},
		{"169.253.255.255", false},
		{"169.254.0.0", true},
		{"169.254.255.255", true},
		{"169.255.0.0", false},
		{"169.254.0.0/15", true},
		{"223.255.255.255", false},
		{"224.0.0.0", true},
		{"239.255.255.255", true},
		{"240.0.0.0", true},
		{"255.255.255.255", true},
		{"192.0.0.0/2", true},
		{"192.0.0.0/3", false},
		{"10.0.0.0/8", false},
		{"192.168.0.0/16", false},
		{"::", true},
		{"::1", true},
		{"::2", false},
		{"::/64", true},
		{"::/0", true},
		{"::fffe:ffff:ffff", false},
		{"::ffff:127.0.0.1", true},
		{"::ffff:192.0.2.7", false},
		{"::1:0:0:0", false},
		{"::192.0.2.7", false},
		{"fe7f:ffff::", false},
		{"fe80::", true},
		{"fe80::1", true},
		{"febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true},
		{"fec0::", false},
		{"fe00::/8", true},
		{"feff::", false},
		{"ff00::", true},
		{"ff02::1", true},
		{"fc00::/7", false},
		{"2000::/3", false},
		{"2001:db8::/32", false},
		{"e000::/3", true},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct net net = net_from(rows[i].text);

		if (net_is_never(&net) != rows[i].want)
			fail_msg("%s: got %d, want %d", rows[i].text, net_is_never(&net), rows[i].want);
	}
}

/* The first and the last address of each private network, and their neighbours. */
static void test_private(void **state)
{
	static const struct {
		const char *text;
		bool want;
	} rows[] = {
		{"9.255.255.255", false},    {"10.0.0.0", true},        {"10.255.255.255", true},
		{"11.0.0.0", false},         {"172.15.255.255", false}, {"172.16.0.0", true},
		{"172.31.255.255", true},    {"172.32.0.0", false},     {"192.167.255.255", false},
		{"192.168.0.0", true},       {"192.168.255.255", true}, {"192.169.0.0", false},
		{"100.63.255.255", false},   {"100.64.0.0", true},      {"100.127.255.255", true},
		{"100.128.0.0", false},      {"fbff:ffff::", false},    {"fc00::", true},
		{"fdff:ffff:ffff::1", true}, {"fe00::", false},         {"::ffff:10.9.0.2", true},
		{"2001:db8::10", false},     {"203.0.113.7", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct net net = net_from(rows[i].text);

		if (addr_is_private(&net.addr) != rows[i].want)
			fail_msg("%s: want %d", rows[i].text, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),        cmocka_unit_test(test_parse_refused),
		cmocka_unit_test(test_parse_length), cmocka_unit_test(test_text_random),
		cmocka_unit_test(test_net_parse),    cmocka_unit_test(test_net_random),
		cmocka_unit_test(test_overlap),      cmocka_unit_test(test_never),
		cmocka_unit_test(test_private),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
