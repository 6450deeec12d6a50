/*
 * blocklist: files and what is allowed on one side, the kernel's lists, played by the test, on the other. A model
 * knows which addresses must be blocked. The networks are those of RFC 2544, which contain no test machine's own
 * address.
 */
#include "pipeline/blocklist.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "far.h"
#include "testlib.h"

enum { REFRESH_S = 300 };

static const struct portlists ports = {.n = 1};
static const int64_t now_s = 1795181862;

static char directory[32], paths[2][64];
static struct config *config;
static struct far far;
static struct client client;
static struct store *store;
static struct verdict *verdict;
static struct allowlist *allowlist;
static struct reconcile *reconcile;
static struct blocklist *list;
static struct why why;

static void configure(void)
{
	config->block.files.n = 2;
	for (size_t i = 0; i < 2; i++) {
		free(config->block.files.list[i]);
		config->block.files.list[i] = strdup(paths[i]);
	}
	blocklist_configure(list, &config->block.files);
}

static int setup(void **state)
{
	static const struct verdict_policy policy = {.threshold = 100, .window_s = 3600, .n_for = 1, .for_s = {600}};

	(void)state;
	(void)strcpy(directory, "/tmp/wfs-block-XXXXXX");
	if (mkdtemp(directory) == NULL || config_read("/nonexistent", true, &config, &why) < 0)
		return -1;
	for (size_t i = 0; i < 2; i++)
		(void)snprintf(paths[i], sizeof paths[i], "%s/%zu", directory, i);
	client_init(&client, far_open(&far));
	far.watched = true;
	if (store_open(NULL, STORE_WRITE, &store, &why) < 0)
		return -1;
	verdict = verdict_new(&policy);
	verdict_at(verdict, now_s);
	allowlist = allowlist_new(config);
	(void)allowlist_refresh(allowlist, verdict, &why);
	reconcile = reconcile_new(store, &ports, &client, REFRESH_S, now_s);
	if (reconcile_load(reconcile, now_s, &why) < 0)
		return -1;
	list = blocklist_new(0);
	configure();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	blocklist_free(list);
	blocklist_free(NULL);
	far_close(&far, client.fd);
	reconcile_free(reconcile);
	allowlist_free(allowlist);
	verdict_free(verdict);
	store_close(store);
	config_free(config);
	for (size_t i = 0; i < 2; i++)
		(void)unlink(paths[i]);
	return rmdir(directory);
}

/* A file of its own each time, so that it is another one however fast the test is. */
static void put(size_t i, const char *text)
{
	char fresh[80];

	(void)snprintf(fresh, sizeof fresh, "%s.new", paths[i]);
	write_text(fresh, text);
	assert_int_equal(rename(fresh, paths[i]), 0);
}

/* Brings all to the kernel. */
static struct blocklist_change moved(void)
{
	struct blocklist_change change = {0};
	struct reconcile_result result;
	bool ended;

	(void)allowlist_refresh(allowlist, verdict, &why);
	(void)blocklist_refresh(list, verdict, allowlist, reconcile, &why);
	while (blocklist_moves(list) || reconcile_is_busy(reconcile)) {
		if (blocklist_moves(list))
			assert_int_equal(blocklist_move(list, reconcile, now_s, NULL, &ended, &change, &why), 0);
		if (reconcile_is_busy(reconcile))
			assert_int_equal(reconcile_compare(reconcile, &(struct reconcile_rule){verdict, true}, now_s,
			                                   &result, &why),
			                 0);
	}
	return change;
}

static bool closed(const char *address)
{
	const struct net host = net_from(address);

	for (size_t i = 0; i < far.n; i++) {
		struct net net = {.len = far.set[i].len};

		memcpy(net.addr.bytes, far.set[i].addr, sizeof net.addr.bytes);
		if (net_has(&net, &host.addr))
			return true;
	}
	return false;
}

static void expect_place(const char *net, const char *as, size_t file, uint32_t line)
{
	const struct net n = net_from(net);
	struct blocklist_place place;
	struct net want;

	if (as == NULL) {
		assert_false(blocklist_find(list, &n, &place));
		return;
	}
	want = net_from(as);
	assert_true(blocklist_find(list, &n, &place));
	assert_int_equal(net_order(&place.net, &want), 0);
	assert_string_equal(place.path, paths[file]);
	assert_int_equal(place.line, line);
}

/* In, out, in two files, and where each is listed. */
static void test_files(void **state)
{
	struct blocklist_change change;

	(void)state;
	assert_null(blocklist_trouble(list));
	put(0, "198.18.2.0/24\n198.18.100.7 ; SBL1\n");
	put(1, "{\"cidr\":\"198.18.2.0/25\"}\n\n198.18.113.0/24\n198.18.2.0/24\n");
	change = moved();
	assert_int_equal(change.n, 3);
	assert_int_equal(change.added, 3);
	assert_true(closed("198.18.2.200") && closed("198.18.100.7") && closed("198.18.113.9"));
	assert_false(closed("198.18.100.8"));
	expect_place("198.18.2.1", "198.18.2.0/24", 0, 1);
	expect_place("198.18.113.0/25", "198.18.113.0/24", 1, 3);
	expect_place("198.18.112.0/23", NULL, 0, 0);
	expect_place("198.18.100.7", "198.18.100.7", 0, 2);
	expect_place("198.18.100.8", NULL, 0, 0);
	put(0, "198.18.100.0/24\n"); /* 198.18.2.0/24 is in the other one as well */
	change = moved();
	assert_int_equal(change.added, 1);
	assert_int_equal(change.removed, 1);
	assert_true(closed("198.18.2.200") && closed("198.18.100.8"));
	expect_place("198.18.2.1", "198.18.2.0/24", 1, 4);
	put(1, "");
	change = moved();
	assert_int_equal(change.removed, 2);
	assert_false(closed("198.18.2.200") || closed("198.18.113.9"));
	assert_true(closed("198.18.100.8"));
	assert_int_equal(unlink(paths[0]), 0); /* what it held before holds */
	(void)moved();
	assert_true(closed("198.18.100.8"));
	assert_non_null(strstr(blocklist_trouble(list), "No such file or directory"));
	config->block.files.n = 0;
	blocklist_configure(list, &config->block.files);
	expect_place("198.18.100.8", NULL, 0, 0);
	(void)moved();
	assert_int_equal(far.n, 0);
	assert_null(blocklist_trouble(list));
	config->block.files.n = 2;
}

/* The block of a client in it stays when the network goes, and the network when the block does. */
static void test_with_blocks(void **state)
{
	const struct block block = {.net = net_from("198.18.2.7"),
	                            .since_s = now_s,
	                            .until_s = now_s + 600,
	                            .cause = BLOCK_MANUAL,
	                            .id = 1};
	size_t refused;

	(void)state;
	put(0, "198.18.2.7\n");
	put(1, "");
	(void)moved();
	assert_int_equal(reconcile_add(reconcile, &block, 1, now_s, &refused, &why), 0);
	put(0, "");
	(void)moved();
	assert_true(closed("198.18.2.7"));
	put(0, "198.18.2.7\n");
	(void)moved();
	assert_int_equal(reconcile_del(reconcile, &block, 1, now_s, &why), 0);
	assert_true(closed("198.18.2.7"));
	assert_int_equal(reconcile_load(reconcile, now_s, &why), 0); /* it is in no database, and stays */
	(void)moved();
	assert_true(closed("198.18.2.7"));
	assert_int_equal(reconcile_next_end(reconcile) > now_s + 100L * 366 * 86400, true);
}

/* What is allowed is open at once, and closed again afterwards; the rest of its network stays closed. */
static void test_allowed(void **state)
{
	const struct net host = net_from("198.18.2.7"), host6 = net_from("2001:db8:0:7::1"),
			 whole = net_from("198.18.100.0/24");

	(void)state;
	put(0, "198.18.2.0/24\n2001:db8::/56\n198.18.100.0/24\n");
	put(1, "127.0.0.0/8\n0.0.0.0/0\n"); /* neither, and what is in them is blocked all the same */
	assert_int_equal(moved().left_out, 2);
	assert_true(closed("198.18.2.7") && closed("2001:db8:0:7::1"));
	verdict_allow_earned(verdict, &host, now_s + 60);
	verdict_allow_earned(verdict, &host6, now_s + 60);
	verdict_allow_earned(verdict, &whole, now_s + 60);
	(void)moved();
	for (unsigned i = 0; i < 256; i++) {
		char address[16];

		(void)snprintf(address, sizeof address, "198.18.2.%u", i);
		if (closed(address) != (i != 7))
			fail_msg("%s is %s", address, closed(address) ? "closed" : "open");
	}
	assert_false(closed("2001:db8:0:7::1") || closed("2001:db8:0:7::2")); /* its host's network */
	assert_true(closed("2001:db8:0:6::1") && closed("2001:db8:0:ff::1"));
	assert_false(closed("198.18.100.1"));
	expect_place("198.18.2.7", "198.18.2.0/24", 0, 1);
	verdict_at(verdict, now_s + 60);
	(void)moved();
	assert_true(closed("198.18.2.7") && closed("2001:db8:0:7::2") && closed("198.18.100.1"));
	verdict_allow(verdict, &host, 1); /* by the allow list, which does not know: as after a reload */
	put(1, "");
	(void)moved();
	assert_false(closed("198.18.2.7"));
	assert_true(closed("198.18.2.8"));
}

/* Random networks and allowances, again and again: of some addresses it is known which must be closed. */
static void test_model(void **state)
{
	enum { ROUNDS = 60, NETS = 40, HOSTS = 256 };

	(void)state;
	put(1, "");
	for (int round = 0; round < ROUNDS; round++) {
		struct net nets[NETS], allowed[4];
		char text[NETS * (NET_TEXT_MAX + 1)] = "", one[NET_TEXT_MAX];
		size_t at = 0, n = random_below(NETS);

		for (size_t i = 0; i < n; i++) {
			const struct addr addr = {{[10] = 0xFF, 0xFF, 198, 18, 2, (uint8_t)random_below(256)}};

			nets[i] = net_around(&addr, (uint8_t)(128 - random_below(7)));
			(void)net_text(&nets[i], one);
			at += (size_t)snprintf(text + at, sizeof text - at, "%s\n", one);
		}
		for (size_t i = 0; i < 4; i++) {
			const struct addr addr = {{[10] = 0xFF, 0xFF, 198, 18, 2, (uint8_t)random_below(256)}};

			allowed[i] = net_around(&addr, (uint8_t)(128 - random_below(4)));
		}
		verdict_allow(verdict, allowed, 4);
		put(0, text);
		(void)moved();
		for (unsigned h = 0; h < HOSTS; h++) {
			const struct addr addr = {{[10] = 0xFF, 0xFF, 198, 18, 2, (uint8_t)h}};
			bool want = false;

			for (size_t i = 0; i < n; i++)
				want |= net_has(&nets[i], &addr);
			for (size_t i = 0; i < 4; i++)
				want &= !net_has(&allowed[i], &addr);
			(void)snprintf(one, sizeof one, "198.18.2.%u", h);
			if (closed(one) != want)
				fail_msg("round %d: %s is %s", round, one, want ? "open" : "closed");
		}
	}
}

/* What does not fit stays out, but not all of them. */
static void test_capacity(void **state)
{
	enum { N = 3000, CAPACITY = 1000 };
	char *const text = malloc(N * 16);
	size_t at = 0;

	(void)state;
	assert_non_null(text);
	for (unsigned i = 0; i < N; i++)
		at += (size_t)sprintf(text + at, "198.18.%u.%u\n", i / 250, i % 250);
	put(0, text);
	free(text);
	put(1, "");
	far.capacity = CAPACITY;
	far.watched = false;
	(void)moved();
	assert_in_range(far.n, CAPACITY / 2, CAPACITY);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {TEST(test_files), TEST(test_with_blocks), TEST(test_allowed),
	                                   TEST(test_model), TEST(test_capacity)};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
