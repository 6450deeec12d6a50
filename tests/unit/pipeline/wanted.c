/* wanted, capacity: after each of many random changes they agree with a plain list. */
#include "pipeline/wanted.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "pipeline/capacity.h"
#include "testlib.h"

enum { MODEL_MAX = 400, STEPS = 60000, NETS = 150, T0 = 1795181862 };

static struct wanted wanted;
static struct wanted_entry model[MODEL_MAX];
static size_t n_model;

static struct net net_number(unsigned i)
{
	struct addr addr = {{0}};

	addr.bytes[0] = 0x20;
	addr.bytes[15] = (uint8_t)i;
	if (i % 2 == 0)
		addr = (struct addr){{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, (uint8_t)i}};
	return net_of(&addr);
}

static bool is_same(const struct wanted_entry *a, const struct wanted_entry *b)
{
	return net_order(&a->net, &b->net) == 0 && a->list == b->list && a->whole == b->whole && a->cause == b->cause;
}

static size_t in_model(const struct wanted_entry *key)
{
	size_t at = 0;

	while (at < n_model && !is_same(&model[at], key))
		at++;
	return at;
}

static void put_one(void)
{
	struct wanted_entry key = {.net = net_number(random_below(NETS)),
	                           .list = (uint8_t)random_below(2),
	                           .cause = (uint8_t)random_below(3),
	                           .offence = (uint8_t)(1 + random_below(5)),
	                           .until_s = T0 + (int)random_below(1000)};
	struct wanted_entry *e;
	bool new;
	size_t at;

	key.whole = (uint8_t)(128 - 8 * random_below(2));
	at = in_model(&key);
	if (at == n_model && n_model == MODEL_MAX)
		return;
	e = wanted_put(&wanted, &key, &new);
	assert_int_equal(new, at == n_model);
	if (new)
		model[n_model++] = key;
	wanted_until(&wanted, e, key.until_s);
	wanted_mark(&wanted, e, random_below(3) == 0 ? WANTED_OUT : WANTED_HELD);
	model[at].until_s = key.until_s;
	model[at].state = e->state;
	model[at].offence = e->offence;
}

static void remove_entry(struct wanted_entry *e)
{
	const size_t at = in_model(e);

	assert_true(at < n_model);
	model[at] = model[--n_model];
	wanted_remove(&wanted, e);
}

static void remove_first(void)
{
	struct wanted_entry *const e = wanted_first(&wanted);

	if (e != NULL)
		remove_entry(e);
}

static void remove_any(void)
{
	uint32_t place = wanted.n_places == 0 ? 0 : random_below(wanted.n_places);

	if (wanted.n == 0)
		return;
	while (!wanted.entries[place].used)
		place = (place + 1) % wanted.n_places;
	remove_entry(&wanted.entries[place]);
}

static void want_same(void)
{
	const struct net net = net_number(random_below(NETS));
	int64_t first_s = INT64_MAX, longest_s = 0;
	size_t n4 = 0, n_out = 0, of_net = 0, found = 0;
	const struct wanted_entry *longest;

	for (size_t i = 0; i < n_model; i++) {
		const bool is_of = model[i].list == 1 && net_order(&model[i].net, &net) == 0;

		n4 += addr_is_ip4(&model[i].net.addr);
		n_out += model[i].state == WANTED_OUT;
		of_net += is_of;
		first_s = model[i].until_s < first_s ? model[i].until_s : first_s;
		longest_s = is_of && model[i].until_s > longest_s ? model[i].until_s : longest_s;
	}
	assert_int_equal(wanted.n, n_model);
	assert_int_equal(wanted.n4, n4);
	assert_int_equal(wanted.n_out, n_out);
	assert_int_equal(wanted_first(&wanted) == NULL ? INT64_MAX : wanted_first(&wanted)->until_s, first_s);
	longest = wanted_longest(&wanted, 1, &net);
	assert_int_equal(longest == NULL ? 0 : longest->until_s, longest_s);
	for (const struct wanted_entry *e = NULL; (e = wanted_next(&wanted, 1, &net, e)) != NULL; found++)
		assert_true(in_model(e) < n_model);
	assert_int_equal(found, of_net);
}

static void test_random(void **state)
{
	(void)state;
	wanted.seed = 7;
	n_model = 0;
	for (unsigned i = 0; i < STEPS; i++) {
		/* It grows and shrinks in turns. */
		const unsigned put_of_10 = i / 5000 % 2 == 0 ? 7 : 4;

		if (random_below(10) < put_of_10)
			put_one();
		else if (random_below(2) == 0)
			remove_first();
		else
			remove_any();
		want_same();
	}
	while (wanted.n > 0)
		remove_first();
	want_same();
	wanted_done(&wanted);
}

/* What fits is never worse than what stays out, fills the room but for a part, and is not more than there is room for.
 */
static void test_capacity(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		const size_t capacity = 1 + random_below(300);
		struct capacity_cut cut;
		size_t n_in = 0;
		int64_t worst_in = INT64_MAX, best_out = -1;

		n_model = 0;
		for (unsigned i = 0; i < 350; i++)
			put_one();
		cut = capacity_choose(&wanted, true, capacity, T0);
		for (size_t i = 0; i < n_model; i++) {
			const int64_t worth = (int64_t)capacity_rank(&model[i]) * 100000 + model[i].until_s - T0;

			if (!addr_is_ip4(&model[i].net.addr))
				continue;
			if (capacity_fits(&cut, &model[i])) {
				n_in++;
				worst_in = worth < worst_in ? worth : worst_in;
			} else {
				best_out = worth > best_out ? worth : best_out;
			}
		}
		assert_true(n_in <= capacity);
		assert_true(best_out < worst_in);
		if (wanted.n4 <= capacity)
			assert_int_equal(n_in, wanted.n4);
		else /* as many more as end in the same second may be missing */
			assert_true(n_in + 20 >= capacity - capacity / 16);
		wanted_done(&wanted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_capacity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
