/* netfile: lines of every form, edits, and paths that are no regular files. */
#include "pipeline/netfile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "testlib.h"

static char directory[32], path[64];
static struct netfile file;
static struct why why;

static int setup(void **state)
{
	(void)state;
	(void)strcpy(directory, "/tmp/wfs-netfile-XXXXXX");
	if (mkdtemp(directory) == NULL)
		return -1;
	(void)snprintf(path, sizeof path, "%s/list", directory);
	file = (struct netfile){.path = path};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	netfile_done(&file);
	(void)unlink(path);
	return rmdir(directory);
}

/* A file of its own each time, so that it is another one however fast the test is. */
static void put(const char *data, size_t len)
{
	char fresh[80];

	(void)snprintf(fresh, sizeof fresh, "%s.new", path);
	write_file(fresh, data, len);
	assert_int_equal(rename(fresh, path), 0);
}

static void test_lines(void **state)
{
	static const struct {
		const char *line;
		enum netfile_line want;
		const char *net; /* of NETFILE_NET */
	} rows[] = {
		{"", NETFILE_NOTHING, NULL},
		{" \t\r", NETFILE_NOTHING, NULL},
		{"; Spamhaus DROP List", NETFILE_NOTHING, NULL},
		{"# 192.0.2.7", NETFILE_NOTHING, NULL},
		{"192.0.2.7", NETFILE_NET, "192.0.2.7"},
		{"  192.0.2.0/24 ; SBL256894\r", NETFILE_NET, "192.0.2.0/24"},
		{"192.0.2.0/24;SBL256894", NETFILE_NET, "192.0.2.0/24"},
		{"2001:db8::/32\tsomebody", NETFILE_NET, "2001:db8::/32"},
		{"{\"cidr\":\"192.0.2.0/24\",\"sblid\":\"SBL256894\",\"rir\":\"apnic\"}", NETFILE_NET, "192.0.2.0/24"},
		{" {\"sblid\" : \"x\" , \"cidr\" : \"2001:db8::/32\" }", NETFILE_NET, "2001:db8::/32"},
		{"{\"type\":\"metadata\",\"timestamp\":1700000000,\"size\":95110}", NETFILE_NOTHING, NULL},
		{"{\"cidr\":192}", NETFILE_BAD, NULL},
		{"{\"cidr\"", NETFILE_BAD, NULL},
		{"{\"cidr\":\"192.0.2.0/24", NETFILE_NET, "192.0.2.0/24"},
		{"192.0.2.1/24", NETFILE_BAD, NULL},
		{"192.0.2.0-192.0.2.255", NETFILE_BAD, NULL},
		{"example.org", NETFILE_BAD, NULL},
		{"192.0.2.0/33", NETFILE_BAD, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const size_t len = strlen(rows[i].line);
		char *const copy = malloc(len + 1); /* so that the address sanitizer sees a read past it */
		struct net net, want;
		enum netfile_line got;

		assert_non_null(copy);
		memcpy(copy, rows[i].line, len);
		got = netfile_parse(copy, len, &net);
		free(copy);
		if (got != rows[i].want)
			fail_msg("\"%s\": got %d, want %d", rows[i].line, (int)got, (int)rows[i].want);
		if (rows[i].net == NULL)
			continue;
		want = net_from(rows[i].net);
		if (net_order(&net, &want) != 0)
			fail_msg("\"%s\": another network", rows[i].line);
	}
}

/* Numbers of lines, also behind one that is too long or has a NUL in it. */
static void test_numbers(void **state)
{
	char text[4096];
	bool changed = false;
	const int n = snprintf(text, sizeof text, "# head\n192.0.2.1\n192.0.2.3 #%2000s\n192.0.2.4%c\n192.0.2.5\n",
	                       "long", '\0');

	(void)state;
	put(text, (size_t)n);
	assert_int_equal(netfile_refresh(&file, &changed, &why), NETFILE_ERROR); /* a NUL is no blank */
	assert_true(changed);
	assert_int_equal(file.n, 3);
	assert_int_equal(file.n_bad, 1);
	assert_int_equal(file.list[0].line, 2);
	assert_int_equal(file.list[1].line, 3);
	assert_int_equal(file.list[2].line, 5);
	assert_non_null(
		strstr(why.text, "list:4: want an address or a network without host bits, got \"192.0.2.4\\x00\""));
}

/* Trouble is returned once for each edit, and kept until the next; what was there before stays. */
static void test_trouble(void **state)
{
	bool changed = false;

	(void)state;
	assert_int_equal(netfile_refresh(&file, &changed, &why), NETFILE_ERROR);
	assert_non_null(strstr(why.text, "No such file or directory; no network of it is known"));
	assert_int_equal(netfile_refresh(&file, &changed, &why), 0);
	assert_false(changed);
	assert_string_not_equal(file.trouble.text, "");
	put("192.0.2.1\nx\ny\n", 14);
	assert_int_equal(netfile_refresh(&file, &changed, &why), NETFILE_ERROR);
	assert_non_null(strstr(why.text, "list:2: "));
	assert_true(changed);
	changed = false;
	assert_int_equal(netfile_refresh(&file, &changed, &why), 0);
	assert_false(changed);
	assert_int_equal(file.n_bad, 2);
	put("192.0.2.2\n", 10);
	assert_int_equal(netfile_refresh(&file, &changed, &why), 0);
	assert_string_equal(file.trouble.text, "");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(netfile_refresh(&file, &changed, &why), NETFILE_ERROR); /* and does not wait */
	assert_non_null(strstr(why.text, "not a regular file; what it held before holds"));
	assert_int_equal(file.n, 1);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {TEST(test_lines), TEST(test_numbers), TEST(test_trouble)};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
