/* message: every field of a packet with an invalid value, one at a time. */
#include "firewall/message.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr.h"

static void set_entry(struct message_entry *entry, const char *text, uint32_t left_s)
{
	struct net net;

	assert_true(net_parse(text, strlen(text), &net));
	*entry = (struct message_entry){.len = net.len, .left_s = left_s};
	memcpy(entry->addr, net.addr.bytes, sizeof entry->addr);
}

static struct message request_of(enum message_verb verb)
{
	struct message m = {.verb = verb, .number = 7};

	if (verb == MESSAGE_ADD || verb == MESSAGE_DEL || verb == MESSAGE_KILL || verb == MESSAGE_LOOK) {
		const uint32_t left_s = verb == MESSAGE_ADD ? 600 : 0;

		m.n = 2;
		set_entry(&m.entries[0], "192.0.2.7", left_s);
		set_entry(&m.entries[1], "2001:db8::/64", left_s);
	}
	return m;
}

static struct message answer_to(const struct message *request)
{
	struct message m = {.verb = request->verb, .number = request->number};

	m.n4 = 1;
	m.capacity = 100;
	lengths_add(&m.lengths, true, 128);
	(void)strcpy(m.list, "spammer");
	if (m.verb == MESSAGE_LIST || m.verb == MESSAGE_FLOODS || m.verb == MESSAGE_LOOK) {
		m.n = m.verb == MESSAGE_LOOK ? 2 : 1;
		set_entry(&m.entries[1], "2001:db8::/64", 0);
		set_entry(&m.entries[0], "192.0.2.7", 0);
		m.entries[0].idle_s = m.verb == MESSAGE_FLOODS ? 0 : 12;
		m.entries[0].dropped = m.verb == MESSAGE_FLOODS ? 0 : 3;
	}
	return m;
}

static void test_requests(void **state)
{
	static const struct {
		const char *name;
		size_t at; /* of the 32 bits to write, */
		uint32_t value;
		bool good[11]; /* by verb, PREPARE = 1 ... LOOK = 10 */
	} rows[] = {
#define AT(field) offsetof(struct message, field)
		{"as it is", AT(number), 8, {0, true, true, true, true, true, true, true, true, true, true}},
		{"verb 0", AT(verb), 0, {0}},
		{"verb 11", AT(verb), 11, {0}},
		{"verb of 32 bits", AT(verb), 0x10001, {0}},
		{"no entries", AT(n), 0, {0, true, false, false, true, true, true, true, true, true, false}},
		{"an entry of zeros", AT(n), 3, {0}},
		{"more entries than fit", AT(n), MESSAGE_ENTRIES + 1, {0}},
		{"most entries", AT(n), UINT32_MAX, {0}},
		{"cursor", AT(cursor), 64, {0, false, false, false, true, false, true, false, false, false, false}},
		{"cursor of a file",
	         AT(cursor),
	         65,
	         {0, false, false, false, true, false, false, false, false, false, false}},
		{"n4", AT(n4), 1000000, {0, true, false, false, false, false, false, false, false, false, false}},
		{"n6", AT(n6), UINT32_MAX, {0, true, false, false, false, false, false, false, false, false, false}},
		{"capacity", AT(capacity), 1, {0}},
		{"lengths", AT(lengths.ip6), 1, {0}},
		{"list", AT(list), 'x', {0}},
		{"refused", AT(refused), 1, {0}},
		{"repaired", AT(repaired), 1, {0}},
		{"ended", AT(ended), 1, {0}},
		{"port", AT(port), 1, {0}},
		{"error", AT(error), 1, {0}},
		{"why", AT(why), 'x', {0}},
		{"no seconds",
	         AT(entries[1].left_s),
	         0,
	         {0, true, false, true, true, true, true, true, true, true, true}},
		{"one second",
	         AT(entries[1].left_s),
	         1,
	         {0, true, true, false, true, true, true, true, false, true, false}},
		{"most seconds",
	         AT(entries[1].left_s),
	         MESSAGE_SECONDS_MAX,
	         {0, true, true, false, true, true, true, true, false, true, false}},
		{"too many seconds",
	         AT(entries[1].left_s),
	         MESSAGE_SECONDS_MAX + 1,
	         {0, true, false, false, true, true, true, true, false, true, false}},
		{"idle", AT(entries[1].idle_s), 1, {0, true, false, false, true, true, true, true, false, true, false}},
		{"dropped",
	         AT(entries[1].dropped),
	         1,
	         {0, true, false, false, true, true, true, true, false, true, false}},
		{"bytes", AT(entries[1].bytes), 1, {0, true, false, false, true, true, true, true, false, true, false}},
		{"an entry that is not used",
	         AT(entries[2].addr),
	         1,
	         {0, true, true, true, true, true, true, true, true, true, true}},
#undef AT
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		for (unsigned verb = MESSAGE_PREPARE; verb <= MESSAGE_LOOK; verb++) {
			struct message m = request_of(verb);
			bool got;

			memcpy((char *)&m + rows[i].at, &rows[i].value, sizeof rows[i].value);
			got = message_is_request(&m, m.n <= MESSAGE_ENTRIES ? message_size(&m) : sizeof m);
			if (got != rows[i].good[verb])
				fail_msg("verb %u with %s: got %d, want %d", verb, rows[i].name, got,
				         rows[i].good[verb]);
		}
	}
}

static void test_size(void **state)
{
	const struct message request = request_of(MESSAGE_ADD);
	const struct message answer = answer_to(&request);

	(void)state;
	for (size_t len = 0; len < 2 * sizeof request; len++) {
		assert_int_equal(message_is_request(&request, len), len == message_size(&request));
		assert_int_equal(message_is_answer(&answer, len, &request), len == message_size(&answer));
	}
	assert_int_equal(message_size(&request), message_size(&answer) + 2 * sizeof(struct message_entry));
}

/* The gates' packets: what each of them may carry. */
static void test_gates(void **state)
{
	struct message m = {.verb = MESSAGE_GATES, .n4 = 1}, answer;

	(void)state;
	assert_true(message_is_request(&m, message_size(&m)));
	m.n4 = 2;
	assert_false(message_is_request(&m, message_size(&m)));
	m = (struct message){.verb = MESSAGE_COUNTS, .n4 = MESSAGE_GATES_MAX - 1, .cursor = 5};
	assert_true(message_is_request(&m, message_size(&m)));
	answer = (struct message){.verb = MESSAGE_COUNTS, .cursor = 6};
	assert_true(message_is_answer(&answer, message_size(&answer), &m));
	answer.gate.asked = 1; /* not before the end */
	assert_false(message_is_answer(&answer, message_size(&answer), &m));
	answer.cursor = 0;
	assert_true(message_is_answer(&answer, message_size(&answer), &m));
	answer.gate.asked = 0;
	answer.cursor = 5; /* or it would be asked for ever */
	assert_false(message_is_answer(&answer, message_size(&answer), &m));
	m.n4 = MESSAGE_GATES_MAX;
	assert_false(message_is_request(&m, message_size(&m)));
	m = (struct message){.verb = MESSAGE_PASS, .n = 1};
	set_entry(&m.entries[0], "128.0.0.0/1", 60);
	assert_true(message_is_request(&m, message_size(&m)));
	m.gate.waits_s = 1;
	assert_false(message_is_request(&m, message_size(&m)));
	m.gate.waits_s = 0;
	m.verb = MESSAGE_UNPASS; /* has no time */
	assert_false(message_is_request(&m, message_size(&m)));
	m.entries[0].left_s = 0;
	assert_true(message_is_request(&m, message_size(&m)));
	m.verb = MESSAGE_CLOSE;
	assert_false(message_is_request(&m, message_size(&m)));
	set_entry(&m.entries[0], "192.0.2.7", 0);
	assert_true(message_is_request(&m, message_size(&m)));
	m.verb = MESSAGE_PASS;
	assert_false(message_is_request(&m, message_size(&m)));
	set_entry(&m.entries[0], "0.0.0.0/0", 60);
	assert_false(message_is_request(&m, message_size(&m)));
}

static void test_networks(void **state)
{
	static const struct {
		const char *text;
		unsigned len; /* instead of the text's; 0: as it is */
		bool good;
	} rows[] = {
		{"192.0.2.7", 0, true},      {"192.0.2.0/24", 0, true},     {"10.0.0.0/8", 0, true},
		{"10.0.0.0/7", 0, false},    {"0.0.0.0/0", 0, false},       {"2001:db8::1", 0, true},
		{"2001:db8::/32", 0, true},  {"2001::/31", 0, false},       {"::/0", 0, false},
		{"2001:db8::1", 129, false}, {"2001:db8::1", 255, false},   {"2001:db8::1", 127, false},
		{"2001:db8::2", 127, true},  {"192.0.2.8", 125, true},      {"192.0.2.8", 124, false},
		{"192.0.2.0", 95, false},    {"2001:db8:0:1::", 63, false}, {"2001:db8:0:1::", 64, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct message_entry entry;

		set_entry(&entry, rows[i].text, 1);
		if (rows[i].len != 0)
			entry.len = (uint8_t)rows[i].len;
		if (message_entry_is_good(&entry) != rows[i].good)
			fail_msg("%s as /%u: want %d", rows[i].text, entry.len, rows[i].good);
		entry.list = PORTLISTS_MAX;
		assert_false(message_entry_is_good(&entry));
		entry.list = PORTLISTS_MAX - 1;
		assert_int_equal(message_entry_is_good(&entry), rows[i].good);
		for (size_t byte = 0; byte < sizeof entry.reserved; byte++) {
			entry.reserved[byte] = 1;
			assert_false(message_entry_is_good(&entry));
			entry.reserved[byte] = 0;
		}
	}
}

static void test_answers(void **state)
{
	static const struct {
		const char *name;
		size_t at;
		uint32_t value;
		bool good[11];
	} rows[] = {
#define AT(field) offsetof(struct message, field)
		{"as it is", AT(n4), 8, {0, true, true, true, true, true, true, true, true, true, true}},
		{"another verb", AT(verb), 11, {0}},
		{"another number", AT(number), 8, {0}},
		{"no entries", AT(n), 0, {0, true, true, true, true, true, true, true, true, true, false}},
		{"entries", AT(n), 1, {0, false, false, false, true, true, false, false, false, false, false}},
		{"too many entries", AT(n), MESSAGE_ENTRIES + 1, {0}},
		{"cursor onwards",
	         AT(cursor),
	         64,
	         {0, false, false, false, true, false, false, false, false, false, false}},
		{"refused without a sentence", AT(refused), 2, {0}},
		{"refused more", AT(refused), 3, {0}},
		{"repaired", AT(repaired), 1, {0, true, false, false, false, false, false, false, false, false, false}},
		{"a port", AT(port), 65535, {0, false, false, false, false, false, false, false, false, true, false}},
		{"more than a port", AT(port), 65536, {0}},
		{"ended", AT(ended), 3, {0, false, false, false, false, false, false, false, true, false, false}},
		{"repaired twice", AT(repaired), 2, {0}},
		{"an error without a sentence", AT(error), (uint32_t)-ENOENT, {0}},
		{"a sentence without an error", AT(why), 'x', {0}},
		{"long since seen",
	         AT(entries[0].idle_s),
	         UINT32_MAX,
	         {0, true, true, true, true, false, true, true, true, true, true}},
		{"most that was dropped",
	         AT(entries[0].dropped),
	         UINT32_MAX,
	         {0, true, true, true, true, false, true, true, true, true, true}},
		{"bytes",
	         AT(entries[0].bytes),
	         UINT32_MAX,
	         {0, true, true, true, true, false, true, true, true, true, true}},
		{"too many bytes",
	         AT(entries[0].bytes) + 6,
	         2,
	         {0, true, true, true, false, false, true, true, true, true, false}},
		{"seconds left",
	         AT(entries[0].left_s),
	         UINT32_MAX,
	         {0, true, true, true, true, false, true, true, true, true, false}},
#undef AT
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		for (unsigned verb = MESSAGE_PREPARE; verb <= MESSAGE_LOOK; verb++) {
			const struct message request = request_of(verb);
			struct message m = answer_to(&request);
			bool got;

			memcpy((char *)&m + rows[i].at, &rows[i].value, sizeof rows[i].value);
			got = message_is_answer(&m, m.n <= MESSAGE_ENTRIES ? message_size(&m) : sizeof m, &request);
			if (got != rows[i].good[verb])
				fail_msg("verb %u with %s: got %d, want %d", verb, rows[i].name, got,
				         rows[i].good[verb]);
		}
	}
}

static void test_answer_errors(void **state)
{
	static const struct {
		int error;
		bool good;
	} rows[] = {{-1, true}, {-ENOSPC, true}, {-4095, true}, {-4096, false}, {INT32_MIN, false}, {1, false}};
	const struct message request = request_of(MESSAGE_ADD);
	struct message m = answer_to(&request);

	(void)state;
	strcpy(m.why, "the list is full");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		m.error = rows[i].error;
		if (message_is_answer(&m, message_size(&m), &request) != rows[i].good)
			fail_msg("error %d: want %d", rows[i].error, rows[i].good);
	}
	m.error = 0;
	m.refused = 1;
	assert_false(message_is_answer(&m, message_size(&m), &request)); /* which of the two? */
	m.n = 1;
	m.entries[0] = request.entries[1];
	m.entries[0].left_s = 0;
	assert_true(message_is_answer(&m, message_size(&m), &request)); /* why it was refused */
	m.refused = 3;
	assert_false(message_is_answer(&m, message_size(&m), &request)); /* of two */
	m.refused = m.n = 0;
	m.error = -ENOSPC;
	memset(m.why, 'x', sizeof m.why);
	assert_false(message_is_answer(&m, message_size(&m), &request));
	m = answer_to(&request);
	memset(m.list, 'x', sizeof m.list);
	assert_false(message_is_answer(&m, message_size(&m), &request));
}

/* What root sends without a request has no number, and nothing that belongs to an answer. */
static void test_notice(void **state)
{
	struct message good = {.verb = MESSAGE_CHANGED, .n = 1, .why = "nft (process 7)"}, m;

	(void)state;
	set_entry(&good.entries[0], "192.0.2.7", 0);
	assert_true(message_is_notice(&good, message_size(&good)));
	assert_false(message_is_notice(&good, message_size(&good) - 1));
	assert_false(message_is_request(&good, message_size(&good)));
	m = good;
	m.n = 0;
	assert_true(message_is_notice(&m, message_size(&m)));
	m = good;
	m.number = 1;
	assert_false(message_is_notice(&m, message_size(&m)));
	m = good;
	m.verb = MESSAGE_LIST;
	assert_false(message_is_notice(&m, message_size(&m)));
	m = good;
	m.capacity = 1;
	assert_false(message_is_notice(&m, message_size(&m)));
	m = good;
	m.error = -1;
	assert_false(message_is_notice(&m, message_size(&m)));
	m = good;
	m.n4 = 1;
	assert_false(message_is_notice(&m, message_size(&m)));
	m = good;
	m.entries[0].len = 129;
	assert_false(message_is_notice(&m, message_size(&m)));
	m = good;
	memset(m.why, 'x', sizeof m.why);
	assert_false(message_is_notice(&m, message_size(&m)));
}

/* An answer of "more" without leading onwards would be repeated for ever. */
static void test_cursor(void **state)
{
	struct message request = request_of(MESSAGE_LIST), m;

	(void)state;
	request.cursor = 64;
	m = answer_to(&request);
	m.cursor = 64;
	assert_false(message_is_answer(&m, message_size(&m), &request));
	m.cursor = 1;
	assert_false(message_is_answer(&m, message_size(&m), &request));
	m.cursor = 65;
	assert_true(message_is_answer(&m, message_size(&m), &request));
	m.n = 0;
	assert_false(message_is_answer(&m, message_size(&m), &request));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),      cmocka_unit_test(test_size),    cmocka_unit_test(test_gates),
		cmocka_unit_test(test_networks),      cmocka_unit_test(test_answers), cmocka_unit_test(test_notice),
		cmocka_unit_test(test_answer_errors), cmocka_unit_test(test_cursor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
