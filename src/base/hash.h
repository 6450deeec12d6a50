/*
 * hash: numbers for hash tables and for "is this still the same": FNV-1a, and a last step that mixes all
 * bits.
 *
 * Pure. Not against someone who chooses the input to make them equal: that needs a seed that nobody knows,
 * and hash_mix at least, or siphash.h. Sources: G. Fowler, L. C. Noll, P. Vo, FNV-1a with 64 bits (the two
 * numbers are theirs); the finalizer of A. Appleby's MurmurHash3 with 64 bits.
 */
#ifndef WFS_BASE_HASH_H
#define WFS_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_START UINT64_C(0xCBF29CE484222325)

/* One step. value: a byte, or a number above 255 that no byte equals, to separate two texts. */
static inline uint64_t hash_step(uint64_t hash, unsigned value)
{
	return (hash ^ value) * UINT64_C(0x100000001B3);
}

/* hash: HASH_START, or the hash of what comes before. */
static inline uint64_t hash_bytes(uint64_t hash, const void *data, size_t len)
{
	const unsigned char *const p = data;

	for (size_t i = 0; i < len; i++)
		hash = hash_step(hash, p[i]);
	return hash;
}

/* Every bit of the hash bears on every bit of the result; two hashes that differ stay different. */
static inline uint64_t hash_mix(uint64_t hash)
{
	hash = (hash ^ hash >> 33) * UINT64_C(0xFF51AFD7ED558CCD);
	hash = (hash ^ hash >> 33) * UINT64_C(0xC4CEB9FE1A85EC53);
	return hash ^ hash >> 33;
}

#endif
