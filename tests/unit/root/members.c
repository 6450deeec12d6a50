/* members: entries are added and removed at random; a plain array holds what must be there. */
#include "root/members.h"
#include "testlib.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CAPACITY = 100, ADDRESSES = 300, TURNS = 200000 };

static struct net net_number(uint32_t i)
{
	struct net net = {.len = 128};

	net.addr.bytes[0] = 0x20;
	net.addr.bytes[i % 3 == 0 ? 7 : 15] = (uint8_t)i;
	net.addr.bytes[14] = (uint8_t)(i >> 8);
	if (i % 7 == 0)
		net.len = 120; /* beside an address that begins like it */
	return net;
}

static void test_random(void **state)
{
	static bool there[ADDRESSES];
	static uint32_t writes[ADDRESSES];
	struct members members;
	uint32_t n = 0;

	(void)state;
	assert_true(members_init(&members, CAPACITY));
	for (unsigned turn = 0; turn < TURNS; turn++) {
		const uint32_t chosen = random_below(ADDRESSES);
		const struct net net = net_number(chosen);
		struct members_entry *const entry = members_find(&members, &net);

		assert_int_equal(entry != NULL, there[chosen]);
		if (entry != NULL) {
			assert_true(net_order(&entry->net, &net) == 0);
			assert_int_equal(entry->writes, writes[chosen]);
		}
		if (entry == NULL && n < CAPACITY) {
			writes[chosen] = members_add(&members, &net)->writes = turn;
			there[chosen] = true;
			n++;
		} else if (entry != NULL && (random_below(3) == 0 || n == CAPACITY)) {
			members_remove(&members, entry);
			there[chosen] = false;
			n--;
		}
		assert_int_equal(members.n, n);
		if (random_below(5000) == 0) {
			members_clear(&members);
			memset(there, 0, sizeof there);
			n = 0;
		}
	}
	members_done(&members);
	members_done(&members);
}

/* One entry is not many more. */
static void test_one(void **state)
{
	const struct net net = net_number(1);
	struct members members;

	(void)state;
	assert_true(members_init(&members, 1));
	assert_null(members_find(&members, &net));
	(void)members_add(&members, &net);
	members_remove(&members, members_find(&members, &net));
	assert_null(members_find(&members, &net));
	members_done(&members);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
