/* room: what stands in it stays where it is and as it is, and what is new is zero. */
#include "base/room.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MIB = 1 << 20 };

static void grows_in_place(void **state)
{
	static const size_t steps[] = {1, 4096, 2 * MIB - 1, 2 * MIB, 2 * MIB + 1, 3 * MIB, 9 * MIB, 5 * MIB, 16 * MIB};
	struct room room;
	uint64_t *start;
	size_t n = 0;

	(void)state;
	room_init(&room, 16 * MIB);
	start = room.start;
	assert_int_equal(room.bytes, 0);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		const size_t before = room.bytes;

		room_reach(&room, steps[i]);
		assert_ptr_equal(room.start, start);
		assert_true(room.bytes >= steps[i] && room.bytes >= before);
		for (size_t word = 0; word < n; word++)
			if (start[word] != word + 1)
				fail_msg("step %zu: word %zu has changed", i, word);
		for (; n < room.bytes / sizeof *start; n++) {
			if (start[n] != 0)
				fail_msg("step %zu: word %zu is not zero", i, n);
			start[n] = n + 1;
		}
	}
	room_done(&room);
	assert_null(room.start);
	room_done(&room);
}

static void many_at_a_time(void **state)
{
	struct room rooms[50];

	(void)state;
	for (size_t i = 0; i < 50; i++) {
		room_init(&rooms[i], (i + 1) * MIB);
		room_reach(&rooms[i], (i + 1) * MIB);
		((char *)rooms[i].start)[(i + 1) * MIB - 1] = (char)i; /* below 50 */
	}
	for (size_t i = 0; i < 50; i++) {
		assert_int_equal(((char *)rooms[i].start)[(i + 1) * MIB - 1], i);
		room_done(&rooms[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(grows_in_place), cmocka_unit_test(many_at_a_time)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
