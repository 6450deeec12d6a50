/*
 * admin: manual requests on a database in memory; the time is a number. There is no root process: a closed socket
 * refuses what the kernel would receive, and the replies come from the database.
 */
#include "admin/admin.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "pipeline/restore.h"
#include "store/hits.h"
#include "store/reputation.h"
#include "store/sql.h"

static const struct portlists ports = {.n = 1};

enum { NOW = 1800000000 };

static struct {
	struct config *config;
	struct store *store;
	struct verdict *verdict;
	struct client client;
	struct reconcile *reconcile;
	struct pending *pending;
	int64_t now_s;
} f;
static char *reply; /* the last reply, as it is sent */

static void start(void)
{
	struct why why;

	verdict_free(f.verdict);
	if (restore_verdict(&(struct restore_from){.store = f.store, .config = f.config, .live = true}, f.now_s,
	                    &f.verdict, &why) != 0)
		fail_msg("%s", why.text);
}

static int setup(void **state)
{
	struct why why;
	int pair[2];

	(void)state;
	f.now_s = NOW;
	if (config_read("/nonexistent", true, &f.config, &why) < 0 ||
	    store_open(NULL, STORE_WRITE, &f.store, &why) < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	(void)close(pair[1]);
	client_init(&f.client, pair[0]);
	/* As root reported before it exited. */
	lengths_add(&f.client.lengths, true, 96 + 24);
	lengths_add(&f.client.lengths, true, 128);
	lengths_add(&f.client.lengths, false, 48);
	lengths_add(&f.client.lengths, false, 64);
	lengths_add(&f.client.lengths, false, 128);
	f.reconcile = reconcile_new(f.store, &ports, &f.client, 300, NOW);
	f.pending = pending_new(f.store);
	start();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	reconcile_free(f.reconcile);
	pending_free(f.pending);
	(void)close(f.client.fd);
	verdict_free(f.verdict);
	store_close(f.store);
	config_free(f.config);
	memset(&f, 0, sizeof f);
	return 0;
}

/* Sends a request, checks that it was accepted or not; the reply is valid until the next call. */
static json_t *ask(const char *line, bool ok)
{
	static json_t *json;
	const struct admin admin = {f.store, f.verdict, f.reconcile, NULL, f.config, NULL, NULL, f.pending};
	struct protocol_request r;
	struct admin_todo todo;
	struct why why;
	size_t len;

	json_decref(json);
	json = reply_new();
	if (protocol_parse((struct span){line, strlen(line)}, &r, &why) < 0)
		fail_msg("%s: %s", line, why.text);
	verdict_at(f.verdict, f.now_s);
	admin_run(&admin, &r, "uid 0 (root)", f.now_s, json, &todo);
	assert_true(todo.rc == 0 || todo.rc == -EPIPE);
	if (todo.restore)
		start(); /* as the engine does */
	free(reply);
	reply = reply_line(json, &len);
	assert_true(len < REPLY_MAX);
	if (json_is_true(json_object_get(json, "ok")) != ok)
		fail_msg("%s: got %s", line, reply);
	return json;
}

static void want_number(const char *line, const char *key, json_int_t want)
{
	if (json_integer_value(json_object_get(ask(line, true), key)) != want)
		fail_msg("%s: got %s, want %s %lld", line, reply, key, (long long)want);
}

static void want_text(const char *line, const char *key, const char *want)
{
	const char *const got = json_string_value(json_object_get(ask(line, true), key));

	if (got == NULL || strcmp(got, want) != 0)
		fail_msg("%s: got %s, want %s \"%s\"", line, reply, key, want);
}

static void want_true(const char *line, const char *key, bool want)
{
	const json_t *const got = json_object_get(ask(line, true), key); /* json_is_true reads its argument twice */

	if (json_is_true(got) != want)
		fail_msg("%s: got %s, want %s %s", line, reply, key, want ? "true" : "false");
}

static void want_rows(const char *line, const char *key, size_t want)
{
	if (json_array_size(json_object_get(ask(line, true), key)) != want)
		fail_msg("%s: got %s, want %zu %s", line, reply, want, key);
}

static void test_block(void **state)
{
	(void)state;
	want_true("test 192.0.2.7", "blocked", false);
	want_text("block 192.0.2.7", "until", "2027-01-15T08:10:00Z"); /* 10 m, as its first would be */
	want_text("test 192.0.2.7", "by", "192.0.2.7");
	want_text("block 192.0.2.7 for 1h reason \"so\"", "until", "2027-01-15T09:00:00Z");
	want_rows("list", "list", 1); /* the later one replaces */
	assert_string_equal(json_string_value(json_object_get(
				    json_array_get(json_object_get(ask("list", true), "list"), 0), "reason")),
	                    "\"so\"");
	want_rows("why 192.0.2.7", "blocks", 2);
	start(); /* outlives a restart, and is no offence */
	want_true("test 192.0.2.7", "blocked", true);
	want_number("test 192.0.2.7", "offence", 1);
	want_rows("unblock 192.0.2.7", "lifted", 1);
	want_rows("unblock 192.0.2.7", "lifted", 0);
	want_true("test 192.0.2.7", "blocked", false);
	/* The kernel was not updated, and the reply reports it. */
	want_number("block 192.0.2.0/30 for 60", "entries", 4);
	want_number("block 192.0.2.0/30 for 60", "refused", 4);
	want_text("block 192.0.2.0/30 for 60", "refused_why", "the root process is gone");
	want_number("vote black 192.0.2.9 score 100", "refused", 1);
	(void)ask("block 192.0.2.7 for 60", true);
	f.now_s += 60;
	want_true("test 192.0.2.7", "blocked", false);
	(void)ask("block 127.0.0.1", false);
	(void)ask("block 224.0.0.1", false);
	(void)ask("block 169.254.0.0/16", false);
}

static void test_allowed(void **state)
{
	struct net net;

	(void)state;
	assert_true(net_parse("192.0.2.0/28", 12, &net));
	verdict_allow(f.verdict, &net, 1);
	(void)ask("block 192.0.2.7", false);
	(void)ask("block 192.0.2.0/24", false); /* an allowed address lives in it */
	(void)ask("vote black 192.0.2.7", false);
	(void)ask("block 192.0.2.16", true);
	want_true("test 192.0.2.7", "allowed", true);
	want_true("vote white 192.0.2.7", "allowed", true);
}

/* For a while, by hand: as under [allow], over a restart, until it is over or ended. */
static void test_allow(void **state)
{
	(void)state;
	(void)ask("vote black 192.0.2.7 score 100", true);
	(void)ask("block 192.0.2.0/24 for 1h", true);
	want_number("allow 192.0.2.7 for 10m reason a \"customer\"", "n_lifted", 2);
	want_true("test 192.0.2.7", "allowed", true);
	want_true("test 192.0.2.7", "blocked", false);
	want_text("test 192.0.2.7", "allowed_by", "by hand");
	want_text("test 192.0.2.7", "why", "allowed (by hand), as 192.0.2.7: a \"customer\"");
	want_text("test 192.0.2.7", "allowed_until",
	          "2027-01-15T08:10:00Z"); /* the sentence has no time: zones differ */
	want_text("test 192.0.2.7", "allowed_reason", "a \"customer\"");
	start();
	want_true("test 192.0.2.7", "allowed", true);
	(void)ask("vote black 192.0.2.7 score 100", false);
	(void)ask("block 192.0.2.7", false);
	(void)ask("block 192.0.2.0/24", false);
	f.now_s += 600;
	want_true("test 192.0.2.7", "allowed", false);
	want_true("vote black 192.0.2.7 score 100", "blocked", true);

	/* Without a time: 31 days; a later one replaces it, also when it is shorter; a network as well. */
	want_text("allow 198.51.100.0/24", "allowed_until", "2027-02-15T08:10:00Z");
	want_text("allow 198.51.100.0/24 for 1h", "allowed_until", "2027-01-15T09:10:00Z");
	want_text("test 198.51.100.9", "why", "allowed (by hand), as 198.51.100.0/24");
	want_text("test 198.51.100.9", "allowed_as", "198.51.100.0/24");
	(void)ask("disallow 198.51.100.9", false); /* it is a part */
	assert_non_null(strstr(reply, "'disallow 198.51.100.0/24'"));
	want_true("disallow 198.51.100.0/24", "allowed", false);
	want_true("test 198.51.100.9", "allowed", false);
	(void)ask("disallow 198.51.100.0/24", false);
	start();
	want_true("test 198.51.100.9", "allowed", false);
	want_true("vote black 198.51.100.9 score 100", "blocked", true);
}

/* What an address earned besides does not shorten what was given, nor the other way. */
static void test_allow_and_earn(void **state)
{
	const struct net net = net_of(&(struct addr){{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, 7}});
	struct why why;

	(void)state;
	(void)ask("allow 192.0.2.7 for 2h", true);
	assert_int_equal(store_add_allowance(f.store, &net, f.now_s, f.now_s + 3600, "dns-list", NULL, &why), 0);
	verdict_allow_earned(f.verdict, &net, f.now_s + 3600);
	f.now_s += 5400;
	want_true("test 192.0.2.7", "allowed", true);
	start();
	want_true("test 192.0.2.7", "allowed", true);
	assert_int_equal(store_add_allowance(f.store, &net, f.now_s, f.now_s + 3600, "dns-list", NULL, &why), 0);
	want_text("allow 192.0.2.7 for 60", "allowed_by", "dns-list");
	f.now_s += 1800;
	want_true("test 192.0.2.7", "allowed", true);
	want_true("disallow 192.0.2.7", "allowed", false); /* whatever it is for */
	start();
	want_true("test 192.0.2.7", "allowed", false);
}

static void test_unblock_all(void **state)
{
	(void)state;
	(void)ask("block 192.0.2.7", true);
	(void)ask("block 198.51.100.0/24", true);
	(void)ask("block 2001:db8::7", true);
	(void)ask("vote black 192.0.2.8 score 100", true);
	(void)ask("vote black 192.0.2.9 score 99", true);
	want_number("unblock all reason an accident", "n_lifted", 4);
	want_rows("list", "list", 0);
	want_number("test 192.0.2.9", "score", 0);
	want_number("unblock all", "n_lifted", 0);
	start(); /* nothing comes back, nor counts */
	want_rows("list", "list", 0);
	want_true("test 192.0.2.7", "blocked", false);
	want_number("test 192.0.2.9", "score", 0);
	f.now_s += 1;
	want_number("vote black 192.0.2.9 score 99", "score", 99);
	start();
	want_number("test 192.0.2.9", "score", 99);
}

static void test_networks(void **state)
{
	static const struct {
		const char *net, *inside, *outside;
		json_int_t entries; /* 0: refused */
	} rows[] = {
		{"198.51.100.0/24", "198.51.100.255", "198.51.101.0", 1},
		{"198.51.100.16/28", "198.51.100.31", "198.51.100.32", 16},
		{"198.51.100.128/25", "198.51.100.255", "198.51.100.127", 128},
		{"198.51.0.0/16", "198.51.255.255", "198.52.0.0", 256},
		{"198.48.0.0/14", "198.51.255.255", "198.52.0.0", 1024},
		{"198.48.0.0/13", NULL, NULL, 0},
		{"100.0.0.0/8", NULL, NULL, 0},
		{"2001:db8:7::/48", "2001:db8:7:ffff::1", "2001:db8:8::", 1},
		{"2001:db8:7:7::/64", "2001:db8:7:7::1", "2001:db8:7:8::1", 1},
		{"2001:db8:7:700::/56", "2001:db8:7:7ff::1", "2001:db8:7:800::1", 256},
		{"2001:db8:700::/40", "2001:db8:7ff::1", "2001:db8:800::1", 256},
		{"2001:db8:7:7::8/125", "2001:db8:7:7::f", "2001:db8:7:7::7", 8},
		{"2001:db8::/32", NULL, NULL, 0},
		{"2001:db8::/96", NULL, NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char line[128];

		(void)snprintf(line, sizeof line, "block %s", rows[i].net);
		if (rows[i].entries == 0) {
			(void)ask(line, false);
			continue;
		}
		want_number(line, "entries", rows[i].entries);
		(void)snprintf(line, sizeof line, "test %s", rows[i].net);
		want_true(line, "blocked", true);
		(void)snprintf(line, sizeof line, "test %s", rows[i].inside);
		want_true(line, "blocked", true);
		(void)snprintf(line, sizeof line, "test %s", rows[i].outside);
		want_true(line, "blocked", false);
		(void)snprintf(line, sizeof line, "unblock %s", rows[i].net);
		want_rows(line, "lifted", 1);
		(void)snprintf(line, sizeof line, "test %s", rows[i].inside);
		want_true(line, "blocked", false);
	}
	/* One address of a network: the network's block is ended. */
	(void)ask("block 198.51.100.0/24", true);
	want_rows("unblock 198.51.100.9", "lifted", 1);
	want_true("test 198.51.100.8", "blocked", false);
}

static void test_votes(void **state)
{
	(void)state;
	want_number("vote black 192.0.2.7", "score", 50);
	start();
	want_number("test 192.0.2.7", "score", 50);
	want_true("vote black 192.0.2.7", "blocked", true);
	want_true("vote black 192.0.2.7", "counted", false); /* blocked already */
	start();
	want_true("test 192.0.2.7", "blocked", true);
	want_number("test 192.0.2.7", "offence", 2);
	want_rows("vote white 192.0.2.7", "lifted", 1); /* in the second it began */
	for (int i = 0; i < 10; i++)
		want_true("vote black 192.0.2.7 score 1000000", "counted", false);
	want_true("test 192.0.2.7", "blocked", false);
	want_number("test 192.0.2.7", "score", -100);
	start();
	want_number("test 192.0.2.7", "score", -100);
	/* Also one that somebody blocked by hand. */
	(void)ask("block 192.0.2.8 for 7d", true);
	want_rows("vote white 192.0.2.8", "lifted", 1);
	/* When the white vote has left the window, black ones count again. */
	f.now_s += f.config->block.window_s;
	want_true("vote black 192.0.2.7 score 100", "blocked", true);
	/* Before any white vote, never mind the order: white outweighs. */
	want_number("vote black 192.0.2.9 score 99", "score", 99);
	want_number("vote white 192.0.2.9", "score", -1);
}

static void test_unblock_forgets(void **state)
{
	(void)state;
	(void)ask("vote black 192.0.2.7 score 99", true);
	(void)ask("vote black 198.51.100.7 score 99", true);
	(void)ask("unblock 192.0.2.7", true);
	(void)ask("unblock 198.51.100.0/24", true);
	want_number("test 192.0.2.7", "score", 0);
	want_number("test 198.51.100.7", "score", 0);
	start();
	want_number("test 192.0.2.7", "score", 0);
	want_number("test 198.51.100.7", "score", 0);
	f.now_s += 1;
	want_number("vote black 192.0.2.7 score 99", "score", 99);
	want_number("vote black 198.51.100.7 score 99", "score", 99);
	start();
	want_number("test 192.0.2.7", "score", 99);
	want_number("test 198.51.100.7", "score", 99);
}

static int refuse(void *unused)
{
	(void)unused;
	return 1;
}

static void let_commit(bool yes)
{
	(void)sqlite3_commit_hook(f.store->db, yes ? NULL : refuse, NULL);
}

/* A vote that could not be written counts nowhere: memory is what a restart would find. */
static void test_vote_not_written(void **state)
{
	(void)state;
	f.config->block.network_after = 3;
	f.config->block.max_blocks_per_minute = 3;
	start();
	(void)ask("vote black 192.0.2.7 score 40", true);
	f.now_s += 1;
	(void)ask("vote black 192.0.2.7 score 40", true);
	let_commit(false);
	(void)ask("vote black 192.0.2.7 score 10", false); /* not enough */
	want_number("test 192.0.2.7", "score", 80);
	for (int i = 0; i < 3; i++)
		(void)ask("vote black 192.0.2.7", false); /* enough */
	want_number("test 192.0.2.7", "score", 80);
	want_number("test 192.0.2.7", "offence", 1);
	want_true("test 192.0.2.7", "blocked", false);
	(void)ask("vote black 192.0.2.8", false); /* nothing was known of it */
	want_number("test 192.0.2.8", "score", 0);
	(void)ask("vote white 192.0.2.7", false);
	(void)ask("block 192.0.2.7", false);
	(void)ask("unblock 192.0.2.7", false);
	(void)ask("unblock all", false);
	(void)ask("allow 192.0.2.7", false);
	want_true("test 192.0.2.7", "allowed", false);
	want_number("test 192.0.2.7", "score", 80);
	let_commit(true);
	want_true("vote black 192.0.2.9 score 100", "blocked", true);
	let_commit(false);
	(void)ask("vote black 192.0.2.10 score 100", false);
	let_commit(true);
	want_true("vote black 192.0.2.7", "blocked", true);
	want_true("test 192.0.2.99", "blocked", false); /* two of the network, not three */
	start();
	want_true("vote black 192.0.2.11 score 100", "blocked", true);
	want_true("test 192.0.2.99", "blocked", true);
}

static void want_keys(const char *line, const json_t *object, const char *const keys[])
{
	for (size_t i = 0; keys[i] != NULL; i++)
		if (json_object_get(object, keys[i]) == NULL)
			fail_msg("%s: no \"%s\" in %s", line, keys[i], reply);
}

/* The members that the commands promise are in the replies as well: one place makes both. */
static void test_members(void **state)
{
	static const char *const list[] = {"address", "since",   "until",  "rule",    "reason", "category",
	                                   "hits",    "offence", "knocks", "knocked", NULL};
	static const char *const blocks[] = {"since",  "until",   "offence", "ended_by", "address",
	                                     "knocks", "knocked", "rule",    "reason",   NULL};
	static const char *const hits[] = {"time",   "rule", "score",  "detail",  "file",
	                                   "offset", "text", "reason", "address", NULL};
	static const char *const why[] = {"address",       "blocked",    "until",          "by",      "allowed",
	                                  "score",         "threshold",  "proven",         "offence", "allowed_by",
	                                  "allowed_until", "allowed_as", "allowed_reason", "why",     NULL};
	static const char *const status[] = {
		"logs",         "hits",     "blocks_active", "blocks_total", "backend",   "capacity", "drift",
		"last_sync_at", "running",  "rules_fault",   "tracked",      "forgotten", "braked",   "refused",
		"refused_why",  "prefixes", "suspended",     "ports",        "addresses", "earned",   NULL};

	(void)state;
	(void)ask("vote black 192.0.2.7 score 100 reason spam", true);
	want_keys("list", json_array_get(json_object_get(ask("list", true), "list"), 0), list);
	want_keys("why", json_array_get(json_object_get(ask("why 192.0.2.7", true), "blocks"), 0), blocks);
	want_keys("why", json_array_get(json_object_get(ask("why 192.0.2.7", true), "hits"), 0), hits);
	want_keys("why", ask("why 192.0.2.7", true), why);
	want_keys("why", ask("why 192.0.2.0/24", true), why);
	want_keys("status", ask("status", true), status);
	want_number("status", "hits", 1);
	want_rows("status", "suspended", 0);
	assert_true(json_is_array(json_object_get(ask("status", true), "suspended")));
}

/* Of a network: what its addresses did, and every block of it, around it and in it; as the command shows it. */
static void test_why_network(void **state)
{
	(void)state;
	(void)ask("vote black 192.0.2.7 score 100", true);
	(void)ask("vote black 192.0.2.8 score 1", true);
	(void)ask("vote black 192.0.3.7 score 100", true);
	(void)ask("block 192.0.2.0/25 for 1h", true);
	(void)ask("block 192.0.0.0/16 for 1h", true);
	want_rows("why 192.0.2.0/24", "hits", 2);
	want_rows("why 192.0.2.0/24", "blocks", 3);
	want_rows("why 192.0.2.7", "hits", 1);
	want_rows("why 192.0.2.7", "blocks", 3);
}

/* Lines full of what JSON escapes are as large as can be: the reply is still one. */
static void test_why_large(void **state)
{
	const struct addr addr = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, 7}};
	char quotes[STORE_LINE_MAX];
	struct store_hit hit = {.time_s = NOW,
	                        .address = addr,
	                        .rule = 1,
	                        .text = {quotes, sizeof quotes - 1},
	                        .detail = {quotes, STORE_DETAIL_MAX - 1}};
	struct why why;

	(void)state;
	memset(quotes, '"', sizeof quotes);
	assert_int_equal(store_rule(f.store, "r", "c", "r", &hit.rule, &why), 0);
	for (int i = 0; i < 50; i++) {
		hit.time_s = NOW + i;
		assert_int_equal(store_add_hits(f.store, &hit, 1, &why), 0);
	}
	for (int i = 0; i < 30; i++)
		(void)ask("block 192.0.2.7 for 60", true);
	want_rows("why 192.0.2.7", "blocks", ADMIN_BLOCKS_SHOWN);
	assert_in_range(json_array_size(json_object_get(ask("why 192.0.2.7", true), "hits")), 15, ADMIN_HITS_SHOWN);
}

/* A list that is too long is cut, and the reply reports it. */
static void test_long_list(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 1024; i++) {
		char line[64];

		(void)snprintf(line, sizeof line, "block 198.18.%u.%u", i / 256, i % 256);
		(void)ask(line, true);
	}
	want_true("list", "more", true);
	assert_true(json_integer_value(json_object_get(ask("list", true), "shown")) > 200);
	want_number("status", "blocks_active", 1024);
}

/* The database has none of it yet: a hit whose block the kernel has, beside a block and a hit that are stored. */
static void test_waiting(void **state)
{
	const struct rulefile_rule text = {
		.name = (char[]){"r"}, .category = (char[]){"dnsbl"}, .reason = (char[]){"listed"}};
	const struct rule rule = {.text = &text};
	const struct rules_hit hit = {.rule = &rule,
	                              .address = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, 8}},
	                              .score = 100,
	                              .count = 1};
	struct verdict_decision decision;
	size_t refused;
	struct why why;

	(void)state;
	(void)ask("vote black 192.0.2.7 score 100", true);
	verdict_at(f.verdict, f.now_s);
	verdict_hit(f.verdict,
	            &(struct verdict_evidence){.addr = hit.address, .score = 100, .count = 1, .time_s = f.now_s},
	            &decision);
	assert_int_equal(decision.n, 1);
	assert_int_equal(reconcile_load(f.reconcile, f.now_s, &why), 0);
	(void)reconcile_add(f.reconcile, decision.blocks, decision.n, f.now_s, &refused, &why);
	pending_hit(f.pending, NULL, &hit, f.now_s, 0, (struct span){"the line", 8}, &decision);
	want_number("status", "hits", 2);
	want_number("status", "blocks_active", 2);
	want_number("status", "blocks_total", 2);
	assert_int_equal(pending_write(f.pending, &why), 0);
	want_number("status", "hits", 2);
	want_number("status", "blocks_active", 2);
	want_number("status", "blocks_total", 2);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_block),       TEST(test_allowed),          TEST(test_allow),     TEST(test_allow_and_earn),
		TEST(test_unblock_all), TEST(test_networks),         TEST(test_votes),     TEST(test_unblock_forgets),
		TEST(test_members),     TEST(test_why_network),      TEST(test_why_large), TEST(test_long_list),
		TEST(test_waiting),     TEST(test_vote_not_written),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
