/* reconcile: the test plays root's end of the pair; the database is real, and time is a number. */
#include "pipeline/reconcile.h"

#include <errno.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "far.h"
#include "store/blocks.h"
#include "store/hits.h"
#include "store/logs.h"
#include "store/sql.h"
#include "testlib.h"

static const struct portlists ports = {.n = 1};

enum { REFRESH_S = 300 };

static const int64_t t0_s = 1795181862;

static struct far far;
static struct client client;
static struct store *store;
static struct verdict *verdict;
static struct reconcile *reconcile;
static struct why why;

static int setup(void **state)
{
	const struct verdict_policy policy = {
		.threshold = 100, .window_s = 3600, .memory_s = 86400, .n_for = 3, .for_s = {600, 3600, 7200}};
	struct store_log log = {0};
	int64_t rule;

	(void)state;
	client_init(&client, far_open(&far));
	if (store_open(NULL, STORE_WRITE, &store, &why) < 0 ||
	    store_rule(store, "rule", "auth", "reason", &rule, &why) < 0 ||
	    store_log_add(store, "/a", (struct span){"a", 1}, &log.id, &why) < 0)
		return -1;
	verdict = verdict_new(&policy);
	reconcile = reconcile_new(store, &ports, &client, REFRESH_S, t0_s);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	far_close(&far, client.fd);
	reconcile_free(reconcile);
	reconcile_free(NULL);
	verdict_free(verdict);
	store_close(store);
	return 0;
}

static void add_block(const char *address, int64_t since_s, int64_t until_s, unsigned offence)
{
	struct block block = {
		.net = net_from(address), .since_s = since_s, .until_s = until_s, .offence = offence, .rule = 1};

	assert_int_equal(store_add_blocks(store, &block, 1, &why), 0);
}

static struct message_entry *held(const char *address)
{
	const struct net net = net_from(address);

	return far_find(&far, &net);
}

/* The kernel's clock goes on until now, after t0_s. */
static void age(int now)
{
	far_age(&far, t0_s + now);
}

/* now: after t0_s. */
static struct reconcile_result synced(int now, bool extend)
{
	struct reconcile_result result = {.running = 77};
	int rc;

	age(now);
	rc = reconcile_load(reconcile, t0_s + now, &why);
	if (rc == 0)
		rc = reconcile_sync(reconcile, &(struct reconcile_rule){verdict, extend}, t0_s + now, &result, &why);
	if (rc != 0)
		fail_msg("got %d (%s), want 0", rc, why.text);
	return result;
}

static void released(const struct reconcile_result *r, size_t i, const char *want)
{
	char text[NET_TEXT_MAX];

	assert_true(i < r->n_released);
	(void)net_text(&r->released[i], text);
	assert_string_equal(text, want);
}

/* The end of the longest block, after t0_s. */
static int until_of(const char *address)
{
	char sql[160];
	sqlite3_stmt *s;
	int until;

	(void)snprintf(sql, sizeof sql, "SELECT max(until) - %lld FROM block WHERE address = '%s'", (long long)t0_s,
	               address);
	assert_int_equal(sqlite3_prepare_v2(store->db, sql, -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	until = sqlite3_column_int(s, 0);
	(void)sqlite3_finalize(s);
	return until;
}

static void test_feed_and_expire(void **state)
{
	struct reconcile_result r = synced(0, true);

	(void)state;
	assert_int_equal(r.running + r.n_released + r.dropped, 0);
	add_block("192.0.2.1", t0_s, t0_s + 600, 1);
	add_block("2001:db8::/64", t0_s, t0_s + 700, 1);
	add_block("192.0.2.3", t0_s - 1000, t0_s - 400, 1); /* over long ago */
	r = synced(1, true);
	assert_int_equal(r.running, 2);
	assert_int_equal(r.drift.missing, 0); /* the kernel is being filled */
	assert_int_equal(far.n, 2);
	assert_non_null(held("192.0.2.1"));
	assert_non_null(held("2001:db8::/64"));
	r = synced(2, true); /* nothing to do */
	assert_int_equal(r.running, 2);
	assert_int_equal(r.drift.missing + r.drift.extra, 0);
	assert_int_equal(far.added, 2);
	r = synced(600, false); /* over at that second; the other is fed again */
	assert_int_equal(r.running, 1);
	assert_int_equal(r.n_released, 1);
	released(&r, 0, "192.0.2.1");
	assert_null(held("192.0.2.1"));
	assert_int_equal(held("2001:db8::/64")->idle_s, 0);
	r = synced(700, true);
	assert_int_equal(r.running, 0);
	assert_int_equal(far.n, 0);
}

/* What another program added or removed. */
static void test_drift(void **state)
{
	struct message_entry *gone;
	struct reconcile_result r;

	(void)state;
	add_block("192.0.2.1", t0_s, t0_s + 600, 1);
	add_block("192.0.2.2", t0_s, t0_s + 600, 1);
	(void)synced(0, true);
	gone = held("192.0.2.1");
	*gone = far.set[--far.n];
	far.set[far.n] = far.set[0];
	far.set[far.n++].addr[15] = 99;
	r = synced(10, true);
	assert_int_equal(r.drift.missing, 1);
	assert_int_equal(r.drift.extra, 1);
	assert_int_equal(far.n, 2);
	/* Lifted. */
	{
		const struct net net = net_from("192.0.2.2");

		assert_int_equal(store_end(store, &(struct block){.net = net}, t0_s + 20, "unblocked", &why), 0);
		r = synced(20, true);
		assert_int_equal(r.running, 1);
		assert_null(held("192.0.2.2"));
	}
}

static void test_knock(void **state)
{
	const struct addr addr = net_from("192.0.2.1").addr;
	const struct net net = net_of(&addr);
	struct reconcile_result r;

	(void)state;
	verdict_at(verdict, t0_s);
	verdict_known_block(verdict, &(struct block){.net = net, .since_s = t0_s, .until_s = t0_s + 600, .offence = 1},
	                    VERDICT_NO_RULE);
	add_block("192.0.2.1", t0_s, t0_s + 600, 1);
	add_block("192.0.2.2", t0_s, t0_s + 3600, 2);
	(void)synced(0, true);
	r = synced(50, true); /* idle since it was added: no packet dropped */
	assert_int_equal(r.dropped, 0);
	age(100);
	held("192.0.2.1")->idle_s = 10; /* a packet at 90 */
	r = synced(100, true);
	assert_int_equal(r.dropped, 1);
	assert_int_equal(until_of("192.0.2.1"), 90 + 600);
	assert_int_equal(until_of("192.0.2.2"), 3600);
	r = synced(110, true); /* the same packet */
	assert_int_equal(r.dropped, 0);
	age(690);
	held("192.0.2.1")->idle_s = 5; /* another, at 685: just in time */
	held("192.0.2.2")->idle_s = 0; /* a second offence: by its own time */
	r = synced(690, true);
	assert_int_equal(r.dropped, 2);
	assert_int_equal(r.running, 2);
	assert_int_equal(until_of("192.0.2.1"), 685 + 600);
	assert_int_equal(until_of("192.0.2.2"), 690 + 3600);
	age(1285);
	held("192.0.2.1")->idle_s = 3; /* without extend it does not help */
	r = synced(1285, false);
	assert_int_equal(r.n_released, 1);
	assert_int_equal(until_of("192.0.2.1"), 685 + 600);
	assert_null(held("192.0.2.1"));
}

/* Whatever a client sends, and when: its block ends when the next one's duration would have. */
static void test_extended_to_the_next_step(void **state)
{
	static const char *const clients[] = {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"};
	static const int lasts[] = {600, 3600, 7200, 7200}, most[] = {3600, 7200, 7200, 7200};
	enum { N = sizeof clients / sizeof *clients };

	(void)state;
	for (unsigned i = 0; i < N; i++)
		add_block(clients[i], t0_s, t0_s + lasts[i], i + 1);
	(void)synced(0, true);
	for (int now = 0; now < 7200; now += 1 + (int)random_below(400)) {
		age(now);
		for (unsigned i = 0; i < N; i++)
			if (held(clients[i]) != NULL)
				held(clients[i])->idle_s = random_below(100); /* at worst from before the block */
		(void)synced(now, true);
		for (unsigned i = 0; i < N; i++)
			if (until_of(clients[i]) > most[i] || until_of(clients[i]) < lasts[i] ||
			    (now >= most[i] && held(clients[i]) != NULL))
				fail_msg("%s at %d: got an end at %d, want %d to %d", clients[i], now,
				         until_of(clients[i]), lasts[i], most[i]);
	}
	assert_int_equal(until_of("192.0.2.1"), most[0]); /* they were never quiet for long */
	assert_int_equal(until_of("192.0.2.2"), most[1]);
	assert_int_equal(synced(7200, true).running, 0);
}

/* In the second it was added: the time proves nothing, but root has counted. */
static void test_knock_at_once(void **state)
{
	struct reconcile_result r;

	(void)state;
	add_block("192.0.2.1", t0_s, t0_s + 600, 1);
	add_block("192.0.2.2", t0_s, t0_s + 600, 1);
	(void)synced(0, true);
	held("192.0.2.1")->dropped = 1;
	r = synced(0, true);
	assert_int_equal(r.dropped, 0); /* it ends no later for it, but it is counted */
	held("192.0.2.1")->dropped = 0;
	age(1);
	held("192.0.2.1")->dropped = 5;
	held("192.0.2.1")->bytes = 300;
	held("192.0.2.1")->idle_s = 0;
	r = synced(1, true);
	assert_int_equal(r.dropped, 1);
	assert_int_equal(until_of("192.0.2.1"), 601);
	held("192.0.2.1")->dropped = 0;
	held("192.0.2.1")->bytes = 0;
	r = synced(2, true);
	assert_int_equal(r.dropped, 0);
	assert_int_equal(
		sqlite3_exec(
			store->db,
			"DELETE FROM block WHERE address = '192.0.2.1' AND knocks = 2 AND packets = 6 AND bytes = 300",
			NULL, NULL, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_changes(store->db), 1);
}

/* What the kernel saw before we started is no dropped packet, nor is what it saw before the block. */
static void test_knock_before(void **state)
{
	struct message_entry old = {.len = 128, .idle_s = 100};
	const struct net net = net_from("192.0.2.1");
	struct reconcile_result r;

	(void)state;
	add_block("192.0.2.1", t0_s - 300, t0_s + 300, 1);
	memcpy(old.addr, net.addr.bytes, sizeof old.addr);
	far.set[far.n++] = old;
	r = synced(0, true);
	assert_int_equal(r.dropped, 0);
	assert_int_equal(until_of("192.0.2.1"), 300);
	assert_int_equal(far.added, 0);
	age(10);
	held("192.0.2.1")->idle_s = 1;
	r = synced(10, true);
	assert_int_equal(r.dropped, 1);
	assert_int_equal(until_of("192.0.2.1"), 609);
}

static void test_several_of_one(void **state)
{
	struct reconcile_result r;

	(void)state;
	add_block("192.0.2.1", t0_s, t0_s + 100, 1);
	add_block("192.0.2.1", t0_s, t0_s + 500, 1);
	add_block("192.0.2.1", t0_s, t0_s + 300, 1);
	r = synced(0, false);
	assert_int_equal(r.running, 1);
	assert_int_equal(far.added, 1);
	r = synced(100, false);
	assert_int_equal(r.running, 1);
	r = synced(499, false);
	assert_int_equal(r.running, 1);
	assert_non_null(held("192.0.2.1"));
	r = synced(500, false);
	assert_int_equal(r.running, 0);
	assert_null(held("192.0.2.1"));
}

static void test_refused(void **state)
{
	struct reconcile_result r;

	(void)state;
	far.refuses_odd = true;
	add_block("192.0.2.1", t0_s, t0_s + 600, 1);
	add_block("192.0.2.2", t0_s, t0_s + 600, 1);
	r = synced(0, true);
	assert_int_equal(r.drift.refused, 1);
	assert_string_equal(r.drift.refusal.text, "odd");
	assert_int_equal(r.running, 2);
	assert_int_equal(r.dropped, 0);
	assert_int_equal(far.n, 1);
	r = synced(10, true);
	assert_int_equal(r.drift.refused, 1);
	assert_int_equal(r.dropped, 0); /* an absent entry drops nothing */
	far.looked = far.deleted = 0;
	r = synced(600, true);
	assert_int_equal(r.running, 0);
	assert_int_equal(r.n_released, 2);
	assert_int_equal(far.n, 0);
	assert_int_equal(far.looked, 1); /* root is not asked about what it does not hold */
	assert_int_equal(far.deleted, 1);
}

/* Root refuses, then accepts: the next sync does everything that was due. */
static void test_error(void **state)
{
	struct reconcile_result r = {.running = 77};

	(void)state;
	add_block("192.0.2.1", t0_s, t0_s + 600, 1);
	far.add_error = -EBUSY;
	assert_int_equal(reconcile_sync(reconcile, &(struct reconcile_rule){verdict, true}, t0_s, &r, &why), -EBUSY);
	assert_string_equal(why.text, "the lock is held");
	assert_int_equal(r.running, 77);
	far.add_error = 0;
	r = synced(1, true);
	assert_int_equal(r.running, 1);
	assert_non_null(held("192.0.2.1"));
}

/* The database accepts nothing for a moment: the packet still counts at the next sync. */
static void test_knock_not_stored(void **state)
{
	struct reconcile_result r = {0};

	(void)state;
	add_block("192.0.2.1", t0_s, t0_s + 600, 1);
	(void)synced(0, true);
	age(100);
	held("192.0.2.1")->idle_s = 10;
	assert_int_equal(sqlite3_exec(store->db,
	                              "CREATE TRIGGER stumble BEFORE UPDATE ON block BEGIN "
	                              "SELECT RAISE(FAIL, 'no'); END",
	                              NULL, NULL, NULL),
	                 SQLITE_OK);
	assert_true(reconcile_sync(reconcile, &(struct reconcile_rule){verdict, true}, t0_s + 100, &r, &why) < 0);
	assert_int_equal(sqlite3_exec(store->db, "DROP TRIGGER stumble", NULL, NULL, NULL), SQLITE_OK);
	r = synced(110, true);
	assert_int_equal(r.dropped, 0); /* known, and written now */
	assert_int_equal(until_of("192.0.2.1"), 690);
}

static void test_many(void **state)
{
	struct reconcile_result r;

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		char address[ADDR_TEXT_MAX];

		(void)snprintf(address, sizeof address, i % 3 == 0 ? "2001:db8::%x" : "198.51.%u.%u",
		               i % 3 == 0 ? i : i / 200, i % 200);
		add_block(address, t0_s, t0_s + 600 + i, 1);
	}
	r = synced(0, true);
	assert_int_equal(r.running, 1000);
	assert_int_equal(far.n, 1000);
	r = synced(1099, false);
	assert_int_equal(r.running, 500);
	assert_int_equal(r.n_released, RECONCILE_RELEASED_MAX); /* more than can be named */
	assert_int_equal(far.n, 500);
	add_block("10.0.0.0/20", t0_s + 1100, t0_s + 1200, 1);
	add_block("10.0.1.0/24", t0_s + 1100, t0_s + 1200, 1);
	r = synced(1101, true);
	r = synced(1200, true);
	assert_int_equal(r.n_released,
	                 99 + 2); /* a network in pieces is one block, one of its pieces by itself another */
}

static void test_add(void **state)
{
	static struct block blocks[130];
	size_t refused = 9;

	(void)state;
	for (unsigned i = 0; i < 130; i++) {
		char address[ADDR_TEXT_MAX];

		(void)snprintf(address, sizeof address, "198.51.100.%u", i);
		blocks[i] =
			(struct block){.net = net_from(address), .since_s = t0_s, .until_s = t0_s + 600, .offence = 1};
	}
	blocks[7].until_s = t0_s - 5; /* over already: root still wants a second */
	assert_int_equal(reconcile_add(reconcile, blocks, 0, t0_s, &refused, &why), 0);
	assert_int_equal(reconcile_add(reconcile, blocks, 130, t0_s, &refused, &why), 0);
	assert_int_equal(far.n, 130);
	assert_int_equal(refused, 0);
	far.refuses_odd = true;
	assert_int_equal(reconcile_add(reconcile, blocks, 130, t0_s, &refused, &why), 0);
	assert_int_equal(refused, 65);
	assert_string_equal(why.text, "odd");
	far.add_error = -EBUSY;
	assert_int_equal(reconcile_add(reconcile, blocks, 130, t0_s, &refused, &why), -EBUSY);
}

/* Without reading what is in memory again. now: after t0_s. */
static struct reconcile_result compared(int now)
{
	struct reconcile_result result = {.running = 77};

	age(now);
	if (reconcile_sync(reconcile, &(struct reconcile_rule){verdict, true}, t0_s + now, &result, &why) != 0)
		fail_msg("%s", why.text);
	return result;
}

/* Where root is notified of what others change, the kernel is listed once, and again after it was changed. */
static void test_watched(void **state)
{
	struct reconcile_result r;

	(void)state;
	far.watched = true;
	add_block("192.0.2.1", t0_s, t0_s + 600, 1);
	add_block("192.0.2.2", t0_s, t0_s + 3600, 2);
	(void)synced(0, true);
	assert_int_equal(far.listed, 1);
	for (int now = 15; now <= 285; now += 15)
		r = compared(now);
	assert_int_equal(far.listed, 1);
	assert_int_equal(far.added, 2);
	held("192.0.2.1")->dropped = 3; /* at 275 */
	held("192.0.2.1")->idle_s = 10;
	r = compared(300);
	assert_int_equal(r.dropped, 1);
	assert_int_equal(until_of("192.0.2.1"), 875);
	assert_int_equal(far.added, 4); /* the kernel would forget both before their end */
	assert_int_equal(r.drift.missing + r.drift.extra, 0);
	far.n--; /* somebody removed one, and root has notified us */
	reconcile_changed(reconcile);
	r = compared(315);
	assert_int_equal(far.listed, 2);
	assert_int_equal(r.drift.missing, 1);
	assert_int_equal(far.n, 2);
	r = compared(330);
	assert_int_equal(far.listed, 2);
	far.n--; /* the same, and root has reported which; another was added */
	const struct client_touched touched[] = {
		{net_from("192.0.2.1"), 0}, {net_from("192.0.2.2"), 0}, {net_from("192.0.2.9"), 0}};
	assert_int_equal(reconcile_touched(reconcile, touched, 3, t0_s + 330, &why), 0);
	assert_non_null(held("192.0.2.1"));
	assert_non_null(held("192.0.2.2"));
	assert_int_equal(far.deleted, 1);
	r = compared(345);
	assert_int_equal(far.listed, 2);
	r = compared(875);
	assert_null(held("192.0.2.1"));
	assert_non_null(held("192.0.2.2"));
}

/* In whatever list it was: what is wanted there comes back into it, and what is wanted elsewhere goes. */
static void test_touched_lists(void **state)
{
	const struct client_touched gone = {net_from("192.0.2.3"), 1}, added = {net_from("192.0.2.3"), 0};
	const struct block block = {
		.net = gone.net, .since_s = t0_s, .until_s = t0_s + 600, .cause = BLOCK_MANUAL, .list = 1};
	size_t refused;

	(void)state;
	far.watched = true;
	(void)synced(0, true);
	assert_int_equal(reconcile_add(reconcile, &block, 1, t0_s, &refused, &why), 0);
	assert_int_equal(held("192.0.2.3")->list, 1);
	far.n--; /* by somebody else */
	assert_int_equal(reconcile_touched(reconcile, &gone, 1, t0_s + 1, &why), 0);
	assert_int_equal(held("192.0.2.3")->list, 1);
	assert_int_equal(far.deleted, 0);
	assert_int_equal(reconcile_touched(reconcile, &added, 1, t0_s + 2, &why), 0);
	assert_int_equal(far.deleted, 1);
	(void)compared(15);
	assert_int_equal(far.listed, 1); /* no more than at the start */
}

enum { MODEL_N = 40, MODEL_S = 3 * 86400, MODEL_STEP_S = 15 };

/* When each of the model's addresses was blocked and is free again, after t0_s; until 0: it is. */
static int model[MODEL_N], model_since[MODEL_N];

/* Some for evidence, the others by hand. */
static struct block model_block(int i, int now, int for_s)
{
	char text[NET_TEXT_MAX];

	(void)snprintf(text, sizeof text,
	               i % 4 == 0   ? "2001:db8:0:%d::/64"
	               : i % 4 == 1 ? "198.51.%d.0/24"
	                            : "192.0.2.%d",
	               i + 1);
	return (struct block){.net = net_from(text),
	                      .since_s = t0_s + now,
	                      .until_s = t0_s + now + for_s,
	                      .offence = i % 4 == 3 ? 1 : 0,
	                      .cause = i % 4 == 3 ? BLOCK_EVIDENCE : BLOCK_MANUAL};
}

/* A packet is dropped: a block for evidence lasts its time from then on, at most until the next step's end. */
static void model_packet(int i, int now)
{
	const struct net net = model_block(i, now, 1).net;
	const int first = (int)verdict_duration(verdict, 1), second = (int)verdict_duration(verdict, 2);
	const int wanted = now + first < model_since[i] + second ? now + first : model_since[i] + second;
	struct message_entry *const element = far_find(&far, &net);

	if (model[i] <= now)
		return;
	assert_non_null(element);
	element->dropped++;
	element->idle_s = 0;
	if (i % 4 == 3 && wanted > model[i])
		model[i] = wanted;
}

/* One step of chance: a packet, a block, a longer one, a shorter one, one that is lifted. */
static void model_step(int now)
{
	const int i = rand() % MODEL_N;
	struct block block = model_block(i, now, 1 + rand() % (rand() % 2 == 0 ? 60 : 7200));
	size_t refused = 0;

	if (rand() % 2 == 0) {
		model_packet(i, now);
		return;
	}
	if (rand() % 4 == 0 || (model[i] > 0 && block.until_s < t0_s + model[i])) {
		assert_int_equal(reconcile_del(reconcile, &block, 1, t0_s + now, &why), 0);
		model[i] = 0;
	}
	if (rand() % 4 == 0)
		return;
	assert_int_equal(reconcile_add(reconcile, &block, 1, t0_s + now, &refused, &why), 0);
	assert_int_equal(refused, 0);
	model[i] = (int)(block.until_s - t0_s);
	model_since[i] = now;
}

/* The kernel holds it as long as it is blocked; were the daemon to die now, not longer than its block, nor than the
 * rules' time. */
static void model_compare(int i, int now)
{
	const struct net net = model_block(i, now, 1).net;
	const struct message_entry *const element = far_find(&far, &net);
	int ends;

	model[i] = model[i] > now ? model[i] : 0;
	if ((element != NULL) != (model[i] > 0))
		fail_msg("second %d: address %d: held %d, blocked until %d", now, i, element != NULL, model[i]);
	if (element == NULL)
		return;
	ends = (int)(far.ends_s[element - far.set] - t0_s);
	if (ends > model[i] + FAR_GRACE_S || ends > now + FAR_SECONDS ||
	    (ends < model[i] && ends <= now + MODEL_STEP_S))
		fail_msg("second %d: address %d: held until %d, blocked until %d", now, i, ends, model[i]);
}

/* As the engine does: what ends is released in its second, and a comparison comes in between. */
static void model_turn(int now)
{
	struct reconcile_result result;

	if (reconcile_next_end(reconcile) > t0_s + now) {
		(void)compared(now);
		return;
	}
	age(now);
	assert_int_equal(
		reconcile_release(reconcile, &(struct reconcile_rule){verdict, true}, t0_s + now, &result, &why), 0);
}

static int model_next(int now)
{
	const int next = now + 1 + rand() % MODEL_STEP_S;
	const int64_t end_s = reconcile_next_end(reconcile) - t0_s;

	return end_s > now && end_s < next ? (int)end_s : next;
}

/* Over three days: who is blocked is in the kernel, for its time, and nobody else. */
static void test_times(void **state)
{
	(void)state;
	far.watched = true;
	memset(model, 0, sizeof model);
	srand(7);
	(void)synced(0, true);
	for (int now = 1; now < MODEL_S; now = model_next(now)) {
		model_turn(now);
		for (int i = 0; i < MODEL_N; i++)
			model_compare(i, now);
		if (rand() % 3 == 0)
			model_step(now);
	}
	assert_int_equal(far.listed, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_feed_and_expire, setup, teardown),
		cmocka_unit_test_setup_teardown(test_drift, setup, teardown),
		cmocka_unit_test_setup_teardown(test_knock, setup, teardown),
		cmocka_unit_test_setup_teardown(test_extended_to_the_next_step, setup, teardown),
		cmocka_unit_test_setup_teardown(test_knock_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_knock_before, setup, teardown),
		cmocka_unit_test_setup_teardown(test_several_of_one, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_error, setup, teardown),
		cmocka_unit_test_setup_teardown(test_knock_not_stored, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_watched, setup, teardown),
		cmocka_unit_test_setup_teardown(test_touched_lists, setup, teardown),
		cmocka_unit_test_setup_teardown(test_times, setup, teardown),
		cmocka_unit_test_setup_teardown(test_add, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
