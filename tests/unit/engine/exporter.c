/*
 * exporter: the exporting process is notified once for each change and never waited for; an error that it reports
 * becomes a problem, and disappears.
 */
#include "engine/exporter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/reputation.h"

static struct store *store;
static struct exporter exporter;
static struct problems problems;
static struct why why;
static int process; /* the other end */

static int setup(void **state)
{
	int ends[2];

	(void)state;
	problems = (struct problems){0};
	if (store_open(NULL, STORE_WRITE, &store, &why) < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) < 0)
		return -1;
	exporter = (struct exporter){.fd = ends[0], .changes = -1};
	process = ends[1];
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	store_close(store);
	if (exporter.fd >= 0)
		(void)close(exporter.fd);
	return 0;
}

static void turn(void)
{
	exporter_turn(&exporter, store, &problems, 7);
}

/* How often it was notified since the last call. */
static size_t notifications(void)
{
	size_t n = 0;
	char byte;

	while (recv(process, &byte, 1, MSG_DONTWAIT) == 1)
		n++;
	return n;
}

static void change(void)
{
	assert_int_equal(store_state_set(store, "key", "value", &why), 0);
}

/* The only problem; NULL: there is none. */
static const char *problem(void)
{
	size_t at = 0;
	const struct problem *const p = problems_next(&problems, &at);

	return p == NULL ? NULL : p->what;
}

static void test_notified(void **state)
{
	(void)state;
	turn(); /* the first time at any rate: now there is a database */
	turn();
	assert_int_equal(notifications(), 1);
	change();
	change();
	turn();
	turn();
	assert_int_equal(notifications(), 1);
	for (int i = 0; i < 10000; i++) { /* it does not read: more than its socket holds */
		change();
		turn();
	}
	assert_null(problem());
	assert_true(notifications() < 10000);
	change();
	turn();
	assert_int_equal(notifications(), 1);
	(void)close(process);
}

static void test_reports(void **state)
{
	static const char sentence[] = "cannot write beside /x: Permission denied";

	(void)state;
	assert_int_equal(send(process, sentence, strlen(sentence), 0), strlen(sentence));
	turn();
	assert_string_equal(problem(), sentence);
	assert_int_equal(send(process, EXPORTER_WORKS, strlen(EXPORTER_WORKS), 0), strlen(EXPORTER_WORKS));
	turn();
	assert_null(problem());
	(void)close(process);
	turn();
	assert_non_null(strstr(problem(), "has ended"));
	assert_int_equal(exporter.fd, -1);
	turn(); /* once */
	assert_non_null(problem());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_notified, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reports, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
