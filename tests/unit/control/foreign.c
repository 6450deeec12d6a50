/* foreign: what watchforspammers-share forwards: which lines are accepted, and which are refused. */
#include "testlib.h"

#include <errno.h>

#include "control/foreign.h"

static int parse(const char *text, struct foreign *ret, struct why *why)
{
	return foreign_parse((struct span){text, strlen(text)}, ret, why);
}

static void test_good(void **state)
{
	struct foreign f;
	struct why why;

	(void)state;
	assert_int_equal(
		parse(" mx2 1795888802123-7 1795888803000 1795888700:48213 block 2001:db8::/64 for 3600 offence 2 rule postfix-relay category relay",
	              &f, &why),
		0);
	assert_string_equal(f.peer, "mx2");
	assert_string_equal(f.stream, "1795888802123-7");
	assert_int_equal(f.sent_ms, INT64_C(1795888802123));
	assert_int_equal(f.clock_ms, INT64_C(1795888803000));
	assert_int_equal(f.era, 1795888700);
	assert_int_equal(f.number, 48213);
	assert_int_equal(f.op, FOREIGN_BLOCK);
	assert_int_equal(f.net.len, 64);
	assert_int_equal(f.for_s, 3600);
	assert_int_equal(f.offence, 2);
	assert_string_equal(f.rule, "postfix-relay");
	assert_string_equal(f.category, "relay");
	assert_int_equal(parse("mx2 1-0 2 1:2 lift 192.0.2.7", &f, &why), 0);
	assert_int_equal(f.op, FOREIGN_LIFT);
	assert_int_equal(parse("mx2 1-0 2 1:2 white 192.0.2.0/24 for 60", &f, &why), 0);
	assert_int_equal(f.op, FOREIGN_WHITE);
	assert_int_equal(f.net.len, 96 + 24);
	assert_int_equal(parse("mx2 1-0 2 1:2 own 192.0.2.7 for 60", &f, &why), 0);
	assert_int_equal(f.op, FOREIGN_OWN);
	assert_int_equal(parse("mx2 1-0 2 1:2 good for 60 known 00000001ffffffff", &f, &why), 0);
	assert_int_equal(f.op, FOREIGN_GOOD);
	assert_int_equal(f.for_s, 60);
	assert_int_equal(f.known.n, 2);
	assert_true(f.known.numbers[1] == UINT32_MAX);
	assert_int_equal(parse("mx2 1-0 2 wrong its \"sig\" is \x1b[2Jwrong", &f, &why), 0);
	assert_int_equal(f.op, FOREIGN_WRONG);
	assert_string_equal(f.text, "its \"sig\" is \\x1b[2Jwrong");
}

static void test_bad(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{"", "peer"},
		{"m/x 1-0 2 1:2 lift 192.0.2.7", "peer"},
		{"mx2", "stream"},
		{"mx2 1 2 1:2 lift 192.0.2.7", "stream"},
		{"mx2 1-x 2 1:2 lift 192.0.2.7", "stream"},
		{"mx2 -1-0 2 1:2 lift 192.0.2.7", "stream"},
		{"mx2 99999999999999999999999999-0 2 1:2 lift 192.0.2.7", "stream"},
		{"mx2 1-0 now 1:2 lift 192.0.2.7", "clock"},
		{"mx2 1-0 2 1 lift 192.0.2.7", "number"},
		{"mx2 1-0 2 1:2x lift 192.0.2.7", "number"},
		{"mx2 1-0 2 1:2", "word"},
		{"mx2 1-0 2 1:2 good 192.0.2.7 for 60", "for"},
		{"mx2 1-0 2 1:2 good for 60", "known"},
		{"mx2 1-0 2 1:2 good for 60 known 0000000200000001", "known"},
		{"mx2 1-0 2 1:2 good for 60 known 00000001 more", "end"},
		{"mx2 1-0 2 1:2 destroy 192.0.2.7", "word"},
		{"mx2 1-0 2 1:2 lift", "network"},
		{"mx2 1-0 2 1:2 lift 192.0.2.7/24", "network"},
		{"mx2 1-0 2 1:2 lift 192.0.2.7 now", "end"},
		{"mx2 1-0 2 1:2 white 192.0.2.7", "for"},
		{"mx2 1-0 2 1:2 white 192.0.2.7 for -1", "for"},
		{"mx2 1-0 2 1:2 block 192.0.2.7 for 60", "offence"},
		{"mx2 1-0 2 1:2 block 192.0.2.7 for 60 offence 1001 rule a category b", "offence"},
		{"mx2 1-0 2 1:2 block 192.0.2.7 for 60 offence 1 rule a/b category b", "rule"},
		{"mx2 1-0 2 1:2 block 192.0.2.7 for 60 offence 1 rule a", "category"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct foreign f;
		struct why why = {""};
		const int rc = parse(rows[i].text, &f, &why);

		if (rc != -EINVAL || strstr(why.text, rows[i].says) == NULL)
			fail_msg("\"%s\": got %d \"%s\", want \"%s\"", rows[i].text, rc, why.text, rows[i].says);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_good), cmocka_unit_test(test_bad)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
