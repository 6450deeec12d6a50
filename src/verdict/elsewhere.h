/*
 * elsewhere: networks with a client that is proven good on another host, each as a number: a keyed hash of
 * its IPv4 /24 or IPv6 /64.
 *
 * Pure: no clock, no peer's name. All hosts of a group have the key. Who has it knows a network again that it
 * has seen; without it there are only numbers. (With it one can also try all 2^24 networks of IPv4: among hosts
 * that share the key this hides nothing.) 32 bits of the hash: with 50,000 networks another one is taken for
 * one of them in one of 86,000 cases, and then needs double.
 *
 * Limits: ELSEWHERE_MAX; more are refused. 16 to 32 bytes each. Aborts if memory cannot be allocated.
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

/* Without a key. seed: copied; any bytes, best those that peers cannot know: it affects the order in memory.
 * Never NULL. */
struct elsewhere *elsewhere_new(const uint8_t seed[static SIPHASH_KEY]);

/* Accepts NULL. */
void elsewhere_free(struct elsewhere *elsewhere);

/* Forgets all. The key of what follows, copied. */
void elsewhere_begin(struct elsewhere *elsewhere, const uint8_t key[static SIPHASH_KEY]);

/* The number of that address's network. */
uint32_t elsewhere_number(const struct elsewhere *elsewhere, const struct addr *addr);

/* The network of that number is good until then, or longer if that was said before. False: there are too
 * many. */
bool elsewhere_put(struct elsewhere *elsewhere, uint32_t number, int64_t until_s, int64_t now_s);

/* Whether the address's network is good. */
bool elsewhere_has(const struct elsewhere *elsewhere, const struct addr *addr, int64_t now_s);

/* How many there are, those that expired not long ago included. */
size_t elsewhere_count(const struct elsewhere *elsewhere);

#endif
