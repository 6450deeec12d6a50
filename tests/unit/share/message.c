/* message: what is printed is parsed back unchanged, and everything else is refused. */
#include "testlib.h"

#include <errno.h>

#include "share/message.h"

static struct message example(enum message_op op)
{
	struct message m = {.host = "mx1",
	                    .era = 1795888700,
	                    .number = 48213,
	                    .at_s = 1795888802,
	                    .op = op,
	                    .net = net_from("2001:db8:1:2::/64")};

	if (op != MESSAGE_LIFT)
		m.until_s = 1795892402;
	if (op == MESSAGE_BLOCK) {
		m.offence = 2;
		(void)snprintf(m.rule, sizeof m.rule, "postfix-relay");
		(void)snprintf(m.category, sizeof m.category, "relay");
	}
	if (op == MESSAGE_GOOD) {
		m.net = (struct net){.len = 0};
		m.known = (struct hexlist){.n = 3, .numbers = {1, 0xDEADBEEF, UINT32_MAX}};
	}
	return m;
}

static void test_back(void **state)
{
	(void)state;
	for (int op = 0; op < MESSAGE_OPS; op++) {
		const struct message m = example((enum message_op)op);
		char text[MESSAGE_MAX], one[MESSAGE_MAX], other[MESSAGE_MAX], signature[MESSAGE_SIGNATURE_MAX];
		struct message back;
		struct why why;
		const size_t len = message_print(&m, "ed25519:xyz", text);

		assert_int_equal(strlen(text), len);
		if (message_parse((struct span){text, len}, &back, signature, &why) != 0)
			fail_msg("%s: %s", text, why.text);
		assert_string_equal(signature, "ed25519:xyz");
		assert_int_equal(message_canonical(&m, one), message_canonical(&back, other));
		assert_string_equal(one, other);
	}
}

/* The largest message fits into what it is written to. */
static void test_largest(void **state)
{
	struct message m = {.era = INT64_C(1) << 53,
	                    .number = INT64_C(1) << 53,
	                    .at_s = INT64_C(1) << 53,
	                    .until_s = INT64_C(1) << 53,
	                    .op = MESSAGE_BLOCK,
	                    .offence = MESSAGE_OFFENCE_MAX,
	                    .net = net_from("2001:db8:1111:2222:3333:4444:5555:6660/124")};
	char text[MESSAGE_MAX], signature[MESSAGE_SIGNATURE_MAX] = "", read[MESSAGE_SIGNATURE_MAX];
	struct message back;
	struct why why;

	(void)state;
	memset(m.host, 'h', sizeof m.host - 1);
	memset(m.rule, 'r', sizeof m.rule - 1);
	memset(m.category, 'c', sizeof m.category - 1);
	memset(signature, 's', sizeof signature - 1);
	assert_true(message_canonical(&m, text) < MESSAGE_MAX);
	assert_true(message_print(&m, signature, text) < MESSAGE_MAX);
	assert_int_equal(message_parse((struct span){text, strlen(text)}, &back, read, &why), 0);
	assert_string_equal(back.rule, m.rule);
	m = (struct message){.era = m.era,
	                     .number = m.number,
	                     .at_s = m.at_s,
	                     .until_s = m.until_s,
	                     .op = MESSAGE_GOOD,
	                     .known.n = HEXLIST_MAX};
	memset(m.host, 'h', sizeof m.host - 1);
	for (uint32_t i = 0; i < HEXLIST_MAX; i++)
		m.known.numbers[i] = i;
	assert_true(message_canonical(&m, text) < MESSAGE_MAX);
	assert_true(message_print(&m, signature, text) < MESSAGE_MAX);
	assert_int_equal(message_parse((struct span){text, strlen(text)}, &back, read, &why), 0);
	assert_int_equal(back.known.n, HEXLIST_MAX);
}

#define ID "\"id\":\"mx1:1:2\","
#define REST                                                                                                           \
	"\"at\":5,\"op\":\"block\",\"net\":\"192.0.2.7\",\"until\":9,\"offence\":1,\"rule\":\"r\",\"category\":\"c\"," \
	"\"sig\":\"s\"}"

/* Every member that another reader might read otherwise. */
static void test_bad(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{"", "no JSON object"},
		{"[]", "no JSON object"},
		{"{", "no JSON object"},
		{"\xff\xfe{}", "no JSON object"},
		{"{}", "\"v\""},
		{"{\"v\":1," ID "\"at\":5,\"op\":\"good\",\"until\":9,\"known\":\"\",\"sig\":\"s\"}", "\"known\""},
		{"{\"v\":1," ID "\"at\":5,\"op\":\"good\",\"until\":9,\"net\":\"192.0.2.7\",\"sig\":\"s\"}",
	         "\"known\""},
		{"{\"v\":1," ID "\"at\":5,\"op\":\"good\",\"until\":9,\"known\":\"0000000200000001\",\"sig\":\"s\"}",
	         "\"known\""},
		{"{\"v\":1," ID "\"at\":5,\"op\":\"good\",\"known\":\"00000001\",\"sig\":\"s\"}", "\"until\""},
		{"{\"v\":2," ID REST, "its version is 2"},
		{"{\"v\":1,\"v\":1," ID REST, "no JSON object"},
		{"{\"v\":1," REST, "\"id\""},
		{"{\"v\":1,\"id\":\"mx1\"," REST, "\"id\""},
		{"{\"v\":1,\"id\":\"mx1:1:\"," REST, "\"id\""},
		{"{\"v\":1,\"id\":\"mx1:01:2\"," REST, "\"id\""},
		{"{\"v\":1,\"id\":\"mx1:-1:2\"," REST, "\"id\""},
		{"{\"v\":1,\"id\":\"mx1:1:2 \"," REST, "\"id\""},
		{"{\"v\":1,\"id\":\"m x:1:2\"," REST, "\"id\""},
		{"{\"v\":1,\"id\":\":1:2\"," REST, "\"id\""},
		{"{\"v\":1,\"id\":\"mx1:99999999999999999999:2\"," REST, "\"id\""},
		{"{\"v\":1," ID "\"at\":-1,\"op\":\"block\",\"net\":\"192.0.2.7\"}", "\"at\""},
		{"{\"v\":1," ID "\"at\":1.5,\"op\":\"block\",\"net\":\"192.0.2.7\"}", "\"at\""},
		{"{\"v\":1," ID "\"op\":\"destroy\"}", "\"op\""},
		{"{\"v\":1," ID "\"op\":7}", "\"op\""},
		{"{\"v\":1," ID "\"op\":\"lift\",\"net\":\"192.0.2.7/24\"}", "\"net\""},
		{"{\"v\":1," ID "\"op\":\"lift\",\"net\":\"::ffff:192.0.2.7\"}", "\"net\""},
		{"{\"v\":1," ID "\"op\":\"lift\",\"net\":\"2001:DB8::1\"}", "\"net\""},
		{"{\"v\":1," ID "\"op\":\"lift\",\"net\":\"192.0.2.7\\u0000\"}", "no JSON object"},
		{"{\"v\":1," ID "\"op\":\"lift\",\"net\":\"192.0.2.7\",\"at\":1}", "\"sig\""},
		{"{\"v\":1," ID "\"op\":\"white\",\"net\":\"192.0.2.7\",\"at\":1,\"sig\":\"s\"}", "\"until\""},
		{"{\"v\":1," ID "\"op\":\"block\",\"net\":\"192.0.2.7\",\"at\":1,\"until\":2,\"offence\":1001}",
	         "\"offence\""},
		{"{\"v\":1," ID
	         "\"op\":\"block\",\"net\":\"192.0.2.7\",\"at\":1,\"until\":2,\"offence\":1,\"rule\":\"a\\nb\"}",
	         "\"rule\""},
	};
	char signature[MESSAGE_SIGNATURE_MAX], huge[MESSAGE_MAX + 2];
	struct message m;
	struct why why;

	(void)state;
	assert_int_equal(
		message_parse((struct span){"{\"v\":1," ID REST, strlen("{\"v\":1," ID REST)}, &m, signature, &why), 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const int rc = message_parse((struct span){rows[i].text, strlen(rows[i].text)}, &m, signature, &why);

		if (rc != -EINVAL || strstr(why.text, rows[i].says) == NULL)
			fail_msg("\"%s\": got %d \"%s\", want \"%s\"", rows[i].text, rc, rc < 0 ? why.text : "",
			         rows[i].says);
	}
	memset(huge, '[', sizeof huge);
	assert_int_equal(message_parse((struct span){huge, sizeof huge}, &m, signature, &why), -EINVAL);
	assert_non_null(strstr(why.text, "longer than"));
}

static void test_word(void **state)
{
	char out[MESSAGE_WORD_MAX];

	(void)state;
	message_word("postfix-relay", out);
	assert_string_equal(out, "postfix-relay");
	message_word("a b\"\n\x80z", out);
	assert_string_equal(out, "abz");
	message_word("\"", out);
	assert_string_equal(out, "other");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_back), cmocka_unit_test(test_largest),
	                                   cmocka_unit_test(test_bad), cmocka_unit_test(test_word)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
