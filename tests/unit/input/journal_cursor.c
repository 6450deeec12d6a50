/* journal_cursor: cursors as systemd writes them, what is none, and which of two entries is later. */
#include "input/journal_cursor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define ID    "0123456789abcdef0123456789abcdef"
#define OTHER "ffffffffffffffffffffffffffffffff"

static struct journal_cursor read_one(const char *text)
{
	struct journal_cursor c;

	if (!journal_cursor_read(text, &c))
		fail_msg("refused: %s", text);
	return c;
}

static void its_parts_are_read(void **state)
{
	const struct journal_cursor c = read_one("s=" ID ";i=1f4;b=" OTHER ";m=a;t=6449c2c5f2b34;x=ffffffffffffffff");

	(void)state;
	assert_string_equal(c.seqnum_id, ID);
	assert_string_equal(c.boot, OTHER);
	assert_true(c.seqnum == 500 && c.monotonic == 10 && c.realtime == 0x6449c2c5f2b34 && c.checksum == UINT64_MAX);
}

static void what_is_none_is_refused(void **state)
{
	static const char *const texts[] = {"",
	                                    "s",
	                                    "s=",
	                                    "s=;i=1;b=1;m=1;t=1;x=1",
	                                    "s=1;i=x",
	                                    "s=1;i=1;b=1;m=1;t=1",
	                                    "s=1;i=1;b=1;m=1;t=1;x=",
	                                    "i=1;s=1;b=1;m=1;t=1;x=1",
	                                    "s=1;i=1F;b=1;m=1;t=1;x=1",
	                                    "s=1;i=-1;b=1;m=1;t=1;x=1",
	                                    "s=" ID "0;i=1;b=1;m=1;t=1;x=1",
	                                    "s=1,i=1,b=1,m=1,t=1,x=1"};
	struct journal_cursor c;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (journal_cursor_read(texts[i], &c))
			fail_msg("accepted: %s", texts[i]);
}

static void a_copy_with_another_number_is_the_same(void **state)
{
	const struct journal_cursor a = read_one("s=1;i=5;b=b;m=7;t=9;x=c"), copy = read_one("s=2;i=1;b=b;m=7;t=9;x=c"),
				    moved = read_one("s=1;i=5;b=c;m=8;t=9;x=c");

	(void)state;
	assert_true(journal_cursor_same(&a, &a));
	assert_true(journal_cursor_same(&a, &copy));
	assert_true(journal_cursor_same(&a, &moved)); /* by its number */
	assert_false(journal_cursor_same(&copy, &moved));
	assert_false(journal_cursor_same(
		&a,
		&(struct journal_cursor){.seqnum_id = "1", .boot = "b", .seqnum = 5, .monotonic = 7, .realtime = 9}));
}

static void the_order_is_by_time_of_a_boot_then_number_then_time(void **state)
{
	const struct journal_cursor gone = read_one("s=1;i=5;b=b;m=7;t=9;x=c");
	static const struct {
		const char *text;
		bool after;
	} cases[] = {
		{"s=1;i=6;b=b;m=8;t=1;x=1", true},  {"s=1;i=5;b=b;m=8;t=a;x=1", true},
		{"s=1;i=6;b=b;m=7;t=9;x=1", false}, {"s=1;i=9;b=b;m=6;t=a;x=1", false},
		{"s=1;i=4;b=c;m=8;t=a;x=1", false}, {"s=1;i=6;b=c;m=1;t=1;x=1", true},
		{"s=2;i=1;b=b;m=8;t=1;x=1", true},  {"s=2;i=9;b=b;m=7;t=a;x=1", false},
		{"s=2;i=1;b=c;m=1;t=a;x=1", true},  {"s=2;i=9;b=c;m=9;t=9;x=1", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct journal_cursor c = read_one(cases[i].text);

		if (journal_cursor_after(&c, &gone) != cases[i].after)
			fail_msg("%s: want %s", cases[i].text, cases[i].after ? "after" : "not after");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_parts_are_read),
		cmocka_unit_test(what_is_none_is_refused),
		cmocka_unit_test(a_copy_with_another_number_is_the_same),
		cmocka_unit_test(the_order_is_by_time_of_a_boot_then_number_then_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
