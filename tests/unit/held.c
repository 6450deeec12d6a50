/*
 * held: entries come and go at random, and a plain array says what must be there.
 */
#include "firewall/held.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ROOM = 100, ADDRESSES = 300, TURNS = 200000 };

static uint32_t seed = 1;

static uint32_t random_below(uint32_t n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % n;
}

static struct net net_number(uint32_t i)
{
	struct net net = {.len = 128};

	net.addr.bytes[0] = 0x20;
	net.addr.bytes[i % 3 == 0 ? 7 : 15] = (uint8_t)i;
	net.addr.bytes[14] = (uint8_t)(i >> 8);
	return net;
}

static void test_random(void **state)
{
	static bool there[ADDRESSES];
	static uint32_t writes[ADDRESSES];
	struct held held;
	uint32_t n = 0;

	(void)state;
	assert_true(held_init(&held, ROOM));
	for (unsigned turn = 0; turn < TURNS; turn++) {
		const uint32_t who = random_below(ADDRESSES);
		const struct net net = net_number(who);
		struct held_entry *const entry = held_find(&held, &net.addr);

		assert_int_equal(entry != NULL, there[who]);
		if (entry != NULL) {
			assert_true(addr_equal(&entry->net.addr, &net.addr));
			assert_int_equal(entry->writes, writes[who]);
		}
		if (entry == NULL && n < ROOM) {
			writes[who] = held_add(&held, &net)->writes = turn;
			there[who] = true;
			n++;
		} else if (entry != NULL && (random_below(3) == 0 || n == ROOM)) {
			held_remove(&held, entry);
			there[who] = false;
			n--;
		}
		assert_int_equal(held.n, n);
		if (random_below(5000) == 0) {
			held_clear(&held);
			memset(there, 0, sizeof there);
			n = 0;
		}
	}
	held_done(&held);
	held_done(&held);
}

/* One entry is not many more. */
static void test_one(void **state)
{
	const struct net net = net_number(1);
	struct held held;

	(void)state;
	assert_true(held_init(&held, 1));
	assert_null(held_find(&held, &net.addr));
	(void)held_add(&held, &net);
	held_remove(&held, held_find(&held, &net.addr));
	assert_null(held_find(&held, &net.addr));
	held_done(&held);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
