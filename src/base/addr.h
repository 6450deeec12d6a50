/*
 * addr: Internet addresses and networks as values.
 *
 * One shape for both families: 16 bytes in network order, IPv4 as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2). So
 * "::ffff:192.0.2.7" and "192.0.2.7" are the same value. The kernel's lists need this: they store an IPv4-mapped entry
 * as IPv6, where it blocks no client (measured on 6.18).
 * Pure: no allocation, no clock, no name resolution.
 */
#ifndef WFS_BASE_ADDR_H
#define WFS_BASE_ADDR_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"
#include "base/why.h"

enum {
	ADDR_TEXT_MAX = 46, /* INET6_ADDRSTRLEN: the longest text, with its NUL */
	NET_TEXT_MAX = 50,  /* the same plus "/128" */
};

struct addr {
	uint8_t bytes[16];
};

/* A network. len counts from the start of the 16 bytes, 0..128: an IPv4 /24 has 96 + 24. */
struct net {
	struct addr addr; /* host bits are zero */
	uint8_t len;
};

/*
 * Returns true for an IPv4 address. This and the next functions are inline because tables of addresses do little else.
 */
static inline bool addr_is_ip4(const struct addr *addr)
{
	static const uint8_t prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

	return memcmp(addr->bytes, prefix, sizeof prefix) == 0;
}

/* Returns true if both are the same address. */
static inline bool addr_equal(const struct addr *a, const struct addr *b)
{
	uint64_t x[2], y[2];

	memcpy(x, a->bytes, sizeof x);
	memcpy(y, b->bytes, sizeof y);
	return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

/* Returns true if a sorts before b. */
static inline bool addr_before(const struct addr *a, const struct addr *b)
{
	uint64_t x[2], y[2];
	int front, same, back;

	memcpy(x, a->bytes, sizeof x);
	memcpy(y, b->bytes, sizeof y);
	front = be64toh(x[0]) < be64toh(y[0]);
	same = x[0] == y[0];
	back = be64toh(x[1]) < be64toh(y[1]);
	return (front | (same & back)) != 0; /* without a branch that the CPU must predict */
}

/*
 * Compares like qsort(3): returns less than, equal to or greater than 0. Of two networks with the same address the
 * wider sorts first.
 */
static inline int net_order(const struct net *a, const struct net *b)
{
	const int order = addr_before(&b->addr, &a->addr) - addr_before(&a->addr, &b->addr);

	return order != 0 ? order : a->len - b->len;
}

/* A hash for tables: every bit of addr and seed affects every bit of the result. */
static inline uint64_t addr_hash(const struct addr *addr, uint64_t seed)
{
	uint64_t a, b;

	memcpy(&a, addr->bytes, 8);
	memcpy(&b, addr->bytes + 8, 8);
	return hash_mix(b ^ seed ^ (a * UINT64_C(0x9E3779B97F4A7C15)));
}

/*
 * Reads one address. Accepts four decimal octets without leading zeros ("192.0.2.020" may mean octal 16), every IPv6
 * text of RFC 4291, and the IPv4-mapped forms of both. Refuses names, hex or octal IPv4, zones ("%eth0"), prefixes,
 * brackets and blanks.
 * text: len bytes, need not be NUL-ended. Returns false and leaves *ret unchanged if the text is no address.
 */
bool addr_parse(const char *text, size_t len, struct addr *ret);

/* Writes the canonical text (RFC 5952, as inet_ntop writes it), NUL-ended; returns its length without the NUL. */
size_t addr_text(const struct addr *addr, char out[static ADDR_TEXT_MAX]);

/*
 * Reads "ADDRESS" or "ADDRESS/LENGTH", with the length in the family's own terms (0..32, 0..128). Returns false and
 * leaves *ret unchanged if the text is neither, or if host bits are set ("192.0.2.1/24" could mean either).
 */
bool net_parse(const char *text, size_t len, struct net *ret);

/* Like net_parse, but sets why to a sentence that quotes the text and states what is wrong. Returns 0 or -EINVAL. */
int net_read(struct span text, struct net *ret, struct why *why);

/* Returns the network of one address: /32 or /128. */
struct net net_of(const struct addr *addr);

/* Returns the network of length len (in the 16 bytes: 0..128) that contains addr. */
struct net net_around(const struct addr *addr, uint8_t len);

/*
 * Writes text that net_parse reads back; a single address is written without a length. Returns the length of the text.
 */
size_t net_text(const struct net *net, char out[static NET_TEXT_MAX]);

/* Returns true if addr is in net. */
bool net_has(const struct net *net, const struct addr *addr);

/* Returns true if the two share an address. */
bool net_overlap(const struct net *a, const struct net *b);

/*
 * Returns true if net must never be blocked, whatever the configuration lists: it shares an address with 0.0.0.0/8,
 * 127.0.0.0/8, 169.254.0.0/16, 224.0.0.0/3 (multicast, reserved, broadcast), ::/127, fe80::/10 or ff00::/8 (IANA
 * special-purpose registries, RFC 6890). Engine and root both check it.
 */
bool net_is_never(const struct net *net);

/*
 * The private networks: RFC 1918, RFC 6598 (shared by a provider's customers) and RFC 4193. *ret points to a constant
 * array of ADDR_PRIVATE networks.
 */
enum { ADDR_PRIVATE = 5 };
void addr_private(const struct net **ret);

/* Returns true if addr is in one of the private networks. */
bool addr_is_private(const struct addr *addr);

#endif
