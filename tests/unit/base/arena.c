/* arena: contents keep their place and value, and new memory is zero. */
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MIB = 1 << 20 };

static void grows_in_place(void **state)
{
	static const size_t steps[] = {1, 4096, 2 * MIB - 1, 2 * MIB, 2 * MIB + 1, 3 * MIB, 9 * MIB, 5 * MIB, 16 * MIB};
	struct arena arena;
	uint64_t *start;
	size_t n = 0;

	(void)state;
	arena_init(&arena, 16 * MIB);
	start = arena.start;
	assert_int_equal(arena.bytes, 0);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		const size_t before = arena.bytes;

		arena_reach(&arena, steps[i]);
		assert_ptr_equal(arena.start, start);
		assert_true(arena.bytes >= steps[i] && arena.bytes >= before);
		for (size_t word = 0; word < n; word++)
			if (start[word] != word + 1)
				fail_msg("step %zu: word %zu has changed", i, word);
		for (; n < arena.bytes / sizeof *start; n++) {
			if (start[n] != 0)
				fail_msg("step %zu: word %zu is not zero", i, n);
			start[n] = n + 1;
		}
	}
	arena_done(&arena);
	assert_null(arena.start);
	arena_done(&arena);
}

static void many_at_a_time(void **state)
{
	struct arena rooms[50];

	(void)state;
	for (size_t i = 0; i < 50; i++) {
		arena_init(&rooms[i], (i + 1) * MIB);
		arena_reach(&rooms[i], (i + 1) * MIB);
		((char *)rooms[i].start)[(i + 1) * MIB - 1] = (char)i; /* below 50 */
	}
	for (size_t i = 0; i < 50; i++) {
		assert_int_equal(((char *)rooms[i].start)[(i + 1) * MIB - 1], i);
		arena_done(&rooms[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(grows_in_place), cmocka_unit_test(many_at_a_time)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
