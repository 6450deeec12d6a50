/* readable: every class of a mode, the directories on the path, what is no regular file; and the remedy. */
#include "input/readable.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[] = "/tmp/wfs-readable-XXXXXX";
static char inner[64], path[80], fifo[80];
static struct readable_user member, stranger; /* of our group; of none */

static int setup(void **state)
{
	FILE *file;

	(void)state;
	if (mkdtemp(directory) == NULL || chmod(directory, 0755) < 0)
		return -1;
	(void)snprintf(inner, sizeof inner, "%s/inner", directory);
	(void)snprintf(path, sizeof path, "%s/log", inner);
	(void)snprintf(fifo, sizeof fifo, "%s/fifo", inner);
	if (mkdir(inner, 0755) < 0 || (file = fopen(path, "w")) == NULL || fclose(file) != 0 || mkfifo(fifo, 0644) < 0)
		return -1;
	member = (struct readable_user){.name = "member", .uid = geteuid() + 1, .n_gids = 1, .gids = {getegid()}};
	stranger =
		(struct readable_user){.name = "stranger", .uid = geteuid() + 1, .n_gids = 1, .gids = {getegid() + 1}};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)unlink(path);
	(void)unlink(fifo);
	(void)rmdir(inner);
	return rmdir(directory);
}

static void test_modes(void **state)
{
	const struct readable_user owner = {.name = "owner", .uid = geteuid(), .n_gids = 1, .gids = {getegid()}};
	static const struct {
		mode_t mode;
		int owner, member, stranger;
	} rows[] = {
		{0644, 0, 0, 0},       {0640, 0, 0, -EACCES}, {0600, 0, -EACCES, -EACCES},
		{0604, 0, -EACCES, 0}, {0044, -EACCES, 0, 0}, {0000, -EACCES, -EACCES, -EACCES},
	};
	struct why why;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(chmod(path, rows[i].mode), 0);
		assert_int_equal(readable_by(path, &owner, &why), owner.uid == 0 ? 0 : rows[i].owner);
		assert_int_equal(readable_by(path, &member, &why), rows[i].member);
		assert_int_equal(readable_by(path, &stranger, &why), rows[i].stranger);
	}
	assert_int_equal(chmod(path, 0644), 0);
}

static void test_directories(void **state)
{
	char want[200];
	struct why why;

	(void)state;
	assert_int_equal(chmod(inner, 0710), 0);
	assert_int_equal(readable_by(path, &member, &why), 0);
	assert_int_equal(readable_by(path, &stranger, &why), -EACCES);
	(void)snprintf(want, sizeof want, "cannot read %s: %s is closed to user stranger", path, inner);
	assert_string_equal(why.text, want);
	assert_int_equal(chmod(inner, 0755), 0);
}

static void test_no_logs(void **state)
{
	char missing[100];
	struct why why;

	(void)state;
	assert_int_equal(readable_by(inner, &member, &why), -EISDIR);
	assert_int_equal(readable_by(fifo, &member, &why), -EINVAL);
	(void)snprintf(missing, sizeof missing, "%s/missing", inner);
	assert_int_equal(readable_by(missing, &member, &why), -ENOENT);
	readable_remedy(inner, "member", &why);
	assert_non_null(strstr(why.text, "name a regular file in [log]"));
	readable_remedy(fifo, "member", &why);
	assert_non_null(strstr(why.text, "name a regular file in [log]"));
}

/* To open up one file of Docker would be of no use for the next container. */
static void test_docker(void **state)
{
	char json[100];
	FILE *file;
	struct why why;

	(void)state;
	(void)snprintf(json, sizeof json, "%s/0123-json.log", inner);
	assert_true((file = fopen(json, "w")) != NULL && fclose(file) == 0 && chmod(json, 0600) == 0);
	readable_remedy(json, "member", &why);
	assert_non_null(strstr(why.text, "\"log-driver\": \"journald\""));
	readable_remedy(json, "root", &why);
	assert_null(strstr(why.text, "journald"));
	assert_int_equal(unlink(json), 0);
	readable_pattern_remedy("/var/lib/docker/containers/*/*-json.log", "member", &why);
	assert_non_null(strstr(why.text, "\"log-driver\": \"journald\""));
	readable_pattern_remedy("/var/lib/docker/containers/*/*-json.log", "root", &why);
	assert_null(strstr(why.text, "journald"));
	readable_pattern_remedy("/var/log/mail/*.log", "member", &why);
	assert_null(strstr(why.text, "journald"));
}

static void test_user(void **state)
{
	struct readable_user user;
	struct why why = {""};

	(void)state;
	assert_int_equal(readable_user("", &user, &why), 0);
	assert_int_equal(user.uid, geteuid());
	assert_true(user.n_gids > 0);
	assert_int_equal(readable_user("root", &user, &why), 0);
	assert_int_equal(user.uid, 0);
	assert_int_equal(readable_user("no-such-user", &user, &why), -ENOENT);
	assert_non_null(strstr(why.text, "systemd-sysusers"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modes),  cmocka_unit_test(test_directories), cmocka_unit_test(test_no_logs),
		cmocka_unit_test(test_docker), cmocka_unit_test(test_user),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
