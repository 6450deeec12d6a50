/*
 * siphash: SipHash-2-4, a keyed hash: without the key nobody can compute it or find inputs that collide.
 *
 * Pure. Own code, because the daemon is not linked with a cryptographic library; a test compares it with libsodium's.
 * Source: J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast short-input PRF", 2012.
 */
#ifndef WFS_BASE_SIPHASH_H
#define WFS_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

enum { SIPHASH_KEY = 16 }; /* bytes of a key */

uint64_t siphash(const uint8_t key[static SIPHASH_KEY], const void *data, size_t len);

#endif
