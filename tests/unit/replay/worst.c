/* worst: the result equals all blocks sorted, whatever their order, with each address once. */
#include "replay/worst.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "testlib.h"

enum { ADDRESSES = 3 * WORST_MAX };

static struct block block_of(unsigned address, unsigned offence, int64_t since_s)
{
	char text[32];

	(void)snprintf(text, sizeof text, "192.0.2.%u", address);
	return (struct block){.net = net_from(text), .offence = offence, .since_s = since_s};
}

static int by_rank(const void *a, const void *b)
{
	const struct block *const x = a, *const y = b;

	if (x->offence != y->offence)
		return x->offence > y->offence ? -1 : 1;
	return x->since_s < y->since_s ? -1 : x->since_s > y->since_s;
}

static void test_sorted(void **state)
{
	struct block blocks[ADDRESSES];
	struct worst worst = {0};

	(void)state;
	for (unsigned i = 0; i < ADDRESSES; i++) {
		blocks[i] = block_of(i, 1 + random_below(7), 1000 + i);
		worst_note(&worst, &blocks[i], NULL);
	}
	qsort(blocks, ADDRESSES, sizeof *blocks, by_rank);
	assert_int_equal(worst.n, WORST_MAX);
	assert_true(worst.others);
	for (size_t i = 0; i < worst.n; i++)
		assert_int_equal(net_order(&worst.list[i].block.net, &blocks[i].net), 0);
}

/* It has its last block, and the highest offence it came to. */
static void test_again(void **state)
{
	const struct block first = block_of(1, 3, 1000), other = block_of(2, 4, 2000), last = block_of(1, 1, 9000);
	struct worst worst = {0};

	(void)state;
	worst_note(&worst, &first, NULL);
	worst_note(&worst, &other, NULL);
	assert_int_equal(worst.list[0].block.offence, 4);
	worst_note(&worst, &last, NULL);
	assert_int_equal(worst.n, 2);
	assert_false(worst.others);
	assert_int_equal(worst.list[1].block.offence, 3);
	assert_int_equal(worst.list[1].block.since_s, 9000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sorted),
		cmocka_unit_test(test_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
