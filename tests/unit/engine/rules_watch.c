/* rules_watch: which changes in a rules directory are reported, and when. Time is a number here: nothing waits. */
#undef NDEBUG
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
#include <fcntl.h>

#include "engine/rules_watch.h"

static char top[64], dir[96];
static int64_t now;
static struct rules_watch *rules_watch;

static const char *path(const char *name)
{
	static char text[2][256];
	static unsigned turn;

	turn ^= 1;
	(void)snprintf(text[turn], sizeof text[turn], "%s/%s", dir, name);
	return text[turn];
}

static int open_file(const char *name)
{
	const int fd = open(path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	return fd;
}

static void put(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void write_file(const char *name)
{
	const int fd = open_file(name);

	put(fd, "[a]\n");
	(void)close(fd);
}

/* Reported at the time it should be, not a millisecond before, and once. */
static void assert_reported(int64_t after_ms)
{
	assert_false(rules_watch_read(rules_watch, now));
	assert_int_equal(rules_watch_at(rules_watch), now + after_ms);
	assert_false(rules_watch_read(rules_watch, now + after_ms - 1));
	now += after_ms;
	assert_true(rules_watch_read(rules_watch, now));
	assert_false(rules_watch_read(rules_watch, now));
	assert_true(rules_watch_at(rules_watch) == INT64_MAX);
}

static void assert_nothing(void)
{
	assert_false(rules_watch_read(rules_watch, now));
	assert_true(rules_watch_at(rules_watch) == INT64_MAX);
}

static void begin(void)
{
	const char *const dirs[] = {dir};
	struct why why;

	now = 1000;
	assert_int_equal(rules_watch_new(dirs, 1, &rules_watch, &why), 0);
	assert_nothing();
}

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(top, sizeof top, "/tmp/edits.XXXXXX");
	if (mkdtemp(top) == NULL)
		return -1;
	(void)snprintf(dir, sizeof dir, "%s/etc", top);
	(void)mkdir(dir, 0755);
	(void)snprintf(dir, sizeof dir, "%s/etc/patterns", top);
	return mkdir(dir, 0755);
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	rules_watch_free(rules_watch);
	rules_watch = NULL;
	(void)snprintf(command, sizeof command, "rm -rf %s", top);
	return system(command);
}

static void a_file_is_written(void **state)
{
	(void)state;
	begin();
	write_file("local.rules");
	assert_reported(RULES_WATCH_QUIET_MS);
	write_file("local.rules");
	assert_reported(RULES_WATCH_QUIET_MS);
	assert_int_equal(unlink(path("local.rules")), 0);
	assert_reported(RULES_WATCH_QUIET_MS);
}

static void a_file_is_renamed_over_another(void **state)
{
	(void)state;
	write_file("local.rules");
	begin();
	write_file(".local.rules.swp");
	write_file("local.rules~");
	write_file("4913");
	assert_nothing();
	assert_int_equal(rename(path("4913"), path("local.rules")), 0);
	assert_reported(RULES_WATCH_QUIET_MS);
}

static void editors_own_files_are_nothing(void **state)
{
	static const char *const names[] = {".#local.rules", ".local.rules", "local.rules~", "local.rules.dpkg-new",
	                                    "#local.rules#", "sedAbCdEf",    "rules"};

	(void)state;
	begin();
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		write_file(names[i]);
		assert_nothing();
		assert_int_equal(unlink(path(names[i])), 0);
		assert_nothing();
	}
}

static void a_half_written_file_is_waited_for(void **state)
{
	int fd;

	(void)state;
	write_file("local.rules");
	begin();
	fd = open_file("local.rules"); /* empty from now on */
	assert_false(rules_watch_read(rules_watch, now));
	now += 1000;
	assert_false(rules_watch_read(rules_watch, now));
	put(fd, "[local]\n");
	now += 1000;
	assert_false(rules_watch_read(rules_watch, now));
	put(fd, "score = 1\n");
	(void)close(fd);
	/* Complete, and it was waited for long enough. */
	assert_true(rules_watch_read(rules_watch, now));
	assert_nothing();
}

static void a_file_that_is_never_closed_is_read_in_the_end(void **state)
{
	int fd;

	(void)state;
	begin();
	fd = open_file("local.rules");
	put(fd, "[local]\n");
	assert_reported(RULES_WATCH_WRITING_MS);
	put(fd, "x");
	(void)close(fd);
	assert_reported(RULES_WATCH_QUIET_MS);
}

static void many_edits_are_reported_in_between(void **state)
{
	unsigned reported = 0;

	(void)state;
	begin();
	for (int i = 0; i < 20; i++) {
		write_file("local.rules");
		reported += rules_watch_read(rules_watch, now);
		now += 100;
	}
	assert_in_range(reported, 2, 3);
}

static void the_directory_comes_later(void **state)
{
	char above[96], moved[128];

	(void)state;
	(void)snprintf(above, sizeof above, "%s/etc", top);
	(void)snprintf(moved, sizeof moved, "%s/old", top);
	assert_int_equal(rename(above, moved), 0);
	begin();
	assert_int_equal(mkdir(above, 0755), 0);
	assert_reported(RULES_WATCH_QUIET_MS);
	assert_int_equal(mkdir(dir, 0755), 0);
	assert_reported(RULES_WATCH_QUIET_MS);
	write_file("local.rules");
	assert_reported(RULES_WATCH_QUIET_MS);
}

static void the_directory_is_replaced(void **state)
{
	char above[96], moved[128];

	(void)state;
	begin();
	(void)snprintf(moved, sizeof moved, "%s/old", top);
	assert_int_equal(rename(dir, moved), 0);
	assert_reported(RULES_WATCH_QUIET_MS);
	assert_int_equal(mkdir(dir, 0755), 0);
	assert_reported(RULES_WATCH_QUIET_MS);
	write_file("local.rules");
	assert_reported(RULES_WATCH_QUIET_MS);
	assert_int_equal(rename(dir, path("../patterns.old")), 0);
	assert_reported(RULES_WATCH_QUIET_MS);
	/* All of it at once, with what is above. */
	(void)snprintf(above, sizeof above, "%s/etc", top);
	(void)snprintf(moved, sizeof moved, "%s/etc.old", top);
	assert_int_equal(rename(above, moved), 0);
	assert_reported(RULES_WATCH_QUIET_MS);
	assert_int_equal(mkdir(above, 0755), 0);
	assert_int_equal(mkdir(dir, 0755), 0);
	write_file("local.rules");
	assert_reported(RULES_WATCH_QUIET_MS);
	write_file("other.rules");
	assert_reported(RULES_WATCH_QUIET_MS);
}

static void the_directory_is_a_link_that_is_turned(void **state)
{
	char first[128], second[128];

	(void)state;
	(void)snprintf(first, sizeof first, "%s/first", top);
	(void)snprintf(second, sizeof second, "%s/second", top);
	assert_int_equal(rename(dir, first), 0);
	assert_int_equal(mkdir(second, 0755), 0);
	assert_int_equal(symlink(first, dir), 0);
	begin();
	write_file("local.rules");
	assert_reported(RULES_WATCH_QUIET_MS);
	assert_int_equal(symlink(second, path("../new")), 0);
	assert_nothing();
	assert_int_equal(rename(path("../new"), dir), 0);
	assert_reported(RULES_WATCH_QUIET_MS);
	write_file("local.rules");
	assert_reported(RULES_WATCH_QUIET_MS);
}

/* dir/local.rules, a link to top/mine/named, a link to top/repository/site.rules. */
static void link_file(void)
{
	char folder[128];

	(void)snprintf(folder, sizeof folder, "%s/mine", top);
	assert_int_equal(mkdir(folder, 0755), 0);
	(void)snprintf(folder, sizeof folder, "%s/repository", top);
	assert_int_equal(mkdir(folder, 0755), 0);
	write_file("../../repository/site.rules");
	assert_int_equal(symlink("../repository/site.rules", path("../../mine/named")), 0);
	assert_int_equal(symlink("../../mine/named", path("local.rules")), 0);
}

static void the_file_is_a_link(void **state)
{
	int fd;

	(void)state;
	link_file();
	begin();
	write_file("../../repository/site.rules");
	assert_reported(RULES_WATCH_QUIET_MS);
	write_file("../../repository/other.rules");
	write_file("../../mine/other");
	assert_nothing();
	/* As git and editors do it. */
	assert_int_equal(rename(path("../../repository/other.rules"), path("../../repository/site.rules")), 0);
	assert_reported(RULES_WATCH_QUIET_MS);
	write_file("../../repository/site.rules");
	assert_reported(RULES_WATCH_QUIET_MS);
	fd = open_file("../../repository/site.rules");
	assert_reported(RULES_WATCH_WRITING_MS);
	(void)close(fd);
	assert_reported(RULES_WATCH_QUIET_MS);
	/* Gone for longer than an editor needs, and there again. */
	assert_int_equal(unlink(path("../../repository/site.rules")), 0);
	assert_reported(RULES_WATCH_QUIET_MS);
	write_file("../../repository/site.rules");
	assert_reported(RULES_WATCH_QUIET_MS);
	/* With its directory. */
	assert_int_equal(rename(path("../../repository"), path("../../old")), 0);
	assert_int_equal(mkdir(path("../../repository"), 0755), 0);
	assert_reported(RULES_WATCH_QUIET_MS);
	write_file("../../repository/site.rules");
	assert_reported(RULES_WATCH_QUIET_MS);
}

static void the_file_is_a_link_that_is_turned(void **state)
{
	(void)state;
	write_file("local.rules");
	begin();
	assert_int_equal(unlink(path("local.rules")), 0);
	link_file();
	assert_reported(RULES_WATCH_QUIET_MS);
	write_file("../../repository/site.rules");
	assert_reported(RULES_WATCH_QUIET_MS);
	/* The link in the middle. */
	assert_int_equal(symlink("../other", path("../../mine/new")), 0);
	assert_nothing();
	assert_int_equal(rename(path("../../mine/new"), path("../../mine/named")), 0);
	assert_reported(RULES_WATCH_QUIET_MS);
	write_file("../../repository/site.rules");
	assert_nothing();
	write_file("../../other");
	assert_reported(RULES_WATCH_QUIET_MS);
	/* And the first. */
	assert_int_equal(unlink(path("local.rules")), 0);
	assert_reported(RULES_WATCH_QUIET_MS);
	write_file("../../other");
	assert_nothing();
	/* What it pointed to is beside a directory of ours: that is still watched. */
	write_file("local.rules");
	assert_reported(RULES_WATCH_QUIET_MS);
}

static void a_link_that_points_to_itself(void **state)
{
	(void)state;
	assert_int_equal(symlink("local.rules", path("local.rules")), 0);
	assert_int_equal(symlink("nowhere/at/all", path("lost.rules")), 0);
	begin();
	write_file("other.rules");
	assert_reported(RULES_WATCH_QUIET_MS);
}

static void only_so_many_links(void **state)
{
	char name[64], target[64];

	(void)state;
	for (int i = 0; i < RULES_WATCH_LINKS_MAX + 10; i++) {
		(void)snprintf(name, sizeof name, "%03d.rules", i);
		(void)snprintf(target, sizeof target, "../../%03d", i);
		assert_int_equal(symlink(target, path(name)), 0);
	}
	begin();
	write_file("local.rules");
	assert_reported(RULES_WATCH_QUIET_MS);
}

/* A file that a rule names: made, changed, replaced and removed; by its name, through a link, and no other any more. */
static void a_file_of_addresses(void **state)
{
	char traps[96], real[96];
	const char *const paths[] = {traps};

	(void)state;
	(void)snprintf(traps, sizeof traps, "%s/etc/traps", top);
	(void)snprintf(real, sizeof real, "%s/etc/real", top);
	begin();
	rules_watch_files(rules_watch, paths, 1);
	assert_nothing();
	write_file("../traps");
	assert_reported(RULES_WATCH_QUIET_MS);
	write_file("../traps");
	assert_reported(RULES_WATCH_QUIET_MS);
	write_file("../other");
	assert_nothing();
	assert_int_equal(rename(path("../other"), traps), 0);
	assert_reported(RULES_WATCH_QUIET_MS);
	assert_int_equal(unlink(traps), 0);
	assert_reported(RULES_WATCH_QUIET_MS);
	write_file("../real");
	assert_nothing();
	assert_int_equal(symlink("real", traps), 0);
	assert_reported(RULES_WATCH_QUIET_MS);
	write_file("../real");
	assert_reported(RULES_WATCH_QUIET_MS);
	rules_watch_files(rules_watch, NULL, 0);
	write_file("../traps");
	assert_nothing();
	write_file("local.rules");
	assert_reported(RULES_WATCH_QUIET_MS);
	rules_watch_files(NULL, paths, 1);
}

static void none_is_watched(void **state)
{
	(void)state;
	assert_int_equal(rules_watch_fd(NULL), -1);
	assert_true(rules_watch_at(NULL) == INT64_MAX);
	assert_false(rules_watch_read(NULL, 0));
	rules_watch_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_file_is_written, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_file_is_renamed_over_another, set_up, tear_down),
		cmocka_unit_test_setup_teardown(editors_own_files_are_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_half_written_file_is_waited_for, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_file_that_is_never_closed_is_read_in_the_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(many_edits_are_reported_in_between, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_directory_comes_later, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_directory_is_replaced, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_directory_is_a_link_that_is_turned, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_file_is_a_link, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_file_is_a_link_that_is_turned, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_link_that_points_to_itself, set_up, tear_down),
		cmocka_unit_test_setup_teardown(only_so_many_links, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_file_of_addresses, set_up, tear_down),
		cmocka_unit_test(none_is_watched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
