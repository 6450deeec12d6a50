/* restarts: exactly those keys are found that a running daemon cannot change. */
#include "engine/restarts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "testlib.h"

static char dir[64], path[96];

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof dir, "/tmp/wfs-restarts-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(path, sizeof path, "%s/conf", dir);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(dir);
}

static struct config *config_of(const char *text)
{
	struct config *config;
	struct why why;

	write_text(path, text);
	if (config_read(path, false, &config, &why) != 0)
		fail_msg("%s: %s", text, why.text);
	return config;
}

#define BASE "[log /var/log/a]\n"

static void test_each(void **state)
{
	static const struct {
		const char *text;
		struct restarts want;
	} rows[] = {
		{BASE, {0}},
		{BASE "[block]\nthreshold = 50\n[allow]\naddress = 192.0.2.1\n[dns]\nptr = 20\n", {0}},
		{"[log /var/log/b]\n", {.sources = true}},
		{BASE "[log /var/log/b]\n", {.sources = true}},
		{BASE "[socket /run/b]\n", {.sources = true}},
		{BASE "[journal]\nread = yes\n", {.journal = true}},
		{BASE "[journal]\nnamespace = mail\n", {.journal = true}},
		{BASE "[export]\nfile = /run/list\n", {.export = true}},
		{BASE "[export]\nformat = csv\n", {.export = true}},
		{BASE "[block]\nip6_prefix = 56\n", {.ip6_prefix = true}},
		{BASE "[database]\npath = /tmp/x.db\n", {.rest = true}},
		{BASE "[run]\nuser = nobody\n", {.rest = true}},
		{BASE "[firewall]\nbackend = observe\n", {.rest = true}},
		{BASE "[firewall]\nports = 25\n", {.rest = true}},
		{BASE "[firewall]\nports.auth = 143\n", {.rest = true}},
		{BASE "[firewall]\nconnections = 50/9s\n", {.rest = true}},
		{BASE "[firewall]\nhooks = forward\n", {.rest = true}},
		{BASE "[gate a]\nports = 25\n", {.rest = true}},
		{BASE "[control]\ntcp = 127.0.0.1:4711\ntoken_file = /tmp/x\n", {.rest = true}},
		{BASE "[control]\ngroup = mail\n", {.rest = true}},
	};
	struct config *const old = config_of(BASE);

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct config *const new = config_of(rows[i].text);
		const struct restarts got = restarts_find(old, new), want = rows[i].want;

		if (got.sources != want.sources || got.journal != want.journal || got.export != want.export ||
		    got.ip6_prefix != want.ip6_prefix || got.rest != want.rest)
			fail_msg("%s: got %d %d %d %d %d", rows[i].text, got.sources, got.journal, got.export,
			         got.ip6_prefix, got.rest);
		config_free(new);
	}
	config_free(old);
}

static void test_kept(void **state)
{
	struct config *const old = config_of(BASE), *const new = config_of(
							    BASE "[block]\nip6_prefix = 56\n[firewall]\nports = 25\n");
	struct restarts none;

	(void)state;
	restarts_keep(old, new);
	none = restarts_find(old, new);
	assert_false(none.ip6_prefix || none.rest);
	config_free(new);
	config_free(old);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each),
		cmocka_unit_test(test_kept),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
