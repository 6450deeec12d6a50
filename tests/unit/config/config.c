/*
 * config: every key with the values it accepts and refuses, every error sentence, and that a file is accepted as a
 * whole or not at all.
 */
#include "config/config.h"

#include "base/confdir.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "build.h"
#include "testlib.h"

static char directory[] = "/tmp/wfs-config-XXXXXX";
static char path[64];

static int setup(void **state)
{
	(void)state;
	if (mkdtemp(directory) == NULL)
		return -1;
	(void)snprintf(path, sizeof path, "%s/conf", directory);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(directory);
}

/* The config of a text that must be good. */
static struct config *good(const char *text)
{
	struct config *config = NULL;
	struct why why = {""};

	write_text(path, text);
	if (config_read(path, false, &config, &why) != 0)
		fail_msg("\"%s\":\n got \"%s\", want it accepted", text, why.text);
	return config;
}

static void assert_ports(const struct config *config, const char *want)
{
	char text[PORTLISTS_TEXT_MAX];

	config_ports_text(config, PORTLISTS_MAX, text);
	assert_string_equal(text, want);
}

static void assert_list(const struct config *config, const char *rule, const char *category, const char *want)
{
	char text[PORTLISTS_TEXT_MAX];

	config_ports_text(config, portlists_of(&config->firewall.ports, rule, category), text);
	assert_string_equal(text, want);
}

/* want: without the path. */
static void bad(const char *text, const char *want)
{
	struct config *config = NULL;
	struct why why = {""};
	const size_t len = strlen(path);
	int rc;

	write_text(path, text);
	rc = config_read(path, true, &config, &why);
	if (rc == 0)
		fail_msg("\"%s\":\n got it accepted, want \"%s\"", text, want);
	assert_null(config);
	assert_int_equal(rc, -EINVAL);
	if (strncmp(why.text, path, len) != 0 || strcmp(why.text + len, want) != 0)
		fail_msg("\"%s\":\n got \"%s\"\nwant \"%s\"", text, why.text, want);
}

static void assert_default(const struct config *c)
{
	static const int64_t durations[] = {600, 3600, 21600, 86400, 604800};

	assert_int_equal(c->n_logs, 1);
	assert_string_equal(c->logs[0], "/var/log/mail.log");
	assert_int_equal(c->block.threshold, 100);
	assert_int_equal(c->block.window_s, 3600);
	assert_int_equal(c->block.memory_s, 30 * 86400);
	assert_true(c->block.extend);
	assert_int_equal(c->block.n_for, 5);
	assert_memory_equal(c->block.for_s, durations, sizeof durations);
	assert_int_equal(c->allow.n, ADDR_PRIVATE);
	assert_int_equal(c->allow.n_private, ADDR_PRIVATE);
	assert_string_equal(c->firewall.backend, "auto");
	assert_true(c->firewall.manage_rules);
	assert_string_equal(c->firewall.chain, "SPAMMER");
	assert_int_equal(c->firewall.hooks, CONFIG_HOOK_INPUT);
	assert_int_equal(c->firewall.n_jump_from, 0);
	assert_int_equal(c->firewall.sessions, CONFIG_SESSIONS_DROP);
	assert_string_equal(c->firewall.list, "spammer");
	assert_ports(c, "22,25,110,143,465,587,993,995,4190");
	assert_int_equal(c->firewall.ports.n, 3);
	assert_list(c, "postfix-dnsbl", "dnsbl", "25");
	assert_list(c, "dovecot-auth", "auth", "25,110,143,465,587,993,995,4190");
	assert_list(c, "manual", "manual", "25,110,143,465,587,993,995,4190");
	assert_list(c, "sshd-auth", "auth", "22");
	assert_list(c, "sshdauth", "auth", "25,110,143,465,587,993,995,4190");
	assert_int_equal(c->firewall.action, CONFIG_DROP);
	assert_string_equal(c->firewall.log_prefix, "");
	assert_int_equal(c->firewall.seconds, 600);
	assert_int_equal(c->firewall.resync_s, 15);
	assert_false(c->firewall.keep_on_stop);
	assert_string_equal(c->database.path, "/var/lib/watchforspammers/hits.db");
	assert_int_equal(c->database.keep_s, 90 * 86400);
	assert_string_equal(c->run.user, "watchforspammers");
	assert_int_equal(c->run.n_patterns, 2);
	assert_string_equal(c->run.patterns[0], WFS_PATTERN_DIR);
	assert_string_equal(c->run.patterns[1], "/etc/watchforspammers/patterns");
}

static void test_defaults(void **state)
{
	static const char *const texts[] = {"", "\n", "# nothing\n",
	                                    "[block]\n[allow]\n[firewall]\n[database]\n[run]\n"};
	const struct config_key *keys;
	const size_t n = config_keys(&keys);
	char text[8192];
	size_t len = 0;
	struct config *c;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		c = good(texts[i]);
		assert_default(c);
		config_free(c);
	}
	/* Each default written down says the same as its absence. */
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || strcmp(keys[i - 1].section, keys[i].section) != 0)
			len += (size_t)snprintf(text + len, sizeof text - len,
			                        strcmp(keys[i].section, "gate") == 0 ? "[%s x]\n" : "[%s]\n",
			                        keys[i].section);
		len += (size_t)snprintf(text + len, sizeof text - len, "%s = %s\n", keys[i].key, keys[i].value);
	}
	c = good(text);
	assert_default(c);
	config_free(c);
	config_free(NULL);
}

static void test_values(void **state)
{
	struct config *c = good(
		"[log /var/log/mail.log]\n[LOG  /srv/my logs/mail]\n"
		"[Block]\nTHRESHOLD = 1000000\nwindow = 366d\nfor = 1s, 2m\t3h,,4d 5w 6 7 8\nmemory = 1s\n"
		"extend = No\n"
		"[allow]\nprivate = no\naddress = 192.0.2.7\naddress =\naddress = 2001:DB8::/32, 10.0.0.0/8\t::1,\n"
		"[dns]\nlist = zen.example 60\nlist = dnswl.example  Allow\nallow_for = 36h\n"
		"list = zen.example\t1000 =127.0.0.2,127.0.0.10\nlist =\n"
		"[firewall]\nbackend = recent\nmanage_rules = NO\nchain = a-b_C9\njump_from = FORWARD, DOCKER-USER\nhooks = Forward input\nsessions = KILL\n"
		"list = x2345678901234567890123\nports = 1 65535,25\naction = Reject\n"
		"log_prefix = SPAM \"BLOCK\": %s x\nseconds = 2\nresync = 1d\nkeep_on_stop = YES\n"
		"[database]\npath = /srv/a b.db\nkeep = 10w\n"
		"[run]\nuser =\npatterns = /a /b\t/c\n");

	(void)state;
	assert_int_equal(c->n_logs, 2);
	assert_string_equal(c->logs[0], "/var/log/mail.log");
	assert_string_equal(c->logs[1], "/srv/my logs/mail");
	assert_int_equal(c->block.threshold, 1000000);
	assert_int_equal(c->block.window_s, 366 * 86400);
	assert_int_equal(c->block.n_for, 8);
	assert_int_equal(c->block.for_s[0], 1);
	assert_int_equal(c->block.for_s[4], 5 * 7 * 86400);
	assert_int_equal(c->block.for_s[7], 8);
	assert_int_equal(c->block.memory_s, 1);
	assert_false(c->block.extend);
	assert_int_equal(c->allow.n, 4);
	assert_int_equal(c->allow.n_private, 0);
	{
		static const char *const want[] = {"192.0.2.7", "2001:db8::/32", "10.0.0.0/8", "::1"};

		for (size_t i = 0; i < 4; i++) {
			char got[NET_TEXT_MAX];

			(void)net_text(&c->allow.nets[i], got);
			assert_string_equal(got, want[i]);
		}
	}
	assert_int_equal(c->dns.n, 3);
	assert_string_equal(c->dns.lists[0].zone, "zen.example");
	assert_int_equal(c->dns.lists[0].score, 60);
	assert_int_equal(c->dns.lists[0].n_codes, 0);
	assert_string_equal(c->dns.lists[1].zone, "dnswl.example");
	assert_int_equal(c->dns.lists[1].score, 0);
	assert_int_equal(c->dns.lists[2].score, 1000);
	assert_int_equal(c->dns.lists[2].n_codes, 2);
	assert_int_equal(c->dns.lists[2].codes[1].bytes[15], 10);
	assert_int_equal(c->dns.allow_for_s, 36 * 3600);
	assert_false(c->firewall.manage_rules);
	assert_string_equal(c->firewall.chain, "a-b_C9");
	assert_int_equal(c->firewall.n_jump_from, 2);
	assert_string_equal(c->firewall.jump_from[1], "DOCKER-USER");
	assert_int_equal(c->firewall.hooks, CONFIG_HOOK_INPUT | CONFIG_HOOK_FORWARD);
	assert_int_equal(c->firewall.sessions, CONFIG_SESSIONS_KILL);
	assert_string_equal(c->firewall.list, "x2345678901234567890123");
	assert_int_equal(c->firewall.ports.n, 1);
	assert_int_equal(c->firewall.ports.lists[0].ports.n, 3);
	assert_int_equal(c->firewall.ports.lists[0].ports.ports[1], 65535);
	assert_int_equal(c->firewall.action, CONFIG_REJECT);
	assert_string_equal(c->firewall.log_prefix, "SPAM \"BLOCK\": %s x");
	assert_int_equal(c->firewall.seconds, 2);
	assert_int_equal(c->firewall.resync_s, 86400);
	assert_true(c->firewall.keep_on_stop);
	assert_string_equal(c->database.path, "/srv/a b.db");
	assert_int_equal(c->database.keep_s, 70 * 86400);
	assert_string_equal(c->run.user, "");
	assert_int_equal(c->run.n_patterns, 3);
	assert_string_equal(c->run.patterns[2], "/c");
	config_free(c);

	c = good("[firewall]\nports =\naction = RESET\nseconds = 7d\n");
	assert_int_equal(c->firewall.ports.lists[0].ports.n, 0);
	assert_ports(c, "all");
	assert_int_equal(c->firewall.action, CONFIG_RESET);
	config_free(c);
	c = good("[firewall]\nconnections = 50/1m30s\n");
	assert_int_equal(c->firewall.connections, 50);
	assert_int_equal(c->firewall.connections_s, 90);
	config_free(c);
	c = good("[firewall]\nconnections =\n");
	assert_int_equal(c->firewall.connections, 0);
	config_free(c);
	c = good("[firewall]\nports = 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n");
	assert_int_equal(c->firewall.ports.lists[0].ports.n, 15);
	assert_ports(c, "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15");
	config_free(c);
	c = good(
		"[firewall]\nports = 65535 65535 65535 65535 65535 65535 65535 65535 65535 65535 65535 65535 65535 65535 65535\n");
	assert_ports(c, "65535");
	config_free(c);
	c = good("[firewall]\nmanage_rules = no\n");
	assert_ports(c, "none");
	config_free(c);
}

#define A_DURATION ": want a duration such as 90s, 10m, 1h30m or 7d, got "
#define A_LIST                                                                                                         \
	":2: list: want a zone, a score from 1 to 1000 or \"allow\", and optionally the answers that count, such as "  \
	"\"dnsbl.example 60 =127.0.0.2,127.0.0.4\", got "
#define A_SLOW ": want 0, or such as \"10 in 24h\": 2 to 100 failed logins within 1 hour to 7 days, got "
#define A_PORT ": want ports from 1 to 65535, such as \"25,465,587\", got "
#define A_RATE ": want empty, or such as \"50/9s\": 1 to 10000 connections in 1 second to 1 hour, got "

static void test_errors(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"[block]\nthreshold = 0\n", ":2: threshold: want a whole number from 1 to 1000000, got \"0\""},
		{"[block]\nthreshold = -1\n", ":2: threshold: want a whole number from 1 to 1000000, got \"-1\""},
		{"[block]\nthreshold = 1000001\n",
	         ":2: threshold: want a whole number from 1 to 1000000, got \"1000001\""},
		{"[block]\nthreshold = 99999999999999999999\n",
	         ":2: threshold: want a whole number from 1 to 1000000, got \"99999999999999999999\""},
		{"[block]\nthreshold = 1.5\n", ":2: threshold: want a whole number from 1 to 1000000, got \"1.5\""},
		{"[block]\nthreshold = 0x10\n", ":2: threshold: want a whole number from 1 to 1000000, got \"0x10\""},
		{"[block]\nthreshold = 100 # percent\n",
	         ":2: threshold: a comment cannot follow a value; put \"# percent\" on its own line"},
		{"[block]\nthreshold =\n", ":2: threshold: want a whole number from 1 to 1000000, got \"\""},
		{"[block]\nwindow = 0\n", ":2: window" A_DURATION "\"0\""},
		{"[block]\nwindow = 1 h\n", ":2: window" A_DURATION "\"1 h\""},
		{"[block]\nwindow = 0h30\n", ":2: window" A_DURATION "\"0h30\""},
		{"[block]\nwindow = 367d\n", ":2: window: want a duration from 1s to 366d, got \"367d\""},
		{"[block]\n\n# c\nfor = 10m x\n", ":4: for: want durations such as \"10m 1h 1d\", got \"10m x\""},
		{"[block]\nfor = 10m 0\n", ":2: for: want durations such as \"10m 1h 1d\", got \"10m 0\""},
		{"[block]\nfor =\n", ":2: for: want at least one duration, got \"\""},
		{"[block]\nfor = , ,\n", ":2: for: want at least one duration, got \", ,\""},
		{"[block]\nfor = 1 2 3 4 5 6 7 8 9\n", ":2: for: want at most 8 durations, got \"1 2 3 4 5 6 7 8 9\""},
		{"[block]\nmemory = 11y\n", ":2: memory" A_DURATION "\"11y\""},
		{"[block]\nmemory = 3661d\n", ":2: memory" A_DURATION "\"3661d\""},
		{"[block]\nnetwork_threshold = 10x\n",
	         ":2: network_threshold: want 1x to 9x (times threshold), or a whole number up to 3000000, got \"10x\""},
		{"[block]\naccount_addresses = 1\n",
	         ":2: account_addresses: want 0, or a whole number from 2 to 12, got \"1\""},
		{"[block]\nslow = 1 in 24h\n", ":2: slow" A_SLOW "\"1 in 24h\""},
		{"[block]\nslow = 10 in 59m\n", ":2: slow" A_SLOW "\"10 in 59m\""},
		{"[block]\nslow = 10 in 8d\n", ":2: slow" A_SLOW "\"10 in 8d\""},
		{"[block]\nslow = 10/24h\n", ":2: slow" A_SLOW "\"10/24h\""},
		{"[block]\nextend = true\n", ":2: extend: want yes or no, got \"true\""},
		{"[block]\nextend =\n", ":2: extend: want yes or no, got \"\""},
		{"[allow]\naddress = mail.example.com\n",
	         ":2: address: \"mail.example.com\" is not an IPv4 or IPv6 address"},
		{"[allow]\naddress = 1.2.3.4 # my office\n",
	         ":2: address: a comment cannot follow a value; put \"# my office\" on its own line"},
		{"[firewall]\nports = 25 ; smtp\n",
	         ":2: ports: a comment cannot follow a value; put \"; smtp\" on its own line"},
		{"[allow]\naddress = 192.0.2.1/24\n",
	         ":2: address: \"192.0.2.1/24\" has bits set after /24; did you mean 192.0.2.0/24?"},
		{"[allow]\naddress = 192.0.2.7\naddress = 192.0.2.7 192.0.2\n",
	         ":3: address: \"192.0.2\" is not an IPv4 or IPv6 address"},
		{"[dns]\nlist = zen.example\n", A_LIST "\"zen.example\""},
		{"[dns]\nlist = zen.example 0\n", A_LIST "\"zen.example 0\""},
		{"[dns]\nlist = zen.example 1001\n", A_LIST "\"zen.example 1001\""},
		{"[dns]\nlist = zen.example -5\n", A_LIST "\"zen.example -5\""},
		{"[dns]\nlist = zen.example deny\n", A_LIST "\"zen.example deny\""},
		{"[dns]\nlist = zen 5\n", A_LIST "\"zen 5\""},
		{"[dns]\nlist = zen.example. 5\n", A_LIST "\"zen.example. 5\""},
		{"[dns]\nlist = zen..example 5\n", A_LIST "\"zen..example 5\""},
		{"[dns]\nlist = *.example 5\n", A_LIST "\"*.example 5\""},
		{"[dns]\nlist = zen.example 5 127.0.0.2\n", A_LIST "\"zen.example 5 127.0.0.2\""},
		{"[dns]\nlist = zen.example 5 =\n", A_LIST "\"zen.example 5 =\""},
		{"[dns]\nlist = zen.example 5 =127.0.0.2,\n", A_LIST "\"zen.example 5 =127.0.0.2,\""},
		{"[dns]\nlist = zen.example 5 =192.0.2.7\n", A_LIST "\"zen.example 5 =192.0.2.7\""},
		{"[dns]\nlist = zen.example 5 =::7f00:2\n", A_LIST "\"zen.example 5 =::7f00:2\""},
		{"[dns]\nlist = zen.example 5 =127.0.0.2 6\n", A_LIST "\"zen.example 5 =127.0.0.2 6\""},
		{"[dns]\nlist = zen.example 5 =127.0.0.1,127.0.0.2,127.0.0.3,127.0.0.4,127.0.0.5,127.0.0.6,127.0.0.7,"
	         "127.0.0.8,127.0.0.9\n",
	         A_LIST "\"zen.example 5 =127.0.0.1,127.0.0.2,127.0.0.3,127.0.0.4,127.0.0.5,127.0.0.6,1...\""},
		{"[dns]\nallow_for = 0\n", ":2: allow_for" A_DURATION "\"0\""},
		{"[firewall]\nbackend = iptables\n",
	         ":2: backend: want one of auto recent nftables observe, got \"iptables\""},
		{"[firewall]\nchain =\n", ":2: chain: want 1 to 23 characters, got \"\""},
		{"[firewall]\nchain = x23456789012345678901234\n",
	         ":2: chain: want 1 to 23 characters, got \"x23456789012345678901234\""},
		{"[firewall]\nchain = -j\n", ":2: chain: want letters, digits, \"_\" and \"-\", got \"-j\""},
		{"[firewall]\nlist = a/b\n", ":2: list: want letters, digits, \"_\" and \"-\", got \"a/b\""},
		{"[firewall]\nlist = ..\n", ":2: list: want letters, digits, \"_\" and \"-\", got \"..\""},
		{"[firewall]\njump_from = INPUT FOR/WARD\n",
	         ":2: jump_from: want letters, digits, \"_\" and \"-\", got \"INPUT FOR/WARD\""},
		{"[firewall]\njump_from = A B C D E\n", ":2: jump_from: want at most 4 chains, got \"A B C D E\""},
		{"[firewall]\nhooks = output\n", ":2: hooks: want input, forward, both, or auto, got \"output\""},
		{"[firewall]\nhooks =\n", ":2: hooks: want input, forward, both, or auto, got \"\""},
		{"[firewall]\nhooks = auto input\n",
	         ":2: hooks: want input, forward, both, or auto, got \"auto input\""},
		{"[firewall]\nsessions = end\n", ":2: sessions: want drop, keep or kill, got \"end\""},
		{"[firewall]\nconnections = 50\n", ":2: connections" A_RATE "\"50\""},
		{"[firewall]\nconnections = 0/9s\n", ":2: connections" A_RATE "\"0/9s\""},
		{"[firewall]\nconnections = 10001/9s\n", ":2: connections" A_RATE "\"10001/9s\""},
		{"[firewall]\nconnections = 50/0\n", ":2: connections" A_RATE "\"50/0\""},
		{"[firewall]\nconnections = 50/2h\n", ":2: connections" A_RATE "\"50/2h\""},
		{"[firewall]\nconnections = /9s\n", ":2: connections" A_RATE "\"/9s\""},
		{"[firewall]\nconnections = 999999999/9s\n", ":2: connections" A_RATE "\"999999999/9s\""},
		{"[firewall]\nconnections = -5/9s\n", ":2: connections" A_RATE "\"-5/9s\""},
		{"[firewall]\nports = 0\n", ":2: ports" A_PORT "\"0\""},
		{"[firewall]\nports = 65536\n", ":2: ports" A_PORT "\"65536\""},
		{"[firewall]\nports = 25-30\n", ":2: ports" A_PORT "\"25-30\""},
		{"[firewall]\nports = -1\n", ":2: ports" A_PORT "\"-1\""},
		{"[firewall]\nports = 99999999999999999999999\n", ":2: ports" A_PORT "\"99999999999999999999999\""},
		{"[firewall]\nports = smtp\n", ":2: ports" A_PORT "\"smtp\""},
		{"[firewall]\nports = 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n",
	         ":2: ports: want at most 15 ports (iptables' multiport holds no more); empty means all, got "
	         "\"1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\""},
		{"[firewall]\naction = accept\n", ":2: action: want drop, reject, reset or tarpit, got \"accept\""},
		{"[firewall]\nbackend = recent\naction = tarpit\n",
	         ": [firewall] action = tarpit needs nftables: set backend = nftables, and manage_rules = yes"},
		{"[firewall]\nlog_prefix = 12345678901234567890123456789\n",
	         ":2: log_prefix: want at most 28 characters, got \"12345678901234567890123456789\""},
		{"[firewall]\nlog_prefix = sp\xC3\xA4m\n", ":2: log_prefix: want printable ASCII, got \"sp\xC3\xA4m\""},
		{"[firewall]\nlog_prefix = a\x1b[31mb\n", ":2: log_prefix: want printable ASCII, got \"a\\x1b[31mb\""},
		{"[firewall]\nseconds = 1\n", ":2: seconds: want a duration from 2s to 7d, got \"1\""},
		{"[firewall]\nseconds = 8d\n", ":2: seconds: want a duration from 2s to 7d, got \"8d\""},
		{"[firewall]\nresync = 0s\n", ":2: resync" A_DURATION "\"0s\""},
		{"[firewall]\nkeep_on_stop = 1\n", ":2: keep_on_stop: want yes or no, got \"1\""},
		{"[firewall]\nmanage_rules = maybe\n", ":2: manage_rules: want yes or no, got \"maybe\""},
		{"[database]\npath = hits.db\n", ":2: path: want an absolute path, got \"hits.db\""},
		{"[database]\npath =\n", ":2: path: want an absolute path, got \"\""},
		{"[database]\nkeep = forever\n", ":2: keep" A_DURATION "\"forever\""},
		{"[run]\npatterns = patterns\n",
	         ":2: patterns: want absolute paths of directories, separated by blanks, got \"patterns\""},
		{"[run]\npatterns =\n", ":2: patterns: want at least one directory, got \"\""},
		{"[run]\npatterns = /1 /2 /3 /4 /5 /6 /7 /8 /9\n",
	         ":2: patterns: want at most 8 directories, got \"/1 /2 /3 /4 /5 /6 /7 /8 /9\""},
		/* Names. */
		{"[block]\ntreshold = 5\n", ":2: [block] has no key \"treshold\"; did you mean \"threshold\"?"},
		{"[BLOCK]\nwindwo = 5\n", ":2: [BLOCK] has no key \"windwo\"; did you mean \"window\"?"},
		{"[block]\nfrobnicate = 5\n", ":2: [block] has no key \"frobnicate\""},
		{"[block]\naddress = 192.0.2.1\n", ":2: [block] has no key \"address\""},
		{"[block]\nk\x1b[1m = 5\n", ":2: a name may only have printable ASCII characters"},
		{"[firewal]\nseconds = 600\n", ":1: no section [firewal]; did you mean \"firewall\"?"},
		{"\n\n[blocks]\nseconds = 600\n", ":3: no section [blocks]; did you mean \"block\"?"},
		{"[logs /x]\nseconds = 600\n", ":1: no section [logs /x]"},
		{"[network]\nx = 1\n", ":1: no section [network]"},
		{"[default]\nx = 1\n", ":1: no section [default]"},
		{"threshold = 5\n", ":1: is before the first [section]"},
		{"[block]\nthreshold\n", ":2: Equal sign is missing."},
		/* Twice. */
		{"[block]\nthreshold = 5\nwindow = 1h\nThreshold = 6\n",
	         ":4: threshold appears twice, first in line 2"},
		{"[firewall]\nports = 25\nports = 587\n", ":3: ports appears twice, first in line 2"},
		{"[block]\nthreshold = 5\n[block]\nwindow = 6\n", ":3: Duplicate section is not allowed."},
		{"[log /a]\n# c\n[log  /a]\nx = 1\n", ":3: [log  /a] appears twice"},
		/* Logs. */
		{"[log]\nx = 1\n", ":1: [log]: want the absolute path of a file, as in [log /var/log/mail.log]"},
		{"[log mail.log]\n",
	         ":1: [log mail.log]: want the absolute path of a file, as in [log /var/log/mail.log]"},
		{"[block]\n[log mail.log]",
	         ":2: [log mail.log]: want the absolute path of a file, as in [log /var/log/mail.log]"},
		{"[log /var/log/]\n",
	         ":1: [log /var/log/]: want the absolute path of a file, as in [log /var/log/mail.log]"},
		{"[log /var/log/*/]\n",
	         ":1: [log /var/log/*/]: want the absolute path of a file, as in [log /var/log/mail.log]"},
		{"[log mail.log]\nx = 1\n",
	         ":1: [log mail.log]: want the absolute path of a file, as in [log /var/log/mail.log]"},
		{"[log /var/log/mail.log]\npath = /x\n", ":2: [log /var/log/mail.log] has no key \"path\""},
		/* Only the first error is reported, and nothing is applied. */
		{"[block]\nthreshold = 5\nwindow = x\nmemory = y\n", ":3: window" A_DURATION "\"x\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		bad(rows[i].text, rows[i].want);
}

/* A value as long as a book is shown as far as it helps. */
static void test_long(void **state)
{
	static char text[100000];
	struct config *config = NULL;
	struct why why;

	(void)state;
	(void)strcpy(text, "[block]\nwindow = ");
	memset(text + strlen(text), '7', 90000);
	write_text(path, text);
	assert_int_equal(config_read(path, false, &config, &why), -EINVAL);
	assert_non_null(strstr(why.text, ":2: window: want a duration"));
	assert_non_null(strstr(why.text, "7777...\""));
	(void)strcpy(text, "[block]\n");
	memset(text + 8, 'k', 1000);
	(void)strcpy(text + 8 + 1000, " = 1\n");
	write_text(path, text);
	assert_int_equal(config_read(path, false, &config, &why), -EINVAL);
	assert_non_null(strstr(why.text, "kkkk...\""));
}

static void test_limits(void **state)
{
	static char text[200000];
	size_t n = 0;
	struct config *c;

	(void)state;
	for (unsigned i = 0; i < CONFIG_LOGS_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "[log /var/log/%u]\n", i);
	c = good(text);
	assert_int_equal(c->n_logs, CONFIG_LOGS_MAX);
	assert_int_equal(c->n_sockets, 0);
	assert_string_equal(c->logs[63], "/var/log/63");
	config_free(c);
	(void)snprintf(text + n, sizeof text - n, "[log /var/log/64]\n# c\nx = 1\n");
	bad(text, ":65: more than 64 logs");

	/* Where a socket is, no default log is. */
	c = good("[socket /run/a]\n[Socket  /run/b c]\n[log /var/log/*.log]\n");
	assert_int_equal(c->n_sockets, 2);
	assert_string_equal(c->sockets[0], "/run/a");
	assert_string_equal(c->sockets[1], "/run/b c");
	assert_int_equal(c->n_logs, 1);
	config_free(c);
	c = good("[socket /run/a]\n");
	assert_int_equal(c->n_logs, 0);
	config_free(c);
	bad("[socket]\n", ":1: [socket]: want the absolute path of a file, as in [socket /run/watchforspammers/log]");
	bad("[socket /run/a]\n[socket  /run/a]\n", ":2: [socket  /run/a] appears twice");
	bad("[sockets]\n", ":1: no section [sockets]; did you mean \"socket\"?");
	n = 0;
	for (unsigned i = 0; i <= CONFIG_SOCKETS_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "[socket /run/%u]\n", i);
	bad(text, ":9: more than 8 sockets");

	n = (size_t)snprintf(text, sizeof text, "[dns]\n");
	for (unsigned i = 0; i < CONFIG_LISTS_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "list = %u.example 5\n", i);
	c = good(text);
	assert_int_equal(c->dns.n, CONFIG_LISTS_MAX);
	config_free(c);
	(void)snprintf(text + n, sizeof text - n, "list = one.more.example 5\n");
	bad(text, ":18: list: want at most 16 lists, got \"one.more.example 5\"");

	n = (size_t)snprintf(text, sizeof text, "[allow]\n");
	for (unsigned i = 0; i < CONFIG_ALLOW_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "address = 10.0.%u.%u\n", i / 256, i % 256);
	c = good(text);
	assert_int_equal(c->allow.n, CONFIG_ALLOW_MAX + ADDR_PRIVATE);
	config_free(c);
	(void)snprintf(text + n, sizeof text - n, "address = 10.1.0.0\n");
	bad(text, ":4098: address: want at most 4096 addresses, got \"10.1.0.0\"");
}

static void write_part(const char *name, const char *text)
{
	char file[256];

	(void)snprintf(file, sizeof file, "%s.d", path);
	(void)mkdir(file, 0755);
	(void)snprintf(file, sizeof file, "%s.d/%s", path, name);
	write_text(file, text);
}

/* The main file, then those of its directory by their names: a key is the last one's, lists add up. */
static void test_directory(void **state)
{
	struct config *c;
	struct why why;
	char file[256];

	(void)state;
	write_part(
		"20-b.conf",
		"[block]\nthreshold = 30\n[log /b]\n[log /a]\n[allow]\naddress = 192.0.2.2\n[firewall]\nports = 25\n");
	write_part("10-a.conf",
	           "[block]\nthreshold = 20\nwindow = 2h\n[allow]\naddress = 192.0.2.3\n[run]\npatterns = /x /y\n");
	write_part(".30-c.conf", "garbage");
	write_part("40-d.conf~", "garbage");
	c = good(
		"[log /a]\n[block]\nthreshold = 10\nwindow = 3h\nmemory = 4d\n[allow]\naddress = 192.0.2.1\n[run]\npatterns = /z\n");
	assert_int_equal(c->block.threshold, 30);
	assert_int_equal(c->block.window_s, 2 * 3600);
	assert_int_equal(c->block.memory_s, 4 * 86400);
	assert_int_equal(c->n_logs, 2);
	assert_string_equal(c->logs[0], "/a");
	assert_string_equal(c->logs[1], "/b");
	assert_true(c->allow.n >= 3);
	assert_int_equal(c->run.n_patterns, 2);
	assert_string_equal(c->run.patterns[0], "/x");
	config_free(c);

	/* Errors name the file; without it, the rest counts. */
	write_part("15-e.conf", "[block]\nthreshold = 15\nthreshold = 16\nwindow = x\n");
	assert_int_equal(config_read(path, false, &c, &why), -EINVAL);
	assert_non_null(strstr(why.text, ".d/15-e.conf:3: threshold appears twice, first in line 2"));
	assert_int_equal(config_read_rest(path, false, &c, &why), -EINVAL);
	assert_non_null(strstr(why.text, ".d/15-e.conf:3: "));
	assert_int_equal(c->block.threshold, 30);
	assert_int_equal(c->block.window_s, 2 * 3600);
	config_free(c);

	/* Without the main file there may be others. */
	(void)snprintf(file, sizeof file, "%s.d/15-e.conf", path);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(config_read(path, true, &c, &why), 0);
	assert_int_equal(c->block.threshold, 30);
	config_free(c);
	for (unsigned i = 0; i <= CONFDIR_MAX; i++) {
		char name[32];

		(void)snprintf(name, sizeof name, "%u.conf", i);
		write_part(name, "");
	}
	assert_int_equal(config_read(path, true, &c, &why), -E2BIG);
	assert_non_null(strstr(why.text, ".d: more than 64 files"));
	(void)snprintf(file, sizeof file, "rm -r '%s.d'", path);
	assert_int_equal(system(file), 0);
}

static void test_files(void **state)
{
	const bool root = geteuid() == 0;
	struct config *c = NULL;
	struct why why;
	char want[128];

	(void)state;
	(void)unlink(path);
	assert_int_equal(config_read(path, true, &c, &why), 0);
	assert_default(c);
	config_free(c);
	c = NULL;
	(void)snprintf(want, sizeof want, "%s: No such file or directory", path);
	assert_int_equal(config_read(path, false, &c, &why), -ENOENT);
	assert_string_equal(why.text, want);

	(void)snprintf(want, sizeof want, "%s: not a regular file of at most 16 MiB", directory);
	assert_int_equal(config_read(directory, true, &c, &why), -EINVAL);
	assert_string_equal(why.text, want);

	write_text(path, "[block]\n");
	assert_int_equal(chmod(path, 0), 0);
	assert_int_equal(chmod(directory, 0711), 0);
	if (root)
		assert_int_equal(seteuid(65534), 0);
	assert_int_equal(config_read(path, true, &c, &why), -EACCES);
	if (root) {
		assert_int_equal(seteuid(0), 0);
		(void)prctl(PR_SET_DUMPABLE, 1); /* the change of user took it away, and the leak sanitizer needs it */
	}
	(void)snprintf(want, sizeof want, "%s: Permission denied; run this as root", path);
	assert_string_equal(why.text, want);
	assert_null(c);
	assert_int_equal(unlink(path), 0); /* only root could write it again */
}

/* Of a file with errors, what is good is applied, and the first error is reported. */
static void test_rest(void **state)
{
	static const char text[] = "nonsense\n"
				   "[database]\n"
				   "path = /srv/hits.db\n"
				   "keep = for ever\n"
				   "[control]\n"
				   "more nonsense\n"
				   "socket = /srv/control\n"
				   "socket = /srv/other\n"
				   "[block]\n"
				   "for = 1h 2h soon\n"
				   "threshold = 7\n"
				   "treshold = 8\n";
	struct config *config = NULL;
	struct why why = {""};

	(void)state;
	write_text(path, text);
	assert_int_equal(config_read_rest(path, false, &config, &why), -EINVAL);
	if (strncmp(why.text + strlen(path), ":1: ", 4) != 0)
		fail_msg("got \"%s\", want the error of line 1", why.text);
	assert_string_equal(config->database.path, "/srv/hits.db");
	assert_int_equal(config->database.keep_s, 90 * 86400);
	assert_string_equal(config->control.socket, "/srv/control");
	assert_int_equal(config->block.threshold, 7);
	assert_int_equal(config->block.n_for, 5);
	assert_int_equal(config->block.for_s[0], 600);
	config_free(config);

	write_text(path, "[control]\nsocket = /srv/control\n");
	assert_int_equal(config_read_rest(path, false, &config, &why), 0);
	assert_string_equal(config->control.socket, "/srv/control");
	config_free(config);

	assert_int_equal(config_read_rest("/nonexistent/conf", false, &config, &why), -ENOENT);
	assert_string_equal(config->control.socket, "/run/watchforspammers/control");
	config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults), cmocka_unit_test(test_values), cmocka_unit_test(test_errors),
		cmocka_unit_test(test_long),     cmocka_unit_test(test_limits), cmocka_unit_test(test_directory),
		cmocka_unit_test(test_files),    cmocka_unit_test(test_rest),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
