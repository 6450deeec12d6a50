/* globs: which files a pattern denotes, and that each way in which one can appear is noticed. */
#include "input/globs.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64];
static struct globs *globs;

static const char *path(const char *name)
{
	static char paths[4][256];
	static size_t turn;
	char *const out = paths[turn++ % 4];

	(void)snprintf(out, sizeof paths[0], "%s/%s", dir, name);
	return out;
}

static int set_up(void **state)
{
	struct why why;

	(void)state;
	(void)snprintf(dir, sizeof dir, "/tmp/globs.XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(globs_new(&globs, &why), 0);
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	globs_free(globs);
	(void)snprintf(command, sizeof command, "rm -rf '%s'", dir);
	return system(command);
}

static void make(const char *name)
{
	FILE *const file = fopen(path(name), "we");

	assert_non_null(file);
	(void)fclose(file);
}

static void make_dir(const char *name)
{
	assert_int_equal(mkdir(path(name), 0755), 0);
}

/* The files of a pattern, without the directory of the test, and a blank behind each. */
static void found(const char *pattern, const char *want)
{
	char got[1024] = "", **files;
	struct why why;
	size_t n;

	assert_int_equal(globs_find(globs, path(pattern), &files, &n, &why), 0);
	for (size_t i = 0; i < n; i++) {
		(void)strcat(got, files[i] + strlen(dir) + 1);
		(void)strcat(got, " ");
	}
	globs_free_files(files, n);
	assert_string_equal(got, want);
}

/* That a file came is known without waiting: inotify's events are there when the call that caused them returns. */
static void news(bool want)
{
	struct pollfd polled = {.fd = globs_fd(globs), .events = POLLIN};

	assert_int_equal(poll(&polled, 1, 0), want ? 1 : 0);
	assert_int_equal(globs_news(globs), want);
	assert_false(globs_news(globs));
}

static void test_names(void **state)
{
	(void)state;
	assert_true(globs_is_pattern("/a/*.log") && globs_is_pattern("/a?/b") && globs_is_pattern("/[ab]/c"));
	assert_false(globs_is_pattern("/var/log/mail.log"));
	assert_true(globs_match("/a/*/*-json.log", "/a/b/b-json.log"));
	assert_false(globs_match("/a/*-json.log", "/a/b/b-json.log"));
	assert_false(globs_match("/a/*.log", "/a/.x.log"));
}

static void test_files(void **state)
{
	(void)state;
	make("b.log");
	make("a.log");
	make("a.log.1");
	make(".hidden.log");
	found("*.log", "a.log b.log ");
	news(false);
	make("c.log");
	news(true);
	found("*.log", "a.log b.log c.log ");
	assert_int_equal(rename(path("a.log.1"), path("d.log")), 0);
	news(true);
	assert_int_equal(symlink(path("a.log"), path("e.log")), 0);
	news(true);
	assert_int_equal(unlink(path("b.log")), 0);
	found("*.log", "a.log c.log d.log e.log ");
}

static void test_directories(void **state)
{
	(void)state;
	found("containers/*/*-json.log", "");
	make_dir("containers");
	news(true);
	found("containers/*/*-json.log", "");
	make_dir("containers/a");
	news(true);
	/* A file that comes before its directory is watched is found when that is done. */
	make("containers/a/a-json.log");
	found("containers/*/*-json.log", "containers/a/a-json.log ");
	news(false);
	make("containers/a/b-json.log");
	news(true);
	/* One in which no file may come is not watched. */
	make_dir("other");
	make("other/x-json.log");
	found("containers/*/*-json.log", "containers/a/a-json.log containers/a/b-json.log ");
	(void)globs_news(globs);
	make("other/y-json.log");
	news(false);
	/* It becomes readable. */
	make_dir("containers/c");
	found("containers/*/*-json.log", "containers/a/a-json.log containers/a/b-json.log ");
	(void)globs_news(globs);
	assert_int_equal(chmod(path("containers/c"), 0700), 0);
	news(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test_setup_teardown(test_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_directories, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
