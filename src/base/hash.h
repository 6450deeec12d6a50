/*
 * hash: hashes for hash tables and for detecting changes: FNV-1a, and a final step that mixes all bits.
 *
 * Pure. It does not resist an attacker who chooses inputs that collide: that needs a secret seed and at least hash_mix,
 * or siphash.h. Sources: G. Fowler, L. C. Noll, P. Vo, FNV-1a with 64 bits (both constants are theirs); the 64-bit
 * finalizer of A. Appleby's MurmurHash3.
 */
#ifndef WFS_BASE_HASH_H
#define WFS_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_START UINT64_C(0xCBF29CE484222325)

/* Does one step of FNV-1a. value: a byte, or a number above 255, which no byte equals, to separate two texts. */
static inline uint64_t hash_step(uint64_t hash, unsigned value)
{
	return (hash ^ value) * UINT64_C(0x100000001B3);
}

/* Hashes len bytes. hash: HASH_START, or the hash of what comes before. */
static inline uint64_t hash_bytes(uint64_t hash, const void *data, size_t len)
{
	const unsigned char *const p = data;

	for (size_t i = 0; i < len; i++)
		hash = hash_step(hash, p[i]);
	return hash;
}

/* Mixes: every bit of the input affects every bit of the result. Different inputs give different results. */
static inline uint64_t hash_mix(uint64_t hash)
{
	hash = (hash ^ hash >> 33) * UINT64_C(0xFF51AFD7ED558CCD);
	hash = (hash ^ hash >> 33) * UINT64_C(0xC4CEB9FE1A85EC53);
	return hash ^ hash >> 33;
}

#endif
