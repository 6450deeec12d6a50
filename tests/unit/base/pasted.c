/*
 * pasted: what logs and people write around an address is removed, nothing is guessed, and a refusal says what is
 * wrong.
 */
#undef NDEBUG
#include "base/pasted.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_read(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"192.0.2.7", "192.0.2.7"},
		{"192.0.2.7/32", "192.0.2.7"},
		{"192.0.2.0/24", "192.0.2.0/24"},
		{"[192.0.2.7]", "192.0.2.7"},
		{"[192.0.2.7", "192.0.2.7"},
		{"192.0.2.7]", "192.0.2.7"},
		{"192.0.2.7:25", "192.0.2.7"},
		{"192.0.2.7:65535:", "192.0.2.7"},
		{"[192.0.2.7]:25", "192.0.2.7"},
		{"[192.0.2.7]:25:", "192.0.2.7"},
		{"unknown[192.0.2.7]", "192.0.2.7"},
		{"mx-1.example.org[192.0.2.7]:41234:", "192.0.2.7"},
		{"mx.example.org[2001:db8::7]", "2001:db8::7"},
		{"  192.0.2.7\t", "192.0.2.7"},
		{"192.0.2.7\r\n", "192.0.2.7"},
		{"192.0.2.7,", "192.0.2.7"},
		{"192.0.2.7:", "192.0.2.7"},
		{"192.0.2.7.", "192.0.2.7"},
		{"(192.0.2.7),", "192.0.2.7"},
		{"<192.0.2.7>;", "192.0.2.7"},
		{"\"192.0.2.7\"", "192.0.2.7"},
		{"192.0.2.0/24,", "192.0.2.0/24"},
		{"::ffff:192.0.2.7", "192.0.2.7"},
		{"::ffff:192.0.2.7:25", "192.0.2.7"},
		{"[::ffff:192.0.2.7]:25", "192.0.2.7"},
		{"2001:db8::7", "2001:db8::7"},
		{"2001:db8::", "2001:db8::"}, /* its colons are its own */
		{"2001:db8:::", "2001:db8::"},
		{"2001:db8::7:", "2001:db8::7"},
		{"2001:db8::25", "2001:db8::25"}, /* no port without brackets */
		{"[2001:db8::7]:25", "2001:db8::7"},
		{"[2001:db8::]", "2001:db8::"},
		{"IPv6:2001:db8::7", "2001:db8::7"},
		{"ipv6:2001:DB8::7", "2001:db8::7"},
		{"[IPv6:2001:db8::7]", "2001:db8::7"},
		{"[IPv6:2001:db8::7]:25,", "2001:db8::7"},
		{"2001:db8:bad:1::/64", "2001:db8:bad:1::/64"},
		{"2001:db8:bad:1::/64,", "2001:db8:bad:1::/64"},
		{"[2001:db8::7/128]", "2001:db8::7"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char got[NET_TEXT_MAX];
		struct net net;
		struct why why;

		if (pasted_net((struct span){rows[i].text, strlen(rows[i].text)}, &net, &why) < 0)
			fail_msg("\"%s\": got %s, want %s", rows[i].text, why.text, rows[i].want);
		(void)net_text(&net, got);
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("\"%s\": got %s, want %s", rows[i].text, got, rows[i].want);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"1.2.3.4/24", "\"1.2.3.4/24\" has bits set after /24; did you mean 1.2.3.0/24?"},
		{"1.2.3.4/24,", "\"1.2.3.4/24\" has bits set after /24; did you mean 1.2.3.0/24?"},
		{"2001:db8::1/64", "\"2001:db8::1/64\" has bits set after /64; did you mean 2001:db8::/64?"},
		{"1.2.3.4/33", "\"1.2.3.4/33\": a prefix length is a number from 0 to 32"},
		{"1.2.3.4/", "\"1.2.3.4/\": a prefix length is a number from 0 to 32"},
		{"2001:db8::/129", "\"2001:db8::/129\": a prefix length is a number from 0 to 128"},
		{"fe80::1%eth0", "\"fe80::1%eth0\": an address with a zone is link-local and is never blocked"},
		{"1.2.3", "\"1.2.3\" is not an IPv4 or IPv6 address"},
		{"1.2.3.256", "\"1.2.3.256\" is not an IPv4 or IPv6 address"},
		{"1.2.3.04", "\"1.2.3.04\" is not an IPv4 or IPv6 address"},
		{"", "\"\" is not an IPv4 or IPv6 address"},
		{":", "\":\" is not an IPv4 or IPv6 address"},
		{"[]", "\"[]\" is not an IPv4 or IPv6 address"},
		{"IPv6:", "\"IPv6:\" is not an IPv4 or IPv6 address"},
		{"example.org", "\"example.org\" is not an IPv4 or IPv6 address"},
		{"1.2.3.4[5.6.7.8]", "\"1.2.3.4[5.6.7.8]\" is not an IPv4 or IPv6 address"}, /* which of the two? */
		{"1.2.3.4 5.6.7.8", "\"1.2.3.4 5.6.7.8\" is not an IPv4 or IPv6 address"},
		{"1.2.3.4,5.6.7.8", "\"1.2.3.4,5.6.7.8\" is not an IPv4 or IPv6 address"},
		{"1.2.3.4:123456", "\"1.2.3.4:123456\" is not an IPv4 or IPv6 address"},
		{"1.2.3.4:25:25:25:x", "\"1.2.3.4:25:25:25:x\" is not an IPv4 or IPv6 address"},
		{"a b[1.2.3.4]", "\"a b[1.2.3.4]\" is not an IPv4 or IPv6 address"},
		{"1.2.3.4\x1b[31m", "\"1.2.3.4\\x1b[31m\" is not an IPv4 or IPv6 address"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct net before = {{{1, 2, 3}}, 77};
		struct net net = before;
		struct why why;

		assert_int_equal(pasted_net((struct span){rows[i].text, strlen(rows[i].text)}, &net, &why), -EINVAL);
		if (strcmp(why.text, rows[i].want) != 0)
			fail_msg("got %s, want %s", why.text, rows[i].want);
		assert_int_equal(net.len, before.len);
		assert_memory_equal(&net.addr, &before.addr, sizeof net.addr);
	}
}

/* Whatever stands there: nothing is read outside of it, and what is understood stands in it. */
static void test_hostile(void **state)
{
	static const char letters[] = "0123456789abcdef.:/[]%<>\"' ,;IPv6:xn\t\n\x80\xff";
	uint32_t random = 1;

	(void)state;
	for (unsigned round = 0; round < 200000; round++) {
		size_t len;
		char *text;
		struct net net;
		struct why why;

		random = random * 1664525 + 1013904223;
		len = random >> 16 & 31;
		if (round % 1000 == 0)
			len = PASTED_MAX - 1 + round / 1000 % 4;
		text = malloc(len + 1);
		assert_non_null(text);
		for (size_t i = 0; i < len; i++) {
			random = random * 1664525 + 1013904223;
			text[i] = letters[(random >> 16) % (sizeof letters)]; /* its NUL as well */
		}
		if (round % 7 == 0 && len >= 7)
			memcpy(text + (random >> 20) % (len - 6), "1.2.3.4", 7);
		if (pasted_net((struct span){text, len}, &net, &why) == 0) {
			bool stands = false;

			for (size_t from = 0; from < len && !stands; from++)
				for (size_t n = 1; from + n <= len && !stands; n++) {
					struct net piece;

					stands = net_parse(text + from, n, &piece) && net_order(&piece, &net) == 0;
				}
			assert_true(stands);
			assert_true(len <= PASTED_MAX);
		} else {
			assert_true(strlen(why.text) < WHY_MAX);
		}
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
