/* testlib: what many unit tests need: reproducible random numbers, networks from text, files. */
#ifndef WFS_TESTS_UNIT_TESTLIB_H
#define WFS_TESTS_UNIT_TESTLIB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr.h"

/* The state of random_number: set it to begin a sequence, to anything but 0. */
static uint64_t random_state __attribute__((unused)) = 88172645463325252U;

/* xorshift64, as in G. Marsaglia, "Xorshift RNGs", 2003. */
static inline uint32_t random_number(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 16);
}

static inline uint32_t random_below(uint32_t n)
{
	return random_number() % n;
}

static inline struct net net_from(const char *text)
{
	struct net net;

	if (!net_parse(text, strlen(text), &net))
		fail_msg("\"%s\" is no network", text);
	return net;
}

/* Makes or replaces the file. */
static inline void write_file(const char *path, const char *data, size_t len)
{
	FILE *const file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static inline void write_text(const char *path, const char *text)
{
	write_file(path, text, strlen(text));
}

#endif
