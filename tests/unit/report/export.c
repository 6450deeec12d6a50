/* export: what each format looks like, and which entries stay in formats that cannot hold one inside another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/export.h"
#include "testlib.h"

enum { NOW_S = 1795910144 };

static void add(struct export_list *list, const char *address, int64_t until_s, const char *reason)
{
	const struct query_block block = {.address = address,
	                                  .rule = "postfix-dnsbl",
	                                  .reason = reason,
	                                  .category = "dnsbl",
	                                  .since_s = NOW_S - 60,
	                                  .until_s = until_s,
	                                  .hits = 3};

	export_add_block(list, &block);
}

/* In no order, with one network twice, and an address in a network; an IPv6 network that begins with zeros sorts first.
 */
static void fill(struct export_list *list)
{
	add(list, "2001:db8:0:4000::/50", NOW_S + 600, "listed by a DNS blocklist");
	add(list, "203.0.113.9", NOW_S + 600, "listed by a DNS blocklist");
	add(list, "198.51.100.7", NOW_S + 10000000, "says \"hello\", \\ and $this; caf\xC3\xA9");
	add(list, "203.0.112.0/23", NOW_S + 600, "listed by a DNS blocklist");
	add(list, "203.0.112.0/23", NOW_S + 900, "listed by a DNS blocklist");
	add(list, "2001:db8::7", NOW_S - 1, "listed by a DNS blocklist");
	add(list, "no address", NOW_S + 600, "listed by a DNS blocklist");
	add(list, "::5", NOW_S + 600, "listed by a DNS blocklist");
}

static char *exported(enum export_format format)
{
	struct export_list list = {0};
	char *text = NULL;
	size_t len = 0;
	FILE *const out = open_memstream(&text, &len);

	assert_non_null(out);
	fill(&list);
	export_seal(&list, format);
	export_write(&list, format, NOW_S, out);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(list.n_causes, 2);
	export_done(&list);
	return text;
}

static void test_formats(void **state)
{
	static const struct {
		enum export_format format;
		const char *want;
	} table[] = {
		{EXPORT_PLAIN, "::5\n198.51.100.7\n203.0.112.0/23\n203.0.113.9\n2001:db8::7\n2001:db8:0:4000::/50\n"},
		{EXPORT_CIDR,
	         "::5/128\n198.51.100.7/32\n203.0.112.0/23\n203.0.113.9/32\n2001:db8::7/128\n2001:db8:0:4000::/50\n"},
		{EXPORT_CSV,
	         "address,since,until,hits,rule,category,reason\r\n"
	         "::5,2026-11-28T23:54:44Z,2026-11-29T00:05:44Z,3,\"postfix-dnsbl\",\"dnsbl\",\"listed by a DNS blocklist\"\r\n"
	         "198.51.100.7,2026-11-28T23:54:44Z,2027-03-24T17:42:24Z,3,\"postfix-dnsbl\",\"dnsbl\","
	         "\"says \"\"hello\"\", \\ and $this; caf\xC3\xA9\"\r\n"
	         "203.0.112.0/23,2026-11-28T23:54:44Z,2026-11-29T00:10:44Z,3,\"postfix-dnsbl\",\"dnsbl\",\"listed by a DNS blocklist\"\r\n"
	         "203.0.113.9,2026-11-28T23:54:44Z,2026-11-29T00:05:44Z,3,\"postfix-dnsbl\",\"dnsbl\",\"listed by a DNS blocklist\"\r\n"
	         "2001:db8::7,2026-11-28T23:54:44Z,2026-11-28T23:55:43Z,3,\"postfix-dnsbl\",\"dnsbl\",\"listed by a DNS blocklist\"\r\n"
	         "2001:db8:0:4000::/50,2026-11-28T23:54:44Z,2026-11-29T00:05:44Z,3,\"postfix-dnsbl\",\"dnsbl\","
	         "\"listed by a DNS blocklist\"\r\n"},
		{EXPORT_NFT,
	         "add table inet watchforspammers_export\n"
	         "add set inet watchforspammers_export blocked4 { type ipv4_addr; flags interval; }\n"
	         "flush set inet watchforspammers_export blocked4\n"
	         "add set inet watchforspammers_export blocked6 { type ipv6_addr; flags interval; }\n"
	         "flush set inet watchforspammers_export blocked6\n"
	         "add element inet watchforspammers_export blocked6 { ::5 }\n"
	         "add element inet watchforspammers_export blocked4 { 198.51.100.7, 203.0.112.0/23 }\n"
	         "add element inet watchforspammers_export blocked6 { 2001:db8::7, 2001:db8:0:4000::/50 }\n"},
		{EXPORT_IPSET,
	         "create -exist watchforspammers4 hash:net family inet maxelem 65536 timeout 0\nflush watchforspammers4\n"
	         "create -exist watchforspammers6 hash:net family inet6 maxelem 65536 timeout 0\nflush watchforspammers6\n"
	         "add watchforspammers6 ::5 timeout 600\n"
	         "add watchforspammers4 198.51.100.7 timeout 2147483\n"
	         "add watchforspammers4 203.0.112.0/23 timeout 900\n"
	         "add watchforspammers4 203.0.113.9 timeout 600\n"
	         "add watchforspammers6 2001:db8:0:4000::/50 timeout 600\n"},
		{EXPORT_RBLDNSD,
	         "$SOA 3600 localhost hostmaster.localhost 1795910144 600 300 86400 60\n$NS 3600 localhost\n$TTL 60\n"
	         "$DATASET ip4trie blocked4 @\n"
	         "198.51.100.7/32 :2:says  hello ,   and  this  caf   - postfix-dnsbl\n"
	         "203.0.112.0/23 :2:listed by a DNS blocklist - postfix-dnsbl\n"
	         "127.0.0.2/32 :2:test entry, RFC 5782\n"
	         "$DATASET ip6trie blocked6 @\n"
	         "::5/128 :2:listed by a DNS blocklist - postfix-dnsbl\n"
	         "2001:db8::7/128 :2:listed by a DNS blocklist - postfix-dnsbl\n"
	         "2001:db8:0:4000::/50 :2:listed by a DNS blocklist - postfix-dnsbl\n"},
		{EXPORT_BIND,
	         "$TTL 60\n@ SOA localhost. hostmaster.localhost. 1795910144 600 300 86400 60\n NS localhost.\n"
	         "2.0.0.127 A 127.0.0.2\n TXT \"test entry, RFC 5782\"\n"
	         "5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 A 127.0.0.2\n"
	         " TXT \"listed by a DNS blocklist - postfix-dnsbl\"\n"
	         "7.100.51.198 A 127.0.0.2\n TXT \"says  hello ,   and  this  caf   - postfix-dnsbl\"\n"
	         "*.112.0.203 A 127.0.0.2\n TXT \"listed by a DNS blocklist - postfix-dnsbl\"\n"
	         "*.113.0.203 A 127.0.0.2\n TXT \"listed by a DNS blocklist - postfix-dnsbl\"\n"
	         "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2 A 127.0.0.2\n"
	         " TXT \"listed by a DNS blocklist - postfix-dnsbl\"\n"
	         "*.4.0.0.0.0.8.b.d.0.1.0.0.2 A 127.0.0.2\n TXT \"listed by a DNS blocklist - postfix-dnsbl\"\n"
	         "*.5.0.0.0.0.8.b.d.0.1.0.0.2 A 127.0.0.2\n TXT \"listed by a DNS blocklist - postfix-dnsbl\"\n"
	         "*.6.0.0.0.0.8.b.d.0.1.0.0.2 A 127.0.0.2\n TXT \"listed by a DNS blocklist - postfix-dnsbl\"\n"
	         "*.7.0.0.0.0.8.b.d.0.1.0.0.2 A 127.0.0.2\n TXT \"listed by a DNS blocklist - postfix-dnsbl\"\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		char *const text = exported(table[i].format);

		if (strcmp(text, table[i].want) != 0)
			fail_msg("%s: got\n%s\nwant\n%s", export_names[table[i].format], text, table[i].want);
		free(text);
	}
}

/* Members as of list --json, in sorted order of the address. */
static void test_json(void **state)
{
	static const char want[] =
		"{\"address\":\"::5\",\"since\":\"2026-11-28T23:54:44Z\",\"until\":\"2026-11-29T00:05:44Z\","
		"\"rule\":\"postfix-dnsbl\",\"reason\":\"listed by a DNS blocklist\",\"category\":\"dnsbl\",\"hits\":3}\n";
	char *const text = exported(EXPORT_JSON);
	size_t lines = 0;

	(void)state;
	for (const char *p = text; *p != '\0'; p++)
		lines += *p == '\n';
	assert_int_equal(lines, 6);
	text[strcspn(text, "\n") + 1] = '\0';
	assert_string_equal(text, want);
	free(text);
}

/* Every prefix length: a wildcard of the zone covers exactly the network. */
static void test_names_cover(void **state)
{
	static const struct {
		const char *net;
		size_t names;
	} table[] = {{"128.0.0.0/1", 128}, {"10.0.0.0/8", 1},    {"10.0.0.0/9", 128},   {"10.0.0.0/15", 2},
	             {"10.0.0.0/16", 1},   {"10.0.0.0/25", 128}, {"10.0.0.0/31", 2},    {"2001:db8::/32", 1},
	             {"2001:db8::/33", 8}, {"2001:db8::/35", 2}, {"2001:db8::8/125", 8}};

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct export_list list = {0};
		char *text = NULL;
		size_t len = 0, n = 0;
		FILE *const out = open_memstream(&text, &len);

		assert_non_null(out);
		add(&list, table[i].net, NOW_S + 1, "x");
		export_seal(&list, EXPORT_BIND);
		export_write(&list, EXPORT_BIND, NOW_S, out);
		assert_int_equal(fclose(out), 0);
		for (const char *p = strstr(text, "TXT \"x"); p != NULL; p = strstr(p + 1, "TXT \"x"))
			n++;
		if (n != table[i].names)
			fail_msg("%s: got %zu names, want %zu:\n%s", table[i].net, n, table[i].names, text);
		free(text);
		export_done(&list);
	}
}

/* What others list has no end, so it stays of two entries of one network, and has a reason that names no file of ours.
 */
static void test_listed(void **state)
{
	const struct net net = net_from("203.0.112.0/23");
	struct export_list list = {0};
	char *text = NULL;
	size_t len = 0;
	FILE *const out = open_memstream(&text, &len);

	(void)state;
	add(&list, "203.0.112.0/23", NOW_S + 900, "listed by a DNS blocklist");
	export_add_listed(&list, &net);
	export_seal(&list, EXPORT_CSV);
	export_write(&list, EXPORT_CSV, NOW_S, out);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(
		text,
		"address,since,until,hits,rule,category,reason\r\n203.0.112.0/23,,,,\"\",\"file\",\"listed by others\"\r\n");
	free(text);
	export_done(&list);
}

static void test_names(void **state)
{
	(void)state;
	for (unsigned i = 0; i < EXPORT_FORMATS; i++)
		assert_int_equal(export_format_of(export_names[i]), i);
	assert_int_equal(export_format_of("pdf"), EXPORT_FORMATS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats), cmocka_unit_test(test_json),  cmocka_unit_test(test_names_cover),
		cmocka_unit_test(test_listed),  cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
