/*
 * gate: the gates' table against the real kernel, in a network namespace of its own. That needs root; otherwise the
 * test is skipped and prints why. nft's output is the second opinion. tests/netns/gate.sh tests packets.
 */
#include "root/gate.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cmocka.h>

enum { SKIPPED = 77 };

#define TABLE "inet watchforspammers.gate"

/* True when the shell returns 0. */
__attribute__((format(printf, 1, 2))) static bool shell(const char *fmt, ...)
{
	char command[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(command, sizeof command, fmt, ap);
	va_end(ap);
	return system(command) == 0;
}

static bool shows(const char *text)
{
	return shell("nft list table " TABLE " 2>/dev/null | tr -s ' \\t\\n' ' ' | grep -qF -- '%s'", text);
}

static int clean(void **state)
{
	(void)state;
	return shell("nft flush ruleset") ? 0 : -1;
}

static struct root_config config_of(const char *networks)
{
	struct root_config config = {.backend = "nftables",
	                             .manage_rules = true,
	                             .chain = "SPAMMER",
	                             .hooks = ROOT_HOOK_INPUT,
	                             .list = "spammer",
	                             .ip6_prefix = 64,
	                             .seconds = 600};

	assert_null(gates_add(&config.gates, "mail"));
	assert_null(gates_read(&config.gates, "networks", networks));
	return config;
}

static struct gate_keeper *open_gate(const struct root_config *config)
{
	struct gate_keeper *keeper;
	struct why why;

	if (gate_open(config, false, &keeper, &why) < 0)
		fail_msg("gate_open: %s", why.text);
	return keeper;
}

static struct net net(const char *text)
{
	struct net ret;

	assert_true(net_parse(text, strlen(text), &ret));
	return ret;
}

static struct gate_counts count(struct gate_keeper *keeper)
{
	struct gate_counts counts = {0};
	uint32_t cursor = 0;
	struct why why;

	do
		assert_int_equal(gate_count(keeper, 0, &cursor, &counts, &why), 0);
	while (cursor != 0);
	return counts;
}

/* Sets outlive a stop, rules do not; a flush by others is found, and what passes must be said again. */
static void test_life(void **state)
{
	const struct root_config config = config_of("");
	struct gate_keeper *keeper = open_gate(&config);
	const struct gate_pass pass = {net("192.0.2.0/24"), 600};
	bool flag;
	struct why why;

	(void)state;
	assert_int_equal(gate_pass(keeper, &pass, 1, &why), 0);
	assert_false(shows("elements = { tcp"));
	assert_int_equal(gate_keep(keeper, true, &flag, &why), 0);
	assert_false(flag);
	assert_true(shows("elements = { tcp timeout 15m"));
	assert_true(shell("nft add element " TABLE " mail_window4 '{ 192.0.2.9 timeout 1h }'"));
	assert_int_equal(gate_close(keeper, BACKEND_REMOVE, &why), 0);
	assert_false(shows("goto"));
	assert_true(shows("192.0.2.9") && shows("192.0.2.0"));
	keeper = open_gate(&config);
	assert_true(shows("goto mail_gate4") && shows("@pass4_24 accept") && shows("192.0.2.9") && shows("192.0.2.0"));
	assert_true(shell("nft flush chain " TABLE " mail_door6"));
	assert_int_equal(gate_keep(keeper, true, &flag, &why), 0);
	assert_true(flag && shows("mail_wait6") && shows("192.0.2.9"));
	assert_true(shell("nft flush ruleset"));
	assert_int_equal(gate_keep(keeper, true, &flag, &why), 0);
	assert_true(flag && shows("elements = { tcp timeout 15m") && !shows("192.0.2.0"));
	assert_int_equal(gate_close(keeper, BACKEND_LEAVE, &why), 0);
	assert_true(shows("goto mail_gate4"));
	assert_int_equal(gate_clean(&config, &flag, &why), 0);
	assert_true(flag && !shell("nft list ruleset | grep -q ."));
	assert_int_equal(gate_clean(&config, &flag, &why), 0);
	assert_false(flag);
}

static void test_foreign(void **state)
{
	const struct root_config config = config_of("");
	struct gate_keeper *keeper;
	struct why why;
	bool flag;

	(void)state;
	assert_true(shell("nft add table " TABLE));
	assert_int_equal(gate_open(&config, false, &keeper, &why), -EEXIST);
	assert_non_null(strstr(why.text, "nft delete table " TABLE));
	assert_int_equal(gate_clean(&config, &flag, &why), 0);
	assert_false(flag);
}

/* Another gate's sets would stay for ever. */
static void test_renamed(void **state)
{
	struct root_config config = config_of("");
	struct why why;

	(void)state;
	assert_int_equal(gate_close(open_gate(&config), BACKEND_REMOVE, &why), 0);
	(void)strcpy(config.gates.gates[0].name, "smtp");
	assert_int_equal(gate_close(open_gate(&config), BACKEND_LEAVE, &why), 0);
	assert_false(shows("mail_"));
	assert_true(shows("smtp_window6"));
}

static void test_passes(void **state)
{
	const struct root_config config = config_of("");
	struct gate_keeper *const keeper = open_gate(&config);
	const struct gate_pass passes[] = {{net("192.0.2.7"), 60},
	                                   {net("198.51.100.0/25"), 60},
	                                   {net("2001:db8::/32"), 60},
	                                   {net("fc00::/7"), 60},
	                                   {net("192.0.2.8"), 60}};
	const struct net gone[] = {net("192.0.2.7"), net("2001:db8::/32"), net("203.0.113.0/24")};
	struct gate_pass again = {net("192.0.2.8"), 3600};
	struct why why;

	(void)state;
	assert_int_equal(gate_pass(keeper, passes, 5, &why), 0);
	assert_true(shows("192.0.2.7 timeout 1m") && shows("198.51.100.0 timeout 1m") &&
	            shows("2001:db8:: timeout 1m") && shows("fc00:: timeout 1m"));
	assert_true(shows("@pass6_7 accept"));
	assert_int_equal(gate_pass(keeper, &again, 1, &why), 0);
	assert_true(shows("192.0.2.8 timeout 1h"));
	assert_int_equal(gate_unpass(keeper, gone, 3, &why), 0);
	assert_false(shows("192.0.2.7 ") || shows("2001:db8:: "));
	/* Too many lengths: what is there stays. */
	for (uint8_t len = 1; len <= 49; len++) {
		struct net wide = net_around(&gone[1].addr, len);
		const int rc = gate_pass(keeper, &(struct gate_pass){wide, 60}, 1, &why);

		assert_true(rc == 0 || rc == -E2BIG);
		assert_true(rc == 0 || len > 40);
	}
	assert_non_null(strstr(why.text, "48 different lengths"));
	assert_true(shows("192.0.2.8 timeout 1h"));
	assert_int_equal(gate_close(keeper, BACKEND_REMOVE, &why), 0);
}

static void test_forget_and_count(void **state)
{
	const struct root_config config = config_of("");
	struct gate_keeper *const keeper = open_gate(&config);
	const struct net nets[] = {net("192.0.2.9"), net("2001:db8::9"), net("192.0.2.10")};
	struct gate_counts counts;
	char text[ADDR_TEXT_MAX];
	struct why why;

	(void)state;
	assert_true(shell("nft add element " TABLE
	                  " mail_window4 '{ 192.0.2.9 timeout 1h expires 50m, 192.0.2.11 timeout 1h expires 30m, "
	                  "192.0.2.12 timeout 1h expires 59m }'"));
	assert_true(shell("nft add element " TABLE " mail_window6 '{ 2001:db8:: timeout 1h }'"));
	assert_true(shell("nft add element " TABLE " mail_paused4 '{ 192.0.2.12 timeout 1h }'"));
	assert_true(shell("nft add element " TABLE " mail_came4 '{ 192.0.2.9 timeout 1h }'"));
	counts = count(keeper);
	assert_int_equal(counts.paused, 1);
	assert_int_equal(counts.window, 3);
	assert_int_equal(counts.waits_s / 60, 30);
	(void)addr_text(&counts.waits, text);
	assert_string_equal(text, "192.0.2.11");
	assert_int_equal(gate_forget(keeper, nets, 3, &why), 0);
	counts = count(keeper);
	assert_int_equal(counts.window, 1); /* 192.0.2.11, and 192.0.2.12 paused */
	assert_false(shows("2001:db8::"));
	assert_int_equal(gate_close(keeper, BACKEND_REMOVE, &why), 0);
}

/* A network is no client: its first address goes on waiting when the network is blocked. */
static void test_forget_network(void **state)
{
	const struct root_config config = config_of("");
	struct gate_keeper *const keeper = open_gate(&config);
	const struct net nets[] = {net("192.0.2.0/24"), net("2001:db8::/48"), net("192.0.2.9")};
	struct why why;

	(void)state;
	assert_true(shell("nft add element " TABLE
	                  " mail_window4 '{ 192.0.2.0 timeout 1h, 192.0.2.9 timeout 1h, 192.0.2.10 timeout 1h }'"));
	assert_true(shell("nft add element " TABLE " mail_window6 '{ 2001:db8:: timeout 1h }'"));
	assert_int_equal(gate_forget(keeper, nets, 3, &why), 0);
	assert_true(shows("192.0.2.0 ") && shows("192.0.2.10 ") && shows("2001:db8:: "));
	assert_false(shows("192.0.2.9 "));
	assert_int_equal(gate_close(keeper, BACKEND_REMOVE, &why), 0);
}

/* Clients may be named twice: two hits of one turn, or two addresses of a network that waits as one. */
static void test_twice(void **state)
{
	const struct root_config config = config_of("");
	struct gate_keeper *const keeper = open_gate(&config);
	const struct net nets[] = {net("192.0.2.7"), net("2001:db8::1/128"), net("192.0.2.7"), net("2001:db8::2/128")};
	const struct gate_pass passes[] = {
		{net("192.0.2.7"), 60}, {net("192.0.2.8"), 60}, {net("192.0.2.7"), 3600}, {net("192.0.2.8"), 60}};
	struct why why;

	(void)state;
	assert_int_equal(gate_pass(keeper, passes, 4, &why), 0);
	assert_true(shows("192.0.2.7 timeout 1h") && shows("192.0.2.8 timeout 1m"));
	assert_int_equal(gate_unpass(keeper, nets, 4, &why), 0);
	assert_false(shows("192.0.2.7 "));
	assert_true(shell("nft add element " TABLE " mail_window4 '{ 192.0.2.7 timeout 1h }'"));
	assert_int_equal(gate_forget(keeper, nets, 4, &why), 0);
	assert_false(shows("192.0.2.7 "));
	assert_int_equal(gate_close(keeper, BACKEND_REMOVE, &why), 0);
}

/* The largest configuration is still one transaction. */
static void test_largest(void **state)
{
	struct root_config config = config_of("");
	struct gate_keeper *keeper;
	struct why why;

	(void)state;
	config.hooks = ROOT_HOOK_INPUT | ROOT_HOOK_FORWARD;
	for (int i = 0; i < 4; i++) {
		char text[512] = "";

		for (int k = 0; k < GATES_NETWORKS_MAX; k++)
			(void)snprintf(text + strlen(text), sizeof text - strlen(text), "2001:db8:%x:%x::/64 ", i, k);
		(void)snprintf(config.gates.gates[0].name, GATES_NAME_MAX, "a12345678901234");
		if (i > 0) {
			char name[GATES_NAME_MAX];

			(void)snprintf(name, sizeof name, "%c12345678901234", 'a' + i);
			assert_null(gates_add(&config.gates, name));
		}
		assert_null(gates_read(&config.gates, "networks", text));
	}
	keeper = open_gate(&config);
	for (uint8_t len = 1; len <= 48; len++) {
		const struct addr addr = {{0x20, 1, 0xD, 0xB8}};

		if (gate_pass(keeper, &(struct gate_pass){net_around(&addr, len), 60}, 1, &why) < 0)
			fail_msg("length %u: %s", len, why.text);
	}
	assert_true(shows("@pass6_48 accept"));
	assert_int_equal(gate_close(keeper, BACKEND_REMOVE, &why), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_life, clean),
		cmocka_unit_test_setup(test_foreign, clean),
		cmocka_unit_test_setup(test_renamed, clean),
		cmocka_unit_test_setup(test_passes, clean),
		cmocka_unit_test_setup(test_forget_and_count, clean),
		cmocka_unit_test_setup(test_forget_network, clean),
		cmocka_unit_test_setup(test_twice, clean),
		cmocka_unit_test_setup(test_largest, clean),
	};

	if (geteuid() != 0 || unshare(CLONE_NEWNET | CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 || !shell("nft list ruleset >/dev/null 2>&1")) {
		printf("1..0 # SKIP needs root, network namespaces and nft\n");
		return SKIPPED;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
