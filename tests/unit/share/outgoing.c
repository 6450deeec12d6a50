/* outgoing: which events are published to other hosts, and which parts of them. */
#include "testlib.h"

#include <errno.h>

#include "share/outgoing.h"

enum { NOW = 1795888800 }; /* 2026-11-28T18:00:00Z */

static void test_sent(void **state)
{
	static const struct {
		const char *line, *want; /* the canonical form from the op on, "|" for a newline; "": sent to nobody */
	} rows[] = {
		{"{\"id\":7,\"event\":\"block\",\"address\":\"192.0.2.7\",\"until\":\"2026-11-28T19:00:00Z\",\"rule\":\"postfix-dnsbl\",\"category\":\"dnsbl\","
	         "\"reason\":\"secret\",\"offence\":2,\"text\":\"secret\"}",
	         "block|192.0.2.7|1795892400|2|postfix-dnsbl|dnsbl|"},
		{"{\"id\":7,\"event\":\"extend\",\"address\":\"2001:db8::/64\",\"until\":\"2026-11-28T19:00:00Z\",\"rule\":\"a\",\"category\":\"b\",\"offence\":1}",
	         "block|2001:db8::/64|1795892400|1|a|b|"},
		{"{\"id\":7,\"event\":\"block\",\"address\":\"192.0.2.7\",\"until\":\"2036-11-28T19:00:00Z\",\"rule\":\"manual\",\"category\":\"manual\",\"offence\":null}",
	         "block|192.0.2.7|1796493600|0|manual|manual|"},
		{"{\"id\":7,\"event\":\"lift\",\"address\":\"192.0.2.7\",\"until\":\"2026-11-28T19:00:00Z\",\"rule\":\"a\",\"text\":\"unblocked\"}",
	         "lift|192.0.2.7|0|0|||"},
		{"{\"id\":7,\"event\":\"white\",\"address\":\"192.0.2.7\",\"until\":\"2026-11-28T19:00:00Z\",\"rule\":null}",
	         "white|192.0.2.7|1795892400|0|||"},
		/* What another host sent us is not sent on; what is over, or nobody's business, neither. */
		{"{\"id\":7,\"event\":\"block\",\"address\":\"192.0.2.7\",\"until\":\"2026-11-28T19:00:00Z\",\"rule\":\"peer/mx2\",\"category\":\"b\",\"offence\":1}",
	         ""},
		{"{\"id\":7,\"event\":\"lift\",\"address\":\"192.0.2.7\",\"rule\":\"peer/mx2\"}", ""},
		{"{\"id\":7,\"event\":\"block\",\"address\":\"192.0.2.7\",\"until\":\"2026-11-28T18:00:00Z\",\"rule\":\"a\",\"category\":\"b\",\"offence\":1}",
	         ""},
		{"{\"id\":7,\"event\":\"block\",\"address\":\"192.0.2.7\",\"until\":null,\"rule\":\"a\",\"category\":\"b\"}",
	         ""},
		{"{\"id\":7,\"event\":\"expire\",\"address\":\"192.0.2.7\",\"rule\":\"a\"}", ""},
		{"{\"id\":7,\"event\":\"allow\",\"address\":\"192.0.2.7\",\"until\":\"2026-11-28T19:00:00Z\",\"text\":\"by hand: a customer\"}",
	         ""},
		{"{\"id\":7,\"event\":\"suspend\",\"text\":\"a\"}", ""},
		{"{\"id\":7,\"event\":\"lift\",\"address\":\"nonsense\",\"rule\":\"a\"}", ""},
		{"{\"id\":7}", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct message m;
		struct why why;
		int64_t event = 0;
		char got[MESSAGE_MAX] = "", *from = got;
		const int rc = outgoing_read((struct span){rows[i].line, strlen(rows[i].line)}, NOW, &m, &event, &why);

		assert_int_equal(event, 7);
		if (rc == 0)
			(void)message_canonical(&m, got);
		for (char *c = got; *c != '\0'; c++)
			if (*c == '\n')
				*c = '|';
		for (int line = 0; line < 5 && *from != '\0'; line++) /* version, host, era, number, time */
			from = strchr(from, '|') + 1;
		if (rc != (rows[i].want[0] == '\0' ? OUTGOING_NONE : 0) || strcmp(from, rows[i].want) != 0)
			fail_msg("%s: got %d %s, want %s", rows[i].line, rc, from, rows[i].want);
	}
}

static void test_errors(void **state)
{
	static const struct {
		const char *line, *says;
	} rows[] = {{"", "no event"},
	            {"[1]", "no event"},
	            {"{\"id\":-1}", "no event"},
	            {"{\"ok\":false,\"error\":\"disk full\"}", "disk full"}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct message m;
		struct why why = {""};
		int64_t event = 0;

		assert_int_equal(
			outgoing_read((struct span){rows[i].line, strlen(rows[i].line)}, NOW, &m, &event, &why),
			-EPROTO);
		assert_non_null(strstr(why.text, rows[i].says));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_sent), cmocka_unit_test(test_errors)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
