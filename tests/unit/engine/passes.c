/*
 * passes: which clients that need not wait are reported to the kernel, what is stored about them, and what is sent
 * again after a start. Root's end of the pair keeps the passes as the kernel would.
 */
#undef NDEBUG
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "testlib.h"

#include "base/gates.h"
#include "config/config.h"
#include "engine/passes.h"
#include "firewall/client.h"
#include "firewall/message.h"
#include "store/reputation.h"
#include "store/store.h"
#include "verdict/verdict.h"

enum { DAY_S = 86400, SET_MAX = 1024 };

static const int64_t t0_s = INT64_C(1795181862);

/* Root's end: touched by the test only between calls, which wait for its answer. */
static struct kernel {
	int fd;
	pthread_t thread;
	struct message_entry passes[SET_MAX];
	size_t n, packets, forgotten;
	int error; /* of every answer, if not 0 */
} kernel;

static struct config *config;
static struct store *store;
static struct client client;
static struct passes *passes;
static int near_fd;
static struct why why;

/* --- root's end --- */

static size_t place_of(const struct message_entry *entry)
{
	size_t i = 0;

	while (i < kernel.n && (memcmp(kernel.passes[i].addr, entry->addr, sizeof entry->addr) != 0 ||
	                        kernel.passes[i].len != entry->len))
		i++;
	return i;
}

static void act(const struct message *m)
{
	kernel.forgotten += m->verb == MESSAGE_CLOSE ? m->n : 0;
	for (uint32_t i = 0; i < m->n; i++) {
		const size_t place = place_of(&m->entries[i]);

		if (m->verb == MESSAGE_PASS && place == kernel.n)
			kernel.n++;
		if (m->verb == MESSAGE_PASS)
			kernel.passes[place] = m->entries[i];
		else if (m->verb == MESSAGE_UNPASS && place < kernel.n)
			kernel.passes[place] = kernel.passes[--kernel.n];
	}
}

static void *serve(void *ignored)
{
	struct message m;

	while (recv(kernel.fd, &m, sizeof m, 0) > 0) {
		struct message answer = {.verb = m.verb, .number = m.number, .error = kernel.error, .list = "far"};

		kernel.packets++;
		if (kernel.error != 0)
			(void)snprintf(answer.why, sizeof answer.why, "the lock is held");
		else
			act(&m);
		if (send(kernel.fd, &answer, message_size(&answer), MSG_NOSIGNAL) < 0)
			break;
	}
	return ignored;
}

/* "192.0.2.7/32 60, ...", in the order of addresses: what passes, and for how long. */
static void check_kernel(const char *want)
{
	char got[1024] = "", text[NET_TEXT_MAX];
	bool shown[SET_MAX] = {false};

	for (size_t round = 0; round < kernel.n; round++) {
		size_t first = SET_MAX;

		for (size_t i = 0; i < kernel.n; i++)
			if (!shown[i] &&
			    (first == SET_MAX || memcmp(kernel.passes[i].addr, kernel.passes[first].addr, 16) < 0))
				first = i;
		shown[first] = true;
		struct net net = {.len = kernel.passes[first].len};
		memcpy(net.addr.bytes, kernel.passes[first].addr, sizeof net.addr.bytes);
		(void)net_text(&net, text);
		(void)snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s %u", got[0] != '\0' ? ", " : "", text,
		               kernel.passes[first].left_s);
	}
	assert_string_equal(got, want);
}

/* --- each test's own --- */

static int begin(size_t n_gates)
{
	int pair[2];

	kernel = (struct kernel){0};
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	near_fd = pair[0];
	kernel.fd = pair[1];
	assert_int_equal(pthread_create(&kernel.thread, NULL, serve, NULL), 0);
	assert_int_equal(config_read("/nonexistent", true, &config, &why), 0);
	if (n_gates > 0) {
		assert_null(gates_add(&config->gates, "mail"));
		assert_null(gates_read(&config->gates, "pass", "10d"));
	}
	assert_int_equal(store_open(NULL, STORE_WRITE, &store, &why), 0);
	client_init(&client, near_fd);
	passes = calloc(1, sizeof *passes);
	assert_non_null(passes);
	passes_init(passes, &config->gates, &client);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	return begin(1);
}

static int setup_without(void **state)
{
	(void)state;
	return begin(0);
}

static int teardown(void **state)
{
	(void)state;
	passes_done(passes);
	free(passes);
	store_close(store);
	config_free(config);
	(void)close(near_fd);
	(void)pthread_join(kernel.thread, NULL);
	(void)close(kernel.fd);
	return 0;
}

static void good(int rc)
{
	if (rc != 0)
		fail_msg("got %d (%s), want 0", rc, why.text);
}

static void earn(const char *net, int64_t time_s, int64_t now_s)
{
	const struct net who = net_from(net);

	passes_earn(passes, config, &who, time_s, now_s);
}

static void lose(const char *net, bool takes)
{
	const struct net who = net_from(net);

	passes_lose(passes, &who, takes);
}

/* The daemon's turn: the kernel first, then the database. */
static void turn(int64_t now_s)
{
	good(passes_send(passes, now_s, &why));
	good(passes_write(passes, store, now_s, &why));
	assert_false(passes_have_news(passes));
}

static size_t n_stored(int64_t now_s)
{
	struct store_pass pass;
	size_t n = 0;

	good(store_passes(store, now_s, &why));
	while (store_next_pass(store, &pass, &why) == 0)
		n++;
	return n;
}

/* --- the tests --- */

static void deliveries_pass_and_are_stored(void **state)
{
	(void)state;
	earn("192.0.2.7", t0_s, t0_s);
	earn("2001:db8::/64", t0_s - DAY_S, t0_s);
	earn("192.0.2.8", t0_s - 11 * DAY_S, t0_s); /* so old that its pass is over */
	turn(t0_s);
	check_kernel("192.0.2.7 864000, 2001:db8::/64 777600");
	assert_int_equal(n_stored(t0_s), 2);
}

static void deliver_at(int64_t time_s)
{
	earn("192.0.2.7", time_s, time_s);
	turn(time_s);
}

/* One that delivers all day is sent and written once an hour at most. */
static void deliveries_soon_after_cost_nothing(void **state)
{
	(void)state;
	deliver_at(t0_s);
	const size_t packets = kernel.packets;
	deliver_at(t0_s + 3599);
	assert_int_equal(kernel.packets, packets);
	deliver_at(t0_s + 3600);
	assert_true(kernel.packets > packets);
	check_kernel("192.0.2.7 864000");
}

/* A pass that is not much longer than an hour, or shorter, is renewed long before it ends. */
static void deliveries_renew_a_short_pass(void **state)
{
	(void)state;
	assert_null(gates_read(&config->gates, "pass", "1h"));
	deliver_at(t0_s);
	const size_t packets = kernel.packets;
	deliver_at(t0_s + 449);
	assert_int_equal(kernel.packets, packets);
	deliver_at(t0_s + 450);
	check_kernel("192.0.2.7 3600");
	assert_int_equal(kernel.packets, packets + 1);
	assert_int_equal(n_stored(t0_s + 4049), 1);
}

static void a_hit_ends_the_window_and_a_block_the_pass(void **state)
{
	(void)state;
	earn("192.0.2.7", t0_s, t0_s);
	turn(t0_s);
	lose("192.0.2.7", false);
	turn(t0_s + 1);
	assert_int_equal(kernel.forgotten, 1);
	check_kernel("192.0.2.7 864000");
	lose("192.0.2.7", true);
	turn(t0_s + 2);
	assert_int_equal(kernel.forgotten, 2);
	check_kernel("");
	assert_int_equal(n_stored(t0_s + 2), 0);
	/* At once, though its last delivery is less than an hour ago. */
	earn("192.0.2.7", t0_s + 3, t0_s + 3);
	turn(t0_s + 3);
	check_kernel("192.0.2.7 864000");
}

/* Of one turn: what came before the block gives nothing. */
static void a_block_in_the_same_turn_counts_more(void **state)
{
	(void)state;
	earn("192.0.2.7", t0_s, t0_s);
	lose("192.0.2.7", true);
	turn(t0_s);
	check_kernel("");
	assert_int_equal(n_stored(t0_s), 0);
}

static void what_the_kernel_refuses_is_sent_again(void **state)
{
	(void)state;
	earn("192.0.2.7", t0_s, t0_s);
	lose("192.0.2.8", true);
	kernel.error = -EBUSY;
	assert_int_equal(passes_send(passes, t0_s, &why), -EBUSY);
	assert_false(passes_have_news(passes));
	good(passes_write(passes, store, t0_s, &why));
	assert_int_equal(n_stored(t0_s), 0);
	kernel.error = 0;
	turn(t0_s);
	check_kernel("192.0.2.7 864000");
	assert_int_equal(n_stored(t0_s), 1);
}

/* A turn has room for so many; the rest is earned again by the next delivery. */
static void a_flood_of_deliveries_is_bounded(void **state)
{
	char text[NET_TEXT_MAX];

	(void)state;
	for (unsigned i = 0; i < 2 * PASSES_NEW_MAX; i++) {
		(void)snprintf(text, sizeof text, "198.51.%u.%u", 100 + i / 256, i % 256);
		earn(text, t0_s, t0_s);
		lose(text, false);
	}
	turn(t0_s);
	assert_int_equal(kernel.n, PASSES_NEW_MAX);
	assert_int_equal(n_stored(t0_s), PASSES_NEW_MAX);
	assert_int_equal(kernel.forgotten, PASSES_NEW_MAX);
}

/* What is allowed anyway passes while it is, and is said again before the kernel forgets it. */
static void allowances_come_and_go(void **state)
{
	static const struct verdict_policy policy = {.threshold = 100, .window_s = 3600, .n_for = 1, .for_s = {600}};
	struct verdict *const verdict = verdict_new(&policy);
	struct allowlist *const allowlist = allowlist_new(config);
	const struct net partner = net_from("203.0.113.0/24");

	(void)state;
	assert_null(gates_read(&config->gates, "pass_networks", "198.51.100.0/24"));
	config->allow.nets = realloc(config->allow.nets, sizeof partner);
	assert_non_null(config->allow.nets);
	config->allow.nets[0] = partner;
	config->allow.n = 1;
	assert_int_equal(allowlist_refresh(allowlist, verdict, &why), 0);
	good(passes_refresh(passes, config, allowlist, store, t0_s, &why));
	assert_true(kernel.n >= 2); /* and this machine's own addresses */
	const size_t all = kernel.n;
	const struct message_entry *const entry = &kernel.passes[0];
	assert_true(entry->left_s == 2 * DAY_S);

	/* Nothing changed: nothing is said. After a day all of it is. */
	const size_t packets = kernel.packets;
	good(passes_refresh(passes, config, allowlist, store, t0_s + 10, &why));
	assert_int_equal(kernel.packets, packets);
	good(passes_refresh(passes, config, allowlist, store, t0_s + DAY_S, &why));
	assert_true(kernel.packets > packets);

	/* One that goes: 1, so that what it has earned itself is said again. */
	config->gates.gates[0].n_passes = 0;
	passes_changed(passes);
	assert_int_equal(passes_refresh(passes, config, allowlist, store, t0_s + DAY_S + 1, &why), 1);
	assert_int_equal(kernel.n, all - 1);
	allowlist_free(allowlist);
	verdict_free(verdict);
}

/* After a start, from the database: passes, and what was delivered before there was a gate. */
static void a_start_says_all_again(void **state)
{
	const struct store_evidence evidence[] = {
		{.net = net_from("192.0.2.9"), .time_s = t0_s - 4 * DAY_S, .times = 1},
		{.net = net_from("192.0.2.10"), .time_s = t0_s - 20 * DAY_S, .times = 1},
		{.net = net_from("192.0.2.11"), .time_s = t0_s - DAY_S, .times = 1}};

	(void)state;
	earn("192.0.2.7", t0_s - DAY_S, t0_s - DAY_S);
	lose("192.0.2.11", true);
	turn(t0_s);
	good(store_begin(store, &why));
	good(store_add_good(store, evidence, 3, &why));
	good(store_finish(store, 0, &why));
	kernel.n = 0;
	good(passes_load(passes, config, store, t0_s, &why));
	check_kernel("192.0.2.7 777600, 192.0.2.9 518400");
}

static void without_gates_nothing_is_done(void **state)
{
	struct allowlist *const allowlist = allowlist_new(config);

	(void)state;
	earn("192.0.2.7", t0_s, t0_s);
	lose("192.0.2.7", true);
	passes_changed(passes);
	good(passes_refresh(passes, config, allowlist, store, t0_s, &why));
	turn(t0_s);
	assert_int_equal(kernel.packets, 0);
	assert_int_equal(n_stored(t0_s), 0);
	allowlist_free(allowlist);
}

int main(void)
{
#define WITH_GATE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH_GATE(deliveries_pass_and_are_stored),
		WITH_GATE(deliveries_soon_after_cost_nothing),
		WITH_GATE(deliveries_renew_a_short_pass),
		WITH_GATE(a_hit_ends_the_window_and_a_block_the_pass),
		WITH_GATE(a_block_in_the_same_turn_counts_more),
		WITH_GATE(what_the_kernel_refuses_is_sent_again),
		WITH_GATE(a_flood_of_deliveries_is_bounded),
		WITH_GATE(allowances_come_and_go),
		WITH_GATE(a_start_says_all_again),
		cmocka_unit_test_setup_teardown(without_gates_nothing_is_done, setup_without, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
