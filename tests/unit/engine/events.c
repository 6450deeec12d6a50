/* events: each event in its format; of too many in one second, only the sum. */
#include "engine/events.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"

static const int64_t t0_s = 1795181862;

static int stderr_was, pipe_fds[2];
static struct events events;
static struct config *config; /* borrowed by events */

static int set_up(void **state)
{
	struct why why;

	(void)state;
	stderr_was = dup(STDERR_FILENO);
	if (stderr_was < 0 || pipe(pipe_fds) < 0 || dup2(pipe_fds[1], STDERR_FILENO) < 0)
		return -1;
	log_init("wfs", LOG_INFO);
	if (config_read("/nowhere/wfs.conf", true, &config, &why) < 0)
		return -1;
	config->firewall.ports = (struct portlists){
		.n = 2, .lists = {{.ports = {.n = 2, .ports = {25, 110}}}, {.ports = {.n = 1, .ports = {22}}}}};
	events_init(&events, config);
	events_at(&events, t0_s);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	config_free(config);
	(void)dup2(stderr_was, STDERR_FILENO);
	(void)close(stderr_was);
	(void)close(pipe_fds[0]);
	return close(pipe_fds[1]);
}

/* All that was written since. */
static const char *written(void)
{
	static char got[64 * 1024];
	ssize_t n;

	(void)write(pipe_fds[1], "", 1); /* so that read never waits */
	n = read(pipe_fds[0], got, sizeof got - 1);
	assert_true(n > 0);
	got[n - 1] = '\0';
	return got;
}

static struct net net(const char *text)
{
	struct net net;

	assert_true(net_parse(text, strlen(text), &net));
	return net;
}

static void a_block_says_why(void **state)
{
	struct block b = {.net = net("198.51.100.4"), .since_s = t0_s, .until_s = t0_s + 600, .offence = 1, .hits = 5};
	const struct events_cause auth = {.rule = "dovecot-auth", .reason = "wrong password"};
	const struct events_cause hand = {.rule = "manual", .reason = "a customer", .who = "uid 0 (root)"};
	const struct events_cause bare = {.rule = "manual", .who = "uid 0 (root)"};

	(void)state;
	events_blocked(&events, &b, &auth);
	assert_string_equal(written(),
	                    "wfs: blocked 198.51.100.4 for 10m (offence 1): dovecot-auth, wrong password, 5 hits; "
	                    "ports 25,110\n");
	b.hits = 1;
	b.offence = 3;
	b.until_s = t0_s + 129600;
	events_blocked(&events, &b, &auth);
	assert_string_equal(written(),
	                    "wfs: blocked 198.51.100.4 for 1d12h (offence 3): dovecot-auth, wrong password, 1 hit; "
	                    "ports 25,110\n");
	b.cause = BLOCK_NETWORK;
	b.hits = 4;
	b.net = net("198.51.100.0/24");
	events_blocked(&events, &b, &auth);
	assert_string_equal(written(),
	                    "wfs: blocked 198.51.100.0/24 for 1d12h (4 of its clients were blocked): dovecot-auth, "
	                    "wrong password; ports 25,110\n");
	b.prolonged = true;
	events_blocked(&events, &b, &auth);
	assert_string_equal(written(),
	                    "wfs: extended the block of 198.51.100.0/24 for 1d12h (4 of its clients were blocked): "
	                    "dovecot-auth, wrong password; ports 25,110\n");
	b = (struct block){.net = net("2001:db8::/64"), .since_s = t0_s, .until_s = t0_s + 60, .cause = BLOCK_MANUAL};
	events_blocked(&events, &b, &hand);
	assert_string_equal(written(), "wfs: blocked 2001:db8::/64 for 1m by uid 0 (root): a customer; ports 25,110\n");
	events_blocked(&events, &b, &bare);
	assert_string_equal(written(), "wfs: blocked 2001:db8::/64 for 1m by uid 0 (root); ports 25,110\n");
	b.list = 1;
	events_blocked(&events, &b, &bare);
	assert_string_equal(written(), "wfs: blocked 2001:db8::/64 for 1m by uid 0 (root); ports 22\n");
}

static void its_end_says_why(void **state)
{
	const struct net who = net("198.51.100.4");

	(void)state;
	events_released(&events, &who, "expired", NULL, NULL);
	assert_string_equal(written(), "wfs: released 198.51.100.4 (expired)\n");
	events_released(&events, &who, "unblock", "token mx2", "a customer");
	assert_string_equal(written(), "wfs: released 198.51.100.4 (unblock by token mx2: a customer)\n");
	events_allowed(&events, &who, 86400, "list.example");
	assert_string_equal(written(), "wfs: allowed 198.51.100.4 for 1d: list.example\n");
}

static void an_order_says_who(void **state)
{
	(void)state;
	events_ordered(&events, "vote black", "198.51.100.4", "token mx2", "sent\x1b spam", true);
	assert_string_equal(written(), "wfs: vote black 198.51.100.4 by token mx2: sent\\x1b spam\n");
	events_ordered(&events, "reload", "", "uid 0 (root)", "", false);
	assert_string_equal(written(), "wfs: reload by uid 0 (root) (refused)\n");
}

static size_t lines_of(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

static void of_too_many_the_sum(void **state)
{
	const struct net who = net("198.51.100.4");
	const char *text;

	(void)state;
	for (unsigned i = 0; i < EVENTS_PER_SECOND + 7; i++)
		events_released(&events, &who, "expired", NULL, NULL);
	events_released_more(&events, 1000);
	events_sum(&events);
	text = written();
	assert_int_equal(lines_of(text), EVENTS_PER_SECOND + 1);
	assert_non_null(strstr(text, "\nwfs: released 1007 more, too many to log separately; the database has them\n"));
	events_at(&events, t0_s); /* the same second */
	events_released(&events, &who, "expired", NULL, NULL);
	assert_string_equal(written(), "");
	events_at(&events, t0_s + 1);
	events_released(&events, &who, "expired", NULL, NULL);
	assert_string_equal(written(), "wfs: released 198.51.100.4 (expired)\n");
	events_sum(&events);
	assert_string_equal(written(), "wfs: released 1 more, too many to log separately; the database has them\n");
	events_sum(&events);
	assert_string_equal(written(), "");
}

#define logged(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		logged(a_block_says_why),
		logged(its_end_says_why),
		logged(an_order_says_who),
		logged(of_too_many_the_sum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
