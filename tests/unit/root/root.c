/*
 * root: with recent and xtables against the real kernel, in a network namespace of its own. That needs root and a
 * kernel with legacy xtables; otherwise the test is skipped and prints why. iptables-legacy's output is the second
 * opinion.
 */
#include "root/root.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "firewall/client.h"
#include "firewall/message.h"

enum { SKIPPED = 77 };

static char tmpdir[] = "/tmp/wfs-root-XXXXXX";
static const char listdir[] = "/proc/net/xt_recent";

static const struct root_config usual = {
	.backend = "recent",
	.manage_rules = true,
	.chain = "SPAMMER",
	.hooks = ROOT_HOOK_INPUT,
	.n_jump_from = 1,
	.jump_from = {"INPUT"},
	.list = "spammer",
	.seconds = 600,
	.n_ports = 3,
	.ports = {25, 465, 587},
};

/* True when the shell returns 0. Tests run one by one in their own namespace, so no name can collide. */
__attribute__((format(printf, 1, 2))) static bool shell(const char *fmt, ...)
{
	char command[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(command, sizeof command, fmt, ap);
	va_end(ap);
	return system(command) == 0;
}

#define RULES4 "iptables-legacy -w -S"
#define RULES6 "ip6tables-legacy -w -S"

static bool rule4(const char *rule)
{
	return shell(RULES4 " | grep -qxF -- '%s'", rule);
}

static bool rule6(const char *rule)
{
	return shell(RULES6 " | grep -qxF -- '%s'", rule);
}

static bool nothing_left(void)
{
	return !shell(RULES4 " | grep -i spammer") && !shell(RULES6 " | grep -i spammer") &&
	       !shell("ls %s | grep .", listdir);
}

/* Before each test, so that one that fails does not spoil the next. */
static int clean(void **state)
{
	(void)state;
	return shell("for t in iptables-legacy ip6tables-legacy; do $t -w -P FORWARD ACCEPT && $t -w -F && "
	             "$t -w -X ||"
	             " exit 1; done")
	               ? 0
	               : -1;
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
	root_answer(root, &m, ++now_s);
	assert_true(message_is_answer(&m, message_size(&m), &request));
	return m;
}

static struct message add(struct root *root, const char *text)
{
	struct message m = {.verb = MESSAGE_ADD};

	set_entry(&m, text, 600);
	return ask_of(root, m);
}

static struct message del(struct root *root, const char *text)
{
	struct message m = {.verb = MESSAGE_DEL};

	set_entry(&m, text, 0);
	return ask_of(root, m);
}

static struct message prepare(struct root *root, uint32_t n4, uint32_t n6)
{
	return ask_of(root, (struct message){.verb = MESSAGE_PREPARE, .n4 = n4, .n6 = n6});
}

/* How many are listed, over all packets; *ret_idle_s: the longest idle. */
static size_t list(struct root *root, uint32_t *ret_idle_s)
{
	struct message m = {0};
	uint32_t idle_s = 0;
	size_t n = 0;

	do {
		m = ask_of(root, (struct message){.verb = MESSAGE_LIST, .cursor = m.cursor});
		assert_int_equal(m.error, 0);
		for (uint32_t i = 0; i < m.n; i++)
			if (m.entries[i].idle_s > idle_s)
				idle_s = m.entries[i].idle_s;
		n += m.n;
	} while (m.cursor != 0);
	if (ret_idle_s != NULL)
		*ret_idle_s = idle_s;
	return n;
}

static void test_rules(void **state)
{
	struct root *root = root_of(&usual);

	(void)state;
	assert_true(rule4("-A INPUT -p tcp -m multiport --dports 25,465,587 -j SPAMMER"));
	assert_true(rule6("-A INPUT -p tcp -m multiport --dports 25,465,587 -j SPAMMER"));
	assert_true(rule4("-A SPAMMER -m recent --update --seconds 600 --name spammer --mask 255.255.255.255 "
	                  "--rsource -j DROP"));
	assert_true(rule6("-A SPAMMER -m recent --update --seconds 600 --name spammer6 --mask "
	                  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff --rsource -j DROP"));
	assert_int_equal(prepare(root, 1, 1).repaired, 0);
	root_close(root, true);
	assert_true(nothing_left());
	root_close(NULL, true);
}

/* icmp: how the family calls a port that is not reachable. */
static void check_action(const char *tool, const char *icmp, enum root_action action, bool ports, bool logs)
{
#define HAS "%s -w -S | grep -q -- "
	assert_true(shell(HAS "'-A INPUT %s-j SPAMMER$'", tool, ports ? "-p tcp -m tcp --dport 25 " : ""));
	assert_int_equal(shell(HAS "'-A SPAMMER -m recent --rcheck --seconds 600 .* -m limit --limit 10/min "
	                           "-j LOG --log-prefix \"SPAM_BLOCK: \"$'",
	                       tool),
	                 logs);
	assert_int_equal(shell(HAS "'-A SPAMMER -m recent --update --seconds 600 .* -j DROP$'", tool),
	                 action == ROOT_DROP || (action == ROOT_RESET && !ports));
	assert_int_equal(
		shell(HAS "'-A SPAMMER -m recent --update --seconds 600 .* -j REJECT --reject-with %s$'", tool, icmp),
		action == ROOT_REJECT);
	assert_int_equal(
		shell(HAS "'-A SPAMMER -p tcp -m recent --update .* -j REJECT --reject-with tcp-reset$'", tool),
		action == ROOT_RESET);
#undef HAS
}

static void test_actions(void **state)
{
	(void)state;
	for (unsigned row = 0; row < 3 * 2 * 2; row++) {
		const enum root_action action = row % 3;
		const bool ports = row / 3 % 2, logs = row / 6;
		struct root_config config = usual;
		struct root *root;

		config.action = action;
		config.n_ports = ports;
		strcpy(config.log_prefix, logs ? "SPAM_BLOCK: " : "");
		root = root_of(&config);
		check_action("iptables-legacy", "icmp-port-unreachable", action, ports, logs);
		check_action("ip6tables-legacy", "icmp6-port-unreachable", action, ports, logs);
		/* What the kernel gives back is what we would write, the limit's private part
		 * notwithstanding. */
		assert_int_equal(prepare(root, 1, 1).repaired, 0);
		assert_int_equal(prepare(root, 101, 1).error, 0);
		assert_int_equal(prepare(root, 101, 1).repaired, 0);
		root_close(root, true);
		assert_true(nothing_left());
	}
}

static void test_add_list_del(void **state)
{
	struct root *root = root_of(&usual);
	struct message m;
	uint32_t idle_s;

	(void)state;
	m = add(root, "192.0.2.7");
	assert_int_equal(m.error, 0);
	assert_int_equal(m.refused, 0);
	assert_int_equal(m.n4, 1);
	assert_int_equal(m.capacity, 100);
	assert_string_equal(m.list, "spammer");
	assert_true(lengths_has(&m.lengths, true, 128) && !lengths_has(&m.lengths, true, 96 + 24));
	m = add(root, "192.0.2.7"); /* again: refreshed */
	assert_int_equal(m.n4, 1);
	m = add(root, "2001:db8::7");
	assert_int_equal(m.n6, 1);
	assert_true(shell("grep -q 'src=192.0.2.7 ' %s/spammer", listdir));
	assert_true(shell("grep -q 'src=2001:0db8:0000:0000:0000:0000:0000:0007 ' %s/spammer6", listdir));
	assert_int_equal(list(root, &idle_s), 2);
	assert_in_range(idle_s, 0, 2);
	assert_int_equal(del(root, "192.0.2.8").error, 0); /* never there */
	m = del(root, "192.0.2.7");
	assert_int_equal(m.error, 0);
	assert_int_equal(m.n4, 0);
	assert_int_equal(m.n6, 1);
	assert_int_equal(list(root, NULL), 1);
	assert_false(shell("grep -q src= %s/spammer", listdir));
	/* What another program wrote is seen, and can be removed. */
	assert_true(shell("echo +192.0.2.9 >%s/spammer", listdir));
	assert_int_equal(list(root, NULL), 2);
	assert_int_equal(del(root, "192.0.2.9").n4, 0);
	root_close(root, true);
}

static void test_never(void **state)
{
	static const struct {
		const char *text;
		uint32_t refused;
	} rows[] = {
		{"127.0.0.1", 1},       {"::1", 1},           {"fe80::1", 1},
		{"224.0.0.1", 1},       {"198.51.100.0", 1},  {"198.51.100.255", 1},
		{"198.51.101.0", 0},    {"2001:db8:1::1", 1}, {"2001:db8:2::1", 0},
		{"192.0.2.0/24", 1}, /* a network: not in these lists */
		{"2001:db8:2::/64", 1},
	};
	struct root_config config = usual;
	struct root *root;

	(void)state;
	config.n_never = 2;
	assert_true(net_parse("198.51.100.0/24", 15, &config.never[0]));
	assert_true(net_parse("2001:db8:1::/48", 15, &config.never[1]));
	root = root_of(&config);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct message m = add(root, rows[i].text);

		if (m.error != 0 || m.refused != rows[i].refused)
			fail_msg("%s: got error %d, refused %u, want %u", rows[i].text, m.error, m.refused,
			         rows[i].refused);
		if ((m.refused > 0) != (strstr(m.why, rows[i].text) != NULL))
			fail_msg("%s: got the sentence \"%s\"", rows[i].text, m.why);
	}
	assert_int_equal(list(root, NULL), 2);
	assert_int_equal(del(root, "192.0.2.0/24").error, 0);
	root_close(root, true);
}

static void write_file(const char *path, const char *text)
{
	const int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
}

/* An address that the kernel lists for too many connections is returned once, unless it may never be blocked. */
static void test_floods(void **state)
{
	static const char path4[] = "/proc/net/xt_recent/spammer_flood", path6[] = "/proc/net/xt_recent/spammer6_flood";
	struct root_config config = usual;
	struct root *root;
	struct message m;

	(void)state;
	root = root_of(&config);
	assert_true(access(path4, F_OK) < 0); /* off */
	m = ask_of(root, (struct message){.verb = MESSAGE_FLOODS});
	assert_int_equal(m.error, 0);
	assert_int_equal(m.n, 0);
	root_close(root, true);

	config.connections = 50;
	config.connections_s = 9;
	config.n_never = 1;
	assert_true(net_parse("198.51.100.0/24", 15, &config.never[0]));
	root = root_of(&config);
	write_file(path4, "+192.0.2.7");
	write_file(path4, "+198.51.100.7");
	write_file(path4, "+127.0.0.1");
	write_file(path6, "+2001:db8::7");
	m = ask_of(root, (struct message){.verb = MESSAGE_FLOODS});
	assert_int_equal(m.error, 0);
	assert_int_equal(m.n, 2);
	assert_int_equal(m.entries[0].addr[15], 7);
	assert_int_equal(m.entries[0].len, 128);
	assert_int_equal(m.entries[1].addr[0], 0x20);
	assert_int_equal(ask_of(root, (struct message){.verb = MESSAGE_FLOODS}).n, 0);
	assert_int_equal(list(root, NULL), 0); /* it blocks no client */
	for (unsigned i = 0; i < 100; i++) {   /* as many as the list holds */
		char command[32];

		(void)snprintf(command, sizeof command, "+203.0.113.%u", i);
		write_file(path4, command);
	}
	assert_int_equal(ask_of(root, (struct message){.verb = MESSAGE_FLOODS}).n, 100);
	assert_int_equal(ask_of(root, (struct message){.verb = MESSAGE_FLOODS}).n, 0);
	root_close(root, true);
	assert_true(access(path4, F_OK) < 0);
}

static struct message add_many(struct root *root, unsigned from, unsigned to)
{
	struct message sum = {0};

	while (from < to) {
		struct message m = {.verb = MESSAGE_ADD};

		for (; from < to && m.n < MESSAGE_ENTRIES; from++) {
			char text[NET_TEXT_MAX];

			(void)snprintf(text, sizeof text, "10.%u.%u.%u", from >> 16, from >> 8 & 255, from & 255);
			set_entry(&m, text, 600);
		}
		m = ask_of(root, m);
		m.refused += sum.refused;
		sum = m;
	}
	return sum;
}

/* Three times what one list holds: the kernel would forget the first 200 without a word. */
static void test_three_hundred(void **state)
{
	struct root *root = root_of(&usual);
	struct message m;

	(void)state;
	m = add_many(root, 1, 101);
	assert_int_equal(m.refused, 0);
	assert_int_equal(m.n4, 100);
	m = add(root, "10.9.9.9");
	assert_int_equal(m.error, -ENOSPC);
	assert_int_equal(m.refused, 1);
	assert_int_equal(m.n4, 100);
	assert_int_equal(add(root, "10.0.0.1").error, 0);    /* one that is there needs no capacity */
	assert_int_equal(add(root, "2001:db8::1").error, 0); /* the other family has its own */
	assert_int_equal(list(root, NULL), 101);

	m = prepare(root, 300, 1);
	assert_int_equal(m.error, 0);
	assert_int_equal(m.repaired, 0); /* made on purpose */
	assert_int_equal(m.capacity, 256 * 100);
	assert_int_equal(m.n4, 0);
	m = add_many(root, 1, 301);
	assert_int_equal(m.error, 0);
	assert_int_equal(m.refused, 0);
	assert_int_equal(m.n4, 300);
	assert_int_equal(list(root, NULL), 300);
	assert_true(shell("test $(cat %s/spammer_* | grep -c src=) = 300", listdir));
	assert_true(shell("grep -q 'src=10.0.1.44 ' %s/spammer_2c", listdir));
	assert_true(rule4("-A SPAMMER -s 0.0.0.12/0.0.0.15 -j SPAMMER_c"));
	assert_true(rule4("-A SPAMMER_c -s 0.0.0.44/0.0.0.255 -m recent --update --seconds 600 --name spammer_2c "
	                  "--mask 255.255.255.255 --rsource -j DROP"));
	assert_true(rule6("-A SPAMMER_c -s ::2c/::ff -m recent --update --seconds 600 --name spammer6_2c --mask "
	                  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff --rsource -j DROP"));
	assert_int_equal(prepare(root, 300, 1).repaired, 0);

	/* Nothing flaps between a quarter of a list and a whole one. */
	assert_int_equal(prepare(root, 100, 0).capacity, 256 * 100);
	assert_int_equal(prepare(root, 25, 0).capacity, 256 * 100);
	assert_int_equal(prepare(root, 24, 0).capacity, 100);
	assert_int_equal(prepare(root, 100, 100).capacity, 100);
	assert_int_equal(prepare(root, 0, 101).capacity, 256 * 100);
	root_close(root, true);
	assert_true(nothing_left());
}

/* All in one shard: the hundred and first is refused, and asking for more lists would not help it. */
static void test_full_shard(void **state)
{
	struct root *root = root_of(&usual);
	struct message m = {0};
	unsigned refused = 0;

	(void)state;
	assert_int_equal(prepare(root, 103, 0).capacity, 256 * 100);
	for (unsigned i = 0; i < 103; i++) {
		char text[NET_TEXT_MAX];

		(void)snprintf(text, sizeof text, "10.0.%u.5", i);
		m = add(root, text);
		assert_int_equal(m.error, 0);
		refused += m.refused;
	}
	assert_int_equal(refused, 3);
	assert_int_equal(m.n4, 100);
	assert_int_equal(list(root, NULL), 100);
	assert_true(shell("grep -q 'src=10.0.0.5 ' %s/spammer_05", listdir)); /* the first was not forgotten */
	root_close(root, true);
}

static void test_repaired(void **state)
{
	struct root *root = root_of(&usual);

	(void)state;
	assert_int_equal(add(root, "192.0.2.7").n4, 1);
	/* Everything is flushed behind our back: lists gone, descriptors dead. */
	assert_true(shell("iptables-legacy -w -F && ip6tables-legacy -w -F"));
	assert_int_equal(add(root, "192.0.2.8").error, -ENOENT);
	assert_int_equal(prepare(root, 2, 0).repaired, 1);
	assert_int_equal(list(root, NULL), 0);
	assert_int_equal(add(root, "192.0.2.7").n4, 1);
	assert_true(shell("grep -q 'src=192.0.2.7 ' %s/spammer", listdir));
	/* Flushed and restored: another list under the old name, and the first write goes to it. */
	assert_true(shell("iptables-legacy-save >$TMPDIR/rules && iptables-legacy -w -F && "
	                  "iptables-legacy-restore -w <$TMPDIR/rules"));
	assert_int_equal(add(root, "192.0.2.8").error, 0);
	assert_int_equal(prepare(root, 1, 0).repaired, 0);
	assert_int_equal(list(root, NULL), 1);
	/* Only the jump. */
	assert_true(shell("iptables-legacy -w -F INPUT"));
	assert_int_equal(prepare(root, 1, 0).repaired, 1);
	assert_int_equal(list(root, NULL), 1);
	/* A second jump, a foreign rule in our chain, a rule of ours gone: each is put right. */
	assert_true(shell("iptables-legacy -w -A INPUT -p tcp --dport 110 -j SPAMMER"));
	assert_int_equal(prepare(root, 1, 0).repaired, 1);
	assert_true(shell("test $(" RULES4 " INPUT | grep -c SPAMMER) = 1"));
	assert_true(shell("iptables-legacy -w -A SPAMMER -j ACCEPT"));
	assert_int_equal(prepare(root, 1, 0).repaired, 1);
	assert_true(shell("ip6tables-legacy -w -D SPAMMER 1"));
	assert_int_equal(prepare(root, 1, 0).repaired, 1);
	assert_int_equal(prepare(root, 1, 0).repaired, 0);
	/* The same with many lists. */
	assert_int_equal(prepare(root, 300, 0).error, 0);
	assert_true(shell("iptables-legacy -w -D SPAMMER_7 3"));
	assert_int_equal(prepare(root, 300, 0).repaired, 1);
	assert_int_equal(prepare(root, 300, 0).repaired, 0);
	root_close(root, true);
	assert_true(nothing_left());
}

/* A daemon with another configuration after one that was killed: what differs is replaced, entries stay. */
static void test_taken_over(void **state)
{
	struct root_config config = usual;
	struct root *root = root_of(&config);

	(void)state;
	assert_int_equal(add(root, "192.0.2.7").n4, 1);
	root_close(root, false);
	assert_true(shell("grep -q 'src=192.0.2.7 ' %s/spammer", listdir));
	config.seconds = 1200;
	config.n_ports = 1;
	root = root_of(&config);
	assert_true(shell("test \"$(" RULES4 " SPAMMER | grep -c -- '--seconds 1200 ')\" = 1"));
	assert_true(shell("test \"$(" RULES4 " | grep -c -- '-j SPAMMER')\" = 1"));
	assert_true(rule4("-A INPUT -p tcp -m tcp --dport 25 -j SPAMMER"));
	assert_int_equal(list(root, NULL), 1);
	/* And with many lists, which are kept until the engine has sent how many it wants. */
	assert_int_equal(prepare(root, 300, 0).capacity, 256 * 100);
	assert_int_equal(add(root, "192.0.2.8").n4, 1);
	root_close(root, false);
	root = root_of(&config);
	assert_int_equal(list(root, NULL), 1);
	assert_int_equal(prepare(root, 1, 0).capacity, 100);
	root_close(root, true);
	assert_true(nothing_left());
}

static void test_keep_on_stop(void **state)
{
	struct root_config config = usual;
	struct root *root;

	(void)state;
	config.keep_on_stop = true;
	root = root_of(&config);
	assert_int_equal(add(root, "192.0.2.7").n4, 1);
	root_close(root, true);
	assert_true(shell("grep -q 'src=192.0.2.7 ' %s/spammer", listdir));
	config.keep_on_stop = false;
	root_close(root_of(&config), true);
	assert_true(nothing_left());
}

/* Of a start that failed nothing stays but what was there before. */
static void test_failed_start(void **state)
{
	struct root *root = root_of(&usual);

	(void)state;
	root_close(root, false);
	assert_true(nothing_left());
	root = root_of(&usual);
	assert_int_equal(add(root, "192.0.2.7").n4, 1);
	root_close(root, false); /* as after a crash */
	root_close(root_of(&usual), false);
	assert_true(shell("grep -q 'src=192.0.2.7 ' %s/spammer", listdir));
	root_close(root_of(&usual), true);
	assert_true(nothing_left());
}

static bool no_locks(void)
{
	return !shell("ls /run/watchforspammers-*-$(stat -Lc %%i /proc/self/ns/net).lock 2>/dev/null | grep .");
}

static void test_one_master(void **state)
{
	struct root_config other = usual;
	struct root *const root = root_of(&usual);
	struct root *second;
	struct why why;
	char want[64];

	(void)state;
	(void)snprintf(want, sizeof want, "another watchforspammers (process %d) has chain \"SPAMMER\"; ",
	               (int)getpid());
	assert_int_equal(root_open(&usual, &second, &why), -EALREADY);
	assert_memory_equal(why.text, want, strlen(want));
	strcpy(other.chain, "OTHER");
	assert_int_equal(root_open(&other, &second, &why), -EALREADY);
	assert_non_null(strstr(why.text, "has list \"spammer\""));
	strcpy(other.list, "other");
	second = root_of(&other);
	assert_int_equal(prepare(second, 1, 0).repaired, 0);
	root_close(second, true);
	assert_int_equal(prepare(root, 1, 0).repaired, 0); /* nothing changed it */
	root_close(root, true);
	assert_true(nothing_left());
	assert_true(no_locks());
}

static void test_clean(void **state)
{
	struct root *root = root_of(&usual);
	bool removed = true;
	struct why why;

	(void)state;
	assert_int_equal(prepare(root, 300, 0).error, 0);
	assert_int_equal(root_clean(&usual, &removed, &why), -EALREADY);
	assert_int_equal(prepare(root, 300, 0).repaired, 0);
	root_close(root, false);
	assert_false(nothing_left());
	assert_int_equal(root_clean(&usual, &removed, &why), 0);
	assert_true(removed);
	assert_true(nothing_left());
	assert_int_equal(root_clean(&usual, &removed, &why), 0);
	assert_false(removed);
	assert_true(no_locks());
}

/* Each list of ports has a chain and lists of its own, and all are listed, a packet at a time. */
static void test_lists(void **state)
{
	struct root_config config = usual;
	struct message m = {.verb = MESSAGE_ADD}, held = {0};
	size_t n = 0, n_auth = 0;
	struct root *root;

	(void)state;
	config.n_more = 2;
	config.more[0] = (struct root_list){.name = "auth", .n_ports = 2, .ports = {110, 143}};
	config.more[1] = (struct root_list){.name = "sshd", .n_ports = 1, .ports = {22}};
	root = root_of(&config);
	assert_true(rule4("-A INPUT -p tcp -m multiport --dports 25,465,587 -j SPAMMER"));
	assert_true(rule4("-A INPUT -p tcp -m multiport --dports 110,143 -j SPAMMER_auth"));
	assert_true(rule6("-A INPUT -p tcp -m tcp --dport 22 -j SPAMMER_sshd"));
	set_entry(&m, "192.0.2.1", 600);
	set_entry(&m, "192.0.2.1", 600);
	m.entries[1].list = 1;
	set_entry(&m, "2001:db8::1", 600);
	m.entries[2].list = 1;
	m = ask_of(root, m);
	assert_int_equal(m.error, 0);
	assert_int_equal(m.n4, 2);
	assert_int_equal(m.n6, 1);
	assert_true(shell("grep -q 'src=192.0.2.1 ' %s/spammer && grep -q 'src=192.0.2.1 ' %s/spammer_auth", listdir,
	                  listdir));
	assert_true(shell("grep -q 'src=2001:0db8' %s/spammer_auth6 && ! grep . %s/spammer_sshd", listdir, listdir));
	do {
		held = ask_of(root, (struct message){.verb = MESSAGE_LIST, .cursor = held.cursor});
		for (uint32_t i = 0; i < held.n; i++)
			n_auth += held.entries[i].list == 1;
		n += held.n;
	} while (held.cursor != 0);
	assert_int_equal(n, 3);
	assert_int_equal(n_auth, 2);
	m = (struct message){.verb = MESSAGE_DEL};
	set_entry(&m, "192.0.2.1", 0);
	m.entries[0].list = 1;
	assert_int_equal(ask_of(root, m).n4, 1);
	assert_true(
		shell("grep -q 'src=192.0.2.1 ' %s/spammer && ! grep -q 'src=192' %s/spammer_auth", listdir, listdir));
	m.entries[0].list = 3;
	assert_int_equal(ask_of(root, m).error, -EINVAL);
	root_close(root, true);
	assert_true(nothing_left());
}

static void test_others_untouched(void **state)
{
	struct root *root;

	(void)state;
	assert_true(shell("for t in iptables-legacy ip6tables-legacy; do $t -w -N ADMIN && $t -w -A INPUT -i "
	                  "lo -j ACCEPT &&"
	                  " $t -w -A INPUT -p tcp --dport 22 -j ADMIN && $t -w -A ADMIN -m recent --name ssh "
	                  "--set -j ACCEPT &&"
	                  " $t -w -P FORWARD DROP; done"));
	assert_true(shell("iptables-legacy-save -t filter | grep -v ^# >$TMPDIR/before4"));
	assert_true(shell("ip6tables-legacy-save -t filter | grep -v ^# >$TMPDIR/before6"));
	assert_true(shell("echo +203.0.113.5 >%s/ssh", listdir));
	root = root_of(&usual);
	assert_int_equal(add_many(root, 1, 51).n4, 50);
	assert_int_equal(prepare(root, 300, 0).error, 0);
	/* A jump of the admin's own goes with the chain it leads to, from wherever. */
	assert_true(shell("iptables-legacy -w -A FORWARD -j SPAMMER"));
	assert_int_equal(prepare(root, 300, 0).repaired, 0);
	root_close(root, true);
	assert_true(shell("iptables-legacy-save -t filter | grep -v ^# | cmp - $TMPDIR/before4"));
	assert_true(shell("ip6tables-legacy-save -t filter | grep -v ^# | cmp - $TMPDIR/before6"));
	assert_true(shell("grep -q 203.0.113.5 %s/ssh", listdir));
}

static void test_foreign_rules(void **state)
{
	struct root_config config = usual;
	struct root *root;
	struct why why;

	(void)state;
	config.manage_rules = false;
	assert_int_equal(root_open(&config, &root, &why), -ENOENT);
	assert_non_null(strstr(why.text, "iptables -I INPUT -p tcp --dport 25 -m recent --name spammer"));
	assert_true(shell("iptables-legacy -w -A INPUT -m recent --name spammer --update --seconds 60 -j DROP"));
	root = root_of(&config); /* IPv6 has no list: reported, and refused */
	assert_int_equal(add(root, "192.0.2.7").n4, 1);
	assert_int_equal(add(root, "2001:db8::7").refused, 1);
	assert_int_equal(add_many(root, 1, 101).error, 0); /* no other layout can be had: refused, no error */
	assert_int_equal(list(root, NULL), 100);
	assert_int_equal(prepare(root, 300, 0).capacity, 100);
	root_close(root, true);
	assert_true(shell(RULES4 " | grep -q -- '--name spammer'"));
	assert_false(shell("grep -q src= %s/spammer", listdir));
}

static void test_rate(void **state)
{
	struct root_config config = usual;
	struct root *root;
	struct message request = {.verb = MESSAGE_ADD, .number = 1}, m;
	uint32_t refused = 0;

	(void)state;
	strcpy(config.backend, "observe"); /* so that it does not take long */
	root = root_of(&config);
	for (unsigned i = 0; i < MESSAGE_ENTRIES; i++)
		set_entry(&request, "192.0.2.7", 600);
	for (unsigned i = 0; i < ROOT_ADDS_PER_S / MESSAGE_ENTRIES + 2; i++) {
		m = request;
		root_answer(root, &m, 1000000);
		refused += m.refused;
	}
	assert_int_equal(refused, (ROOT_ADDS_PER_S / MESSAGE_ENTRIES + 2) * MESSAGE_ENTRIES - ROOT_ADDS_PER_S);
	m = request;
	root_answer(root, &m, 1000001);
	assert_int_equal(m.refused, 0);
	root_close(root, true);
}

/* All of text that fits, without a NUL when it fills the field: also that must be refused. */
static void put(char *field, size_t cap, const char *text)
{
	const size_t len = strlen(text);

	memset(field, 0, cap);
	memcpy(field, text, len < cap ? len : cap);
}

static void test_config(void **state)
{
	static const char *const names[] = {"", "a b", "a/b", "-x", "..", "x;y", "123456789012345678901234"};
	struct root *root;
	struct why why;

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct root_config config = usual;

		put(config.list, sizeof config.list, names[i]);
		assert_int_equal(root_open(&config, &root, &why), -EINVAL);
		config = usual;
		put(config.chain, sizeof config.chain, names[i]);
		assert_int_equal(root_open(&config, &root, &why), -EINVAL);
	}
	for (unsigned i = 0; i < 3; i++) {
		struct root_config config = usual;

		if (i == 0)
			config.seconds = 1;
		if (i == 1)
			strcpy(config.chain, "FORWARD");
		if (i == 2)
			strcpy(config.jump_from[0], "NOSUCH");
		assert_int_equal(root_open(&config, &root, &why), i < 2 ? -EINVAL : -ENOENT);
	}
	assert_true(nothing_left());
}

/* Somebody holds iptables' lock and does not let go: an error after five seconds, not a daemon that hangs. */
static void test_locked(void **state)
{
	struct root *root;
	struct why why;
	int ready[2];
	pid_t holder;
	char byte;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	holder = fork();
	assert_true(holder >= 0);
	if (holder == 0) {
		const int fd = open(getenv("XTABLES_LOCKFILE"), O_RDONLY | O_CREAT | O_CLOEXEC, 0600);

		if (fd < 0 || flock(fd, LOCK_EX) < 0 || write(ready[1], "", 1) != 1)
			_exit(1);
		(void)pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1); /* it is held now */
	assert_int_equal(root_open(&usual, &root, &why), -EBUSY);
	assert_int_equal(kill(holder, SIGKILL), 0);
	assert_int_equal(waitpid(holder, NULL, 0), holder);
	(void)close(ready[0]);
	(void)close(ready[1]);
}

/* The whole of it: an engine in a process of its own, the client's side of the pair, and root_serve. */
static int serve(struct root *root, void (*engine)(int fd))
{
	int pair[2], status;
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)close(pair[1]);
		engine(pair[0]);
		_exit(99);
	}
	(void)close(pair[0]);
	status = root_serve(root, pair[1], pid);
	(void)close(pair[1]);
	return status;
}

static void engine_syncs(int fd)
{
	static struct client_entry wanted[300 + CLIENT_PACKET];
	size_t refused = 9, n = 9;
	uint32_t cursor = 0;
	bool repaired;
	struct client client;
	struct why why;

	for (unsigned i = 0; i < 300; i++) {
		char text[NET_TEXT_MAX];
		const int len = snprintf(text, sizeof text, "10.0.%u.%u", i / 200, i % 200 + 1);

		if (!net_parse(text, (size_t)len, &wanted[i].net))
			_exit(1);
		wanted[i].left_s = 600;
	}
	client_init(&client, fd);
	if (client_prepare(&client, 300, 0, &repaired, &why) < 0 ||
	    client_list(&client, &cursor, wanted + 300, &n, &why) < 0 ||
	    client_add_begin(&client, wanted, CLIENT_PACKET, &why) < 0 ||
	    client_add_end(&client, wanted, CLIENT_PACKET, &refused, &why) < 0 || refused != 0 ||
	    client_add_begin(&client, wanted + CLIENT_PACKET, 300 - CLIENT_PACKET, &why) < 0 ||
	    client_add_end(&client, wanted + CLIENT_PACKET, 300 - CLIENT_PACKET, &refused, &why) < 0)
		_exit(2);
	_exit(n == 0 && refused == 0 && client.held4 == 300 && client.capacity == 256 * 100 ? 7 : 8);
}

static void engine_dies(int fd)
{
	(void)fd;
	(void)kill(getpid(), SIGKILL);
}

static void engine_babbles(int fd)
{
	(void)!write(fd, "hello", 5);
	(void)pause();
}

/* It never reads what it is answered. */
static void engine_floods(int fd)
{
	const struct message m = {.verb = MESSAGE_LIST};

	while (send(fd, &m, message_size(&m), MSG_NOSIGNAL) > 0)
		;
	(void)pause();
}

/* Notifies its parent to reload; the parent notifies it. */
static void engine_is_notified(int fd)
{
	sigset_t set;
	int got;

	(void)fd;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)kill(getppid(), SIGHUP);
	_exit(sigwait(&set, &got) == 0 && got == SIGHUP ? 0 : 1);
}

static void test_serve(void **state)
{
	static const struct {
		const char *name;
		void (*engine)(int fd);
		int want;
	} rows[] = {
		{"an engine that syncs", engine_syncs, 7},
		{"one that is killed", engine_dies, 3},
		{"one that babbles", engine_babbles, 3},
		{"one that does not listen", engine_floods, 3},
		{"one that waits for SIGHUP", engine_is_notified, 0},
	};
	struct root *root = root_of(&usual);
	sigset_t set, before;

	(void)state;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, &before); /* before the fork, as run does */
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const int got = serve(root, rows[i].engine);

		if (got != rows[i].want)
			fail_msg("%s: got status %d, want %d", rows[i].name, got, rows[i].want);
	}
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	assert_int_equal(list(root, NULL), 300);
	root_close(root, true);
	assert_true(nothing_left());
}

/* As a user that may not open the file. */
static void engine_reads_config(int fd)
{
	char text[32] = "";
	struct client client;
	struct why why;
	int config = -1;

	if (setresuid(65534, 65534, 65534) < 0)
		_exit(1);
	client_init(&client, fd);
	if (client_config(&client, 0, &config, &why) < 0)
		_exit(2);
	_exit(read(config, text, sizeof text) == 7 && strcmp(text, "[block]") == 0 && write(config, "x", 1) < 0 ? 7
	                                                                                                        : 3);
}

static void engine_misses_config(int fd)
{
	struct client client;
	struct why why;
	int config = -1;

	client_init(&client, fd);
	_exit(client_config(&client, 0, &config, &why) == -ENOENT && config == -1 ? 7 : 3);
}

/* The files beside it, in the order of their names, until there are no more. */
static void engine_reads_directory(int fd)
{
	char text[32] = "";
	struct client client;
	struct why why;
	int config = -1;

	if (setresuid(65534, 65534, 65534) < 0)
		_exit(1);
	client_init(&client, fd);
	if (client_config(&client, 1, &config, &why) < 0 || read(config, text, sizeof text) != 1 || text[0] != '1')
		_exit(2);
	if (client_config(&client, 2, &config, &why) < 0 || read(config, text, sizeof text) != 1 || text[0] != '2')
		_exit(3);
	config = -1;
	_exit(client_config(&client, 3, &config, &why) == -ENOENT && config == -1 ? 7 : 4);
}

static void test_configuration(void **state)
{
	struct root_config config = usual;
	char path[64];
	struct root *root;

	(void)state;
	(void)snprintf(path, sizeof path, "%s/conf", tmpdir);
	config.path = path;
	root = root_of(&config);
	assert_int_equal(serve(root, engine_misses_config), 7);
	assert_true(shell("umask 077 && printf '[block]' >%s", path));
	assert_int_equal(serve(root, engine_reads_config), 7);
	assert_true(shell(
		"umask 077 && mkdir %s.d && printf 2 >%s.d/20-b.conf && printf 1 >%s.d/10-c.conf && touch %s.d/.a.conf %s.d/README",
		path, path, path, path, path));
	assert_int_equal(serve(root, engine_reads_directory), 7);
	assert_true(shell("rm -r %s.d", path));
	root_close(root, true);
	root = root_of(&usual); /* it knows of none */
	assert_int_equal(serve(root, engine_misses_config), 7);
	root_close(root, true);
	assert_true(shell("rm %s", path));
}

static int remove_tmpdir(void **state)
{
	(void)state;
	return shell("rm -r '%s'", tmpdir) ? 0 : -1;
}

/* The reason why this machine cannot run the test, or NULL. */
static const char *failed(const char *what)
{
	static char text[200];

	(void)snprintf(text, sizeof text, "%s: %s", what, strerror(errno));
	return text;
}

static const char *make_namespace(void)
{
	if (geteuid() != 0)
		return "only root may make a network namespace";
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0)
		return failed("cannot make a network namespace");
	/* /proc/net is this process' own view; nothing need be mounted, and nothing we mount may leak. */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return failed("cannot keep mounts to itself, which a plain chroot cannot");
	if (!shell("command -v iptables-legacy ip6tables-legacy>/dev/null"))
		return "iptables-legacy is not installed";
	if (mkdtemp(tmpdir) == NULL || setenv("TMPDIR", tmpdir, 1) < 0)
		return failed(tmpdir);
	if (!shell("iptables-legacy -w -m recent --help >/dev/null && iptables-legacy -w -S >/dev/null"))
		return "this kernel has no legacy xtables";
	return NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_rules, clean),
		cmocka_unit_test_setup(test_actions, clean),
		cmocka_unit_test_setup(test_add_list_del, clean),
		cmocka_unit_test_setup(test_never, clean),
		cmocka_unit_test_setup(test_floods, clean),
		cmocka_unit_test_setup(test_three_hundred, clean),
		cmocka_unit_test_setup(test_full_shard, clean),
		cmocka_unit_test_setup(test_repaired, clean),
		cmocka_unit_test_setup(test_taken_over, clean),
		cmocka_unit_test_setup(test_keep_on_stop, clean),
		cmocka_unit_test_setup(test_failed_start, clean),
		cmocka_unit_test_setup(test_one_master, clean),
		cmocka_unit_test_setup(test_clean, clean),
		cmocka_unit_test_setup(test_lists, clean),
		cmocka_unit_test_setup(test_others_untouched, clean),
		cmocka_unit_test_setup(test_foreign_rules, clean),
		cmocka_unit_test_setup(test_rate, clean),
		cmocka_unit_test_setup(test_config, clean),
		cmocka_unit_test_setup(test_locked, clean),
		cmocka_unit_test_setup(test_serve, clean),
		cmocka_unit_test_setup(test_configuration, clean),
	};
	char lockfile[sizeof tmpdir + 16];
	const char *reason;

	reason = make_namespace();
	(void)snprintf(lockfile, sizeof lockfile, "%s/lock", tmpdir);
	if (reason == NULL && setenv("XTABLES_LOCKFILE", lockfile, 1) < 0)
		reason = failed(lockfile);
	if (reason != NULL) {
		(void)printf("1..0 # SKIP %s\n", reason);
		return SKIPPED;
	}
	log_init("[root]", LOG_CRIT);
	return cmocka_run_group_tests(tests, NULL, remove_tmpdir);
}
