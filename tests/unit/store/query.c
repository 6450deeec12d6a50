/* query: what is read for display, and the views that are promised to people with sqlite3. */
#include "store/query.h"
#include "store/blocks.h"
#include "store/hits.h"
#include "store/logs.h"
#include "store/reputation.h"
#include "store/sql.h"
#include "testlib.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static const int64_t t0_s = 1795181862; /* 2026-11-20T13:37:42Z */

static struct store *store;
static const struct query_bound all = {0, 0};
static struct why why;

static struct span span_of(const char *text)
{
	return (struct span){text, text == NULL ? 0 : strlen(text)};
}

static void add_log(const char *path, int64_t lines, int64_t last_line_at)
{
	struct store_log log = {
		.position = 100 * lines, .lines = lines, .cut = 1, .unparsed = 2, .last_line_at = last_line_at};

	assert_int_equal(store_log_add(store, path, span_of(path), &log.id, &why), 0);
	assert_int_equal(store_log_put(store, &log, path, &why), 0);
}

static int64_t add_rule(const char *name, const char *category, const char *reason)
{
	int64_t id = 0;

	assert_int_equal(store_rule(store, name, category, reason, &id, &why), 0);
	return id;
}

static void add_hit(const char *address, int64_t time_s, int64_t rule, const char *detail)
{
	const struct store_hit hit = {.time_s = time_s,
	                              .address = net_from(address).addr,
	                              .rule = rule,
	                              .log = 1,
	                              .score = 20,
	                              .offset = time_s - t0_s,
	                              .detail = span_of(detail),
	                              .text = span_of("line")};

	assert_int_equal(store_add_hits(store, &hit, 1, &why), 0);
}

static void add_block(const char *address, int64_t since_s, int64_t until_s, unsigned offence, int64_t rule)
{
	struct block block = {
		.net = net_from(address), .since_s = since_s, .until_s = until_s, .offence = offence, .rule = rule};

	assert_int_equal(store_add_blocks(store, &block, 1, &why), 0);
}

static int setup(void **state)
{
	(void)state;
	if (store_open(NULL, STORE_WRITE, &store, &why) < 0)
		return -1;
	add_log("/var/log/mail.log", 10, t0_s);
	return add_rule("first", "dnsbl", "listed") == 1 && add_rule("second", "login", "guesses") == 2 ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	store_close(store);
	return 0;
}

/* All rows of a question: "a|b|c; d|e|f". */
static void check_sql(const char *sql, const char *want)
{
	static char got[8192];
	sqlite3_stmt *s;
	size_t n = 0;
	int rc;

	got[0] = '\0';
	if (sqlite3_prepare_v2(store->db, sql, -1, &s, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(store->db));
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		if (n > 0)
			n += (size_t)snprintf(got + n, sizeof got - n, "; ");
		for (int i = 0; i < sqlite3_column_count(s); i++) {
			const char *const text = (const char *)sqlite3_column_text(s, i);

			n += (size_t)snprintf(got + n, sizeof got - n, "%s%s", i > 0 ? "|" : "",
			                      text == NULL ? "null" : text);
		}
	}
	assert_int_equal(rc, SQLITE_DONE);
	(void)sqlite3_finalize(s);
	if (strcmp(got, want) != 0)
		fail_msg("%s:\n got \"%s\"\nwant \"%s\"", sql, got, want);
}

static void test_nothing(void **state)
{
	const struct addr addr = net_from("192.0.2.7").addr;
	struct query_block active;
	struct query_hit hit;
	struct query_block block;
	struct query_blocked blocked;
	struct query_totals totals;
	const char *status = "x";

	(void)state;
	query_active(store, t0_s, all);
	assert_int_equal(query_next_block(store, &active, &why), STORE_NONE);
	query_hits(store, &(struct net){addr, 128}, (struct query_bound){.rows = 0});
	assert_int_equal(query_next_hit(store, &hit, &why), STORE_NONE);
	query_blocks(store, &(struct net){addr, 128}, t0_s, (struct query_bound){.rows = 0});
	assert_int_equal(query_next_block(store, &block, &why), STORE_NONE);
	query_blocked_between(store, 0, INT64_MAX);
	assert_int_equal(query_next_blocked_between(store, &blocked, &why), STORE_NONE);
	assert_int_equal(query_totals(store, t0_s, all, &totals, &why), 0);
	assert_int_equal(totals.hits + totals.blocks_active + totals.blocks_total, 0);
	assert_int_equal(query_state(store, "pid", &status, &why), 0);
	assert_null(status);
}

/* "192.0.2.1 192.0.2.0/24 ": the active blocks that were chosen. */
static void check_chosen(const struct query_choice *choice, const char *want)
{
	char got[256] = "";
	struct query_block r;
	size_t len = 0;
	int rc;

	query_chosen(store, t0_s, choice);
	while ((rc = query_next_block(store, &r, &why)) == 0)
		len += (size_t)snprintf(got + len, sizeof got - len, "%s ", r.address);
	assert_int_equal(rc, STORE_NONE);
	assert_string_equal(got, want);
}

static void test_chosen(void **state)
{
	const struct net in = net_from("192.0.2.0/25"), one = net_from("2001:db8::1");

	(void)state;
	add_hit("192.0.2.9", t0_s, 1, NULL);
	add_hit("192.0.2.9", t0_s, 1, NULL);
	add_hit("192.0.2.10", t0_s, 1, NULL);
	add_block("192.0.2.9", t0_s, t0_s + 20, 1, 1);
	add_block("192.0.2.10", t0_s, t0_s + 30, 1, 2);
	add_block("192.0.2.0/24", t0_s, t0_s + 10, 1, 1);
	add_block("2001:db8::1", t0_s, t0_s + 5, 1, 2);
	add_block("192.0.2.11", t0_s - 10, t0_s, 1, 1); /* over */
	check_chosen(&(struct query_choice){.rule = NULL}, "192.0.2.10 192.0.2.9 192.0.2.0/24 2001:db8::1 ");
	check_chosen(&(struct query_choice){.order = QUERY_BY_HITS}, "192.0.2.0/24 192.0.2.9 192.0.2.10 2001:db8::1 ");
	check_chosen(&(struct query_choice){.order = QUERY_BY_NETWORK},
	             "192.0.2.0/24 192.0.2.9 192.0.2.10 2001:db8::1 ");
	check_chosen(&(struct query_choice){.rule = "first"}, "192.0.2.9 192.0.2.0/24 ");
	check_chosen(&(struct query_choice){.category = "login"}, "192.0.2.10 2001:db8::1 ");
	check_chosen(&(struct query_choice){.rule = "first", .category = "login"}, "");
	check_chosen(&(struct query_choice){.net = &in, .order = QUERY_BY_NETWORK},
	             "192.0.2.0/24 192.0.2.9 192.0.2.10 ");
	check_chosen(&(struct query_choice){.net = &one}, "2001:db8::1 ");
}

static void test_active(void **state)
{
	const struct net lifted = net_from("192.0.2.4");
	struct query_block r;
	struct query_totals totals;

	(void)state;
	add_hit("192.0.2.1", t0_s, 1, NULL);
	add_hit("192.0.2.1", t0_s, 2, NULL);
	add_hit("192.0.2.9", t0_s, 2, NULL);
	add_block("192.0.2.1", t0_s - 5, t0_s + 10, 1, 1);
	add_block("2001:db8::1", t0_s, t0_s + 3600, 4, 2); /* by hand: no hits */
	add_block("192.0.2.3", t0_s - 100, t0_s, 1, 1);    /* over at this second */
	add_block("192.0.2.4", t0_s - 100, t0_s + 9999, 1, 1);
	assert_int_equal(store_end(store, &(struct block){.net = lifted}, t0_s - 1, "unblocked", &why), 0);
	add_block("10.0.0.0/8", t0_s, t0_s + 5, 1, 1);
	query_active(store, t0_s, all);
	assert_int_equal(query_next_block(store, &r, &why), 0); /* the longest first */
	assert_string_equal(r.address, "2001:db8::1");
	assert_string_equal(r.rule, "second");
	assert_string_equal(r.reason, "guesses");
	assert_string_equal(r.category, "login");
	assert_int_equal(r.since_s, t0_s);
	assert_int_equal(r.until_s, t0_s + 3600);
	assert_int_equal(r.hits, 0);
	assert_int_equal(r.offence, 4);
	assert_int_equal(r.knocks, 0);
	assert_int_equal(query_next_block(store, &r, &why), 0);
	assert_string_equal(r.address, "192.0.2.1");
	assert_int_equal(r.hits, 2);
	assert_int_equal(query_next_block(store, &r, &why), 0);
	assert_string_equal(r.address, "10.0.0.0/8");
	assert_int_equal(query_next_block(store, &r, &why), STORE_NONE);
	assert_int_equal(query_totals(store, t0_s, all, &totals, &why), 0);
	assert_int_equal(totals.hits, 3);
	assert_int_equal(totals.blocks_active, 3);
	assert_int_equal(totals.blocks_total, 5);
}

static void test_hits(void **state)
{
	const struct addr addr = net_from("2001:db8::7").addr;
	struct query_hit r;

	(void)state;
	for (int i = 0; i < 5; i++)
		add_hit("2001:db8::7", t0_s + (i * 3) % 5, 1 + i % 2, i == 0 ? NULL : "detail");
	add_hit("192.0.2.9", t0_s, 1, NULL);
	/* A log that is gone leaves its hits. */
	assert_int_equal(sqlite3_exec(store->db, "UPDATE hit SET log = 77 WHERE time = 1795181866", NULL, NULL, NULL),
	                 SQLITE_OK);
	query_hits(store, &(struct net){addr, 128}, (struct query_bound){.rows = 0});
	for (int i = 4; i >= 0; i--) {
		assert_int_equal(query_next_hit(store, &r, &why), 0);
		assert_int_equal(r.time_s, t0_s + i);
		assert_int_equal(r.offset, i);
		assert_int_equal(r.score, 20);
		assert_string_equal(r.file, i == 4 ? "" : "/var/log/mail.log");
		assert_string_equal(r.text, "line");
		assert_int_equal(r.detail == NULL, i == 0);
		assert_non_null(r.rule);
		assert_non_null(r.reason);
	}
	assert_int_equal(query_next_hit(store, &r, &why), STORE_NONE);
	query_hits(store, &(struct net){addr, 128}, (struct query_bound){.rows = 2});
	assert_int_equal(query_next_hit(store, &r, &why), 0);
	assert_int_equal(query_next_hit(store, &r, &why), 0);
	assert_int_equal(r.time_s, t0_s + 3);
	assert_int_equal(query_next_hit(store, &r, &why), STORE_NONE);
	/* A walk left half way, and begun again. */
	query_hits(store, &(struct net){addr, 128}, (struct query_bound){.rows = 0});
	assert_int_equal(query_next_hit(store, &r, &why), 0);
	query_hits(store, &(struct net){addr, 128}, (struct query_bound){.rows = 1});
	assert_int_equal(query_next_hit(store, &r, &why), 0);
	assert_int_equal(r.time_s, t0_s + 4);
	assert_int_equal(query_next_hit(store, &r, &why), STORE_NONE);
}

/* A network: what its addresses did, and every block of it, around it and in it; nothing of its neighbours. */
static void test_network(void **state)
{
	const struct net net = net_from("2001:db8:bad:1::/64");
	struct query_hit hit;
	struct query_block block;

	(void)state;
	add_hit("2001:db8:bad:1::7", t0_s, 1, NULL);
	add_hit("2001:db8:bad:2::7", t0_s + 1, 1, NULL);
	add_hit("192.0.2.7", t0_s + 1, 1, NULL);
	add_hit("2001:db8:bad:1:ffff::1", t0_s + 2, 1, NULL);
	query_hits(store, &net, (struct query_bound){.rows = 0});
	assert_int_equal(query_next_hit(store, &hit, &why), 0);
	assert_string_equal(hit.address, "2001:db8:bad:1:ffff::1");
	assert_int_equal(query_next_hit(store, &hit, &why), 0);
	assert_string_equal(hit.address, "2001:db8:bad:1::7");
	assert_int_equal(query_next_hit(store, &hit, &why), STORE_NONE);
	query_hits(store, &net, (struct query_bound){.rows = 1});
	assert_int_equal(query_next_hit(store, &hit, &why), 0);
	assert_int_equal(query_next_hit(store, &hit, &why), STORE_NONE);

	add_block("2001:db8:bad:1::/64", t0_s, t0_s + 600, 1, 1);
	add_block("2001:db8:bad:1::7", t0_s + 1, t0_s + 600, 1, 1);
	add_block("2001:db8:bad::/48", t0_s + 2, t0_s + 600, 1, 1);
	add_block("2001:db8:bad:2::/64", t0_s + 3, t0_s + 600, 1, 1);
	add_block("192.0.2.7", t0_s + 3, t0_s + 600, 1, 1);
	query_blocks(store, &net, t0_s, (struct query_bound){.rows = 0});
	for (int i = 2; i >= 0; i--) {
		assert_int_equal(query_next_block(store, &block, &why), 0);
		assert_int_equal(block.since_s, t0_s + i);
	}
	assert_int_equal(query_next_block(store, &block, &why), STORE_NONE);
	query_blocks(store, &net, t0_s, (struct query_bound){.rows = 2});
	assert_int_equal(query_next_block(store, &block, &why), 0);
	assert_int_equal(query_next_block(store, &block, &why), 0);
	assert_int_equal(query_next_block(store, &block, &why), STORE_NONE);
}

static void test_blocks(void **state)
{
	const struct net net = net_from("192.0.2.1");
	struct query_block b;
	struct query_blocked r;

	(void)state;
	add_block("192.0.2.2", t0_s, t0_s + 600, 1, 1);
	add_block("192.0.2.1", t0_s - 1000, t0_s - 400, 1, 1); /* ran its time */
	add_block("192.0.2.1", t0_s - 100, t0_s + 500, 2, 2);
	assert_int_equal(store_end(store, &(struct block){.net = net}, t0_s - 50, "allowed", &why), 0);
	add_block("192.0.2.1", t0_s, t0_s + 600, 3, 1); /* runs */
	add_block("192.0.2.9", t0_s - 10, t0_s + 600, 1, 1);
	query_blocks(store, &(struct net){net.addr, 128}, t0_s, (struct query_bound){.rows = 0});
	assert_int_equal(query_next_block(store, &b, &why), 0);
	assert_int_equal(b.since_s, t0_s);
	assert_int_equal(b.until_s, t0_s + 600);
	assert_int_equal(b.offence, 3);
	assert_null(b.ended_by);
	assert_int_equal(query_next_block(store, &b, &why), 0);
	assert_int_equal(b.until_s, t0_s - 50);
	assert_string_equal(b.ended_by, "allowed");
	assert_string_equal(b.rule, "second");
	assert_int_equal(query_next_block(store, &b, &why), 0);
	assert_int_equal(b.until_s, t0_s - 400);
	assert_string_equal(b.ended_by, "expired");
	assert_int_equal(query_next_block(store, &b, &why), STORE_NONE);

	query_blocked_between(store, t0_s - 500, t0_s - 1); /* the last of each that began then */
	assert_int_equal(query_next_blocked_between(store, &r, &why), 0);
	assert_string_equal(r.address, "192.0.2.1");
	assert_int_equal(r.since_s, t0_s - 100);
	assert_string_equal(r.rule, "second");
	assert_int_equal(query_next_blocked_between(store, &r, &why), 0);
	assert_string_equal(r.address, "192.0.2.9");
	assert_int_equal(r.until_s, t0_s + 600);
	assert_int_equal(query_next_blocked_between(store, &r, &why), STORE_NONE);
}

/* Whatever lies in a network is found, however its text abbreviates zeros, and nothing else. */
static void test_inside(void **state)
{
	static const char *const addresses[] = {
		"192.0.2.7",
		"192.0.20.7",
		"192.0.2.200",
		"1.192.0.2",
		"::5",
		"1::",
		"1:0:1::5",
		"1:0:1:1:1::5",
		"2001:db8::5",
		"2001:db8:0:1::",
		"2001:db8:0:1::5",
		"2001:db8:0:1:1::",
		"2001:db81::5",
		"2001:db8:1:1:1:1:1:1",
		"64:ff9b::192.0.2.7",
	};
	enum { N = sizeof addresses / sizeof *addresses };

	(void)state;
	for (size_t i = 0; i < N; i++)
		add_block(addresses[i], t0_s, t0_s + 600, 1, 1);
	for (size_t i = 0; i < N; i++) {
		const struct addr addr = net_from(addresses[i]).addr;

		for (unsigned len = addr_is_ip4(&addr) ? 96 : 0; len < 128; len++) {
			const struct net net = net_around(&addr, (uint8_t)len);
			struct query_block block;
			size_t want = 0, got = 0;

			for (size_t j = 0; j < N; j++) {
				const struct addr other = net_from(addresses[j]).addr;

				want += net_has(&net, &other);
			}
			query_blocks(store, &net, t0_s, all);
			while (query_next_block(store, &block, &why) == 0)
				got++;
			if (got != want)
				fail_msg("%s/%u: got %zu blocks, want %zu", addresses[i], len, got, want);
		}
	}
}

static void test_addresses(void **state)
{
	const struct net net = net_from("192.0.2.0/24");
	struct query_address a;
	bool more;

	(void)state;
	add_hit("192.0.2.1", t0_s, 1, NULL);
	add_hit("192.0.2.2", t0_s + 1, 1, NULL);
	add_hit("192.0.3.2", t0_s + 1, 1, NULL);
	add_hit("192.0.2.2", t0_s + 5, 1, NULL);
	assert_int_equal(store_index_hits(store, 3, &more, &why), 0); /* the rest is read from the hits */
	query_addresses(store, &net, all);
	assert_int_equal(query_next_address(store, &a, &why), 0);
	assert_string_equal(a.address, "192.0.2.2");
	assert_int_equal(a.hits, 2);
	assert_int_equal(a.first_s, t0_s + 1);
	assert_int_equal(a.last_s, t0_s + 5);
	assert_int_equal(query_next_address(store, &a, &why), 0);
	assert_string_equal(a.address, "192.0.2.1");
	assert_int_equal(query_next_address(store, &a, &why), STORE_NONE);
}

/* As the daemon asks: of each table only the newest rows are read, however many there are. */
static void test_bounds(void **state)
{
	const struct query_bound bound = {.rows = 2, .newest = 3};
	const struct net net = net_from("192.0.2.0/24"), one = net_from("192.0.2.1");
	struct query_totals totals;
	struct query_block block;
	struct query_hit hit;

	(void)state;
	add_hit("192.0.2.1", t0_s + 9, 1, NULL); /* too old to be read, whatever its time */
	add_block("192.0.2.0/24", t0_s + 9, t0_s + 600, 1, 1);
	for (int i = 0; i < 3; i++) {
		add_hit(i == 1 ? "198.51.100.1" : "192.0.2.1", t0_s + i, 1, NULL);
		add_block(i == 1 ? "198.51.100.1" : "192.0.2.1", t0_s + i, t0_s + 100 + i, 1, 1);
	}
	query_hits(store, &net, bound);
	for (int i = 2; i >= 0; i -= 2) {
		assert_int_equal(query_next_hit(store, &hit, &why), 0);
		assert_int_equal(hit.time_s, t0_s + i);
	}
	assert_int_equal(query_next_hit(store, &hit, &why), STORE_NONE);
	query_hits(store, &one, (struct query_bound){.rows = 1, .newest = 3});
	assert_int_equal(query_next_hit(store, &hit, &why), 0);
	assert_int_equal(query_next_hit(store, &hit, &why), STORE_NONE);
	query_blocks(store, &one, t0_s, bound);
	for (int i = 9; i >= 2; i -= 7) { /* of the network, and its own */
		assert_int_equal(query_next_block(store, &block, &why), 0);
		assert_int_equal(block.since_s, t0_s + i);
		assert_int_equal(block.hits, -1);
	}
	assert_int_equal(query_next_block(store, &block, &why), STORE_NONE);
	/* Rows of the list, and what is counted for each: for the network, too. */
	query_active(store, t0_s, bound);
	assert_int_equal(query_next_block(store, &block, &why), 0);
	assert_string_equal(block.address, "192.0.2.0/24");
	assert_int_equal(block.hits, 2);
	assert_int_equal(query_next_block(store, &block, &why), 0);
	assert_string_equal(block.address, "192.0.2.1");
	assert_int_equal(block.hits, 2);
	assert_int_equal(query_next_block(store, &block, &why), STORE_NONE);
	query_active(store, t0_s, all);
	assert_int_equal(query_next_block(store, &block, &why), 0);
	assert_int_equal(block.hits, 3);
	query_stop(store);
	/* What would be counted by reading it all is not. */
	assert_int_equal(query_totals(store, t0_s, bound, &totals, &why), 0);
	assert_int_equal(totals.hits, -1);
	assert_int_equal(totals.blocks_total, 4);
	assert_int_equal(totals.blocks_active, 4);
	assert_int_equal(query_totals(store, t0_s, (struct query_bound){.newest = 4}, &totals, &why), 0);
	assert_int_equal(totals.hits, 4);
	assert_int_equal(totals.blocks_total, 4);
}

static void add_allowance(const char *address, int64_t until_s, const char *cause, const char *reason)
{
	const struct net net = net_from(address);

	assert_int_equal(store_add_allowance(store, &net, t0_s - 10, until_s, cause, reason, &why), 0);
}

static void test_allowances(void **state)
{
	const struct net one = net_from("192.0.2.1"), two = net_from("192.0.2.2"), other = net_from("198.51.100.1");
	struct query_allowance a;
	struct query_totals totals;

	(void)state;
	add_allowance("192.0.2.0/24", t0_s + 900, "cluster", NULL);
	add_allowance("192.0.2.1", t0_s + 60, "by hand", "a customer");
	add_allowance("198.51.100.1", t0_s, "by hand", NULL); /* over at this second */
	query_allowances(store, t0_s);
	assert_int_equal(query_next_allowance(store, &a, &why), 0);
	assert_string_equal(a.address, "192.0.2.0/24");
	assert_string_equal(a.cause, "cluster");
	assert_string_equal(a.reason, "");
	assert_int_equal(a.since_s, t0_s - 10);
	assert_int_equal(a.until_s, t0_s + 900);
	assert_int_equal(query_next_allowance(store, &a, &why), 0);
	assert_string_equal(a.reason, "a customer");
	assert_int_equal(query_next_allowance(store, &a, &why), STORE_NONE);
	/* Its own before one around it. */
	assert_int_equal(query_allowance(store, &one, t0_s, &a, &why), 0);
	assert_string_equal(a.address, "192.0.2.1");
	assert_int_equal(query_allowance(store, &two, t0_s, &a, &why), 0);
	assert_string_equal(a.address, "192.0.2.0/24");
	assert_int_equal(query_allowance(store, &other, t0_s, &a, &why), STORE_NONE);
	assert_int_equal(query_totals(store, t0_s, all, &totals, &why), 0);
	assert_int_equal(totals.allowances, 2);
}

static void test_logs(void **state)
{
	static const struct {
		const char *path;
		int64_t lines, last_line_at;
	} want[] = {{"/a", 7, 0}, {"/var/log/mail.log", 20, t0_s + 5}, {"/z", 1, t0_s}};
	struct query_log r;

	(void)state;
	add_log("/z", 1, t0_s);
	add_log("/a", 7, 0);
	add_log("/var/log/mail.log", 20, t0_s + 5); /* after a rotation: a new log of the same name */
	query_logs(store);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(query_next_log(store, &r, &why), 0);
		assert_string_equal(r.path, want[i].path);
		assert_int_equal(r.lines, want[i].lines);
		assert_int_equal(r.position, 100 * want[i].lines);
		assert_int_equal(r.cut, 1);
		assert_int_equal(r.unparsed, 2);
		assert_int_equal(r.last_line_at, want[i].last_line_at);
	}
	assert_int_equal(query_next_log(store, &r, &why), STORE_NONE);
}

static void test_status(void **state)
{
	const char *status = NULL;

	(void)state;
	assert_int_equal(store_state_set(store, "backend", "recent", &why), 0);
	assert_int_equal(query_state(store, "backend", &status, &why), 0);
	assert_string_equal(status, "recent");
	assert_int_equal(store_state_set(store, "backend", "other", &why),
	                 0); /* the unfinished walk blocks no writer */
	assert_int_equal(query_state(store, "backend", &status, &why), 0);
	assert_string_equal(status, "other");
	assert_int_equal(query_state(store, "absent", &status, &why), 0);
	assert_null(status);
}

/* --- the views --- */

static void test_views(void **state)
{
	const int64_t now_s = (int64_t)time(NULL); /* the views ask SQLite for the time */
	const struct net lifted = net_from("192.0.2.4");
	char text[256], want[256];

	(void)state;
	add_hit("192.0.2.1", t0_s, 1, "zen");
	add_hit("192.0.2.1", t0_s + 86400, 2, NULL);
	add_hit("192.0.2.2", t0_s + 86400, 2, NULL);
	add_hit("2001:db8::1", t0_s + 86401, 2, NULL);
	add_block("192.0.2.1", t0_s, t0_s + 1, 1, 1); /* over, whenever this runs: see below */
	add_block("192.0.2.2", 1000, 2000, 1, 2);
	add_block("192.0.2.1", now_s, now_s + 5000, 2, 2);
	add_block("192.0.2.4", now_s, now_s + 5000, 1, 2);
	assert_int_equal(store_end(store, &(struct block){.net = lifted}, now_s, "unblocked", &why), 0);

	check_sql("SELECT name FROM sqlite_master WHERE type = 'view' ORDER BY name",
	          "active; acts; blocks; by_category; by_day; by_network; by_reason; hits; sums");
	(void)snprintf(text, sizeof text,
	               "SELECT address, rule, reason, category, hits, offence, knocks, since_s, until_s, "
	               "since = strftime('%%Y-%%m-%%dT%%H:%%M:%%SZ', since_s, 'unixepoch') FROM active "
	               "WHERE since_s >= %lld",
	               (long long)now_s);
	(void)snprintf(want, sizeof want, "192.0.2.1|second|guesses|login|2|2|0|%lld|%lld|1", (long long)now_s,
	               (long long)now_s + 5000);
	check_sql(text, want);
	check_sql(
		"SELECT time, address, rule, category, reason, score, detail, file, offset, text, time_s FROM hits "
		"ORDER BY id LIMIT 2",
		"2026-11-20T13:37:42Z|192.0.2.1|first|dnsbl|listed|20|zen|/var/log/mail.log|0|line|1795181862; "
		"2026-11-21T13:37:42Z|192.0.2.1|second|login|guesses|20|null|/var/log/mail.log|86400|line|1795268262");
	check_sql(
		"SELECT address, since, until, offence, rule, knocks, ended, ended_by FROM blocks WHERE since_s = 1000",
		"192.0.2.2|1970-01-01T00:16:40Z|1970-01-01T00:33:20Z|1|second|0|1970-01-01T00:33:20Z|expired");
	check_sql("SELECT address, ended_s = since_s, ended_by FROM blocks WHERE address = '192.0.2.4'",
	          "192.0.2.4|1|unblocked");
	check_sql("SELECT ended, ended_by FROM blocks WHERE address = '192.0.2.1' AND offence = 2", "null|null");
	check_sql(
		"SELECT * FROM by_reason",
		"guesses|second|login|3|3|75.0|2026-11-21T13:37:43Z; listed|first|dnsbl|1|1|25.0|2026-11-20T13:37:42Z");
	check_sql("SELECT * FROM by_category",
	          "login|3|3|75.0|2026-11-21T13:37:43Z; dnsbl|1|1|25.0|2026-11-20T13:37:42Z");
	check_sql("SELECT day, hits, addresses FROM by_day", "2026-11-20|1|1; 2026-11-21|3|3");
	check_sql("SELECT * FROM by_network", "192.0.2.0/24|3|2; 2001:db8:0:0::/64|1|1");
}

/* The network of every form that inet_ntop writes: four groups in full, and "/64". */
static void test_by_network(void **state)
{
	static const struct {
		const char *address, *want;
	} rows[] = {
		{"192.0.2.7", "192.0.2.0/24"},
		{"255.255.255.255", "255.255.255.0/24"},
		{"10.0.0.0", "10.0.0.0/24"},
		{"1:2:3:4:5:6:7:8", "1:2:3:4::/64"},
		{"2001:db8::1", "2001:db8:0:0::/64"},
		{"2001:db8::", "2001:db8:0:0::/64"},
		{"2001:db8:0:1::", "2001:db8:0:1::/64"},
		{"2001:db8:1:2:3::", "2001:db8:1:2::/64"},
		{"2001:db8::1:0:0:1", "2001:db8:0:0::/64"},
		{"1::8", "1:0:0:0::/64"},
		{"1::4:5:6:7:8", "1:0:0:4::/64"},
		{"1:0:3:4:5:6:7:8", "1:0:3:4::/64"},
		{"::2:3:4:5:6:7:8", "0:2:3:4::/64"},
		{"0:2:3:4:5:6:7:8", "0:2:3:4::/64"},
		{"::4:5:6:7:8", "0:0:0:4::/64"},
		{"64:ff9b::c000:207", "64:ff9b:0:0::/64"},
		{"1:2:3:4:5:6:7:0", "1:2:3:4::/64"},
		{"::5", "0:0:0:0::/64"},
		{"::1:0:0:0", "0:0:0:0::/64"},
		{"::192.0.2.7", "0:0:0:0::/64"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(sqlite3_exec(store->db, "DELETE FROM hit", NULL, NULL, NULL), SQLITE_OK);
		add_hit(rows[i].address, t0_s, 1, NULL);
		check_sql("SELECT network FROM by_network", rows[i].want);
	}
	/* And at random, with runs of zeros. */
	srandom(1);
	for (unsigned turn = 0; turn < 3000; turn++) {
		uint8_t bytes[16];
		char address[INET6_ADDRSTRLEN], want[64];

		for (size_t i = 0; i < 16; i += 2) {
			bytes[i] = random() % 3 == 0 ? (uint8_t)random() : 0;
			bytes[i + 1] = random() % 2 == 0 ? (uint8_t)random() : 0;
		}
		assert_non_null(inet_ntop(AF_INET6, bytes, address, sizeof address));
		if (strchr(address, '.') != NULL)
			continue;
		assert_int_equal(sqlite3_exec(store->db, "DELETE FROM hit", NULL, NULL, NULL), SQLITE_OK);
		add_hit(address, t0_s, 1, NULL);
		(void)snprintf(want, sizeof want, "%x:%x:%x:%x::/64", bytes[0] << 8 | bytes[1],
		               bytes[2] << 8 | bytes[3], bytes[4] << 8 | bytes[5], bytes[6] << 8 | bytes[7]);
		check_sql("SELECT network FROM by_network", want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_chosen, setup, teardown),
		cmocka_unit_test_setup_teardown(test_active, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_network, setup, teardown),
		cmocka_unit_test_setup_teardown(test_blocks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_inside, setup, teardown),
		cmocka_unit_test_setup_teardown(test_addresses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bounds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_allowances, setup, teardown),
		cmocka_unit_test_setup_teardown(test_logs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_status, setup, teardown),
		cmocka_unit_test_setup_teardown(test_views, setup, teardown),
		cmocka_unit_test_setup_teardown(test_by_network, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
