#include "rules/rdns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void names(void **state)
{
	static const struct {
		bool generic;
		const char *name, *address;
	} table[] = {
		/* the address, all four octets */
		{true, "host-198-51-100-66.example.net", "198.51.100.66"},
		{true, "198.51.100.66.example.net", "198.51.100.66"},
		{true, "66.100.51.198.example.net", "198.51.100.66"},
		{true, "host-198-051-100-066.example.net", "198.51.100.66"},
		{true, "ip198051100066.example.net", "198.51.100.66"},
		{true, "ip066100051198.example.net", "198.51.100.66"},
		{true, "u1985110066.example.net", "198.51.100.66"},
		{true, "6610051198.example.net", "198.51.100.66"},
		{true, "c6336442.example.net", "198.51.100.66"},
		{true, "pC6336442.dip0.example.net", "198.51.100.66"},
		{true, "x-426433c6.example.net", "198.51.100.66"},
		{true, "c6-33-64-42.example.net", "198.51.100.66"},
		{true, "198x51x100x66.example.net", "198.51.100.66"},
		{true, "HOST-198-51-100-66.EXAMPLE.NET", "198.51.100.66"},
		{true, "host.198-51.100-66.example.net", "198.51.100.66"},
		{true, "r1-2-3-4.example.net", "1.2.3.4"},
		/* not all of it, or another's */
		{false, "host-198-51-100.example.net", "198.51.100.66"},
		{false, "host-198-51-100-67.example.net", "198.51.100.66"},
		{false, "host-198-51-100-660.example.net", "198.51.100.66"},
		{false, "a1985110066x1.example.net", "198.51.100.67"},
		{false, "host-51-198-100-66.example.net", "198.51.100.66"},
		{false, "mx1.example.net", "1.1.1.1"},
		{false, "mail1234.example.net", "1.2.3.4"},
		{false, "a11985110066.example.net", "198.51.100.66"},
		{false, "xc63364421.example.net", "198.51.100.66"},
		{false, "198-51-net-100-66.example.net", "198.51.100.66"},
		/* IPv6 */
		{true, "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.a.b.0.8.b.d.0.1.0.0.2.ip6.example.net",
	         "2001:db8:bad::7"},
		{true, "20010db80bad00000000000000000007.example.net", "2001:db8:bad::7"},
		{true, "2001-0db8-0bad-0000-0000-0000-0000-0007.example.net", "2001:db8:bad::7"},
		{true, "2001-db8-bad--7.v6.example.net", "2001:db8:bad::7"},
		{true, "ip-2001-db8-bad--7.example.net", "2001:db8:bad::7"},
		{false, "2001-db8-bad--8.example.net", "2001:db8:bad::7"},
		{false, "mx7.example.net", "2001:db8:bad::7"},
		/* words */
		{true, "a.dsl.example.net", "198.51.100.66"},
		{true, "adsl-12.example.net", "198.51.100.66"},
		{true, "x.cable.example.net", "198.51.100.66"},
		{true, "client20.dyn.example.net", "198.51.100.66"},
		{true, "pool12.example.net", "198.51.100.66"},
		{true, "ppp-3.town.example.co.uk", "198.51.100.66"},
		{true, "dhcp7.example.com", "198.51.100.66"},
		{true, "dialup.example.com", "198.51.100.66"},
		{true, "x.dynamic.163data.com.cn", "198.51.100.66"},
		{false, "mail.cable.com", "198.51.100.66"},
		{false, "www.pool-supplies.com", "198.51.100.66"},
		{false, "host.dsl.co.uk", "198.51.100.66"},
		{true, "host.dsl.abc.uk", "198.51.100.66"},
		{false, "dsl.com.br", "198.51.100.66"},
		{true, "dsl-1.example.com.br", "198.51.100.66"},
		{false, "pool.github.io", "198.51.100.66"},
		{true, "pool3.somebody.github.io", "198.51.100.66"},
		{false, "carpool.example.net", "198.51.100.66"},
		{false, "dynamo.example.net", "198.51.100.66"},
		{false, "mail.pool.example.net", "198.51.100.66"},
		{false, "mx2.dyn.example.net", "198.51.100.66"},
		{false, "cable.com", "198.51.100.66"},
		{false, "static.dsl.example.net", "198.51.100.66"},
		/* none */
		{false, "unknown", "198.51.100.66"},
		{false, "", "198.51.100.66"},
		{false, "localhost", "127.0.0.1"},
		{false, "mail.example.com", "198.51.100.66"},
		{false, "....", "198.51.100.66"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct addr address;

		assert_true(addr_parse(table[i].address, strlen(table[i].address), &address));
		if (rdns_name((struct span){table[i].name, strlen(table[i].name)}, &address) != table[i].generic)
			fail_msg("%s of %s: want %s", table[i].name, table[i].address,
			         table[i].generic ? "generic" : "not generic");
	}
}

/* A piece of a longer buffer, and no name at all. */
static void spans(void **state)
{
	static const char text[] = "pool12.example.netXXXX";
	struct addr address;
	char longer[600];

	(void)state;
	assert_true(addr_parse("198.51.100.66", 13, &address));
	assert_true(rdns_name((struct span){text, 18}, &address));
	assert_false(rdns_name((struct span){text, 3}, &address));
	assert_false(rdns_name((struct span){NULL, 0}, &address));
	memset(longer, 'a', sizeof longer);
	memcpy(longer, "dsl.", 4);
	assert_false(rdns_name((struct span){longer, sizeof longer}, &address));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(names), cmocka_unit_test(spans)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
