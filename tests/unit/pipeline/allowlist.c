/*
 * allowlist: files and the configuration fill the verdict; lines that are no network; files that appear and
 * disappear.
 */
#include "pipeline/allowlist.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[32], path[64];
static struct config *config;
static struct verdict *verdict;
static struct allowlist *list;
static struct why why;

static struct verdict *new_verdict(void)
{
	static const struct verdict_policy policy = {.threshold = 100, .window_s = 3600, .n_for = 1, .for_s = {600}};

	return verdict_new(&policy);
}

static int setup(void **state)
{
	(void)state;
	(void)strcpy(directory, "/tmp/wfs-allow-XXXXXX");
	if (mkdtemp(directory) == NULL || config_read("/nonexistent", true, &config, &why) < 0)
		return -1;
	(void)snprintf(path, sizeof path, "%s/allow", directory);
	config->allow.files.list[config->allow.files.n++] = strdup(path);
	verdict = new_verdict();
	list = allowlist_new(config);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	allowlist_free(list);
	allowlist_free(NULL);
	verdict_free(verdict);
	config_free(config);
	(void)unlink(path);
	return rmdir(directory);
}

/* A file of its own each time, so that it is another one however fast the test is. */
static void put(const char *text)
{
	char fresh[80];
	FILE *f;

	(void)snprintf(fresh, sizeof fresh, "%s.new", path);
	f = fopen(fresh, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(rename(fresh, path), 0);
}

static bool allows(const char *address)
{
	struct net net;

	assert_true(net_parse(address, strlen(address), &net));
	return verdict_is_allowed(verdict, &net.addr);
}

/* One line of a file, alone; address: what it is, in a sentence, when it is no network. */
static void test_lines(void **state)
{
	static const struct {
		const char *text, *address;
		const char *error; /* NULL: none */
	} rows[] = {
		{"192.0.2.7\n", "192.0.2.7", NULL},
		{"192.0.2.7", "192.0.2.7", NULL},
		{" \t192.0.2.0/24 # ours\r\n", "192.0.2.255", NULL},
		{"192.0.2.7;ours\n", "192.0.2.7", NULL},
		{"2001:db8::/32\n", "2001:db8:1::1", NULL},
		{"# 192.0.2.7\n\n; 192.0.2.7\n", NULL, NULL},
		{"192.0.2.1/24\n", NULL,
	         "allow:1: want an address or a network without host bits, got \"192.0.2.1/24\""},
		{"\nexample.org\n192.0.2.7\n", "192.0.2.7",
	         "allow:2: want an address or a network without host bits, got \"example.org\""},
		{"\x1b[31m\n", NULL, "got \"\\x1b[31m\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		put(rows[i].text);
		why.text[0] = '\0';
		if (allowlist_refresh(list, verdict, &why) != (rows[i].error == NULL ? 0 : ALLOWLIST_ERROR))
			fail_msg("row %zu: got \"%s\"", i, why.text);
		if (rows[i].error != NULL && strstr(why.text, rows[i].error) == NULL)
			fail_msg("row %zu: got \"%s\", want \"%s\"", i, why.text, rows[i].error);
		if (rows[i].address != NULL ? !allows(rows[i].address) : allows("192.0.2.7"))
			fail_msg("row %zu: who is allowed is wrong", i);
	}
}

/* An error is returned once; the old content of a file that is gone stays valid. */
static void test_absent(void **state)
{
	struct allowlist *next;

	(void)state;
	assert_int_equal(allowlist_refresh(list, verdict, &why), ALLOWLIST_ERROR);
	assert_non_null(strstr(why.text, "No such file or directory"));
	assert_int_equal(allowlist_refresh(list, verdict, &why), 0);
	put("192.0.2.7\n");
	assert_int_equal(allowlist_refresh(list, verdict, &why), 0);
	assert_true(allows("192.0.2.7"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(allowlist_refresh(list, verdict, &why), ALLOWLIST_ERROR);
	assert_int_equal(allowlist_refresh(list, verdict, &why), 0);
	assert_true(allows("192.0.2.7"));
	/* It also does after the configuration was read again. */
	next = allowlist_new(config);
	allowlist_move_files(next, NULL);
	allowlist_move_files(next, list);
	allowlist_free(list);
	list = next;
	assert_int_equal(allowlist_refresh(list, verdict, &why), 0);
	assert_true(allows("192.0.2.7"));
	put("192.0.2.8\n");
	assert_int_equal(allowlist_refresh(list, verdict, &why), 0);
	assert_true(allows("192.0.2.8") && !allows("192.0.2.7"));
}

/* It increments when the allowed networks change, and only then; another verdict is updated all the same. */
static void test_changes(void **state)
{
	struct net inside, outside;
	struct verdict *other;
	unsigned changes;

	(void)state;
	assert_true(net_parse("198.51.100.0/25", 15, &inside) && net_parse("198.51.101.0/24", 15, &outside));
	put("198.51.100.0/24\n");
	assert_int_equal(allowlist_refresh(list, NULL, &why), 0);
	assert_false(allowlist_overlaps(list, &inside)); /* no verdict was updated */
	assert_int_equal(allowlist_refresh(list, verdict, &why), 0);
	assert_true(allowlist_overlaps(list, &inside) && !allowlist_overlaps(list, &outside));
	changes = allowlist_changes(list);
	put("198.51.100.0/24 # the same\n");
	assert_int_equal(allowlist_refresh(list, verdict, &why), 0);
	assert_int_equal(allowlist_changes(list), changes);
	put("198.51.100.0/24\n192.0.2.7\n");
	assert_int_equal(allowlist_refresh(list, verdict, &why), 0);
	assert_int_not_equal(allowlist_changes(list), changes);
	changes = allowlist_changes(list);
	other = verdict;
	verdict = new_verdict();
	assert_int_equal(allowlist_refresh(list, verdict, &why), 0);
	verdict_free(other);
	assert_true(allows("192.0.2.7"));
	assert_int_equal(allowlist_changes(list), changes);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {TEST(test_lines), TEST(test_absent), TEST(test_changes)};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
