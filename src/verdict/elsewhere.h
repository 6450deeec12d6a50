/*
 * elsewhere: networks with a client that is proven good on another host. Each is a number: a keyed hash of its IPv4 /24
 * or IPv6 /64.
 *
 * Pure: no clock, no names of peers. All hosts of a group have the key. With it, a host recognises the networks that it
 * has seen; without it, they are only numbers. (With the key one can also try all 2^24 networks of IPv4: this hides
 * nothing among hosts that share the key.) The hash has 32 bits: with 50,000 networks, an unrelated network matches one
 * of them in 1 of 86,000 cases, and then needs twice the threshold.
 *
 * Limits: ELSEWHERE_MAX networks; more are refused. 16 to 32 bytes each. Aborts if memory cannot be allocated.
 */
#ifndef WFS_VERDICT_ELSEWHERE_H
#define WFS_VERDICT_ELSEWHERE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/siphash.h"

enum { ELSEWHERE_MAX = 1 << 18 };

struct elsewhere;

/*
 * Creates an empty set without a key. seed: copied; any bytes, preferably unknown to peers: it affects the order in
 * memory. Never returns NULL.
 */
struct elsewhere *elsewhere_new(const uint8_t seed[static SIPHASH_KEY]);

/* Frees elsewhere; accepts NULL. */
void elsewhere_free(struct elsewhere *elsewhere);

/* Empties the set and sets the key, which is copied. */
void elsewhere_begin(struct elsewhere *elsewhere, const uint8_t key[static SIPHASH_KEY]);

/* Returns the number of the address's network. */
uint32_t elsewhere_number(const struct elsewhere *elsewhere, const struct addr *addr);

/*
 * Records that the network with this number is good until until_s, unless a later time was recorded before. Returns
 * false if there are too many.
 */
bool elsewhere_put(struct elsewhere *elsewhere, uint32_t number, int64_t until_s, int64_t now_s);

/* Returns true if the address's network is good. */
bool elsewhere_has(const struct elsewhere *elsewhere, const struct addr *addr, int64_t now_s);

/* Returns how many networks there are, including some that expired recently. */
size_t elsewhere_count(const struct elsewhere *elsewhere);

#endif
