/*
 * nftables: root with this backend against the real kernel, in a network namespace of its own. That needs root;
 * otherwise the test is skipped and prints why. nft's output is the second opinion.
 */
#include "root/root.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "firewall/message.h"
#include "root/backend.h"
#include "root/lists.h"
#include "root/nft_events.h"

enum { SKIPPED = 77 };

static const struct root_config usual = {
	.backend = "nftables",
	.manage_rules = true,
	.chain = "SPAMMER",
	.hooks = ROOT_HOOK_INPUT,
	.list = "spammer",
	.ip6_prefix = 56,
	.networks = true,
	.seconds = 600,
	.n_ports = 3,
	.ports = {25, 465, 587},
};

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

#define TABLE "nft list table inet watchforspammers 2>/dev/null"

/* nft's lines have tabs in front; a long line of elements is broken. */
static bool shows(const char *text)
{
	return shell(TABLE " | tr -s ' \\t\\n' ' ' | grep -qF -- '%s'", text);
}

static bool is_clean(void)
{
	return !shell("nft list ruleset | grep -q .");
}

static int clean(void **state)
{
	(void)state;
	return shell("nft flush ruleset") ? 0 : -1;
}

static struct root *root_of(const struct root_config *config)
{
	struct root *root;
	struct why why;

	if (root_open(config, &root, &why) < 0)
		fail_msg("root_open: %s", why.text);
	return root;
}

static void set_entry(struct message *m, const char *text, uint32_t left_s)
{
	struct message_entry *const entry = &m->entries[m->n++];
	struct net net;

	assert_true(net_parse(text, strlen(text), &net));
	memcpy(entry->addr, net.addr.bytes, sizeof entry->addr);
	entry->len = net.len;
	entry->left_s = left_s;
}

static struct message ask_of(struct root *root, struct message m)
{
	static uint32_t number;
	static int64_t now_s;
	struct message request;

	m.number = ++number;
	request = m;
	(void)root_answer(root, &m, ++now_s);
	assert_true(message_is_answer(&m, message_size(&m), &request));
	return m;
}

static struct message add(struct root *root, const char *text, uint32_t left_s)
{
	struct message m = {.verb = MESSAGE_ADD};

	set_entry(&m, text, left_s);
	return ask_of(root, m);
}

static struct message del(struct root *root, const char *text)
{
	struct message m = {.verb = MESSAGE_DEL};

	set_entry(&m, text, 0);
	return ask_of(root, m);
}

static struct message prepare(struct root *root)
{
	return ask_of(root, (struct message){.verb = MESSAGE_PREPARE, .n4 = 1, .n6 = 1});
}

/* How many are listed, over all packets; text: NULL, or *ret is the entry of that network, zeroed when it is absent. */
static size_t list(struct root *root, const char *text, struct message_entry *ret)
{
	struct message m = {0}, wanted = {0};
	size_t n = 0;

	if (text != NULL)
		set_entry(&wanted, text, 0);
	if (ret != NULL)
		*ret = (struct message_entry){0};
	do {
		m = ask_of(root, (struct message){.verb = MESSAGE_LIST, .cursor = m.cursor});
		assert_int_equal(m.error, 0);
		for (uint32_t i = 0; i < m.n && text != NULL; i++)
			if (memcmp(m.entries[i].addr, wanted.entries[0].addr, 16) == 0 &&
			    m.entries[i].len == wanted.entries[0].len)
				*ret = m.entries[i];
		n += m.n;
	} while (m.cursor != 0);
	return n;
}

static void test_rules(void **state)
{
	struct root *root = root_of(&usual);

	(void)state;
	assert_true(shows("type filter hook input priority filter - 10; policy accept;"));
	assert_true(shows("tcp dport @spammer_ports jump SPAMMER"));
	assert_true(shows("elements = { 25, 465, 587 }"));
	assert_int_equal(prepare(root).repaired, 0);
	assert_false(shows("@spammer goto")); /* no set before it is needed */
	assert_int_equal(add(root, "192.0.2.7", 600).error, 0);
	assert_true(shows("ip saddr @spammer goto spammer_drop"));
	assert_true(shows("chain spammer_drop { update @spammer_dropped { ip saddr timeout 5m counter } drop }"));
	assert_int_equal(prepare(root).repaired, 0);
	root_close(root, true);
	assert_true(is_clean());
}

/* Each length in its own set, under a mask. */
static void test_lengths(void **state)
{
	static const struct {
		const char *net, *source, *set;
	} rows[] = {
		{"192.0.2.7", "ip saddr", "@spammer goto"},
		{"198.51.100.0/24", "ip saddr & 255.255.255.0", "@spammer24 goto"},
		{"198.51.0.0/17", "ip saddr & 255.255.128.0", "@spammer17 goto"},
		{"20.0.0.0/8", "ip saddr & 255.0.0.0", "@spammer8 goto"},
		{"2001:db8::7", "ip6 saddr", "@spammer6 goto"},
		{"2001:db8:1:2::/64", "ip6 saddr & ffff:ffff:ffff:ffff::", "@spammer64 goto"},
		{"2001:db8:1:100::/56", "ip6 saddr & ffff:ffff:ffff:ff00::", "@spammer56 goto"},
		{"2001:db8:1::/48", "ip6 saddr & ffff:ffff:ffff::", "@spammer48 goto"},
		{"2001:db8::/32", "ip6 saddr & ffff:ffff::", "@spammer32 goto"},
	};
	struct root *root = root_of(&usual);
	struct message m = {0};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		m = add(root, rows[i].net, 600);
		if (m.error != 0 || m.refused != 0)
			fail_msg("%s: error %d, refused %u, %s", rows[i].net, m.error, m.refused, m.why);
		if (!shows(rows[i].source) || !shows(rows[i].set))
			fail_msg("%s: nft does not show '%s' or '%s'", rows[i].net, rows[i].source, rows[i].set);
	}
	assert_true(lengths_has(&m.lengths, true, 96 + 8) && lengths_has(&m.lengths, false, 56));
	assert_false(lengths_has(&m.lengths, true, 96 + 25) || lengths_has(&m.lengths, false, 63));
	m = add(root, "192.0.2.0/25", 600);
	assert_int_equal(m.refused, 1);
	assert_string_equal(m.why, "192.0.2.0/25: no set holds networks of this length");
	assert_int_equal(list(root, NULL, NULL), sizeof rows / sizeof *rows);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(del(root, rows[i].net).error, 0);
	assert_int_equal(list(root, NULL, NULL), 0);
	root_close(root, true);
}

/* Extended, shortened, never longer than seconds; absent ones are removed without complaint. */
static void test_times(void **state)
{
	struct root *root = root_of(&usual);
	struct message_entry entry;

	(void)state;
	assert_int_equal(add(root, "192.0.2.7", 100).error, 0);
	assert_int_equal(add(root, "192.0.2.8", 86400).error, 0);
	assert_int_equal(list(root, "192.0.2.7", &entry), 2);
	assert_in_range(entry.left_s, 95, 105);
	(void)list(root, "192.0.2.8", &entry);
	assert_in_range(entry.left_s, 590, 600);
	assert_int_equal(add(root, "192.0.2.7", 400).error, 0);
	assert_int_equal(list(root, "192.0.2.7", &entry), 2);
	assert_in_range(entry.left_s, 395, 405);
	assert_int_equal(add(root, "192.0.2.8", 20).error, 0);
	(void)list(root, "192.0.2.8", &entry);
	assert_in_range(entry.left_s, 15, 25);
	assert_int_equal(del(root, "192.0.2.9").error, 0);
	assert_int_equal(del(root, "2001:db8::/48").error, 0); /* there is not even a set */
	root_close(root, true);
}

/* A listing of several packets has each of them once. */
static void test_many(void **state)
{
	struct root *root = root_of(&usual);
	struct message_entry entry = {.left_s = 0};
	size_t n = 0;

	(void)state;
	for (unsigned at = 0; at < 3000; at += 250) {
		struct message m = {.verb = MESSAGE_ADD};

		for (unsigned i = at; i < at + 250; i++) {
			char text[32];

			(void)snprintf(text, sizeof text, i % 3 == 0 ? "2001:db8::%x:%x" : "10.%u.%u.1", i / 250 + 1,
			               i % 250 + 1);
			set_entry(&m, text, 600);
		}
		m = ask_of(root, m);
		assert_int_equal(m.error, 0);
		assert_int_equal(m.refused, 0);
	}
	/* While the kernel resizes the hash table of a set, a listing may have one entry twice and lack another. */
	for (unsigned tries = 0; tries < 1000 && (n != 3000 || entry.left_s == 0); tries++)
		n = list(root, "10.12.250.1", &entry);
	assert_int_equal(n, 3000);
	assert_in_range(entry.left_s, 1, 600);
	assert_int_equal(ask_of(root, (struct message){.verb = MESSAGE_LIMITS}).n4, 2000);
	root_close(root, true);
}

/* A new process goes on with what the one before left; what was flushed is made again. */
static void test_taken_over(void **state)
{
	struct root *root = root_of(&usual);
	struct message_entry entry;

	(void)state;
	assert_int_equal(add(root, "192.0.2.7", 500).error, 0);
	root_close(root, false);
	root = root_of(&usual);
	assert_int_equal(list(root, "192.0.2.7", &entry), 1);
	assert_in_range(entry.left_s, 495, 505);
	assert_int_equal(prepare(root).repaired, 0);
	assert_true(shell("nft flush ruleset"));
	assert_int_equal(prepare(root).repaired, 1);
	assert_int_equal(list(root, NULL, NULL), 0);
	assert_int_equal(add(root, "192.0.2.7", 500).error, 0);
	assert_true(shows("ip saddr @spammer goto spammer_drop"));
	root_close(root, true);
	assert_true(is_clean());
}

static void test_not_ours(void **state)
{
	struct root *root;
	struct why why;

	(void)state;
	assert_true(shell("nft add table inet watchforspammers"));
	assert_int_equal(root_open(&usual, &root, &why), -EEXIST);
	assert_non_null(strstr(why.text, "nft delete table inet watchforspammers"));
	assert_true(shell("nft list tables | grep -qx 'table inet watchforspammers'"));
}

static void test_actions(void **state)
{
	static const char *const ends[] = {
		[ROOT_DROP] = "drop }", [ROOT_REJECT] = "reject }", [ROOT_RESET] = "reject with tcp reset }"};

	(void)state;
	for (unsigned row = 0; row < 3 * 2 * 2; row++) {
		struct root_config config = usual;
		char want[256];
		struct root *root;

		config.action = row % 3;
		config.n_ports = row / 3 % 2;
		strcpy(config.log_prefix, row / 6 ? "SPAM_BLOCK: " : "");
		root = root_of(&config);
		assert_int_equal(add(root, "192.0.2.7", 600).error, 0);
		(void)snprintf(want, sizeof want, "counter } %s%s",
		               row / 6 ? "limit rate 10/minute log prefix \"SPAM_BLOCK: \" " : "", ends[config.action]);
		if (!shows(want))
			fail_msg("row %u: nft does not show '%s'", row, want);
		assert_int_equal(shows("tcp dport @spammer_ports jump SPAMMER"), row / 3 % 2);
		root_close(root, true);
	}
}

static void test_sessions_kept(void **state)
{
	struct root_config config = usual;
	struct root *root;

	(void)state;
	config.sessions = ROOT_KEPT;
	root = root_of(&config);
	assert_true(shows("tcp dport @spammer_ports tcp flags syn / fin,syn,rst,ack jump SPAMMER"));
	root_close(root, true);
	config.n_ports = 0;
	root = root_of(&config);
	assert_true(shows(
		"chain input { type filter hook input priority filter - 10; policy accept; ct state new jump SPAMMER }"));
	root_close(root, true);
}

/* What nft saves it can load. */
static void test_floods(void **state)
{
	struct root_config config = usual;
	struct root *root;
	struct message m;

	(void)state;
	config.connections = 50;
	config.connections_s = 9;
	root = root_of(&config);
	assert_true(shows(
		"update @spammer_rate { ip saddr timeout 10s limit rate over 20000/hour burst 50 packets } update "
		"@spammer_flood { ip saddr timeout 1m }"));
	assert_true(shows("ip6 saddr & ffff:ffff:ffff:ff00:: timeout 10s limit"));
	assert_true(shell("f=$(mktemp) && nft list ruleset >$f && nft -c -f $f; s=$?; rm $f; exit $s"));
	assert_true(shell(
		"nft add element inet watchforspammers spammer_flood '{ 192.0.2.7 timeout 1m, 127.0.0.1 timeout 1m }'"));
	assert_true(shell("nft add element inet watchforspammers spammer6_flood '{ 2001:db8::7 timeout 1m }'"));
	m = ask_of(root, (struct message){.verb = MESSAGE_FLOODS});
	assert_int_equal(m.error, 0);
	assert_int_equal(m.n, 2); /* loopback is nobody's to block */
	m = ask_of(root, (struct message){.verb = MESSAGE_FLOODS});
	assert_int_equal(m.n, 0);
	root_close(root, true);
}

/* What others change is reported with their name, and rules are whole again; our own changes are not reported. */
static void test_changed(void **state)
{
	static const struct {
		const char *command;
		bool all;
		size_t n;
	} rows[] = {
		{"nft flush ruleset", true, 0},
		{"nft delete table inet watchforspammers", true, 0},
		{"nft flush chain inet watchforspammers input", false, 0},
		{"nft flush chain inet watchforspammers SPAMMER", false, 0},
		{"nft insert rule inet watchforspammers SPAMMER accept", false, 0},
		{"nft add table inet watchforspammers '{ flags dormant; }'", true, 0},
		{"nft flush set inet watchforspammers spammer_ports", false, 0},
		{"nft delete element inet watchforspammers spammer '{ 192.0.2.7 }'", false, 1},
		{"nft add element inet watchforspammers spammer '{ 192.0.2.8, 192.0.2.9 }'", false, 2},
	};
	const struct backend *const backend = backend_find("nftables");
	const struct backend_entry entry = {.net = {.addr = {{[10] = 0xFF, 0xFF, 192, 0, 2, 7}}, .len = 128},
	                                    .left_s = 600};
	struct backend_refused refused = {0};
	struct backend_change change;
	const char *without6;
	struct why why;
	bool repaired;
	void *self;

	(void)state;
	assert_int_equal(backend->open(&usual, &self, &without6, &why), 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(backend->add(self, &entry, 1, &refused, &why), 0);
		assert_false(backend->changed(self, &change));
		assert_true(shell("%s && nft add table inet other", rows[i].command));
		if (!backend->changed(self, &change) || change.all != rows[i].all ||
		    (!change.all && change.n != rows[i].n))
			fail_msg("%s: got all %d, %zu networks", rows[i].command, change.all, change.n);
		assert_string_equal(change.name, "nft");
		assert_true(change.pid > 0);
		assert_false(backend->changed(self, &change));
		assert_true(shows("policy accept; tcp dport @spammer_ports jump SPAMMER }"));
		assert_true(shows("chain SPAMMER { ip saddr @spammer goto spammer_drop }"));
		assert_true(shows("elements = { 25, 465, 587 }"));
		assert_false(shows("dormant"));
		assert_int_equal(backend->prepare(self, 1, 1, &repaired, &why), 0);
		assert_int_equal(repaired, rows[i].n == 0);
	}
	assert_true(shell("nft add table inet other && nft add chain inet other watchforspammers"));
	assert_false(backend->changed(self, &change)); /* others' tables are no business of ours */
	assert_int_equal(backend->close(self, BACKEND_REMOVE, &why), 0);
}

/* So many changes of others at once that the kernel drops some of their events: anything of ours may have been changed.
 */
static void test_overflow(void **state)
{
	const struct backend *const backend = backend_find("nftables");
	struct backend_change change;
	const char *without6;
	struct why why;
	void *self;

	(void)state;
	assert_int_equal(backend->open(&usual, &self, &without6, &why), 0);
	assert_int_equal(setsockopt(backend->watched(self), SOL_SOCKET, SO_RCVBUF, &(int){4096}, sizeof(int)), 0);
	assert_false(backend->changed(self, &change));
	assert_true(shell("{ echo 'add table inet other'; echo 'add set inet other many { type mark; }'; "
	                  "seq -f 'add element inet other many { %%.0f }' 1 5000; } | nft -f -"));
	assert_true(backend->changed(self, &change));
	assert_true(change.all);
	assert_false(backend->changed(self, &change));
	assert_true(shell("nft delete table inet other"));
	assert_int_equal(backend->close(self, BACKEND_REMOVE, &why), 0);
}

/* During a large transaction nothing is announced: not our own, and what others do meanwhile counts as a change of
 * everything. */
static void test_muted(void **state)
{
	const struct backend *const backend = backend_find("nftables");
	struct backend_entry entries[BACKEND_REFUSED_MAX];
	struct net nets[BACKEND_REFUSED_MAX];
	struct backend_refused refused = {0};
	struct backend_change change;
	struct mnl_socket *socket;
	const char *without6;
	uint32_t generation;
	struct why why;
	void *self;

	(void)state;
	assert_int_equal(backend->open(&usual, &self, &without6, &why), 0);
	for (unsigned i = 0; i < BACKEND_REFUSED_MAX; i++) {
		nets[i] =
			(struct net){.addr = {{[10] = 0xFF, 0xFF, 192, 0, 2, (uint8_t)i}}, .len = 128}; /* below 256 */
		entries[i] = (struct backend_entry){.net = nets[i], .left_s = 600};
	}
	for (int again = 0; again < 2; again++) {
		assert_int_equal(backend->add(self, entries, BACKEND_REFUSED_MAX, &refused, &why), 0);
		assert_false(backend->changed(self, &change));
	}
	assert_int_equal(backend->del(self, nets, BACKEND_REFUSED_MAX, &why), 0);
	assert_false(backend->changed(self, &change));
	assert_int_equal(nft_open(&socket, &why), 0);
	nft_events_mute(socket, &generation);
	nft_events_unmute(socket, generation, false);
	assert_false(backend->changed(self, &change));
	nft_events_mute(socket, &generation);
	assert_true(shell("nft add table inet other"));
	nft_events_unmute(socket, generation, false);
	assert_true(backend->changed(self, &change));
	assert_true(change.all);
	assert_false(backend->changed(self, &change));
	assert_true(shell("nft add element inet watchforspammers spammer '{ 192.0.2.8 }'")); /* it listens again */
	assert_true(backend->changed(self, &change));
	assert_int_equal(change.n, 1);
	(void)mnl_socket_close(socket);
	assert_int_equal(backend->close(self, BACKEND_REMOVE, &why), 0);
}

/* One packet may name an element twice: a block, and its extension in the same turn. The longest time counts. */
static void test_twice(void **state)
{
	const struct addr addr = {{[10] = 0xFF, 0xFF, 192, 0, 2, 7}}, other = {{[10] = 0xFF, 0xFF, 192, 0, 2, 8}};
	const struct backend_entry entries[] = {{.net = net_of(&addr), .left_s = 100},
	                                        {.net = net_of(&other), .left_s = 60},
	                                        {.net = net_of(&addr), .left_s = 300},
	                                        {.net = net_of(&other), .left_s = 60}};
	struct backend_refused refused = {0};
	const char *without6;
	struct lists *lists;
	struct why why;

	(void)state;
	assert_int_equal(lists_open(backend_find("nftables"), &usual, &lists, &without6, &why), 0);
	for (int i = 0; i < 2; i++) { /* new ones, and those that are there */
		assert_int_equal(lists_add(lists, entries, 4, &refused, &why), 0);
		assert_int_equal(refused.n, 0);
		assert_true(shell("nft list set inet watchforspammers spammer | grep -q '192.0.2.7 timeout 5m5s'"));
		assert_true(shell("nft list set inet watchforspammers spammer | grep -q '192.0.2.8 timeout 1m5s'"));
	}
	assert_int_equal(lists_del(lists, entries, 4, &why), 0);
	assert_false(shell("nft list set inet watchforspammers spammer | grep -q 192.0.2"));
	assert_int_equal(lists_close(lists, BACKEND_REMOVE, &why), 0);
}

/* Of several lists the change says in which of them it was; what is about rules says that all may be changed. */
static void test_changed_lists(void **state)
{
	const struct addr addr = {{[10] = 0xFF, 0xFF, 192, 0, 2, 7}};
	const struct backend_entry entries[] = {{.net = net_of(&addr), .left_s = 600},
	                                        {.net = net_of(&addr), .list = 1, .left_s = 600}};
	struct root_config config = usual;
	struct backend_refused refused = {0};
	struct backend_change change;
	const char *without6;
	struct lists *lists;
	struct why why;

	(void)state;
	config.n_more = 1;
	config.more[0] = (struct root_list){.name = "auth", .n_ports = 1, .ports = {143}};
	assert_int_equal(lists_open(backend_find("nftables"), &config, &lists, &without6, &why), 0);
	assert_int_equal(lists_add(lists, entries, 2, &refused, &why), 0);
	assert_false(lists_changed(lists, &change));
	assert_true(shell("nft delete element inet watchforspammers_SPAMMER_auth spammer_auth '{ 192.0.2.7 }'"));
	assert_true(lists_changed(lists, &change));
	assert_false(change.all);
	assert_int_equal(change.n, 1);
	assert_int_equal(change.touched[0].list, 1);
	assert_int_equal(lists_add(lists, entries, 2, &refused, &why), 0);
	assert_true(shell("nft delete element inet watchforspammers spammer '{ 192.0.2.7 }' && "
	                  "nft add element inet watchforspammers_SPAMMER_auth spammer_auth '{ 192.0.2.8 }'"));
	assert_true(lists_changed(lists, &change));
	assert_false(change.all);
	assert_int_equal(change.n, 2);
	assert_int_equal(change.touched[0].list + change.touched[1].list, 1);
	assert_true(shell("nft delete element inet watchforspammers_SPAMMER_auth spammer_auth '{ 192.0.2.8 }' && "
	                  "nft flush chain inet watchforspammers SPAMMER"));
	assert_true(lists_changed(lists, &change));
	assert_true(change.all);
	assert_int_equal(lists_close(lists, BACKEND_REMOVE, &why), 0);
}

static void settle(struct root *root)
{
	assert_int_equal(ask_of(root, (struct message){.verb = MESSAGE_SETTLED}).error, 0);
}

/*
 * auto is recent, until more is wanted at the start than it holds. What the other backend left goes when the new one is
 * filled, not before: no client gets in meanwhile.
 */
static void test_automatic(void **state)
{
	struct root_config config = usual;
	struct root *root;
	struct message m;

	(void)state;
	if (!shell("iptables-legacy -w -m recent --help >/dev/null && iptables-legacy -w -S >/dev/null"))
		skip();
	strcpy(config.backend, "auto");
	root = root_of(&config);
	m = ask_of(root, (struct message){.verb = MESSAGE_LIMITS});
	assert_string_equal(m.backend, "recent");
	assert_string_equal(m.chosen, "legacy xtables and xt_recent are there");
	m = ask_of(root, (struct message){.verb = MESSAGE_PREPARE, .n4 = 100});
	assert_string_equal(m.backend, "recent");
	assert_int_equal(add(root, "192.0.2.7", 600).error, 0);
	settle(root);
	root_close(root, false);

	root = root_of(&config);
	m = ask_of(root, (struct message){.verb = MESSAGE_PREPARE, .n6 = 500000});
	assert_string_equal(m.backend, "nftables");
	assert_non_null(strstr(m.chosen, "500000 entries are wanted, recent holds "));
	assert_true(shell("grep -q 192.0.2.7 /proc/net/xt_recent/spammer"));
	assert_int_equal(add(root, "192.0.2.7", 600).error, 0);
	assert_true(shell("grep -q 192.0.2.7 /proc/net/xt_recent/spammer"));
	settle(root);
	assert_false(shell("ls /proc/net/xt_recent | grep -q spammer"));
	assert_true(shows("192.0.2.7"));
	root_close(root, false);

	root = root_of(&config); /* and back */
	m = ask_of(root, (struct message){.verb = MESSAGE_PREPARE, .n4 = 1});
	assert_string_equal(m.backend, "recent");
	assert_true(shows("192.0.2.7"));
	settle(root);
	assert_true(is_clean());
	root_close(root, true);
}

/* What a killed process left. */
static void test_clean(void **state)
{
	bool removed;
	struct why why;
	struct root *root = root_of(&usual);

	(void)state;
	assert_int_equal(add(root, "192.0.2.7", 600).error, 0);
	root_close(root, false);
	assert_true(shows("192.0.2.7"));
	assert_int_equal(root_clean(&usual, &removed, &why), 0);
	assert_true(removed);
	assert_true(is_clean());
	assert_int_equal(root_clean(&usual, &removed, &why), 0);
	assert_false(removed);
}

/* The reason why this machine cannot run the test, or NULL. */
static const char *make_namespace(void)
{
	if (geteuid() != 0)
		return "only root may make a network namespace";
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return "cannot make a network namespace";
	if (!shell("command -v nft >/dev/null"))
		return "nft is not installed";
	return shell("nft list ruleset >/dev/null 2>&1") ? NULL : "this kernel has no nf_tables";
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_rules, clean),      cmocka_unit_test_setup(test_lengths, clean),
		cmocka_unit_test_setup(test_times, clean),      cmocka_unit_test_setup(test_many, clean),
		cmocka_unit_test_setup(test_taken_over, clean), cmocka_unit_test_setup(test_not_ours, clean),
		cmocka_unit_test_setup(test_actions, clean),    cmocka_unit_test_setup(test_sessions_kept, clean),
		cmocka_unit_test_setup(test_floods, clean),     cmocka_unit_test_setup(test_automatic, clean),
		cmocka_unit_test_setup(test_changed, clean),    cmocka_unit_test_setup(test_clean, clean),
		cmocka_unit_test_setup(test_overflow, clean),   cmocka_unit_test_setup(test_twice, clean),
		cmocka_unit_test_setup(test_muted, clean),      cmocka_unit_test_setup(test_changed_lists, clean),
	};
	const char *const reason = make_namespace();

	if (reason != NULL) {
		(void)printf("1..0 # SKIP %s\n", reason);
		return SKIPPED;
	}
	log_init("[root]", LOG_CRIT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
