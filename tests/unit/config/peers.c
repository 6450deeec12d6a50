/* peers: what the peers file may contain, and the errors for everything else. */
#include "testlib.h"

#include <errno.h>

#include "config/peers.h"

#define KEY "ed25519:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="

static int parse(const char *text, struct peers *ret, struct why *why)
{
	return peers_parse("peers", (struct span){text, strlen(text)}, ret, why);
}

static void test_good(void **state)
{
	struct peers peers;
	struct why why;
	const struct peers_peer *p;

	(void)state;
	assert_int_equal(parse("# ours\n\n mx1 " KEY " block\nmx2\t" KEY
	                       " block,lift,white,good weight=50 longest=6h per_minute=1200 prefix=16/32 "
	                       "observe # a friend\r\n",
	                       &peers, &why),
	                 0);
	assert_int_equal(peers.n, 2);
	p = peers_find(&peers, (struct span){"mx1", 3});
	assert_non_null(p);
	assert_string_equal(p->key, KEY);
	assert_int_equal(p->rights, PEERS_BLOCK);
	assert_int_equal(p->weight, 100);
	assert_int_equal(p->longest_s, 7 * 86400);
	assert_int_equal(p->per_minute, 600);
	assert_int_equal(p->prefix4, 24);
	assert_int_equal(p->prefix6, 48);
	assert_false(p->observe);
	p = peers_find(&peers, (struct span){"mx2", 3});
	assert_non_null(p);
	assert_int_equal(p->rights, PEERS_BLOCK | PEERS_LIFT | PEERS_WHITE | PEERS_GOOD);
	assert_int_equal(p->weight, 50);
	assert_int_equal(p->longest_s, 6 * 3600);
	assert_int_equal(p->per_minute, 1200);
	assert_int_equal(p->prefix4, 16);
	assert_int_equal(p->prefix6, 32);
	assert_true(p->observe);
	assert_null(peers_find(&peers, (struct span){"mx", 2}));
	peers_done(&peers);
	assert_int_equal(parse("", &peers, &why), 0);
	assert_int_equal(peers.n, 0);
}

static void test_bad(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{"mx1", "its key and its rights must follow"},
		{"mx1 " KEY, "its key and its rights must follow"},
		{"m\x1b[2Jx " KEY " block", "\"m\\x1b[2Jx\": a name is"},
		{"123456789012345678901234567890123 " KEY " block", "a name is"},
		{"mx1 ed25519:short= block", "not a key"},
		{"mx1 ed25519:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5M!E= block", "not a key"},
		{"mx1 " KEY " blok", "rights are block, lift, white and good"},
		{"mx1 " KEY " block,", "x"},
		{"mx1 " KEY " ,block", "rights are"},
		{"mx1 " KEY " block weight=101", "a weight is 1 to 100"},
		{"mx1 " KEY " block weight=0", "a weight is 1 to 100"},
		{"mx1 " KEY " block weight=", "a weight is 1 to 100"},
		{"mx1 " KEY " block longest=8d", "at most 7d"},
		{"mx1 " KEY " block longest=0s", "at most 7d"},
		{"mx1 " KEY " block per_minute=0", "from 1"},
		{"mx1 " KEY " block per_minute=99999999999999999999", "from 1"},
		{"mx1 " KEY " block prefix=24", "IPv4/IPv6"},
		{"mx1 " KEY " block prefix=7/48", "IPv4/IPv6"},
		{"mx1 " KEY " block prefix=24/129", "IPv4/IPv6"},
		{"mx1 " KEY " block colour=red", "the options are weight="},
		{"mx1 " KEY " block\nmx1 " KEY " block", "peers:2: \"mx1\": a second line"},
		{"mx1 " KEY " block a b c d e f g h i j k l m n", "too many words"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct peers peers;
		struct why why = {""};
		const int rc = parse(rows[i].text, &peers, &why);

		if (rows[i].says[0] == 'x') { /* a comma at the end does no harm */
			assert_int_equal(rc, 0);
			peers_done(&peers);
			continue;
		}
		if (rc != -EINVAL || strstr(why.text, rows[i].says) == NULL)
			fail_msg("\"%s\": got %d \"%s\", want \"%s\"", rows[i].text, rc, why.text, rows[i].says);
	}
}

static void test_file(void **state)
{
	struct peers peers;
	struct why why;

	(void)state;
	assert_int_equal(peers_read("/nonexistent/peers", &peers, &why), 0);
	assert_int_equal(peers.n, 0);
	assert_true(peers_read("/", &peers, &why) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_good), cmocka_unit_test(test_bad),
	                                   cmocka_unit_test(test_file)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
