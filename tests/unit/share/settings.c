/* settings: the configuration of watchforspammers-share. */
#include "testlib.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "share/settings.h"

static char path[] = "/tmp/wfs-settings-XXXXXX";

static int make_file(void **state)
{
	const int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void test_defaults(void **state)
{
	struct settings s;
	struct why why;

	(void)state;
	write_text(path, "[share]\nhost = mx1\n");
	assert_int_equal(settings_read(path, &s, &why), 0);
	assert_string_equal(s.host, "mx1");
	assert_string_equal(s.user, "mx1");
	assert_string_equal(s.server, "/run/redis/redis-server.sock");
	assert_null(s.address);
	assert_string_equal(s.peers, "/etc/watchforspammers/peers");
	assert_string_equal(s.socket, "/run/watchforspammers/control");
	assert_int_equal(s.keep_s, 7 * 86400);
	settings_done(&s);
}

static void test_server(void **state)
{
	static const struct {
		const char *value, *address;
		int port; /* 0: refused */
	} rows[] = {
		{"192.0.2.1:6379", "192.0.2.1", 6379},
		{"[2001:db8::1]:7000", "2001:db8::1", 7000},
		{"192.0.2.1", "", 0},
		{"redis.example:6379", "", 0},
		{"192.0.2.1:0", "", 0},
		{"192.0.2.1:65536", "", 0},
		{"192.0.2.1:6379x", "", 0},
		{"192.0.2.1:", "", 0},
		{"192.0.2.1: 6", "", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[128];
		struct settings s;
		struct why why;
		int rc;

		(void)snprintf(text, sizeof text, "[share]\nhost = a\nserver = %s\n", rows[i].value);
		write_text(path, text);
		rc = settings_read(path, &s, &why);
		if (rc != (rows[i].port == 0 ? -EINVAL : 0))
			fail_msg("\"%s\": got %d", rows[i].value, rc);
		if (rc < 0)
			continue;
		assert_string_equal(s.address, rows[i].address);
		assert_int_equal(s.port, rows[i].port);
		settings_done(&s);
	}
}

static void test_bad(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{"[share]\nhots = mx1\n", ":2: no key \"hots\" in [share]; did you mean host?"},
		{"[sharing]\nhost = mx1\n", "no section [sharing]"},
		{"[share]\nhost = m x\n", "a name is"},
		{"[share]\nhost = a\nhost = b\n", ":3: host appears twice"},
		{"[share]\nkeep = 8d\n", "a duration from 1m to 7d"},
		{"[share]\nkeep = ever\n", "a duration from 1m to 7d"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct settings s;
		struct why why = {""};

		write_text(path, rows[i].text);
		if (settings_read(path, &s, &why) != -EINVAL || strstr(why.text, rows[i].says) == NULL)
			fail_msg("\"%s\": got \"%s\", want \"%s\"", rows[i].text, why.text, rows[i].says);
	}
}

/* Each key is in the manual, once, with its default. */
static void test_manual(void **state)
{
	static char manual[1 << 17];
	const char *const root = getenv("WFS_SOURCE_ROOT");
	const struct settings_key *keys;
	const size_t n = settings_keys(&keys);
	char man[4096];
	FILE *file;

	(void)state;
	assert_non_null(root);
	(void)snprintf(man, sizeof man, "%s/man/watchforspammers-share.8.scd", root);
	file = fopen(man, "re");
	assert_non_null(file);
	manual[fread(manual, 1, sizeof manual - 1, file)] = '\0';
	(void)fclose(file);
	for (size_t i = 0; i < n; i++) {
		const char *const value = keys[i].value;
		char want[256];
		const char *at;

		(void)snprintf(want, sizeof want, "\n*%s* =%s%s%s\n", keys[i].key, *value == '\0' ? "" : " _", value,
		               *value == '\0' ? "" : "_");
		at = strstr(manual, want);
		if (at == NULL || strstr(at + 1, want) != NULL)
			fail_msg("watchforspammers-share.8.scd: want once \"%s\"", want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_defaults), cmocka_unit_test(test_server),
	                                   cmocka_unit_test(test_bad), cmocka_unit_test(test_manual)};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
