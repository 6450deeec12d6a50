/*
 * nft_write: against the real kernel, in a network namespace of its own, and a model: elements are added, extended,
 * shortened, removed and expire at random, in both ways of writing. The namespace needs root; otherwise the test is
 * skipped and prints why.
 */
#include "root/nft_write.h"

#include <inttypes.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/netfilter/nf_tables.h>

#include <cmocka.h>

#include "base/clock.h"
#include "root/nft_probe.h"
#include "root/nft_table.h"

enum {
	SKIPPED = 77,
	N_SETS = 2,
	N = 40, /* networks of each set */
	STEPS = 1500,
	RESTS = 4, /* times that those of them that last SHORT_MS at most run out */
	SHORT_MS = 300,
	SAME_MS = 1000,
	EXACT_MS = 50, /* the kernel counts in ticks, of 10 ms at most */
};

/* What is true of an element: it ends between these two, by the steady clock; 0: it is not there. */
struct truth {
	int64_t from_ms, to_ms;
};

static const struct root_config config = {.backend = "nftables",
                                          .manage_rules = true,
                                          .chain = "SPAMMER",
                                          .hooks = ROOT_HOOK_INPUT,
                                          .list = "spammer",
                                          .ip6_prefix = 64,
                                          .networks = true,
                                          .seconds = 600,
                                          .n_ports = 1,
                                          .ports = {25}};
static struct nft_writer writer;
static struct nft_answer answer;
static struct nft_names names[N_SETS];
static struct truth model[N_SETS][N];
static size_t n_ran_out;

static struct net net_number(unsigned set, unsigned i)
{
	struct net net = {.addr = {{[10] = 0xFF, 0xFF, 192, 0, 2}}, .len = 128};

	if (set == 0) {
		net.addr.bytes[15] = (uint8_t)(i + 1); /* below 256 */
		return net;
	}
	return (struct net){.addr = {{0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, (uint8_t)i}}, .len = 64}; /* below 256 */
}

static unsigned number_of(unsigned set, const struct net *net)
{
	return set == 0 ? net->addr.bytes[15] - 1U : net->addr.bytes[7];
}

static void good(int rc, const struct why *why)
{
	if (rc != 0)
		fail_msg("got %d (%s), want 0", rc, why->text);
}

static unsigned random_below(unsigned n)
{
	static uint32_t state = 7;

	state = state * 1664525 + 1013904223;
	return (state >> 8) % n;
}

/* Short, long, or one that many have: an element that is added again with the time that it had begins it again. */
static uint64_t some_ms(void)
{
	switch (random_below(3)) {
	case 0:
		return 100 + random_below(SHORT_MS - 100);
	case 1:
		return 60000 + random_below(604800);
	default:
		return SAME_MS;
	}
}

/* Adds some, or removes them. */
static void step(void)
{
	const unsigned set = random_below(N_SETS);
	const bool adds = random_below(4) != 0;
	struct nft_element elements[N];
	struct backend_refused refused = {0};
	int64_t before_ms = clock_steady_ms(), after_ms;
	size_t n = 0;
	struct why why;

	for (unsigned i = random_below(N); i < N; i += 1 + random_below(8))
		elements[n++] = (struct nft_element){.net = net_number(set, i), .timeout_ms = some_ms()};
	good(adds ? nft_write_add(&writer, &names[set].of, elements, n, &refused, &why)
	          : nft_write_remove(&writer, &names[set].of, elements, n, &refused, &why),
	     &why);
	after_ms = clock_steady_ms();
	assert_int_equal(refused.n, 0);
	for (size_t i = 0; i < n; i++)
		model[set][number_of(set, &elements[i].net)] =
			adds ? (struct truth){before_ms + (int64_t)elements[i].timeout_ms,
		                              after_ms + (int64_t)elements[i].timeout_ms}
			     : (struct truth){0, 0};
}

/* What the kernel reports of a set is what the model has. */
static void compare(unsigned set)
{
	const int64_t before_ms = clock_steady_ms();
	int64_t left_ms[N], after_ms;
	const struct nlmsghdr *nlh;
	struct why why;

	memset(left_ms, -1, sizeof left_ms);
	good(nft_ask(&answer, writer.socket, NFT_MSG_GETSETELEM, names[set].table, names[set].set, &why), &why);
	for (;;) {
		struct nft_reader reader;
		struct nft_element element;

		good(nft_next(&answer, &nlh, &why), &why);
		if (nlh == NULL)
			break;
		nft_reader_init(&reader, nlh, names[set].of.slot);
		while (nft_reader_next(&reader, &element)) {
			/* One may come twice: the walk over a hash table that is just being resized, see
			 * lib/rhashtable.c. */
			left_ms[number_of(set, &element.net)] = (int64_t)element.left_ms;
		}
	}
	after_ms = clock_steady_ms();
	for (unsigned i = 0; i < N; i++) {
		struct truth *const t = &model[set][i];

		if (left_ms[i] < 0 && t->from_ms != 0 && t->from_ms < after_ms + EXACT_MS) {
			n_ran_out++;
			*t = (struct truth){0, 0};
		}
		if (left_ms[i] < 0 ? t->from_ms != 0
		                   : left_ms[i] < t->from_ms - after_ms - EXACT_MS ||
		                             left_ms[i] > t->to_ms - before_ms + EXACT_MS)
			fail_msg("set %u, element %u: %" PRId64 " ms left, want %" PRId64 " to %" PRId64, set, i,
			         left_ms[i], t->from_ms - after_ms, t->to_ms - before_ms);
	}
}

/* Until the short ones have run out. */
static void rest(void)
{
	const int64_t until_ms = clock_steady_ms() + SHORT_MS + 2 * EXACT_MS;

	while (clock_steady_ms() < until_ms)
		for (unsigned set = 0; set < N_SETS; set++)
			compare(set);
}

static void run(bool updates)
{
	writer.updates = updates;
	memset(model, 0, sizeof model);
	n_ran_out = 0;
	for (unsigned i = 0; i < STEPS; i++) {
		step();
		compare(i % N_SETS);
		if (i % (STEPS / RESTS) == STEPS / RESTS - 1)
			rest();
	}
	assert_true(n_ran_out >= RESTS);
}

static int setup(void **state)
{
	uint32_t slots = 0;
	struct why why;

	(void)state;
	if (nft_open(&writer.socket, &why) < 0)
		return -1;
	for (unsigned set = 0; set < N_SETS; set++) {
		const struct net net = net_number(set, 0);
		const unsigned slot = nft_slot_of(&net, &config);

		slots |= 1U << slot;
		nft_names_init(&names[set], &config, slot, "");
	}
	nft_begin(&writer.batch, writer.socket);
	nft_table_put(&writer.batch, &config, slots, false, true);
	return nft_commit(&writer.batch, &why);
}

static int teardown(void **state)
{
	struct why why;
	int rc;

	(void)state;
	nft_begin(&writer.batch, writer.socket);
	nft_table_delete(&writer.batch, &config);
	rc = nft_commit(&writer.batch, &why);
	(void)mnl_socket_close(writer.socket);
	return rc;
}

/* As for kernels before 6.12; it is right on every one. */
static void test_add_remove_add(void **state)
{
	(void)state;
	run(false);
}

static void test_update(void **state)
{
	struct why why;
	bool updates;

	(void)state;
	good(nft_probe(&config, &writer.batch, writer.socket, &answer, &updates, &why), &why);
	if (!updates)
		skip();
	run(true);
}

/* The reason why this machine cannot run the test, or NULL. */
static const char *make_namespace(void)
{
	if (geteuid() != 0)
		return "only root may make a network namespace";
	if (unshare(CLONE_NEWNET) < 0)
		return "cannot make a network namespace";
	if (setup(NULL) < 0)
		return "this kernel has no nf_tables";
	return teardown(NULL) < 0 ? "nf_tables does not work" : NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_add_remove_add, setup, teardown),
	                                   cmocka_unit_test_setup_teardown(test_update, setup, teardown)};
	const char *const reason = make_namespace();

	if (reason != NULL) {
		(void)printf("1..0 # SKIP %s\n", reason);
		return SKIPPED;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
