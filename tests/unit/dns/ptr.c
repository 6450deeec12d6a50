/* ptr: what name servers answer, and what follows from it. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "dns/ptr.h"

/* Answers as "fail", "trouble", "none", or records separated by blanks. */
static struct reply reply_of(const char *text, bool names)
{
	struct reply reply = {.outcome = REPLY_RECORDS};
	char *const copy = alloc_text(text, "a test"), *save = NULL;

	if (strcmp(text, "fail") == 0 || strcmp(text, "trouble") == 0)
		reply = (struct reply){.outcome = REPLY_FAILED, .trouble = text[0] == 't'};
	else if (strcmp(text, "none") == 0)
		reply.outcome = REPLY_NONE;
	else
		for (const char *word = strtok_r(copy, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
			struct net net;

			if (names) {
				reply.texts = alloc_one_more(reply.texts, reply.n, sizeof *reply.texts, "a test");
				reply.texts[reply.n++] = alloc_text(word, "a test");
			} else {
				assert_true(net_parse(word, strlen(word), &net));
				nets_add(&reply.nets, &net);
			}
		}
	nets_seal(&reply.nets);
	free(copy);
	return reply;
}

static const struct {
	const char *address, *answers[8];
	const char *asked; /* names and types, in order */
	enum ptr_outcome want;
} rows[] = {
	{"192.0.2.7", {"none"}, "7.2.0.192.in-addr.arpa 12", PTR_NONE},
	{"192.0.2.7", {"fail"}, "7.2.0.192.in-addr.arpa 12", PTR_UNKNOWN},
	{"192.0.2.7", {"trouble"}, "7.2.0.192.in-addr.arpa 12", PTR_TROUBLE},
	{"192.0.2.7", {"mx.example", "192.0.2.8 192.0.2.7"}, "7.2.0.192.in-addr.arpa 12, mx.example 1", PTR_CONFIRMED},
	{"192.0.2.7", {"mx.example", "192.0.2.8"}, "7.2.0.192.in-addr.arpa 12, mx.example 1", PTR_UNCONFIRMED},
	{"192.0.2.7", {"mx.example", "none"}, "7.2.0.192.in-addr.arpa 12, mx.example 1", PTR_UNCONFIRMED},
	{"192.0.2.7", {"a b", "none", "192.0.2.7"}, "7.2.0.192.in-addr.arpa 12, a 1, b 1", PTR_CONFIRMED},
	/* In doubt nothing is said of it. */
	{"192.0.2.7", {"a b", "trouble", "192.0.2.8"}, "7.2.0.192.in-addr.arpa 12, a 1, b 1", PTR_UNKNOWN},
	{"192.0.2.7", {"a b", "fail", "192.0.2.7"}, "7.2.0.192.in-addr.arpa 12, a 1, b 1", PTR_CONFIRMED},
	{"192.0.2.7",
         {"a b c d e f", "none", "none", "none", "none"},
         "7.2.0.192.in-addr.arpa 12, a 1, b 1, c 1, d 1",
         PTR_UNCONFIRMED},
	{"2001:db8::7",
         {"mx.example", "2001:db8::7"},
         "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa 12, mx.example 28",
         PTR_CONFIRMED},
};

static void answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ptr_question question;
		enum ptr_outcome outcome = PTR_ASKS;
		char asked[512] = "";
		struct addr addr;
		struct ptr ptr;
		size_t n = 0;

		assert_true(addr_parse(rows[i].address, strlen(rows[i].address), &addr));
		ptr_begin(&ptr, &addr, &question);
		for (size_t step = 0; outcome == PTR_ASKS; step++) {
			struct reply reply;

			assert_non_null(rows[i].answers[step]);
			n += (size_t)snprintf(asked + n, sizeof asked - n, "%s%s %d", step > 0 ? ", " : "",
			                      question.name, (int)question.type);
			reply = reply_of(rows[i].answers[step], step == 0);
			outcome = ptr_answer(&ptr, &reply, &question);
			reply_done(&reply);
		}
		ptr_done(&ptr);
		assert_string_equal(asked, rows[i].asked);
		assert_int_equal(outcome, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(answers)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
