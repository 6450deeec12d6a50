/* hexlist: lists of numbers as text: each list has exactly one text, and nothing else is accepted. */
#include "testlib.h"

#include "base/hexlist.h"

static bool parse(const char *text, struct hexlist *ret)
{
	return hexlist_parse((struct span){text, strlen(text)}, ret);
}

static void test_back(void **state)
{
	struct hexlist list = {.n = HEXLIST_MAX}, back;
	char text[HEXLIST_TEXT_MAX], again[HEXLIST_TEXT_MAX];

	(void)state;
	for (uint32_t i = 0; i < HEXLIST_MAX; i++)
		list.numbers[i] = UINT32_MAX - 1000 * (HEXLIST_MAX - i);
	list.numbers[0] = 0;
	hexlist_text(&list, text);
	assert_int_equal(strlen(text), HEXLIST_TEXT_MAX - 1);
	assert_true(parse(text, &back));
	assert_int_equal(back.n, HEXLIST_MAX);
	hexlist_text(&back, again);
	assert_string_equal(again, text);
	hexlist_text(&(struct hexlist){.n = 0}, text);
	assert_string_equal(text, "");
}

static void test_bad(void **state)
{
	static const char *const bad[] = {"",         "0",        "0000000",          "000000001",
	                                  "0000000g", "0000000A", "0000000100000001", "0000000200000001",
	                                  " 0000001", "+0000001"};
	char text[(HEXLIST_MAX + 1) * HEXLIST_DIGITS + 1];
	struct hexlist list = {.n = 77};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (parse(bad[i], &list))
			fail_msg("\"%s\" is read", bad[i]);
	for (size_t i = 0; i <= HEXLIST_MAX; i++)
		(void)snprintf(text + i * HEXLIST_DIGITS, HEXLIST_DIGITS + 1, "%08zx", i);
	assert_false(parse(text, &list));
	assert_int_equal(list.n, 77);
	text[HEXLIST_MAX * HEXLIST_DIGITS] = '\0';
	assert_true(parse(text, &list));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_back), cmocka_unit_test(test_bad)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
