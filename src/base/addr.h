/*
 * addr: Internet addresses and networks as values.
 *
 * One shape for both families: 16 bytes in network order, IPv4 as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2).
 * So "::ffff:192.0.2.7" and "192.0.2.7" are the same value, which the kernel's lists need: an
 * IPv4-mapped entry is stored as IPv6 there and blocks no client (measured on 6.18).
 * Pure: no allocation, no clock, no name resolution.
 */
#ifndef WFS_ADDR_H
#define WFS_ADDR_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"
#include "base/why.h"

enum {
	ADDR_TEXT_MAX = 46, /* INET6_ADDRSTRLEN: longest text with its NUL */
	NET_TEXT_MAX = 50,  /* the same with "/128" */
};

struct addr {
	uint8_t bytes[16];
};

/* len counts from the start of the 16 bytes: 0..128; an IPv4 network of /24 has 96 + 24. */
struct net {
	struct addr addr; /* host bits are zero */
	uint8_t len;
};

/* These are inline: tables of addresses do little else. True for an IPv4 address. */
static inline bool addr_is_ip4(const struct addr *addr)
{
	static const uint8_t prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

	return memcmp(addr->bytes, prefix, sizeof prefix) == 0;
}

/* True when both are the same address. */
static inline bool addr_equal(const struct addr *a, const struct addr *b)
{
	uint64_t x[2], y[2];

	memcpy(x, a->bytes, sizeof x);
	memcpy(y, b->bytes, sizeof y);
	return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

/* True when a sorts before b. */
static inline bool addr_before(const struct addr *a, const struct addr *b)
{
	uint64_t x[2], y[2];
	int front, same, back;

	memcpy(x, a->bytes, sizeof x);
	memcpy(y, b->bytes, sizeof y);
	front = be64toh(x[0]) < be64toh(y[0]);
	same = x[0] == y[0];
	back = be64toh(x[1]) < be64toh(y[1]);
	return (front | (same & back)) != 0; /* no branch to guess */
}

/* Below, at or above 0 as in qsort(3); of two networks that begin alike the wider one sorts first. */
static inline int net_order(const struct net *a, const struct net *b)
{
	const int order = addr_before(&b->addr, &a->addr) - addr_before(&a->addr, &b->addr);

	return order != 0 ? order : a->len - b->len;
}

/* For tables: every bit of addr and seed bears on every bit of it. */
static inline uint64_t addr_hash(const struct addr *addr, uint64_t seed)
{
	uint64_t a, b;

	memcpy(&a, addr->bytes, 8);
	memcpy(&b, addr->bytes + 8, 8);
	return hash_mix(b ^ seed ^ (a * UINT64_C(0x9E3779B97F4A7C15)));
}

/*
 * Reads one address. Accepted: four decimal octets without leading zeros ("192.0.2.020" may mean
 * octal 16, so it is refused), every IPv6 text of RFC 4291, the IPv4-mapped forms of both. Refused:
 * names, hex or octal IPv4, zones ("%eth0"), prefixes, brackets, blanks.
 * text: len bytes, need not be NUL-ended. Returns false and leaves *ret alone when it is no address.
 */
bool addr_parse(const char *text, size_t len, struct addr *ret);

/* Writes the canonical text (RFC 5952 as inet_ntop writes it), NUL-ended; returns its length. */
size_t addr_text(const struct addr *addr, char out[static ADDR_TEXT_MAX]);

/*
 * Reads "ADDRESS" or "ADDRESS/LENGTH", the length in the family's own terms (0..32, 0..128).
 * Returns false, *ret untouched, when it is neither or when host bits are set ("192.0.2.1/24": which
 * of the two did the writer mean?).
 */
bool net_parse(const char *text, size_t len, struct net *ret);

/* The same with a sentence that quotes the text and states what is wrong. Returns 0 or -EINVAL. */
int net_read(struct span text, struct net *ret, struct why *why);

/* The network of one address: /32 or /128. */
struct net net_of(const struct addr *addr);

/* The network of that length (in the 16 bytes: 0..128) that addr lies in. */
struct net net_around(const struct addr *addr, uint8_t len);

/* Text as net_parse reads it; a single address is written without its length. Returns the length. */
size_t net_text(const struct net *net, char out[static NET_TEXT_MAX]);

/* True when addr lies in net. */
bool net_has(const struct net *net, const struct addr *addr);

/* True when the two share any address. */
bool net_overlap(const struct net *a, const struct net *b);

/*
 * True when no address of net may ever be blocked, whatever the configuration lists: it shares an address with
 * 0.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, 224.0.0.0/3 (multicast, reserved, broadcast), ::/127,
 * fe80::/10 or ff00::/8 (IANA special-purpose registries, RFC 6890). Engine and root both check.
 */
bool net_is_never(const struct net *net);

/* The private networks: RFC 1918, RFC 6598 (shared by the customers of a provider) and RFC 4193. *ret: ADDR_PRIVATE of
 * them, constant. */
enum { ADDR_PRIVATE = 5 };
void addr_private(const struct net **ret);

/* True when addr is in one of them. */
bool addr_is_private(const struct addr *addr);

#endif
