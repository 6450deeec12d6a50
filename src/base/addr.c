#include "base/addr.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { QUOTED_MAX = 80 }; /* bytes of the text quoted in a message */

static const uint8_t ip4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

static const struct net never[] = {
	{{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0}}, 96 + 8},
	{{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 127}}, 96 + 8},
	{{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 169, 254}}, 96 + 16},
	{{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 224}}, 96 + 3},
	{{{0}}, 127}, /* :: and ::1 */
	{{{0xFE, 0x80}}, 10},
	{{{0xFF}}, 8},
};

static const struct net private[ADDR_PRIVATE] = {
	{{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 10}}, 96 + 8},
	{{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 172, 16}}, 96 + 12},
	{{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 168}}, 96 + 16},
	{{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 100, 64}}, 96 + 10},
	{{{0xFC}}, 7},
};

/* Own code because inet_pton needs a NUL, and this runs once per hit. */
static bool parse_ip4(const char *text, size_t len, uint8_t out[static 4])
{
	const char *const end = text + len;

	for (int octet = 0; octet < 4; octet++) {
		unsigned value = 0;
		int digits = 0;

		if (octet > 0 && (text == end || *text++ != '.'))
			return false;
		for (; text < end && *text >= '0' && *text <= '9'; text++, digits++) {
			if (digits > 0 && value == 0)
				return false; /* a leading zero */
			value = value * 10 + (unsigned)(*text - '0');
			if (value > 255)
				return false;
		}
		if (digits == 0)
			return false;
		out[octet] = (uint8_t)value; /* <= 255, checked above */
	}
	return text == end;
}

bool addr_parse(const char *text, size_t len, struct addr *ret)
{
	char copy[ADDR_TEXT_MAX];
	struct addr addr;
	const char *last_colon;

	memcpy(addr.bytes, ip4_prefix, sizeof ip4_prefix);
	if (parse_ip4(text, len, addr.bytes + 12)) {
		*ret = addr;
		return true;
	}
	if (len >= sizeof copy || memchr(text, '\0', len) != NULL)
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	/* inet_pton accepts "::ffff:192.0.2.020"; this function must not. */
	last_colon = strrchr(copy, ':');
	if (last_colon == NULL)
		return false;
	if (strchr(last_colon, '.') != NULL) {
		uint8_t tail[4];

		if (!parse_ip4(last_colon + 1, strlen(last_colon + 1), tail))
			return false;
	}
	if (inet_pton(AF_INET6, copy, addr.bytes) != 1)
		return false;
	*ret = addr;
	return true;
}

size_t addr_text(const struct addr *addr, char out[static ADDR_TEXT_MAX])
{
	if (addr_is_ip4(addr)) {
		char *p = out;

		for (int octet = 12; octet < 16; octet++) {
			const unsigned value = addr->bytes[octet];

			if (octet > 12)
				*p++ = '.';
			if (value >= 100)
				*p++ = (char)('0' + value / 100);
			if (value >= 10)
				*p++ = (char)('0' + value / 10 % 10);
			*p++ = (char)('0' + value % 10);
		}
		*p = '\0';
		return (size_t)(p - out);
	}
	(void)inet_ntop(AF_INET6, addr->bytes, out, ADDR_TEXT_MAX);
	return strlen(out);
}

/* Returns the bits in which the eight bytes differ; the first byte is the most significant. */
static uint64_t difference(const uint8_t a[static 8], const uint8_t b[static 8])
{
	uint64_t x, y;

	memcpy(&x, a, 8);
	memcpy(&y, b, 8);
	return be64toh(x ^ y);
}

static bool prefix_equal(const uint8_t a[static 16], const uint8_t b[static 16], unsigned len)
{
	const uint64_t front = difference(a, b);

	if (len <= 64)
		return len == 0 || front >> (64 - len) == 0;
	return front == 0 && difference(a + 8, b + 8) >> (128 - len) == 0;
}

/* Reads the length after the slash, counted in the 128 bits; -1 if it is invalid. */
static int parse_length(const char *p, const char *end, const struct addr *addr)
{
	const int base = addr_is_ip4(addr) ? 96 : 0;
	int value = 0;

	if (p == end || end - p > 3 || (*p == '0' && end - p > 1))
		return -1;
	for (; p < end; p++) {
		if (*p < '0' || *p > '9')
			return -1;
		value = value * 10 + (*p - '0');
	}
	return base + value > 128 ? -1 : base + value;
}

/*
 * Reads address and length, and keeps host bits. Returns false if there is no address; sets *ret_len to -1 if the
 * length is invalid.
 */
static bool parse_parts(const char *text, size_t len, struct addr *ret, int *ret_len)
{
	const char *const slash = memchr(text, '/', len);

	if (!addr_parse(text, slash == NULL ? len : (size_t)(slash - text), ret))
		return false;
	*ret_len = slash == NULL ? 128 : parse_length(slash + 1, text + len, ret);
	return true;
}

bool net_parse(const char *text, size_t len, struct net *ret)
{
	struct addr addr;
	struct net net;
	int bits;

	if (!parse_parts(text, len, &addr, &bits) || bits < 0)
		return false;
	net = net_around(&addr, (uint8_t)bits); /* 0..128 */
	if (!addr_equal(&net.addr, &addr))
		return false;
	*ret = net;
	return true;
}

int net_read(struct span text, struct net *ret, struct why *why)
{
	char quoted[QUOTED_MAX], meant[NET_TEXT_MAX];
	struct addr addr;
	struct net net;
	int bits;

	if (net_parse(text.p, text.len, ret))
		return 0;
	(void)text_escape(text, quoted, sizeof quoted);
	if (memchr(text.p, '%', text.len) != NULL)
		return why_set(why, EINVAL, "\"%s\": an address with a zone is link-local and is never blocked",
		               quoted);
	if (!parse_parts(text.p, text.len, &addr, &bits))
		return why_set(why, EINVAL, "\"%s\" is not an IPv4 or IPv6 address", quoted);
	if (bits < 0)
		return why_set(why, EINVAL, "\"%s\": a prefix length is a number from 0 to %d", quoted,
		               addr_is_ip4(&addr) ? 32 : 128);
	net = net_around(&addr, (uint8_t)bits); /* 0..128 */
	(void)net_text(&net, meant);
	return why_set(why, EINVAL, "\"%s\" has bits set after /%d; did you mean %s?", quoted,
	               addr_is_ip4(&addr) ? bits - 96 : bits, meant);
}

struct net net_of(const struct addr *addr)
{
	return (struct net){*addr, 128};
}

/* Returns the eight bytes at p with only the first n bits, 0..64, of them set. */
static uint64_t first_bits(const uint8_t *p, unsigned n)
{
	uint64_t eight;

	memcpy(&eight, p, sizeof eight);
	return n == 0 ? 0 : eight & htobe64(UINT64_MAX << (64 - n));
}

struct net net_around(const struct addr *addr, uint8_t len)
{
	const uint64_t upper = first_bits(addr->bytes, len < 64 ? len : 64),
		       lower = first_bits(addr->bytes + 8, len < 64 ? 0 : len - 64U);
	struct net net = {.len = len};

	memcpy(net.addr.bytes, &upper, sizeof upper);
	memcpy(net.addr.bytes + sizeof upper, &lower, sizeof lower);
	return net;
}

size_t net_text(const struct net *net, char out[static NET_TEXT_MAX])
{
	size_t n = addr_text(&net->addr, out);

	if (net->len < 128) {
		const int base = addr_is_ip4(&net->addr) && net->len >= 96 ? 96 : 0;

		n += (size_t)snprintf(out + n, NET_TEXT_MAX - n, "/%d", net->len - base);
	}
	return n;
}

bool net_has(const struct net *net, const struct addr *addr)
{
	return prefix_equal(net->addr.bytes, addr->bytes, net->len);
}

bool net_overlap(const struct net *a, const struct net *b)
{
	return prefix_equal(a->addr.bytes, b->addr.bytes, a->len < b->len ? a->len : b->len);
}

void addr_private(const struct net **ret)
{
	*ret = private;
}

bool addr_is_private(const struct addr *addr)
{
	for (size_t i = 0; i < ADDR_PRIVATE; i++)
		if (net_has(&private[i], addr))
			return true;
	return false;
}

bool net_is_never(const struct net *net)
{
	const unsigned first = net->addr.bytes[12];

	/* A shortcut: this is checked for every hit, and most are single IPv4 addresses outside these networks. */
	if (net->len == 128 && addr_is_ip4(&net->addr) && first != 0 && first != 127 && first != 169 && first < 224)
		return false;
	for (size_t i = 0; i < sizeof never / sizeof *never; i++)
		if (net_overlap(&never[i], net))
			return true;
	return false;
}
