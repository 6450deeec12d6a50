/*
 * journal_fields: which fields of an entry make its record, in any order and with any content, and the line printed
 * for people.
 */
#include "input/journal_fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "input/line.h"

enum { RECEIVED_S = 1795181862 };

static struct journal_fields fields;
static struct record record;

static void keep(const char *text)
{
	journal_fields_keep(&fields, text, strlen(text));
}

/* NULL at the end. */
static void read_entry(const char *const list[])
{
	journal_fields_begin(&fields);
	for (size_t i = 0; list[i] != NULL; i++)
		keep(list[i]);
	journal_fields_record(&fields, (int64_t)RECEIVED_S * 1000000 + 5, false, &record);
}

#define ENTRY(...) read_entry((const char *const[]){__VA_ARGS__, NULL})

static void assert_span(struct span got, const char *want)
{
	if (!span_is(got, want))
		fail_msg("got \"%.*s\", want \"%s\"", (int)got.len, got.p, want);
}

static void fields_make_a_record(void **state)
{
	(void)state;
	ENTRY("_HOSTNAME=mx", "PRIORITY=6", "SYSLOG_IDENTIFIER=postfix/smtpd", "_COMM=smtpd", "SYSLOG_PID=5", "_PID=6",
	      "_UID=103", "MESSAGE=hello");
	assert_span(record.line.program, "postfix/smtpd");
	assert_span(record.line.pid, "5");
	assert_span(record.line.host, "mx");
	assert_span(record.line.message, "hello");
	assert_int_equal(record.uid, 103);
	assert_int_equal(record.line.time_s, RECEIVED_S);
	assert_true(record.has_fields && record.line.has_time && !record.cut && !record.printed);
	ENTRY("_COMM=smtpd", "_PID=6");
	assert_span(record.line.program, "smtpd");
	assert_span(record.line.pid, "6");
	assert_int_equal(record.uid, RECORD_UID_NONE);
	assert_int_equal(record.line.message.len, 0);
	ENTRY("CONTAINER_NAME=mail", "MESSAGE=x");
	assert_true(record.printed);
}

static void names_are_whole(void **state)
{
	(void)state;
	ENTRY("MESSAGEX=a", "XMESSAGE=b", "_MESSAGE=c", "MESSAGE", "SYSLOG_IDENTIFIER", "M", "message=d");
	assert_null(record.line.message.p);
	assert_null(record.line.program.p);
}

static void of_several_the_first_counts(void **state)
{
	(void)state;
	ENTRY("MESSAGE=one", "_UID=5", "MESSAGE=two", "_UID=0");
	assert_span(record.line.message, "one");
	assert_int_equal(record.uid, 5);
}

static void users_are_whom_the_kernel_names(void **state)
{
	static const struct {
		const char *uid, *transport;
		bool is_foreign;
		int64_t want;
	} rows[] = {
		{"_UID=0", "", false, 0},
		{"_UID=4294967294", "", false, 4294967294},
		{"_UID=", "", false, RECORD_UID_NONE},
		{"_UID=-1", "", false, -1},
		{"_UID=0x0", "", false, RECORD_UID_NONE},
		{"_UID=00000000000000000000", "", false, RECORD_UID_NONE},
		{"UID=0", "", false, -1},
		{"", "_TRANSPORT=kernel", false, 0},
		{"_UID=103", "_TRANSPORT=driver", false, 0},
		{"_UID=103", "", true, 0},
		{"_UID=1000", "", true, 1000},
		{"", "", true, RECORD_UID_NONE},
		{"", "TRANSPORT=kernel", false, RECORD_UID_NONE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		journal_fields_begin(&fields);
		for (size_t k = 0; k < 2; k++)
			if ((k == 0 ? rows[i].uid : rows[i].transport)[0] != '\0')
				keep(k == 0 ? rows[i].uid : rows[i].transport);
		journal_fields_record(&fields, 0, rows[i].is_foreign, &record);
		if (record.uid != rows[i].want)
			fail_msg("%s %s: got %lld, want %lld", rows[i].uid, rows[i].transport, (long long)record.uid,
			         (long long)rows[i].want);
	}
}

static void what_is_too_long_is_cut(void **state)
{
	static char text[sizeof "MESSAGE=" + LINE_MAX_BYTES] = "MESSAGE=";

	(void)state;
	memset(text + 8, 'x', sizeof text - 8);
	journal_fields_begin(&fields);
	journal_fields_keep(&fields, text, 8 + LINE_MAX_BYTES);
	journal_fields_record(&fields, 0, false, &record);
	assert_false(record.cut);
	journal_fields_begin(&fields);
	journal_fields_keep(&fields, text, 8 + LINE_MAX_BYTES + 1);
	journal_fields_record(&fields, 0, false, &record);
	assert_true(record.cut);
	assert_int_equal(record.line.message.len, LINE_MAX_BYTES);
	text[100] = '\n'; /* the first line is whole */
	journal_fields_begin(&fields);
	journal_fields_keep(&fields, text, 8 + LINE_MAX_BYTES + 1);
	journal_fields_record(&fields, 0, false, &record);
	assert_false(record.cut);
	assert_int_equal(record.line.message.len, 92);
}

/* The rest of a line that was split begins where a client may have chosen, and is none; other streams go on.
 */
static void the_rest_of_a_line_is_none(void **state)
{
	static const struct {
		const char *stream, *end; /* end: what says how the entry ended */
		bool goes_on;
		const char *uid; /* NULL: root's */
	} rows[] = {
		{"_STREAM_ID=a", "_LINE_BREAK=nul", false, NULL},
		{"_STREAM_ID=b", "", false, NULL},
		{"_STREAM_ID=a", "_LINE_BREAK=line-max", true, NULL},
		{"_STREAM_ID=a", "", true, NULL},
		{"_STREAM_ID=a", "", false, NULL},
		{"_STREAM_ID=a", "_LINE_BREAK=eof", false, NULL},
		{"_STREAM_ID=a", "LINE_BREAK=nul", false, NULL},
		{"_STREAM_ID=a", "", false, NULL},
		{"CONTAINER_NAME=mail", "CONTAINER_PARTIAL_MESSAGE=true", false, NULL},
		{"CONTAINER_NAME=mail2", "", false, NULL},
		{"CONTAINER_NAME=mail", "", true, NULL},
		{"CONTAINER_NAME=mail", "", false, NULL},
		{"CONTAINER_NAME=mail", "CONTAINER_PARTIAL_MESSAGE=true", false,
	         "_UID=1000"}, /* any user can send it */
		{"CONTAINER_NAME=mail", "", false, NULL},
		{"_PID=1", "_LINE_BREAK=nul", false, NULL},
		{"_PID=1", "", false, NULL},
	};
	struct journal_pieces pieces = {.next = 0};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		ENTRY(rows[i].stream, rows[i].end, rows[i].uid != NULL ? rows[i].uid : "_UID=0", "MESSAGE=x");
		if (journal_pieces_goes_on(&pieces, &fields) != rows[i].goes_on)
			fail_msg("row %zu: want %d", i, rows[i].goes_on);
	}
	for (size_t i = 0; i < 3 * JOURNAL_PIECES_MAX; i++) { /* more than are remembered */
		char stream[32];

		(void)snprintf(stream, sizeof stream, "_STREAM_ID=%zu", i);
		ENTRY(stream, "_LINE_BREAK=nul");
		assert_false(journal_pieces_goes_on(&pieces, &fields));
	}
	ENTRY("_STREAM_ID=47", "MESSAGE=x");
	assert_true(journal_pieces_goes_on(&pieces, &fields));
}

#define DROPPED "MESSAGE_ID=a596d6fe7bfa4994828e72309e95d61e"

static void only_journald_reports_what_it_dropped(void **state)
{
	struct span unit;

	(void)state;
	ENTRY(DROPPED, "_TRANSPORT=driver", "N_DROPPED=123", "MESSAGE=Suppressed 123 messages from postfix@-.service");
	assert_int_equal(journal_fields_suppressed(&fields, &unit), 123);
	assert_span(unit, "postfix@-.service");
	ENTRY(DROPPED, "_TRANSPORT=driver", "MESSAGE=Suppressed some");
	assert_int_equal(journal_fields_suppressed(&fields, &unit), 1);
	assert_int_equal(unit.len, 0);
	ENTRY(DROPPED, "_TRANSPORT=journal", "N_DROPPED=123", "MESSAGE=Suppressed 123 messages from postfix@-.service");
	assert_int_equal(journal_fields_suppressed(&fields, &unit), 0);
	ENTRY("_TRANSPORT=driver", "N_DROPPED=123", "MESSAGE=Suppressed 123 messages from postfix@-.service");
	assert_int_equal(journal_fields_suppressed(&fields, &unit), 0);
}

/* The line of an entry has its fields, as line.h finds them. */
static void a_line_has_the_same_fields(void **state)
{
	static const char *const messages[] = {"MESSAGE=hello: world [x]", "MESSAGE= ", "MESSAGE="};
	char text[JOURNAL_TEXT_MAX + LINE_MAX_BYTES];
	struct line_clock clock;
	struct line line;
	struct span made;

	(void)state;
	for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
		ENTRY("_HOSTNAME=mx.example.org", "SYSLOG_IDENTIFIER=postfix/smtpd", "_PID=6", messages[i]);
		made = journal_text(&record, text, sizeof text);
		line_clock_init(&clock, 0, 0);
		assert_int_equal(line_parse(&clock, made.p, made.len, &line), LINE_OK);
		assert_int_equal(line.time_s, RECEIVED_S);
		assert_span(line.host, "mx.example.org");
		assert_span(line.program, "postfix/smtpd");
		assert_span(line.pid, "6");
		assert_span(line.message, messages[i] + strlen("MESSAGE="));
	}
	ENTRY("MESSAGE=alone");
	made = journal_text(&record, text, sizeof text);
	assert_span(made, "2026-11-20T13:37:42+00:00 - alone");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_make_a_record),
		cmocka_unit_test(names_are_whole),
		cmocka_unit_test(of_several_the_first_counts),
		cmocka_unit_test(users_are_whom_the_kernel_names),
		cmocka_unit_test(what_is_too_long_is_cut),
		cmocka_unit_test(the_rest_of_a_line_is_none),
		cmocka_unit_test(only_journald_reports_what_it_dropped),
		cmocka_unit_test(a_line_has_the_same_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
