/*
 * line: every header format once, every trap once, and stories about years and zones. Addresses are from the
 * documentation networks. Each test sets TZ.
 */
#include "input/line.h"

#include "base/duration.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define SASL "warning: unknown[198.51.100.7]: SASL LOGIN authentication failed: x"

static const char utc[] = "UTC0";
static const char berlin[] = "CET-1CEST,M3.5.0,M10.5.0/3"; /* Europe/Berlin, without needing tzdata */

static const int64_t end_s = 1795187000; /* 2026-11-20T15:03:20Z */

struct row {
	const char *text;
	const char *time;                           /* UTC; NULL: none */
	const char *host, *program, *pid, *message; /* NULL: none. No message: LINE_UNPARSED */
};

static void zone_set(const char *tz)
{
	assert_int_equal(setenv("TZ", tz, 1), 0);
	tzset();
}

static bool span_same(struct span span, const char *want)
{
	return want == NULL ? span.p == NULL && span.len == 0 : span.p != NULL && span_is(span, want);
}

static void check_span(const struct row *row, const char *name, struct span got, const char *want)
{
	if (!span_same(got, want))
		fail_msg("%s\n%s: got \"%.*s\", want \"%s\"", row->text, name, (int)got.len, got.p == NULL ? "" : got.p,
		         want == NULL ? "(none)" : want);
}

static void check_row(struct line_clock *clock, const struct row *row)
{
	struct line line = {.time_s = -7, .has_time = true};
	const int answer = line_parse(clock, row->text, strlen(row->text), &line);
	char time[TIME_TEXT_MAX] = "(none)";

	if (row->message == NULL) {
		if (answer != LINE_UNPARSED)
			fail_msg("%s\ngot program \"%.*s\", want unparsed", row->text, (int)line.program.len,
			         line.program.p == NULL ? "" : line.program.p);
		assert_true(!line.has_time && line.message.p == NULL);
		return;
	}
	if (answer != LINE_OK)
		fail_msg("%s\ngot unparsed, want program \"%s\"", row->text,
		         row->program == NULL ? "(none)" : row->program);
	if (line.has_time)
		time_text(line.time_s, time);
	if (strcmp(time, row->time == NULL ? "(none)" : row->time) != 0)
		fail_msg("%s\ntime: got %s, want %s", row->text, time, row->time == NULL ? "(none)" : row->time);
	check_span(row, "host", line.host, row->host);
	check_span(row, "program", line.program, row->program);
	check_span(row, "pid", line.pid, row->pid);
	check_span(row, "message", line.message, row->message);
}

/* Each row with a clock of its own. */
static void check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct line_clock clock;

		line_clock_init(&clock, end_s, 0);
		check_row(&clock, &rows[i]);
		/* Again, out of the clock's memory. */
		check_row(&clock, &rows[i]);
	}
}

#define CHECK_ROWS(rows) check_rows(rows, sizeof(rows) / sizeof *(rows))

#define AT      "2026-11-20T13:37:42Z"
#define POSTFIX "mx", "postfix/smtpd", "105", SASL
#define TAGGED  " mx postfix/smtpd[105]: " SASL

static void test_syslog(void **state)
{
	static const struct row rows[] = {
		/* RFC 3164 and its relatives */
		{"Nov 20 13:37:42" TAGGED, AT, POSTFIX},
		{"Nov  5 13:37:42" TAGGED, "2026-11-05T13:37:42Z", POSTFIX},
		{"Nov 05 13:37:42" TAGGED, "2026-11-05T13:37:42Z", POSTFIX},
		{"Nov 20 13:37:42.123456" TAGGED, AT, POSTFIX},
		{"Nov 20 2026 13:37:42" TAGGED, AT, POSTFIX},
		{"Nov 20 2019 13:37:42" TAGGED, "2019-11-20T13:37:42Z", POSTFIX},
		{"Nov 20 13:37:42 <mail.warn>" TAGGED, AT, POSTFIX},
		{"<22>Nov 20 13:37:42" TAGGED, AT, POSTFIX},
		{"<22>2026-11-20T13:37:42Z" TAGGED, AT, POSTFIX},
		/* RFC 3339 */
		{"2026-11-20T13:37:42.674459+00:00" TAGGED, AT, POSTFIX},
		{"2026-11-20T14:37:42.674459+01:00" TAGGED, AT, POSTFIX},
		{"2026-11-20T10:07:42-03:30" TAGGED, AT, POSTFIX},
		{"2026-11-21T01:37:42+12" TAGGED, AT, POSTFIX},
		{"2026-11-20T13:37:42.123Z" TAGGED, AT, POSTFIX},
		{"2026-11-20T14:37:42+0100" TAGGED, AT, POSTFIX},
		{"2026-11-20T13:37:42" TAGGED, AT, POSTFIX},
		/* journalctl */
		{"Fri 2026-11-20 13:37:42 UTC" TAGGED, AT, POSTFIX},
		{"Fri 2026-11-20 16:37:42 +03" TAGGED, AT, POSTFIX},
		{"1795181862.123456" TAGGED, AT, POSTFIX},
		{"Fri 2026-11-20 13:37:42 UTC mx postfix@-.service[120]: " SASL, AT, "mx", "postfix@-.service", "120",
	         SASL},
		/* RFC 5424 */
		{"<22>1 2026-11-20T13:37:42.674459+00:00 mx postfix/smtpd 105 - - " SASL, AT, POSTFIX},
		{"<22>1 2026-11-20T13:37:42Z mx postfix 105 - -  " SASL, AT, "mx", "postfix", "105", SASL},
		{"<22>1 2026-11-20T13:37:42Z mx postfix/smtpd 105 I [ex@3 i=\"3\" e=\"\\]b] \\\" [\"][x] "
	         "\xEF\xBB\xBF" SASL,
	         AT, POSTFIX},
		{"<22>1 - mx sshd abc - - text", NULL, "mx", "sshd", NULL, "text"},
		{"<0>1 2026-11-20T13:37:42Z - - - - - all nil", AT, NULL, NULL, NULL, "all nil"},
		{"<22>1 2026-11-20T13:37:42Z mx sshd 1 - -", AT, "mx", "sshd", "1", ""},
		/* hosts */
		{"Nov 20 13:37:42 mx.example.org sshd[1]: x", AT, "mx.example.org", "sshd", "1", "x"},
		{"Nov 20 13:37:42 2001:db8::5 sshd[1]: x", AT, "2001:db8::5", "sshd", "1", "x"},
		{"Nov 20 13:37:42 2001:db8:: sshd: x", AT, "2001:db8::", "sshd", NULL, "x"},
		{"Nov 20 13:37:42 192.0.2.1 sshd[1]: x", AT, "192.0.2.1", "sshd", "1", "x"},
		{"Nov 20 13:37:42 my host name sshd[1]: x", AT, "my host name", "sshd", "1", "x"},
		{"Nov 20 13:37:42 sshd[1]: x", AT, NULL, "sshd", "1", "x"},
		/* an RFC 5424 source in a file: no colon */
		{"2026-11-20T13:37:42.123Z mx postfix/smtpd[105] " SASL, AT, POSTFIX},
		/* messages */
		{"Nov 20 13:37:42 mx sshd[1]:", AT, "mx", "sshd", "1", ""},
		{"Nov 20 13:37:42 mx sshd[1]: x\r", AT, "mx", "sshd", "1", "x"},
		{"Nov 20 13:37:42 mx sshd[1]: x\r\r", AT, "mx", "sshd", "1", "x\r"},
		{"Nov 20 13:37:42 mx saslauthd[1]:      : auth", AT, "mx", "saslauthd", "1", "     : auth"},
		{"Nov 20 13:37:42 mx sshd[1]: [ID 197553 mail.warning] x", AT, "mx", "sshd", "1", "x"},
		{"Nov 20 13:37:42 mx sshd[1]: [ID x mail.warning] x", AT, "mx", "sshd", "1", "[ID x mail.warning] x"},
		{"Nov 20 13:37:42 mx sshd[1]: [12345.678901] x", AT, "mx", "sshd", "1", "[12345.678901] x"},
		{"Nov 20 13:37:42 mx sshd[1]: message repeated 4 times: [ x]", AT, "mx", "sshd", "1",
	         "message repeated 4 times: [ x]"},
		{"Nov 20 13:37:42 mx dovecot: imap-login: Info: x", AT, "mx", "dovecot", NULL, "imap-login: Info: x"},
		{"Nov 20 13:37:42 mx exim[4]: 2026-11-20 13:37:42 H=x", AT, "mx", "exim", "4",
	         "2026-11-20 13:37:42 H=x"},
	};

	(void)state;
	zone_set(utc);
	CHECK_ROWS(rows);
}

static void test_own_files(void **state)
{
	static const struct row rows[] = {
		{"2026-11-20 13:37:42 H=(x) [198.51.100.7] F=<a@b>", AT, NULL, "exim", NULL,
	         "H=(x) [198.51.100.7] F=<a@b>"},
		{"2026-11-20 13:37:42 1xUP5r-00001E-1Z H=(x) y", AT, NULL, "exim", NULL, "1xUP5r-00001E-1Z H=(x) y"},
		{"2026-11-20 13:37:42 [21] no MAIL", AT, NULL, "exim", "21", "no MAIL"},
		{"2026-11-20 13:37:42.123 +0100 [21] x", "2026-11-20T12:37:42Z", NULL, "exim", "21", "x"},
		{"2026-11-20 13:37:42 +0100 x", "2026-11-20T12:37:42Z", NULL, "exim", NULL, "x"},
		{"2026-11-20 13:37:42 [192.0.2.1] x", AT, NULL, "exim", NULL, "[192.0.2.1] x"},
		{"2026-11-20 13:37:42 SMTP call from x: Info: y", AT, NULL, "exim", NULL, "SMTP call from x: Info: y"},
		{"2026-11-20 13:37:42 mx sshd[1]: x", AT, "mx", "sshd", "1", "x"},
		{"2026-11-20 13:37:42 mx.example.org dovecot: imap-login: x", AT, "mx.example.org", "dovecot", NULL,
	         "imap-login: x"},
		{"2026-11-20 13:37:42.500 +0100 mx exim[3]: x", "2026-11-20T12:37:42Z", "mx", "exim", "3", "x"},

		{"2026-11-20 13:37:42 imap-login: Info: Disconnected", AT, NULL, "imap-login", NULL, "Disconnected"},
		{"Nov 20 13:37:42 imap-login: Info: Disconnected", AT, NULL, "imap-login", NULL, "Disconnected"},
		{"Nov 20 13:37:42 master: Warning: x", AT, NULL, "master", NULL, "x"},
		{"Nov 20 13:37:42 imap(alice)<130><olPs>: Error: x", AT, NULL, "imap", NULL, "x"},
		{"Nov 20 13:37:42 auth(bob,2001:db8::7,sasl:plain)<a>: Info: x", AT, NULL, "auth", NULL, "x"},
		{"Nov 20 13:37:42 imap(a imap-login: Info: x", AT, NULL, NULL, NULL, "imap(a imap-login: Info: x"},
		{"dovecot: 2026-11-20 13:37:42 Info: imap-login: x", AT, NULL, "dovecot", NULL, "imap-login: x"},
		{"dovecot: Nov 20 13:37:42 Error: imap-login: x", AT, NULL, "dovecot", NULL, "imap-login: x"},
		{"dovecot: 2026-11-20 13:37:42 imap-login: x", NULL, NULL, NULL, NULL, NULL},

		{"2026-11-20T13:37:42Z INFO Authentication failed (auth.failed) remoteIp = 198.51.100.7", AT, NULL,
	         "stalwart", NULL, "Authentication failed (auth.failed) remoteIp = 198.51.100.7"},
		{"2026-11-20T13:37:42Z WARN IP blocked (security.ip-blocked)", AT, NULL, "stalwart", NULL,
	         "IP blocked (security.ip-blocked)"},
		{"2026-11-20T13:37:42Z INFO x (No Id) y", AT, "INFO", NULL, NULL, "x (No Id) y"},
		{"2026-11-20T13:37:42Z INFO sshd[1]: x (auth.failed) y", AT, "INFO", "sshd", "1", "x (auth.failed) y"},

		{"[NOTICE] [3D6C3D40-A450-45E0-9A11-34E8E824A791.1] [core] disconnect ip=198.51.100.7", NULL, NULL,
	         "haraka", NULL, "[NOTICE] [3D6C3D40-A450-45E0-9A11-34E8E824A791.1] [core] disconnect ip=198.51.100.7"},
		{"[INFO] [-] [core] x", NULL, NULL, "haraka", NULL, "[INFO] [-] [core] x"},
		{"2026-11-20T13:37:42.000Z [INFO] [-] [core] x", AT, NULL, "haraka", NULL, "[INFO] [-] [core] x"},
		{"[NOTICE] [3D6C3D40] [core] x", NULL, NULL, NULL, NULL, NULL},
		{"[NOTICE] x", NULL, NULL, NULL, NULL, NULL},

		{"[20-Nov-2026 13:37:42 +0000]: <k3> Failed", AT, NULL, "roundcube", NULL, "<k3> Failed"},
		{"[20-Nov-2026 13:37:42 -0130]: x", "2026-11-20T15:07:42Z", NULL, "roundcube", NULL, "x"},
		{"[20-Nov-2026 13:37:42]: x", AT, NULL, "roundcube", NULL, "x"},
		{"[20-Nov-2026 13:37:42 +0000] x", NULL, NULL, NULL, NULL, NULL},

		{"Nov 20 13:37:42 mx kernel: [12345.678901] [UFW BLOCK] IN=", AT, "mx", "kernel", NULL,
	         "[UFW BLOCK] IN="},
		{"Nov 20 13:37:42 mx kernel: [    1.000001] DROP IN=", AT, "mx", "kernel", NULL, "DROP IN="},
		{"Nov 20 13:37:42 mx kernel: [UFW BLOCK] IN=", AT, "mx", "kernel", NULL, "[UFW BLOCK] IN="},
		{"[Fri Nov 20 13:37:42 2026] [UFW BLOCK] IN=", AT, NULL, "kernel", NULL, "[UFW BLOCK] IN="},
		{"[Fri Nov 20 13:37:42 2020] x", "2020-11-20T13:37:42Z", NULL, "kernel", NULL, "x"},
		{"2026-11-20T13:37:42,674459+00:00 mx sshd[1]: x", AT, NULL, "kernel", NULL, "mx sshd[1]: x"},
		{"[12345.678901] [UFW BLOCK] IN=", NULL, NULL, NULL, NULL, NULL},
	};

	(void)state;
	zone_set(utc);
	CHECK_ROWS(rows);
}

static void test_more_headers(void **state)
{
	static const struct row rows[] = {
		/* one blank before a day of one digit */
		{"Nov 5 13:37:42" TAGGED, "2026-11-05T13:37:42Z", POSTFIX},
		{"Nov 5 2019 13:37:42" TAGGED, "2019-11-05T13:37:42Z", POSTFIX},
		{"Nov 5 13:37:42.123" TAGGED, "2026-11-05T13:37:42Z", POSTFIX},
		/* months in other languages, with and without the dot of the locale */
		{"\xCE\x9D\xCE\xBF\xCE\xAD 20 13:37:42" TAGGED, AT, POSTFIX},
		{"okt 5 13:37:42" TAGGED, "2026-10-05T13:37:42Z", POSTFIX},
		{"Dez  5 13:37:42" TAGGED, "2025-12-05T13:37:42Z", POSTFIX},
		{"d\xC3\xA9"
	         "c. 05 13:37:42" TAGGED,
	         "2025-12-05T13:37:42Z", POSTFIX},
		{"janv. 5 2026 13:37:42" TAGGED, "2026-01-05T13:37:42Z", POSTFIX},
		{"11\xE6\x9C\x88 20 13:37:42" TAGGED, AT, POSTFIX},
		{"marras 20 13:37:42" TAGGED, AT, POSTFIX},
		{"\xD0\x9D\xD0\xBE\xD1\x8F 20 13:37:42" TAGGED, AT, POSTFIX}, /* Russian, a capital */
		{"\xD0\xBD\xD0\xBE\xD1\x8F\xD0\xB1. 20 13:37:42" TAGGED, AT, POSTFIX},
		{"\xD0\xBD\xD0\xBE\xD1\x8F\xD0\xB1\xD1\x80\xD1\x8F 20 13:37:42" TAGGED, AT,
	         POSTFIX},                                                         /* the whole name */
		{"\xD0\x9B\xD1\x96\xD1\x81 20 2026 13:37:42" TAGGED, AT, POSTFIX}, /* Belarusian */
		{"\xD2\x9A\xD0\xB0\xD1\x80 20 13:37:42" TAGGED, AT, POSTFIX},      /* Kazakh */
		{"juillet 5 13:37:42" TAGGED, "2026-07-05T13:37:42Z", POSTFIX},
		{"juin 5 13:37:42" TAGGED, "2026-06-05T13:37:42Z", POSTFIX},
		{"\xC4\x8C"
	         "ervenec 5 13:37:42" TAGGED,
	         "2026-07-05T13:37:42Z", POSTFIX}, /* Czech: not June, "\xC4\x8D" "erven" */
		{"nov1 20 13:37:42" TAGGED, NULL, NULL, NULL, NULL, NULL},
		{"20/Nov/2026 13:37:42" TAGGED, AT, POSTFIX},
		{"20/Nov/2026:15:37:42 +0200" TAGGED, AT, POSTFIX},
		{"20-Nov-2026 13:37:42" TAGGED, AT, POSTFIX},
		{"[20/Nov/2026:13:37:42 +0000]" TAGGED, AT, POSTFIX},
		{"[20-Nov-2026 13:37:42 +0000]" TAGGED, AT, POSTFIX},
		{"[20/Nov/2026:13:37:42 +0000]: <k3> Failed", AT, NULL, "roundcube", NULL, "<k3> Failed"},
		{"[2026-11-20 14:37:42 +0100]: <k3> Failed", AT, NULL, "roundcube", NULL, "<k3> Failed"},
		{"[20/Nov/2026 13:37:42] IMAP: Invalid password", AT, NULL, "kerio", NULL, "IMAP: Invalid password"},
		{"2026-11-20T13:37:42+00:00 ERR: HORDE [horde] FAILED", AT, NULL, "HORDE", NULL, "[horde] FAILED"},
		{"2026-11-20T13:37:42+00:00 ERR: horde [horde] FAILED", AT, NULL, "ERR", NULL, "horde [horde] FAILED"},
		{"Nox 20 13:37:42" TAGGED, NULL, NULL, NULL, NULL, NULL},
		{"nov. 32 13:37:42" TAGGED, NULL, NULL, NULL, NULL, NULL},
		/* files of programs without a syslog daemon */
		{"Nov 20 13:37:42 sogod [714]: SOGoRootPage x", AT, NULL, "sogod", "714", "SOGoRootPage x"},
		{"Nov 20 13:37:42 mx sogod [714]: x", AT, "mx", "sogod", "714", "x"},
		{"Nov 20 13:37:42 mx web sogod [714]: x", AT, "mx", NULL, NULL, "web sogod [714]: x"},
		{"Nov 20 13:37:42 sshd [714]: x", AT, "sshd", NULL, NULL, "[714]: x"},
		{"Nov 20 13:37:42 HORDE [error] [horde] FAILED", AT, NULL, "HORDE", NULL, "[error] [horde] FAILED"},
		{"Nov 20 13:37:42 HORDE error] [horde] FAILED", AT, "HORDE", NULL, NULL, "error] [horde] FAILED"},
		{"2026-11-20 13:37:42,101 INFO  [qtp1-5] [oip=x;] SoapEngine - y", AT, NULL, "zimbra", NULL,
	         "[qtp1-5] [oip=x;] SoapEngine - y"},
		{"2026-11-20 13:37:42,101 INFO x", NULL, NULL, NULL, NULL, NULL},
		{"2026-11-20 13:37:42,101 WARN postfix/smtpd[1]: x", NULL, NULL, NULL, NULL, NULL},
		{"2026-11-20 13:37:42,204 mx proftpd[712] ftp (a[b]): x", AT, "mx", "proftpd", "712", "ftp (a[b]): x"},
		{"2026-11-20 13:37:42,204 mx sshd[712] x", NULL, NULL, NULL, NULL, NULL},
		{"2026-11-20 13:37:42,204 mx web proftpd[712] x", NULL, NULL, NULL, NULL, NULL},
		{"Fri Nov 20 13:37:42 2026 [pid 714] [web] FAIL LOGIN", AT, NULL, "vsftpd", "714", "[web] FAIL LOGIN"},
		{"Mon Nov 2 13:37:42 2026 [pid 714] x", "2026-11-02T13:37:42Z", NULL, "vsftpd", "714", "x"},
		{"Fri Nov 20 13:37:42 2026 1 198.51.100.7 5 /x", NULL, NULL, NULL, NULL, NULL},
		{"2026/11/20 13:37:42 [info] 11#12: *123 client", AT, NULL, "nginx", "11", "*123 client"},
		{"2026/11/20 13:37:42 sshd[1]: x", NULL, NULL, NULL, NULL, NULL},
		{"[20/Nov/2026 13:37:42] IP address x", AT, NULL, "kerio", NULL, "IP address x"},
		{"[20/Nov/2026:13:37:42 +0000] x", NULL, NULL, NULL, NULL, NULL},
		{"[2026-11-20 13:37:42,112] WARNING in limiter: x", AT, NULL, "mailu", NULL, "WARNING in limiter: x"},
		{"[2026-11-20 13:37:42,112] x sshd[1]: y", NULL, NULL, NULL, NULL, NULL},
		{"{\"createdAt\":\"2026-11-20T13:37:42Z\",\"type\":\"x\"}", AT, NULL, "stalwart", NULL,
	         "{\"createdAt\":\"2026-11-20T13:37:42Z\",\"type\":\"x\"}"},
		{"{\"text\":\"x\",\"createdAt\":\"2026-11-20T13:37:42Z\"}", AT, NULL, "stalwart", NULL,
	         "{\"text\":\"x\",\"createdAt\":\"2026-11-20T13:37:42Z\"}"},
		{"{\"createdAt\":\"yesterday\",\"type\":\"x\"}", NULL, NULL, NULL, NULL, NULL},
		{"{\"createdAt\":\"2026-11-20T13:37:42Z", NULL, NULL, NULL, NULL, NULL},
		{"{ sshd[1]: \"createdAt\":\"2026-11-20T13:37:42Z\"", NULL, NULL, NULL, NULL, NULL},
		{"Nov 20 13:37:42 [sshd] User root", AT, NULL, "sshd", NULL, "User root"},
		{"Nov 20 13:37:42 [sshd]x", AT, NULL, NULL, NULL, "[sshd]x"},
		{"@400000006a0000000ab01234 imap-login: Info: x", "2026-05-10T03:48:06Z", NULL, "imap-login", NULL,
	         "x"},
		{"@400000006a0000000ab0123 imap-login: Info: x", NULL, NULL, NULL, NULL, NULL},
		{"@000000006a0000000ab01234 imap-login: Info: x", NULL, NULL, NULL, NULL, NULL},
		/* Exim's own file: what may look like another program's header there */
		{"2026-11-20 13:37:42 1xUP5r-00001E-1Z sshd[1]: x", AT, NULL, "exim", NULL,
	         "1xUP5r-00001E-1Z sshd[1]: x"},
		{"2026-11-20 13:37:42 1xUP5r-000000001CX-1aBc sshd[1]: x", AT, NULL, "exim", NULL,
	         "1xUP5r-000000001CX-1aBc sshd[1]: x"},
		{"2026-11-20 13:37:42 ERROR sshd[1]: x", AT, NULL, "exim", NULL, "ERROR sshd[1]: x"},
		{"2026-11-20 13:37:42 mx web sshd[1]: x", AT, NULL, "exim", NULL, "mx web sshd[1]: x"},
		{"2026-11-20 13:37:42 H=mx sshd[1]: x", AT, NULL, "exim", NULL, "H=mx sshd[1]: x"},
		{"2026-11-20 13:37:42 mx sshd: x", AT, NULL, "exim", NULL, "mx sshd: x"},
	};

	(void)state;
	zone_set(utc);
	CHECK_ROWS(rows);
}

#define NANO  "2026-11-20T13:40:00.243377270Z "
#define OUTER "2026-11-20T13:40:00Z"
#define INNER "Nov 20 13:37:42" TAGGED

/* The inner header wins; what it lacks is the outer one's. */
static void test_frames(void **state)
{
	static const struct row rows[] = {
		/* compose, docker service, kubectl */
		{"postfix-1  | " INNER, AT, POSTFIX},
		{"mail_postfix.1.x7k@node-2    | " INNER, AT, POSTFIX},
		{"\033[36mpostfix-1  | \033[0m" INNER, AT, POSTFIX},
		{"\033[36mpostfix_1  |\033[0m " INNER, AT, POSTFIX},
		{"postfix-1  | " NANO INNER, AT, POSTFIX},
		{"postfix-1  | " NANO "imap-login: Info: x", OUTER, NULL, "imap-login", NULL, "x"},
		{"haraka-1  | [INFO] [-] [core] x", NULL, NULL, "haraka", NULL, "[INFO] [-] [core] x"},
		{"[pod/mail-0/postfix] " INNER, AT, POSTFIX},
		/* docker logs -t */
		{NANO INNER, AT, POSTFIX},
		{"2026-11-20T13:40:00.5+01:00 " INNER, AT, POSTFIX},
		{NANO "mail_postfix.1.x7k@node-2    | " INNER, AT, POSTFIX},
		{NANO "2026-11-20 13:37:42 [21] no MAIL", AT, NULL, "exim", "21", "no MAIL"},
		{NANO "[INFO] [-] [core] x", OUTER, NULL, "haraka", NULL, "[INFO] [-] [core] x"},
		{NANO "postfix/smtpd[105]: " SASL, OUTER, NULL, "postfix/smtpd", "105", SASL},
		/* CRI */
		{NANO "stdout F " INNER, AT, POSTFIX},
		{NANO "stderr F " INNER, AT, POSTFIX},
		{"2026-11-20T13:40:00.243377270+00:00 stdout F " INNER, AT, POSTFIX},
		{NANO "stdout F postfix/smtpd[105]: " SASL, OUTER, NULL, "postfix/smtpd", "105", SASL},
		{NANO "stdout F imap-login: Info: x", OUTER, NULL, "imap-login", NULL, "x"},
		{NANO "stdout F ", OUTER, NULL, NULL, NULL, ""},
		/* the syslog driver */
		{"Nov 20 13:40:00 host docker/mailserver[812]: " INNER, AT, POSTFIX},
		{"Nov 20 13:40:00 host docker-mail[812]: " INNER, AT, POSTFIX},
		{"Nov 20 13:40:00 host docker[812]: " INNER, AT, POSTFIX},
		{"Nov 20 13:40:00 host podman: " INNER, AT, POSTFIX},
		{"2026-11-20T13:40:00.123456+00:00 host e6b121196355[812]: " INNER, AT, POSTFIX},
		{"<30>1 2026-11-20T13:40:00Z host docker/mailserver 812 docker/mailserver - " INNER, AT, POSTFIX},
		{"Nov 20 13:40:00 host docker/mailserver[812]: 2026-11-20 13:37:42 H=x", AT, "host", "exim", NULL,
	         "H=x"},
		{"Nov 20 13:40:00 host docker/web[812]: GET /", OUTER, "host", "docker/web", "812", "GET /"},
	};

	(void)state;
	zone_set(utc);
	CHECK_ROWS(rows);
}

/* Attacker-controlled text never becomes a frame, nor a header inside one. */
static void test_frame_traps(void **state)
{
	static const struct row rows[] = {
		/* a frame that is not at the beginning, or behind a tag of a program that is no container */
		{"Nov 20 13:40:00 mx php[1]: " INNER, OUTER, "mx", "php", "1", INNER},
		{"Nov 20 13:40:00 mx dockerx/y[1]: " INNER, OUTER, "mx", "dockerx/y", "1", INNER},
		{"Nov 20 13:40:00 mx xdocker[1]: " INNER, OUTER, "mx", "xdocker", "1", INNER},
		{"Nov 20 13:40:00 mx e6b12119635g[1]: " INNER, OUTER, "mx", "e6b12119635g", "1", INNER},
		{"Nov 20 13:40:00 mx postfix/smtp[1]: " INNER, OUTER, "mx", "postfix/smtp", "1", INNER},
		{"Nov 20 13:40:00 mx sshd[1]: web-1 | " INNER, OUTER, "mx", "sshd", "1", "web-1 | " INNER},
		{"Nov 20 13:40:00 mx sshd[1]: " NANO "stdout F " INNER, OUTER, "mx", "sshd", "1",
	         NANO "stdout F " INNER},
		{"2026-11-20T13:40:00Z mx sshd[1]: stdout F " INNER, OUTER, "mx", "sshd", "1", "stdout F " INNER},
		/* what a container's program writes before the text of a client is no header */
		{"web-1 | GET /?" INNER, NULL, NULL, NULL, NULL, NULL},
		{"web-1 | postfix/smtpd[105]: " SASL, NULL, NULL, NULL, NULL, NULL},
		{"web-1 |  " INNER, NULL, NULL, NULL, NULL, NULL},
		{"web 1 | " INNER, NULL, NULL, NULL, NULL, NULL},
		{"web-1| " INNER, NULL, NULL, NULL, NULL, NULL},
		{"web-1 || " INNER, NULL, NULL, NULL, NULL, NULL},
		{"| " INNER, NULL, NULL, NULL, NULL, NULL},
		{"\033[31m\033[31mweb-1 | " INNER, NULL, NULL, NULL, NULL, NULL},
		{"[pod/x y] " INNER, NULL, NULL, NULL, NULL, NULL},
		{NANO "stdout F php: " INNER, OUTER, NULL, "php", NULL, INNER},
		{NANO "stdout F x " INNER, OUTER, NULL, NULL, NULL, "x " INNER},
		{NANO "stdout F mx postfix/smtpd[105]: " SASL, OUTER, NULL, NULL, NULL, "mx postfix/smtpd[105]: " SASL},
		{NANO "stdout X " INNER, OUTER, "stdout", NULL, NULL, "X " INNER},
		{"Nov 20 13:40:00 host docker/web[812]: postfix/smtpd[105]: " SASL, OUTER, "host", "docker/web", "812",
	         "postfix/smtpd[105]: " SASL},
		{"Nov 20 13:40:00 host docker/web[812]:  " INNER, OUTER, "host", "docker/web", "812", " " INNER},
		{"Nov 20 13:40:00 host docker/web[812]: x " INNER, OUTER, "host", "docker/web", "812", "x " INNER},
		/* frames within frames end */
		{"a-1 | a-1 | a-1 | a-1 | " INNER, NULL, NULL, NULL, NULL, NULL},
	};

	(void)state;
	zone_set(utc);
	CHECK_ROWS(rows);
}

static void test_parts(void **state)
{
	static const char *const rows[] = {NANO "stdout P " INNER, NANO "stderr P x", NANO "stdout P "};

	(void)state;
	zone_set(utc);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct line_clock clock;
		struct line line;

		line_clock_init(&clock, end_s, 0);
		assert_int_equal(line_parse(&clock, rows[i], strlen(rows[i]), &line), LINE_PART);
		assert_true(span_is(line.message, rows[i] + strlen(NANO "stdout P ")));
		assert_null(line.program.p);
		assert_int_equal(clock.last_s, 0);
	}
}

/* Which rules run hangs on the program: text of strangers must not become one. */
static void test_traps(void **state)
{
	static const struct row rows[] = {
		{"Nov 20 13:37:42 mx last message repeated 9 times", AT, "mx", NULL, NULL,
	         "last message repeated 9 times"},
		{"Nov 20 13:37:42 mx -- MARK --", AT, "mx", NULL, NULL, "-- MARK --"},
		{"Nov 20 13:37:42 mx", AT, "mx", NULL, NULL, ""},
		{"Nov 20 13:37:42 mx sshd[1]", AT, "mx", NULL, NULL, "sshd[1]"},
		{"Nov 20 13:37:42 mx AAAA from unknown[192.0.2.20]: SASL", AT, "mx", NULL, NULL,
	         "AAAA from unknown[192.0.2.20]: SASL"},
		{"Nov 20 13:37:42 mx localhost warning: unknown[192.0.2.20]: x", AT, "mx localhost", "warning", NULL,
	         "unknown[192.0.2.20]: x"},
		{"Nov 20 13:37:42 a b c d sshd[1]: x", AT, "a", NULL, NULL, "b c d sshd[1]: x"},
		{"Nov 20 13:37:42 mx  sshd[1]: x", AT, "mx", NULL, NULL, " sshd[1]: x"},
		{"Nov 20 13:37:42  sshd[1]: x", AT, NULL, NULL, NULL, " sshd[1]: x"},
		{"Nov 20 13:37:42 mx : sshd[1]: x", AT, "mx :", "sshd", "1", "x"},
		{"Nov 20 13:37:42 mx (x) sshd[1]: x", AT, "mx", NULL, NULL, "(x) sshd[1]: x"},
		{"Nov 20 13:37:42 mx a=b sshd[1]: x", AT, "mx", NULL, NULL, "a=b sshd[1]: x"},
		{"Nov 20 13:37:42 mx multi#012Nov 20 sshd[1]: x", AT, "mx", NULL, NULL, "multi#012Nov 20 sshd[1]: x"},
		{"Nov 20 13:37:42 mx caf\xC3\xA9 sshd[1]: x", AT, "mx", NULL, NULL, "caf\xC3\xA9 sshd[1]: x"},
		{"Nov 20 13:37:42 mx sshd[]: x", AT, "mx", NULL, NULL, "sshd[]: x"},
		{"Nov 20 13:37:42 mx sshd[1x]: x", AT, "mx", NULL, NULL, "sshd[1x]: x"},
		{"Nov 20 13:37:42 mx sshd[12345678901]: x", AT, "mx", NULL, NULL, "sshd[12345678901]: x"},
		{"Nov 20 13:37:42 mx sshd[1]:x", AT, "mx", NULL, NULL, "sshd[1]:x"},
		{"Nov 20 13:37:42 mx sshd[1] : x", AT, "mx", "sshd", "1", ": x"},
		{"Nov 20 13:37:42 sshd[1] x", AT, NULL, NULL, NULL, "sshd[1] x"},
		{"Nov 20 13:37:42 mx more sshd[1] x", AT, "mx", NULL, NULL, "more sshd[1] x"},
		{"Nov 20 13:37:42 mx [1]: x", AT, "mx", NULL, NULL, "[1]: x"},
		{"Nov 20 13:37:42 mx php: postfix/smtpd[1]: x", AT, "mx", "php", NULL, "postfix/smtpd[1]: x"},
		{"Nov 20 13:37:42 mx xpostfix/smtpd[1]: x", AT, "mx", "xpostfix/smtpd", "1", "x"},
		{"Nov 20 13:37:42 mx x[1]: a\rNov 20 14:16:03 mx sshd[1]: y", AT, "mx", "x", "1",
	         "a\rNov 20 14:16:03 mx sshd[1]: y"},
		{"Nov 20 13:37:42 mx\tsshd[1]: x", AT, NULL, NULL, NULL, "mx\tsshd[1]: x"},
		{"<22>1 2026-11-20T13:37:42Z mx ss[1]: 1 - - x", AT, "mx", NULL, "1", "x"},
		{"<22>1 2026-11-20T13:37:42Z mx sshd 1 - [a b=\"] - sshd: x", NULL, NULL, NULL, NULL, NULL},
		{"<22>1 2026-11-20T13:37:42Z mx sshd 1 - [a b=\"c\\", NULL, NULL, NULL, NULL, NULL},
		{"<22>1 2026-11-20T13:37:42Z mx sshd 1 - [a]x", NULL, NULL, NULL, NULL, NULL},
		{"<22>1 2026-11-20T13:37:42Z mx sshd 1 - x", NULL, NULL, NULL, NULL, NULL},
		{"<22>1 2026-11-20T13:37:42Z mx  1 - - x", NULL, NULL, NULL, NULL, NULL},
		{"<22>1 2026-11-20T13:37:42Z mx sshd", NULL, NULL, NULL, NULL, NULL},
		{"<22>1 2026-11-20T13:37:42Z mx sshd 1 -", NULL, NULL, NULL, NULL, NULL},
		{"<22>1 2026-11-20T13:37:42Z mx sshd 1 - [a", NULL, NULL, NULL, NULL, NULL},
		{"<22>1 ", NULL, NULL, NULL, NULL, NULL},
		{"<22>", NULL, NULL, NULL, NULL, NULL},
		{"<22>1 Nov 20 13:37:42 mx sshd 1 - - x", NULL, NULL, NULL, NULL, NULL},
		{"<2222>Nov 20 13:37:42 mx sshd[1]: x", NULL, NULL, NULL, NULL, NULL},
		{"<>Nov 20 13:37:42 mx sshd[1]: x", NULL, NULL, NULL, NULL, NULL},
		/* continuations, headers alone, dates that cannot be, and what is no log line */
		{"", NULL, NULL, NULL, NULL, NULL},
		{"\r", NULL, NULL, NULL, NULL, NULL},
		{" Nov 20 13:37:42 mx sshd[1]: x", NULL, NULL, NULL, NULL, NULL},
		{"\tNov 20 13:37:42 mx sshd[1]: x", NULL, NULL, NULL, NULL, NULL},
		{"Nov 20 13:37:42", NULL, NULL, NULL, NULL, NULL},
		{"Nov 20 13:37:42\tmx sshd[1]: x", NULL, NULL, NULL, NULL, NULL},
		{"Nov 20 13:37:4", NULL, NULL, NULL, NULL, NULL},
		{"Nov 20 13:37", NULL, NULL, NULL, NULL, NULL},
		{"Nov 32 13:37:42 mx sshd[1]: x", NULL, NULL, NULL, NULL, NULL},
		{"Nov 31 13:37:42 mx sshd[1]: x", NULL, NULL, NULL, NULL, NULL},
		{"Nov  0 13:37:42 mx sshd[1]: x", NULL, NULL, NULL, NULL, NULL},
		{"Nob 20 13:37:42 mx sshd[1]: x", NULL, NULL, NULL, NULL, NULL},
		{"Nov 20 24:00:00 mx sshd[1]: x", NULL, NULL, NULL, NULL, NULL},
		{"Nov 20 13:60:00 mx sshd[1]: x", NULL, NULL, NULL, NULL, NULL},
		{"Nov 20 13:37:61 mx sshd[1]: x", NULL, NULL, NULL, NULL, NULL},
		{"Nov 20 13:37:60 mx sshd[1]: x", "2026-11-20T13:38:00Z", "mx", "sshd", "1", "x"},
		{"Feb 29 2026 13:37:42 mx sshd[1]: x", NULL, NULL, NULL, NULL, NULL},
		{"2026-02-29T13:37:42Z mx sshd[1]: x", NULL, NULL, NULL, NULL, NULL},
		{"2000-02-29T13:37:42Z mx sshd[1]: x", "2000-02-29T13:37:42Z", "mx", "sshd", "1", "x"},
		{"2100-02-29T13:37:42Z mx sshd[1]: x", NULL, NULL, NULL, NULL, NULL},
		{"2026-13-40T13:37:42Z mx sshd[1]: x", NULL, NULL, NULL, NULL, NULL},
		{"2026-11-20T13:37:42+0x:00 mx sshd[1]: x", NULL, NULL, NULL, NULL, NULL},
		{"2026-11-20T13:37:42+24:00 mx sshd[1]: x", NULL, NULL, NULL, NULL, NULL},
		{"2026-11-20T13:37:42+01:60 mx sshd[1]: x", NULL, NULL, NULL, NULL, NULL},
		{"2026-11-20T13:37:42. mx sshd[1]: x", NULL, NULL, NULL, NULL, NULL},
		{"1795181862 mx sshd[1]: x", NULL, NULL, NULL, NULL, NULL},
		{"Fri 2026-11-20 13:37:42 mx sshd[1]: x", NULL, NULL, NULL, NULL, NULL},
		{"20-Nov-2026 13:37:42 +0000", NULL, NULL, NULL, NULL, NULL},
		{"2026-Nov-20 13:37:42 mx sshd[1]: x", NULL, NULL, NULL, NULL, NULL},
		{"Fri Nov 20 13:37:42 2026 mx sshd[1]: x", NULL, NULL, NULL, NULL, NULL},
		{"-- Boot 45abc1db4d3b4a22a7a30a2ccd0e36a1 --", NULL, NULL, NULL, NULL, NULL},
		{"__REALTIME_TIMESTAMP=1795184163123456", NULL, NULL, NULL, NULL, NULL},
		{"warning: unknown[192.0.2.20]: SASL LOGIN", NULL, NULL, NULL, NULL, NULL},
	};
	static const char nul[] = "Nov 20 13:37:42 mx imapd: x\0y";
	struct line_clock clock;
	struct line line;

	(void)state;
	zone_set(utc);
	CHECK_ROWS(rows);
	line_clock_init(&clock, end_s, 0);
	assert_int_equal(line_parse(&clock, nul, sizeof nul - 1, &line), LINE_UNPARSED);
}

/* A log: lines of "STAMP mx a: b" with the times they should get, read with one clock. */
struct story {
	const char *stamp, *time;
};

static void expect_times(const char *end, int year, const struct story *story, size_t n)
{
	struct line_clock clock;
	struct line line;
	char text[80], time[TIME_TEXT_MAX];

	line_clock_init(&clock, 0, 0);
	(void)snprintf(text, sizeof text, "%s mx a: b", end);
	assert_int_equal(line_parse(&clock, text, strlen(text), &line), LINE_OK);
	line_clock_init(&clock, line.time_s, year);
	for (size_t i = 0; i < n; i++) {
		int answer;

		(void)snprintf(text, sizeof text, "%s mx a: b", story[i].stamp);
		answer = line_parse(&clock, text, strlen(text), &line);
		if (answer == LINE_OK)
			time_text(line.time_s, time);
		else
			(void)snprintf(time, sizeof time, "unparsed");
		if (strcmp(time, story[i].time) != 0)
			fail_msg("line %zu, %s: got %s, want %s", i, story[i].stamp, time, story[i].time);
	}
}

#define TIMES(end, year, story) expect_times(end, year, story, sizeof(story) / sizeof *(story))

static void test_years(void **state)
{
	static const struct story new_year[] = {
		{"Dec 31 23:59:58", "2025-12-31T23:59:58Z"}, {"Jan  1 00:00:01", "2026-01-01T00:00:01Z"},
		{"Dec 31 23:59:59", "2025-12-31T23:59:59Z"}, {"Jan  1 00:00:02", "2026-01-01T00:00:02Z"},
		{"Jun 30 12:00:00", "2026-06-30T12:00:00Z"},
	};
	static const struct story at_end[] = {
		{"Nov 20 13:00:00", "2026-11-20T13:00:00Z"},
	};
	static const struct story day_ahead[] = {
		{"Nov 21 11:00:00", "2026-11-21T11:00:00Z"}, /* its clock is fast, or the zone another */
	};
	static const struct story not_yet[] = {
		{"Nov 21 13:01:00", "2025-11-21T13:01:00Z"},
	};
	static const struct story old[] = {
		{"Mar  1 00:00:00", "2011-03-01T00:00:00Z"},
		{"Jul 20 13:00:00", "2011-07-20T13:00:00Z"},
		{"Nov 20 13:00:00", "2011-11-20T13:00:00Z"},
	};
	static const struct story three_years[] = {
		{"Oct  1 00:00:00", "2023-10-01T00:00:00Z"}, {"Jan 15 00:00:00", "2024-01-15T00:00:00Z"},
		{"Feb 29 00:00:00", "2024-02-29T00:00:00Z"}, {"Jul 20 00:00:00", "2024-07-20T00:00:00Z"},
		{"Dec 24 00:00:00", "2024-12-24T00:00:00Z"}, {"May  1 00:00:00", "2025-05-01T00:00:00Z"},
		{"Oct 20 00:00:00", "2025-10-20T00:00:00Z"}, {"Mar  1 00:00:00", "2026-03-01T00:00:00Z"},
	};
	static const struct story no_such_year[] = {
		{"Feb 29 00:00:00", "unparsed"},
		{"Mar  1 00:00:00", "2023-03-01T00:00:00Z"},
	};
	static const struct story leap_day[] = {
		{"Feb 29 00:00:00", "2024-02-29T00:00:00Z"},
		{"Mar  1 00:00:00", "2024-03-01T00:00:00Z"},
	};
	/* One line with a wrong date does not take the log to another year. */
	static const struct story wrong_day[] = {
		{"Nov 19 00:00:00", "2026-11-19T00:00:00Z"}, {"Feb 29 00:00:00", "2024-02-29T00:00:00Z"},
		{"Nov 20 00:00:00", "2026-11-20T00:00:00Z"}, {"Jan  1 00:00:00", "2027-01-01T00:00:00Z"},
		{"Nov 20 00:00:01", "2026-11-20T00:00:01Z"},
	};
	/* The year of a stamp that has one counts for those that have none. */
	static const struct story mixed[] = {
		{"2019-12-31T23:59:59Z", "2019-12-31T23:59:59Z"}, {"Jan  1 00:00:00", "2020-01-01T00:00:00Z"},
		{"1577836860.000000", "2020-01-01T00:01:00Z"},    {"Jan  1 00:00:00", "2020-01-01T00:00:00Z"},
		{"Feb 29 00:00:00", "2020-02-29T00:00:00Z"},
	};

	(void)state;
	zone_set(utc);
	TIMES("2026-07-01T00:00:00Z", 0, new_year);
	TIMES("2026-11-20T13:00:00Z", 0, at_end);
	TIMES("2026-11-20T13:00:00Z", 0, day_ahead);
	TIMES("2026-11-20T13:00:00Z", 0, not_yet);
	TIMES("2011-11-20T13:00:00Z", 0, old);
	TIMES("2026-03-01T00:00:00Z", 2023, three_years);
	TIMES("2026-03-01T00:00:00Z", 2023, no_such_year);
	TIMES("2026-11-20T13:00:00Z", 0, leap_day);
	TIMES("2026-11-20T13:00:00Z", 0, wrong_day);
	TIMES("2026-11-20T13:00:00Z", 0, mixed);
}

static void test_zones(void **state)
{
	static const struct story winter_summer[] = {
		{"Jan 15 12:00:00", "2026-01-15T11:00:00Z"},
		{"Jul  1 12:00:00", "2026-07-01T10:00:00Z"},
		{"2026-07-01T12:00:01", "2026-07-01T10:00:01Z"},
		{"2026-07-01T12:00:01Z", "2026-07-01T12:00:01Z"},
		{"2026-07-01T12:00:01+02:00", "2026-07-01T10:00:01Z"},
		{"2026-07-01T12:00:01+0100", "2026-07-01T11:00:01Z"},
	};
	static const struct story spring[] = {
		{"Mar 29 01:59:59", "2026-03-29T00:59:59Z"},
		{"Mar 29 02:30:00", "2026-03-29T01:30:00Z"}, /* there is no such hour */
		{"Mar 29 03:00:00", "2026-03-29T01:00:00Z"},
	};
	static const struct story autumn[] = {
		{"Oct 25 01:59:59", "2026-10-24T23:59:59Z"}, {"Oct 25 02:00:00", "2026-10-25T00:00:00Z"},
		{"Oct 25 02:59:59", "2026-10-25T00:59:59Z"}, {"Oct 25 02:00:00", "2026-10-25T01:00:00Z"},
		{"Oct 25 02:30:00", "2026-10-25T01:30:00Z"}, {"Oct 25 02:59:59", "2026-10-25T01:59:59Z"},
		{"Oct 25 03:00:00", "2026-10-25T02:00:00Z"}, {"Oct 25 02:59:59", "2026-10-25T01:59:59Z"},
	};
	static const struct story autumn_late[] = {
		{"Oct 25 02:30:30", "2026-10-25T00:30:30Z"},
		{"Oct 25 02:29:59", "2026-10-25T00:29:59Z"}, /* a little out of order: not an hour later */
		{"Oct 25 02:10:00", "2026-10-25T01:10:00Z"},
	};
	static const struct story named[] = {
		{"Sun 2026-10-25 02:30:00 CEST", "2026-10-25T00:30:00Z"},
		{"Sun 2026-10-25 02:30:00 CET", "2026-10-25T01:30:00Z"},
		{"Sun 2026-10-25 02:30:00 CEST", "2026-10-25T00:30:00Z"},
		{"Sun 2026-10-25 02:30:00 UTC", "2026-10-25T02:30:00Z"},
		{"Sun 2026-10-25 02:30:00 +03", "2026-10-24T23:30:00Z"},
		{"Fri 2026-11-20 15:16:03 CET", "2026-11-20T14:16:03Z"},
	};
	static const struct story new_year[] = {
		{"Jan  1 00:30:00", "2025-12-31T23:30:00Z"}, /* the old year in Greenwich */
		{"Dec 31 23:59:59", "2025-12-31T22:59:59Z"},
		{"Jan  1 00:30:01", "2025-12-31T23:30:01Z"},
	};

	(void)state;
	zone_set(berlin);
	TIMES("2026-11-20T13:00:00Z", 0, winter_summer);
	TIMES("2026-11-20T13:00:00Z", 0, spring);
	TIMES("2026-11-20T13:00:00Z", 0, autumn);
	TIMES("2026-11-20T13:00:00Z", 0, autumn_late);
	TIMES("2026-11-20T13:00:00Z", 0, named);
	TIMES("2025-12-31T23:40:00Z", 0, new_year);
	TIMES("2026-03-01T00:00:00Z", 2026, new_year);
	zone_set("NZST-12NZDT,M9.5.0,M4.1.0/3");
	{
		static const struct story south[] = {
			{"Jan  1 00:00:00", "2025-12-31T11:00:00Z"},
			{"Apr  5 02:30:00", "2026-04-04T13:30:00Z"},
			{"Jun  1 00:00:00", "2026-05-31T12:00:00Z"},
		};
		TIMES("2026-07-01T00:00:00Z", 0, south);
	}
	zone_set(utc);
}

/* What the clock remembers of the line before changes nothing: other stamps in the same minute. */
static void test_same_minute(void **state)
{
	static const struct story story[] = {
		{"2026-11-20T13:37:01Z", "2026-11-20T13:37:01Z"},
		{"2026-11-20T13:37:02+01:00", "2026-11-20T12:37:02Z"},
		{"2026-11-20T13:37:03+0200", "2026-11-20T11:37:03Z"},
		{"2026-11-20T13:37:04", "2026-11-20T13:37:04Z"},
		{"2026-11-20T13:37:05.5Z", "2026-11-20T13:37:05Z"},
		{"2026-11-20T13:37:61Z", "unparsed"},
		{"2026-11-20T13:37:06Z", "2026-11-20T13:37:06Z"},
		{"2026-11-20T13:38:07Z", "2026-11-20T13:38:07Z"},
		{"2026-11-20T13:38:08.123456Z", "2026-11-20T13:38:08Z"},
		{"2026-11-20T13:38:09.123456Z", "2026-11-20T13:38:09Z"},
		{"2026-11-20T13:38:10.12345Z", "2026-11-20T13:38:10Z"},
		{"2026-11-20T13:38:11.1234567Z", "2026-11-20T13:38:11Z"},
		{"2026-11-20T13:38:12.12345678Z", "2026-11-20T13:38:12Z"},
		{"2026-11-20T13:38:13.1234567Z", "2026-11-20T13:38:13Z"},
		{"2026-11-20T13:38:14.12a4567Z", "unparsed"},
		{"2026-11-20T13:38:15.1234:67Z", "unparsed"},
		{"2026-11-20T13:38:16,123456+00:00", "2026-11-20T13:38:16Z"},
		{"2026-11-20T13:38:17.123456+00:00", "2026-11-20T13:38:17Z"},
		{"2026-11-20T13:38:18.123456", "2026-11-20T13:38:18Z"},
		{"2026-11-20T13:38:19.123456+00:30", "2026-11-20T13:08:19Z"},
		{"2026-11-20 13:38:20", "2026-11-20T13:38:20Z"},
		{"2026-11-20 13:38:21 +0100", "2026-11-20T12:38:21Z"},
		{"2026-11-20 13:38:22", "2026-11-20T13:38:22Z"},
		{"2026-11-20 13:38:23.5 -0030", "2026-11-20T14:08:23Z"},
		{"Nov 20 13:37:08", "2026-11-20T13:37:08Z"},
		{"Nov 20 2025 13:37:08", "2025-11-20T13:37:08Z"},
		{"Nov 20 13:37:08", "2026-11-20T13:37:08Z"},
	};

	static const char shortest[] = "Fri 2026-11-20 15:16:03 Z "; /* nothing behind the zone */
	struct line_clock clock;
	struct line line;

	(void)state;
	zone_set(utc);
	TIMES("2026-11-20T13:40:00Z", 0, story);
	line_clock_init(&clock, 0, 0);
	for (int i = 0; i < 2; i++) {
		if (line_parse(&clock, shortest, sizeof shortest - 1, &line) != LINE_OK)
			fail_msg("\"%s\", time %d: got unparsed", shortest, i + 1);
		assert_int_equal(line.time_s, 1795187763);
		assert_int_equal(line.message.len, 0);
	}
}

static struct span span(const char *text)
{
	return (struct span){text, text == NULL ? 0 : strlen(text)};
}

/* Fields of a journal: what a header would have given, and no more. */
static void test_known(void **state)
{
	static const struct {
		const char *program, *pid, *message, *want_program, *want_pid,
			*want_message; /* want_message NULL: unparsed */
	} rows_known[] = {
		{"postfix/smtpd", "12", "hello", "postfix/smtpd", "12", "hello"},
		{"postfix/smtpd", "12", "hello\r", "postfix/smtpd", "12", "hello"},
		{"postfix smtpd", "12", "hello", NULL, "12", "hello"},
		{"smtpd[1]: x", "1x", "hello", NULL, NULL, "hello"},
		{"smtpd\n", "12345678901234567890123", "hello", NULL, NULL, "hello"},
		{"", "", "hello", NULL, NULL, "hello"},
		{NULL, NULL, "hello", NULL, NULL, "hello"},
		{"kernel", NULL, "[12345.678901] hello", "kernel", NULL, "hello"},
		{"sendmail", "1", "[ID 197553 mail.warning] hello", "sendmail", "1", "hello"},
		{"x", "1", "\xEF\xBB\xBFhello", "x", "1", "hello"},
		{"x", "1", " Nov 20 14:16:03 mx sshd[1]: hello", "x", "1", " Nov 20 14:16:03 mx sshd[1]: hello"},
		{"x", "1", "", NULL, NULL, NULL},
		{"x", "1", "\r", NULL, NULL, NULL},
	};
	struct line line = {.program = span("x"), .message = {"a\0b", 3}, .has_time = true};
	struct line_clock clock;

	(void)state;
	line_clock_init(&clock, end_s, 0);
	assert_int_equal(line_known(&clock, false, &line), LINE_UNPARSED);
	assert_null(line.program.p);
	for (size_t i = 0; i < sizeof rows_known / sizeof *rows_known; i++) {
		const char *const want = rows_known[i].want_message;
		const struct row as_row = {.text = rows_known[i].message};

		line = (struct line){.time_s = 7,
		                     .has_time = true,
		                     .host = span("mx"),
		                     .program = span(rows_known[i].program),
		                     .pid = span(rows_known[i].pid),
		                     .message = span(rows_known[i].message)};
		assert_int_equal(line_known(&clock, false, &line), want == NULL ? LINE_UNPARSED : LINE_OK);
		if (want == NULL)
			continue;
		assert_int_equal(line.time_s, 7);
		check_span(&as_row, "program", line.program, rows_known[i].want_program);
		check_span(&as_row, "pid", line.pid, rows_known[i].want_pid);
		check_span(&as_row, "message", line.message, want);
	}
}

/* What a container printed, as its runtime stored it in the journal: the tag and the id are the container's. */
static void test_printed(void **state)
{
	static const struct row rows_printed[] = {
		{"Nov 20 13:37:42 mail postfix/smtpd[12]: hello", "7", "mail", "postfix/smtpd", "12", "hello"},
		{"postfix/smtpd[12]: hello", "7", "mx", "postfix/smtpd", "12", "hello"},
		{"2026-11-20T13:37:42Z INFO Hello (a.b) x = 1", "7", "mx", "stalwart", NULL, "Hello (a.b) x = 1"},
		{"imap-login: Info: hello", "7", "mx", "imap-login", NULL, "hello"},
		{"hello there", "7", "mx", NULL, NULL, "hello there"},
	};
	struct line_clock clock;

	(void)state;
	line_clock_init(&clock, end_s, 0);
	for (size_t i = 0; i < sizeof rows_printed / sizeof *rows_printed; i++) {
		const struct row *const row = &rows_printed[i];
		struct line line = {.time_s = 7,
		                    .has_time = true,
		                    .host = span("mx"),
		                    .program = span("0123456789ab"),
		                    .pid = span("77"),
		                    .message = span(row->text)};

		assert_int_equal(line_known(&clock, true, &line), LINE_OK);
		assert_int_equal(line.time_s, 7);
		check_span(row, "host", line.host, row->host);
		check_span(row, "program", line.program, row->program);
		check_span(row, "pid", line.pid, row->pid);
		check_span(row, "message", line.message, row->message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_syslog),       cmocka_unit_test(test_own_files),
		cmocka_unit_test(test_more_headers), cmocka_unit_test(test_frames),
		cmocka_unit_test(test_frame_traps),  cmocka_unit_test(test_parts),
		cmocka_unit_test(test_traps),        cmocka_unit_test(test_years),
		cmocka_unit_test(test_zones),        cmocka_unit_test(test_same_minute),
		cmocka_unit_test(test_known),        cmocka_unit_test(test_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
