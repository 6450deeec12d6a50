/* waits: what waits, until when, and the ids that it receives meanwhile. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/waits.h"

static struct block block_of(uint8_t host)
{
	return (struct block){
		.net = {{{[10] = 0xFF, [11] = 0xFF, 192, 0, 2, host}}, 128}, .since_s = 1000, .until_s = 1600};
}

static void entries(void **state)
{
	static struct waits waits;
	struct block first = block_of(1), second = block_of(2), stored[2];
	char reason[2 * WAITS_TEXT_MAX];

	(void)state;
	memset(reason, 'x', sizeof reason - 1);
	reason[sizeof reason - 1] = '\0';
	assert_true(waits_due_ms(&waits) == INT64_MAX);
	assert_true(waits_add(&waits, &first, 7000, "rule", reason, ""));
	assert_true(waits_add(&waits, &second, 6000, "rule", "reason", "detail"));
	assert_int_equal(waits_due_ms(&waits), 6000);
	assert_int_equal(strlen(waits.entries[0].reason), WAITS_TEXT_MAX - 1);

	/* The ids of what is stored; not of a block of another time or list. */
	stored[0] = second;
	stored[0].id = 5;
	stored[1] = first;
	stored[1].id = 6;
	stored[1].list = 1;
	waits_stored(&waits, stored, 2);
	assert_int_equal(waits.entries[0].block.id, 0);
	assert_int_equal(waits.entries[1].block.id, 5);
	waits_remove(&waits, 0);
	assert_int_equal(waits.n, 1);
	assert_int_equal(waits.entries[0].block.id, 5);
	assert_string_equal(waits.entries[0].detail, "detail");

	while (waits.n < WAITS_MAX)
		assert_true(waits_add(&waits, &first, 7000, "", "", ""));
	assert_false(waits_add(&waits, &first, 7000, "", "", ""));
	assert_int_equal(waits_due_ms(&waits), 6000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(entries)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
