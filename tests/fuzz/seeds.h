/*
 * seeds: what every fuzz target needs, above all inputs to begin with, so that it need not find out by itself what a
 * log line looks like.
 *
 * They are made from the shipped rules and their examples, so none is kept that has gone stale, and go into the first
 * directory on the command line, where libFuzzer looks for inputs and keeps those it finds; without one there are none.
 */
#ifndef WFS_TESTS_FUZZ_SEEDS_H
#define WFS_TESTS_FUZZ_SEEDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* libFuzzer calls these; each target defines them. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold of every input: if it does not, libFuzzer keeps the input. */
static inline void check(bool good)
{
	if (!good)
		abort();
}

/* A path in the checkout (WFS_SOURCE_ROOT, else here); ends the program when it is not there. The caller's to free. */
char *seeds_source(const char *path);

/* Where seeds go, from LLVMFuzzerInitialize's arguments. Before seeds_add. */
void seeds_begin(int argc, char *const argv[]);

/* One more input: head, then body. */
void seeds_add(const void *head, size_t head_len, const void *body, size_t body_len);

#endif
