/*
 * log: a record is one line, whatever it contains; it has the tag on a terminal, but not in a journal.
 *
 * netns/journal.sh tests the journal itself, because its socket has a fixed path.
 */
#include "base/log.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static int stderr_was, pipe_fds[2];

static int set_up(void **state)
{
	(void)state;
	stderr_was = dup(STDERR_FILENO);
	return stderr_was < 0 || pipe(pipe_fds) < 0 || dup2(pipe_fds[1], STDERR_FILENO) < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	(void)unsetenv("JOURNAL_STREAM");
	(void)dup2(stderr_was, STDERR_FILENO);
	(void)close(stderr_was);
	(void)close(pipe_fds[0]);
	return close(pipe_fds[1]);
}

/* All that was written since. */
static void wrote(const char *want)
{
	static char got[8192];
	ssize_t n;

	(void)write(pipe_fds[1], "", 1); /* so that read never waits */
	n = read(pipe_fds[0], got, sizeof got - 1);
	assert_true(n > 0);
	got[n - 1] = '\0';
	assert_string_equal(got, want);
}

static void a_line_has_the_tag(void **state)
{
	const struct log_field field = {"WFS_ADDRESS", "192.0.2.7"};

	(void)state;
	log_init("watchforspammers[root]", LOG_INFO);
	log_line(LOG_NOTICE, "%d rules", 7);
	wrote("watchforspammers[root]: 7 rules\n");
	log_event(LOG_INFO, &field, 1, "blocked %s", "192.0.2.7");
	wrote("watchforspammers[root]: blocked 192.0.2.7\n");
	log_line(LOG_DEBUG, "nobody wants to know");
	wrote("");
}

static void what_a_stranger_wrote_is_escaped(void **state)
{
	(void)state;
	log_init("watchforspammers", LOG_INFO);
	log_line(LOG_INFO, "vote: %s",
	         "a\nwatchforspammers: released \x1b[31m\xff, gr\xc3\xbc\xc3\x9f"
	         "e \\x0a");
	wrote("watchforspammers: vote: a\\x0awatchforspammers: released \\x1b[31m\\xff, gr\xc3\xbc\xc3\x9f"
	      "e \\x0a\n");
}

static void what_is_long_is_cut(void **state)
{
	static char text[4 * LOG_TEXT_MAX], want[LOG_TEXT_MAX + 32];

	(void)state;
	log_init("watchforspammers", LOG_INFO);
	memset(text, 'x', sizeof text - 1);
	(void)snprintf(want, sizeof want, "watchforspammers: %.*s...\n", LOG_TEXT_MAX - 4, text);
	log_line(LOG_INFO, "%s", text);
	wrote(want);
}

/* The variable is inherited by what a service starts, and may mean another file by then. */
static void another_stream_is_no_journal(void **state)
{
	struct stat st;
	char stream[64];

	(void)state;
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	(void)snprintf(stream, sizeof stream, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino + 1);
	assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
	log_init("watchforspammers", LOG_INFO);
	log_line(LOG_ERR, "a");
	wrote("watchforspammers: a\n");
	assert_int_equal(setenv("JOURNAL_STREAM", "garbage", 1), 0);
	log_init("watchforspammers", LOG_INFO);
	log_line(LOG_ERR, "a");
	wrote("watchforspammers: a\n");
}

/* Its tag is the journal's own. With the socket, which a test cannot have here, the record would go there
 * instead. */
static void a_journal_without_socket_gets_the_level(void **state)
{
	struct stat st;
	char stream[64];

	(void)state;
	if (access("/run/systemd/journal/socket", F_OK) == 0)
		skip();
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	(void)snprintf(stream, sizeof stream, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
	log_init("watchforspammers[root]", LOG_INFO);
	log_line(LOG_ERR, "it failed\n");
	wrote("<3>it failed\\x0a\n");
}

#define logged(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		logged(a_line_has_the_tag),
		logged(what_a_stranger_wrote_is_escaped),
		logged(what_is_long_is_cut),
		logged(another_stream_is_no_journal),
		logged(a_journal_without_socket_gets_the_level),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
