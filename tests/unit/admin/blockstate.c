/*
 * blockstate: networks inside each other are blocked and unblocked at random, by hand and by evidence, for seconds or
 * hours, while the kernel's side accepts everything, nothing, or a part, or is full, and the database fails. After
 * each step, memory agrees with the database about every network; after each successful sync, the kernel holds
 * exactly that.
 */
#include "admin/blockstate.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "admin/admin.h"
#include "build.h" /* WFS_SANITIZED */
#include "far.h"
#include "pipeline/restore.h"
#include "store/blocks.h"
#include "store/sql.h"
#include "testlib.h"

static const struct portlists ports = {.n = 1};

enum { T0 = 1800000000, SEQUENCES = WFS_SANITIZED ? 60 : 300, STEPS = 40, TRACE_MAX = 16384 };

static const char *const nets[] = {
	"192.0.2.1",         "192.0.2.2",         "192.0.2.3",       "192.0.2.9",       "192.0.3.1",
	"192.0.2.0/30",      "192.0.2.0/29",      "192.0.2.0/24",    "192.0.2.0/23",    "2001:db8:6:1::1",
	"2001:db8:7:1::1",   "2001:db8:7:1::2",   "2001:db8:7:2::1", "2001:db8:7:3::1", "2001:db8:7:1::/126",
	"2001:db8:7:1::/64", "2001:db8:7:2::/64", "2001:db8:7::/62", "2001:db8:7::/48", "2001:db8:6::/47",
};
enum { N_NETS = sizeof nets / sizeof *nets };

static struct {
	struct config *config;
	struct store *store;
	struct verdict *verdict;
	struct client client;
	struct reconcile *reconcile, *unknowing;
	int64_t now_s;
	char trace[TRACE_MAX];
	size_t traced;
} f;
static struct far far;
static struct why why;

static __attribute__((format(printf, 1, 2))) void trace(const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(f.trace + f.traced, TRACE_MAX - f.traced, format, args);
	va_end(args);
	f.traced += n > 0 && (size_t)n < TRACE_MAX - f.traced ? (size_t)n : 0;
}

static unsigned any(unsigned n)
{
	return (unsigned)random() % n;
}

static void sql(const char *text)
{
	assert_int_equal(sqlite3_exec(f.store->db, text, NULL, NULL, NULL), SQLITE_OK);
}

static void begin(void)
{
	memset(&f, 0, sizeof f);
	f.now_s = T0;
	client_init(&f.client, far_open(&far));
	far.room = 8;
	if (config_read("/nonexistent", true, &f.config, &why) < 0)
		fail_msg("%s", why.text);
	f.config->firewall.ports = ports; /* the far end does not distinguish lists */
	f.config->block.network_after = 3;
	f.config->block.max_blocks_per_minute = 0;
	assert_int_equal(store_open(NULL, STORE_WRITE, &f.store, &why), 0);
	assert_int_equal(restore_verdict(&(struct restore_from){.store = f.store, .config = f.config, .live = true}, T0,
	                                 &f.verdict, &why),
	                 0);
	f.reconcile = reconcile_new(f.store, &ports, &f.client, 300, T0);
	f.unknowing = reconcile_new(f.store, &ports, &f.client, 300, T0);
}

static void end(void)
{
	reconcile_free(f.unknowing);
	reconcile_free(f.reconcile);
	verdict_free(f.verdict);
	store_close(f.store);
	config_free(f.config);
	far_close(&far, f.client.fd);
}

/* The kernel holds all pieces of what runs, and nothing else. */
static void want_kernel(void)
{
	bool wanted[FAR_SET_MAX] = {false};
	struct block block;
	int rc = store_running(f.store, f.now_s, &why);

	while (rc == 0 && (rc = store_next_block(f.store, &block, NULL, &why)) == 0) {
		const uint8_t length = lengths_fitting(&f.client.lengths, &block.net);
		size_t n = 0;

		for (size_t i = 0; i < far.n; i++) {
			struct addr addr;

			memcpy(addr.bytes, far.set[i].addr, sizeof addr.bytes);
			if (far.set[i].len == length && net_has(&block.net, &addr)) {
				wanted[i] = true;
				n++;
			}
		}
		if (n != (size_t)1 << (length - block.net.len))
			fail_msg("%s\nthe kernel holds %zu entries of block %lld", f.trace, n, (long long)block.id);
	}
	assert_int_equal(rc, STORE_NONE);
	for (size_t i = 0; i < far.n; i++)
		if (!wanted[i])
			fail_msg("%s\nthe kernel holds too much", f.trace);
}

static void try_sync(void)
{
	struct reconcile_result result = {0};
	int rc;

	far_age(&far, f.now_s);
	rc = reconcile_sync(f.reconcile, &(struct reconcile_rule){f.verdict, any(2) == 0}, f.now_s, &result, &why);
	trace("; %s", rc < 0 ? "no sync" : "sync");
	for (size_t i = 0; i < far.n && rc == 0; i++)
		far.set[i].dropped = 0;
	if (rc == 0 && result.drift.refused == 0)
		want_kernel();
}

/* As the engine does it: when the request asks for it, a sync comes before the next. */
static void ask(const char *line)
{
	const struct admin admin = {f.store, f.verdict, f.reconcile, NULL, f.config, NULL, NULL, NULL};
	struct protocol_request request;
	struct admin_todo todo;
	json_t *reply;

	trace("; %s", line);
	if (protocol_parse((struct span){line, strlen(line)}, &request, &why) < 0)
		fail_msg("%s: %s", line, why.text);
	reply = reply_new();
	admin_run(&admin, &request, "uid 0 (root)", f.now_s, reply, &todo);
	if (!reply_is_ok(reply))
		trace(" (%s)", "refused");
	json_decref(reply);
	if (todo.restore) {
		verdict_free(f.verdict);
		assert_int_equal(
			restore_verdict(&(struct restore_from){.store = f.store, .config = f.config, .live = true},
		                        f.now_s, &f.verdict, &why),
			0);
	}
	if (todo.sync)
		try_sync();
}

/* Until when it is blocked; 0: it is not. By a reconcile that never synced: from the database. */
static int64_t until_of(const struct net *net, struct reconcile *reconcile)
{
	const struct admin admin = {f.store, f.verdict, reconcile, NULL, f.config, NULL, NULL, NULL};
	struct block block = {0};
	bool blocked;

	assert_int_equal(blockstate_find(&admin, net, f.now_s, &blocked, &block, &why), 0);
	return blocked ? block.until_s - T0 : 0;
}

static void want_agreement(void)
{
	for (size_t i = 0; i < N_NETS; i++) {
		const struct net net = net_from(nets[i]);
		const int64_t memory_s = until_of(&net, f.reconcile), database_s = until_of(&net, f.unknowing);

		if (memory_s != database_s)
			fail_msg("%s\n%s: blocked until %lld as memory says, %lld as the database says", f.trace,
			         nets[i], (long long)memory_s, (long long)database_s);
	}
}

static void want_until(const char *text, int64_t want)
{
	const struct net net = net_from(text);

	assert_int_equal(until_of(&net, f.reconcile), want);
	assert_int_equal(until_of(&net, f.unknowing), want);
}

static void make_trouble(void)
{
	static const int errors[] = {0, 0, 0, 0, 0, -EBUSY};

	far.refuses_odd = any(10) == 0;
	far.add_error = errors[any(6)];
	far.del_error = errors[any(6)];
	far.list_error = errors[any(6)];
	trace("\n%s", far.add_error < 0 ? "no add; " : "");
	trace("%s", far.del_error < 0 ? "no del; " : "");
	trace("%s", far.list_error < 0 ? "no list; " : "");
	trace("%s", far.refuses_odd ? "odd refused; " : "");
}

static void step(void)
{
	static const int64_t later_s[] = {0, 0, 0, 0, 0, 1, 1, 2, 5, 60, 700, 4000};
	static const char *const times[] = {"1", "2", "5", "60", "3600"};
	const char *const net = nets[any(N_NETS)];
	const bool stumbles = any(20) == 0;
	char line[128];

	make_trouble();
	f.now_s += later_s[any(sizeof later_s / sizeof *later_s)];
	trace("%lld", (long long)(f.now_s - T0));
	verdict_at(f.verdict, f.now_s);
	far_age(&far, f.now_s);
	if (far.n > 0 && any(3) == 0) {
		struct message_entry *const entry = &far.set[any((unsigned)far.n)]; /* few */

		entry->idle_s = 0;
		entry->dropped = 1;
	}
	if (stumbles)
		sql("CREATE TRIGGER stumble BEFORE INSERT ON act BEGIN SELECT RAISE(FAIL, 'no'); END");
	switch (any(8)) {
	case 0:
	case 1:
	case 2:
		(void)snprintf(line, sizeof line, "block %s for %s", net, times[any(5)]);
		ask(line);
		break;
	case 3:
	case 4:
		if (strchr(net, '/') != NULL)
			break;
		(void)snprintf(line, sizeof line, "vote black %s score 100", net);
		ask(line);
		break;
	case 5:
		(void)snprintf(line, sizeof line, "unblock %s", net);
		ask(line);
		break;
	case 6:
		if (strchr(net, '/') != NULL || any(3) > 0)
			break;
		(void)snprintf(line, sizeof line, "vote white %s", net);
		ask(line);
		break;
	default:
		try_sync();
		break;
	}
	if (stumbles)
		sql("DROP TRIGGER stumble");
	assert_int_equal(reconcile_write(f.reconcile, &why), 0); /* as the engine does within a second */
	want_agreement();
}

/* A manual block replaces the one before, and ends sooner. */
static void test_shorter(void **state)
{
	(void)state;
	begin();
	try_sync();
	ask("block 192.0.2.1 for 3600");
	ask("block 192.0.2.1 for 60");
	want_until("192.0.2.1", 60);
	ask("block 192.0.2.0/29 for 3600");
	try_sync();
	ask("block 192.0.2.0/29 for 60");
	want_until("192.0.2.0/29", 60);
	ask("block 192.0.2.0/29 for 90");
	want_until("192.0.2.0/30", 90);
	end();
}

/* The kernel knows only pieces of the one that lasts longest. */
static void test_longest(void **state)
{
	(void)state;
	begin();
	ask("block 192.0.2.0/29 for 3600");
	ask("block 192.0.2.0/24 for 60");
	try_sync();
	want_until("192.0.2.1", 3600);
	want_until("192.0.2.0/30", 3600);
	want_until("192.0.2.9", 60);
	end();
}

static void test_random(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= SEQUENCES; seed++) {
		srandom(seed);
		begin();
		trace("seed %u", seed);
		for (unsigned i = 0; i < STEPS; i++)
			step();
		end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shorter),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
