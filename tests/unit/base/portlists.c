/* portlists: which ports are closed for what a client did. */
#include "base/portlists.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct portlists lists;

static int setup(void **state)
{
	(void)state;
	memset(&lists, 0, sizeof lists);
	assert_null(portlists_read(&lists, "", "25", false));
	assert_null(portlists_read(&lists, "auth", "25,110 143", false));
	assert_null(portlists_read(&lists, "sshd", "22", false));
	return 0;
}

static void assert_ports(size_t list, const char *want)
{
	char text[PORTLISTS_TEXT_MAX];

	portlists_text(&lists, list, text);
	assert_string_equal(text, want);
}

static void test_defaults(void **state)
{
	(void)state;
	assert_null(portlists_settle(&lists));
	assert_int_equal(lists.n, 3);
	assert_ports(portlists_of(&lists, "postfix-dnsbl", "dnsbl"), "25");
	assert_ports(portlists_of(&lists, "dovecot-auth", "auth"), "25,110,143");
	assert_ports(portlists_of(&lists, "sshd-auth", "auth"), "22");
	assert_ports(portlists_of(&lists, "sshd-", "x"), "22");
	assert_ports(portlists_of(&lists, "sshd", "x"), "25");
	assert_ports(portlists_of(&lists, "sshdx-auth", "authx"), "25");
	assert_string_equal(portlists_name(&lists, "sshd-auth"), "sshd");
	assert_null(portlists_name(&lists, "sshd"));
	assert_null(portlists_name(&lists, "auth"));
	assert_ports(PORTLISTS_MAX, "22,25,110,143");
	assert_true(portlists_has(&lists, 110) && portlists_has(&lists, 22) && !portlists_has(&lists, 80));
}

/* Of what other hosts block only the beginning of the rule's name is known. */
static void test_peers(void **state)
{
	(void)state;
	assert_null(portlists_settle(&lists));
	assert_ports(portlists_of(&lists, "peer/mx1/sshd", "auth"), "22");
	assert_ports(portlists_of(&lists, "peer/mx1", "auth"), "25,110,143");
	assert_ports(portlists_of(&lists, "peer/mx1", "dnsbl"), "25");
	assert_ports(portlists_of(&lists, "peer/sshd", "dnsbl"), "25");
	assert_ports(portlists_of(&lists, "peer/sshd-1", "dnsbl"), "25");
	assert_ports(portlists_of(&lists, "peer/sshd-1/auth", "dnsbl"), "25,110,143");
	assert_ports(portlists_of(&lists, "peer/mx1/gone", "auth"), "25,110,143"); /* its ports.gone was removed */
}

/* Who sets all ports means all blocks; a name beside it stays. */
static void test_given(void **state)
{
	(void)state;
	assert_null(portlists_read(&lists, "", "587,25", true));
	assert_null(portlists_read(&lists, "sshd", "25 587", true));
	assert_null(portlists_settle(&lists));
	assert_int_equal(lists.n, 1); /* the same ports */
	assert_ports(portlists_of(&lists, "dovecot-auth", "auth"), "25,587");
	assert_ports(portlists_of(&lists, "sshd-auth", "auth"), "25,587");
}

static void test_all(void **state)
{
	(void)state;
	assert_null(portlists_read(&lists, "auth", "", true));
	assert_null(portlists_settle(&lists));
	assert_int_equal(lists.n, 3);
	assert_ports(portlists_of(&lists, "dovecot-auth", "auth"), "all");
	assert_ports(PORTLISTS_MAX, "all");
	assert_true(portlists_has(&lists, 80));
}

static void test_bad(void **state)
{
	static const char ports[] = "ports from 1 to 65535, such as \"25,465,587\"";
	char name[] = "a", port[] = "1";

	(void)state;
	assert_string_equal(portlists_read(&lists, "auth", "0", true), ports);
	assert_string_equal(portlists_read(&lists, "auth", "65536", true), ports);
	assert_string_equal(portlists_read(&lists, "auth", "25;26", true), ports);
	assert_string_equal(portlists_read(&lists, "auth", "-1", true), ports);
	assert_string_equal(portlists_read(&lists, "auth", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16", true),
	                    "at most 15 ports (iptables' multiport holds no more); empty means all");
	assert_non_null(portlists_read(&lists, "a_b", "25", true));
	assert_non_null(portlists_read(&lists, "abcdefghijklmnop", "25", true));
	for (; port[0] <= '5'; port[0]++, name[0]++)
		assert_null(portlists_read(&lists, name, port, true));
	assert_null(portlists_settle(&lists)); /* 3 and these 5 */
	assert_null(portlists_read(&lists, name, port, true));
	assert_string_equal(portlists_settle(&lists), "at most 8 different lists of ports");
	while (lists.n_names < PORTLISTS_NAMES_MAX) {
		name[0]++;
		assert_null(portlists_read(&lists, name, "25", true));
	}
	assert_non_null(portlists_read(&lists, "more", "25", true));
	assert_null(portlists_read(&lists, "auth", "25", true)); /* there already */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_defaults, setup), cmocka_unit_test_setup(test_peers, setup),
		cmocka_unit_test_setup(test_given, setup),    cmocka_unit_test_setup(test_all, setup),
		cmocka_unit_test_setup(test_bad, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
