#include "base/siphash.h"

#include <endian.h>
#include <string.h>

struct state {
	uint64_t v0, v1, v2, v3;
};

static uint64_t left(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static void rounds(struct state *s, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		s->v0 += s->v1;
		s->v2 += s->v3;
		s->v1 = left(s->v1, 13) ^ s->v0;
		s->v3 = left(s->v3, 16) ^ s->v2;
		s->v0 = left(s->v0, 32);
		s->v2 += s->v1;
		s->v0 += s->v3;
		s->v1 = left(s->v1, 17) ^ s->v2;
		s->v3 = left(s->v3, 21) ^ s->v0;
		s->v2 = left(s->v2, 32);
	}
}

/* Loads n bytes, at most 8, little-endian. */
static uint64_t word_of(const uint8_t *bytes, size_t n)
{
	uint64_t word = 0;

	memcpy(&word, bytes, n);
	return le64toh(word);
}

uint64_t siphash(const uint8_t key[static SIPHASH_KEY], const void *data, size_t len)
{
	const uint64_t k0 = word_of(key, 8), k1 = word_of(key + 8, 8);
	/* "somepseudorandomlygeneratedbytes" */
	struct state s = {k0 ^ UINT64_C(0x736F6D6570736575), k1 ^ UINT64_C(0x646F72616E646F6D),
	                  k0 ^ UINT64_C(0x6C7967656E657261), k1 ^ UINT64_C(0x7465646279746573)};
	const uint8_t *const bytes = data;
	const size_t whole = len / 8 * 8;

	for (size_t i = 0; i <= whole; i += 8) {
		const uint64_t word =
			i < whole ? word_of(bytes + i, 8) : word_of(bytes + i, len - whole) | (uint64_t)len << 56;

		s.v3 ^= word;
		rounds(&s, 2);
		s.v0 ^= word;
	}
	s.v2 ^= 0xFF;
	rounds(&s, 4);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
