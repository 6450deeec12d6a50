/* banfile: the output of each program is read, and hostile input adds no entry. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "import/banfile.h"

enum { NOW_S = 1795996484 }; /* 2026-11-29T23:54:44Z */

/* "ADDRESS left reason", one a line. */
static void expect(const char *what, const char *text, const char *want)
{
	struct banlist list = {0};
	struct why why;
	char got[2048] = "", address[NET_TEXT_MAX];
	size_t n = 0;

	if (banfile_parse((struct span){text, strlen(text)}, NOW_S, &list, &why) < 0)
		fail_msg("%s: %s", what, why.text);
	for (size_t i = 0; i < list.n; i++) {
		(void)net_text(&list.list[i].net, address);
		n += (size_t)snprintf(got + n, sizeof got - n, "%s %lld%s%s\n", address, (long long)list.list[i].left_s,
		                      list.list[i].reason[0] != '\0' ? " " : "", list.list[i].reason);
	}
	if (strcmp(got, want) != 0)
		fail_msg("%s: got\n%swant\n%s", what, got, want);
	banlist_done(&list);
}

static const struct {
	const char *what, *text, *want;
} table[] = {
	{"plain", "192.0.2.7\n# a comment 192.0.2.8\n198.51.100.0/24   # why\n\n2001:db8::/48\nno address\n",
         "192.0.2.7 0\n198.51.100.0/24 0 why\n2001:db8::/48 0\n"},
	{"reasons", "192.0.2.7 192.0.2.8 for 1h ## \x1b[2J \r\n192.0.2.9 #\n",
         "192.0.2.7 0 \\x1b[2J\n192.0.2.8 3600 \\x1b[2J\n192.0.2.9 0\n"},
	{"no newline", "192.0.2.7", "192.0.2.7 0\n"},
	{"nothing", "", ""},
	{"CSV without a header", "\"192.0.2.7\",2026-11-28T23:54:44Z,\"x, y\"\r\n", "192.0.2.7 0\n"},
	{"CSV: over, with an end, without, an end in another zone, beyond any block",
         "address,since,until\r\n192.0.2.1,,2026-11-29T23:54:44Z\r\n\"192.0.2.2\",2026-11-28T23:54:44Z,2026-11-29T23:54:45Z\r\n192.0.2.3,,\r\n"
         "192.0.2.4,,2026-11-30 01:55:44+01:00\n192.0.2.5\n192.0.2.6,,2099-01-01T00:00:00.123Z",
         "192.0.2.2 1\n192.0.2.3 0\n192.0.2.4 3660\n192.0.2.5 0\n192.0.2.6 316224000\n"},
	{"CSV: columns in another order, several lines in a field, other addresses beside it",
         "\xef\xbb\xbfrule;\"Reason\" ; ADDRESS;seen\nx;\"one\n192.0.2.98, \"\"two\"\"\"; 192.0.2.0/28 ;192.0.2.97\n192.0.2.96;192.0.2.95;no;192.0.2.94\n",
         "192.0.2.0/28 0 one\\x0a192.0.2.98, \"two\"\n"},
	{"CSV: tabs; the better of two columns; ranges", "timeout\tip\texpires\n2h\t192.0.2.6-192.0.2.8\t1h\n",
         "192.0.2.6/31 3600\n192.0.2.8 3600\n"},
	{"one column is no table", "address\n192.0.2.7 # x\n", "192.0.2.7 0 x\n"},
	{"ipset",
         "create bad hash:net family inet hashsize 1024 maxelem 65536 timeout 0\nadd bad 192.0.2.7 timeout 599\nadd bad 198.51.100.0/24\n",
         "192.0.2.7 599\n198.51.100.0/24 0\n"},
	{"nft",
         "table inet f {\n\tset bad {\n\t\ttype ipv4_addr\n\t\tflags timeout\n\t\telements = { 192.0.2.7 timeout 1h expires 59m30s100ms, 192.0.2.8,\n"
         "\t\t\t     192.0.2.9 timeout 2d expires 1d2h }\n\t}\n}\n",
         "192.0.2.7 3570\n192.0.2.8 0\n192.0.2.9 93600\n"},
	{"ipset: ranges, and what a network does not include",
         "add bad 192.0.2.6-192.0.2.8 timeout 9\nadd bad 198.51.100.0/24 nomatch\nadd bad 192.0.2.99\n",
         "192.0.2.6/31 9\n192.0.2.8 9\n192.0.2.99 0\n"},
	{"nft: ranges",
         "\t\telements = { 192.0.2.4-192.0.2.7, 192.0.2.9-192.0.2.8, 255.255.255.254-255.255.255.255,\n\t\t\t2001:db8::-2001:db8::ffff, 192.0.2.1-2001:db8:: }\n",
         "192.0.2.4/30 0\n255.255.255.254/31 0\n2001:db8::/112 0\n"},
	{"nft -j: ranges",
         "{\"elem\": [{\"range\": [\"192.0.2.4\", \"192.0.2.5\"]}, {\"range\": [\"x\"]}, {\"range\": 5}]}",
         "192.0.2.4/31 0\n"},
	{"nft -j: times",
         "{\"set\": {\"timeout\": 5, \"elem\": [\"192.0.2.1\", {\"elem\": {\"val\": \"192.0.2.2\", \"expires\": 60}},"
         "{\"elem\": {\"val\": {\"prefix\": {\"addr\": \"2001:db8::\", \"len\": 32}}, \"timeout\": 90, \"expires\": 61}},"
         "{\"elem\": {\"val\": {\"range\": [\"192.0.2.4\", \"192.0.2.5\"]}, \"expires\": 62}}]}}",
         "192.0.2.1 0\n192.0.2.2 60\n2001:db8::/32 61\n192.0.2.4/31 62\n"},
	{"JSON: over, or longer than any block",
         "[{\"ip\": \"192.0.2.1\", \"expires\": -60}, {\"val\": {\"range\": [\"192.0.2.4\", \"192.0.2.5\"]}, \"expires\": -1},"
         "{\"ip\": \"192.0.2.2\", \"expires\": 9223372036854775807}]",
         "192.0.2.2 0\n"},
	{"nft: counters",
         "elements = { 192.0.2.7 counter packets 3 bytes 180 expires 5m, 192.0.2.8 counter packets 0 bytes 0 }\n",
         "192.0.2.7 300\n192.0.2.8 0\n"},
	{"nft: comments, rules",
         "table inet f {\n\tset bad {\n\t\tcomment \"192.0.2.99 192.0.2.98\"\n\t\telements = { 192.0.2.7 comment \"192.0.2.97\", 192.0.2.8 comment \"} x, 192.0.2.96\",\n"
         "\t\t\t     192.0.2.9 . 25 }\n\t}\n\tchain c {\n\t\tip daddr { 192.0.2.1, 192.0.2.2 } accept\n\t}\n\tset more { elements = { 192.0.2.10 } }\n}\n",
         "192.0.2.7 0\n192.0.2.8 0\n192.0.2.9 0\n192.0.2.10 0\n"},
	{"nft: an end that is missing", "elements = { 192.0.2.7, \"", "192.0.2.7 0\n"},
	{"ipset: types, comments",
         "create p hash:ip,port family inet comment\nadd p 192.0.2.9,tcp:25 comment \"of 192.0.2.99\"\nadd q 198.51.100.0/24,eth0 timeout 5 comment \"192.0.2.98\"\n",
         "192.0.2.9 0\n198.51.100.0/24 5\n"},
	{"CSV: quotes",
         "\"192.0.2.7\",\"said \"\"hi, 192.0.2.99\"\" x\"\n\"2001:db8::7\";\"\"\n\"192.0.2.8\n\"a b\",192.0.2.9\n",
         "192.0.2.7 0\n2001:db8::7 0\n192.0.2.8 0\n192.0.2.9 0\n"},
	{"comments of others", "; Expires 192.0.2.99\n // 192.0.2.98\n198.51.100.0/24 ; SBL1, 2\n",
         "198.51.100.0/24 0\n"},
	{"cscli -o raw",
         "id,source,ip,reason,action,country,as,events_count,expiration,simulated,alert_id\n1,crowdsec,Ip:192.0.2.7,x/ssh-bf,ban,CN,\"4134 X, Inc\",6,3h59m10.5s,false,1\n"
         "2,cscli,Range:198.51.100.0/24,manual,ban,,,1,1h,false,2\n3,cscli,Ip:,manual\n",
         "192.0.2.7 14350 x/ssh-bf\n198.51.100.0/24 3600 manual\n"},
	{"cscli -o raw: what bans nobody",
         "ip,reason,action,expiration,simulated\nIp:192.0.2.7,x,captcha,1h,false\nIp:192.0.2.8,x,ban,1h,true\nIp:192.0.2.9,x,ban,-5s,false\nIp:192.0.2.10,x,BAN,,\n",
         "192.0.2.10 0 x\n"},
	{"cscli -o raw without its header",
         "1,crowdsec,Ip:192.0.2.7,x/ssh-bf,ban,CN,\"4134 X, Inc\",6,3h59m10.5s,false,1\n", "192.0.2.7 14350\n"},
	{"both", "Ip:192.0.2.7 nomatch 1h 2h\n", ""},
	{"cscli: what bans nobody",
         "[{\"decisions\": [{\"value\": \"192.0.2.7\", \"type\": \"captcha\", \"scenario\": \"x\"}, {\"value\": \"192.0.2.8\", \"simulated\": true},"
         "{\"value\": \"192.0.2.9\", \"duration\": \"-5s\"}, {\"value\": \"192.0.2.0/28\", \"type\": \"ban\", \"scenario\": \"x\", \"duration\": \"1h\"}],"
         "\"source\": {\"ip\": \"192.0.2.99\", \"value\": \"192.0.2.98\"}, \"events\": [{\"meta\": [{\"key\": \"x\", \"value\": \"192.0.2.97\"}]}]}]",
         "192.0.2.0/28 3600 x\n"},
	{"cscli: none", "[{\"decisions\": null, \"source\": {\"ip\": \"192.0.2.99\"}}]", ""},
	{"null", "null\n", ""},
	{"a reason that names an address",
         "192.0.2.7,\"attacked 198.51.100.1 (admin)\"\ndeny from 192.0.2.8; seen by 198.51.100.2\n",
         "192.0.2.7 0\n192.0.2.8 0\n"},
	{"nft -j",
         "{\"nftables\": [{\"set\": {\"name\": \"bad\", \"elem\": [\"192.0.2.7\", {\"prefix\": {\"addr\": \"198.51.100.0\", \"len\": 24}},"
         "{\"elem\": {\"val\": \"192.0.2.9\", \"timeout\": 3600, \"expires\": 60}}]}}]}",
         "192.0.2.7 0\n198.51.100.0/24 0\n192.0.2.9 60\n"},
	{"cscli",
         "[{\"created_at\": \"2026-11-28\", \"decisions\": [{\"duration\": \"3h59m12.345s\", \"origin\": \"crowdsec\", \"scenario\": \"x/postfix-spam\","
         "\"scope\": \"Ip\", \"type\": \"ban\", \"value\": \"192.0.2.7\"}], \"source\": {\"cn\": \"XX\"}}]",
         "192.0.2.7 14352 x/postfix-spam\n"},
	{"JSON lines",
         "{\"address\":\"192.0.2.7\",\"reason\":\"a\\u001b[2J\"}\n{\"address\":\"2001:db8::/64\",\"reason\":null}\n",
         "192.0.2.7 0 a\\x1b[2J\n2001:db8::/64 0\n"},
	{"JSON: ends",
         "{\"address\":\"192.0.2.1\",\"until\":\"2026-11-29T23:54:44Z\"}{\"address\":\"192.0.2.2\",\"until\":\"2026-11-29T23:55:44Z\"}"
         "{\"address\":\"192.0.2.3\",\"until\":null}{\"address\":\"192.0.2.4\",\"until\":\"2026-11-29T23:54:44Z\",\"duration\":\"5m\"}{\"until\":\"soon\"}",
         "192.0.2.2 60\n192.0.2.3 0\n192.0.2.4 300\n"},
	{"rbldnsd",
         "$SOA 3600 192.0.2.53 x 1 600 300 86400 60\n$NS 3600 192.0.2.54\n$DATASET ip4trie blocked4 @\n:127.0.0.2:see 192.0.2.99\n198.51.100.0/24\t:2:see #4, 192.0.2.98\n"
         "127.0.0.2/32 :2:test\n!198.51.100.7\n::1:2:3/128 :127.0.0.3:\n192.0.2.7 # :2: x\n",
         "198.51.100.0/24 0 see #4, 192.0.2.98\n::1:2:3 0\n192.0.2.7 0 :2: x\n"},
	{"loopback",
         "127.0.0.0/8 ::1 ::ffff:127.0.0.2 127.255.255.255 126.255.255.255 127.0.0.0-128.0.0.0\n192.0.2.7, 127.0.0.1 timeout 9\n",
         "126.255.255.255 0\n128.0.0.0 0\n192.0.2.7 0\n"},
	{"no zone file", "192.0.2.7 a bad one\n192.0.2.8 in A\n# IN A 192.0.2.99\n192.0.2.9 txt x\n",
         "192.0.2.7 0\n192.0.2.8 0\n192.0.2.9 0\n"},
	{"words that are no addresses", "1.2.3 300.1.1.1 192.0.2.1/24 192.0.2.020 :: /8 timeout 5 expires\n", ":: 5\n"},
};

static void test_forms(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		expect(table[i].what, table[i].text, table[i].want);
}

static void test_errors(void **state)
{
	static const char *const texts[] = {
		"[{\"value\": ", "[\"192.0.2.7\"] [", "{\"a\": \"b\"} x",
		/* quotes, and ends */
		"ip,reason\n192.0.2.7,\"x\n", "ip,until\n192.0.2.7,30.11.26 00:54\n",
		"{\"address\": \"192.0.2.7\", \"until\": 1795996485}",
		/* zone files, as written and as transferred */
		"192.0.2.1\n66.100.51.198 A 127.0.0.2\n", "66.100.51.198 60 IN a 127.0.0.2\n",
		"66.100.51.198 IN 1h TXT \"x\"\n", "32.66.100.51.198.rpz-ip CNAME .\n",
		"@ SOA localhost. x. 1 600 300 86400 60\n", "\tIN SOA a. x. (\n",
		"; x\nexample.org.\t60\tIN\tSOA\ta. x. 1 2 3 4 5\nns.example.org. 60 IN A 192.0.2.53\n"};
	char deep[200];

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct banlist list = {0};
		struct why why;

		assert_int_equal(banfile_parse((struct span){texts[i], strlen(texts[i])}, NOW_S, &list, &why), -EINVAL);
		banlist_done(&list);
	}
	memset(deep, '[', 100);
	memset(deep + 100, ']', 100);
	for (size_t i = 0; i < 1; i++) {
		struct banlist list = {0};
		struct why why;

		assert_int_equal(banfile_parse((struct span){deep, sizeof deep}, NOW_S, &list, &why), -EINVAL);
		banlist_done(&list);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_forms), cmocka_unit_test(test_errors)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
