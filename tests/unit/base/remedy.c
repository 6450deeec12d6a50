/*
 * remedy: in a child that runs as nobody, on files of root; without root, only what needs no other user.
 * netns/starts.sh tests in a mount namespace what systemd hides.
 */
#include "base/remedy.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { NOBODY = 65534 };

static char dir[] = "/tmp/wfs-remedy-XXXXXX";

/* As nobody: is the answer for this file exactly that? want: "%s" is the file, and once more. */
static void check(const char *(*remedy)(int, const char *, char *), int err, const char *path, const char *want)
{
	const pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		char got[REMEDY_MAX];

		if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
		    setresuid(NOBODY, NOBODY, NOBODY) < 0)
			_exit(2);
		if (strcmp(remedy(err, path, got), want) == 0)
			_exit(0);
		(void)fprintf(stderr, "got  %s\nwant %s\n", got, want);
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void test_users(void **state)
{
	char path[128], want[REMEDY_MAX];

	(void)state;
	if (geteuid() != 0)
		skip();
	(void)snprintf(path, sizeof path, "%s/log", dir);
	(void)snprintf(want, sizeof want, "; user nobody may not read it: 'chgrp nogroup %s; chmod g+r %s'", path,
	               path);
	check(remedy_read, EACCES, path, want);
	(void)snprintf(want, sizeof want, "; user nobody may not write there: 'chown nobody %s'", dir);
	check(remedy_write, EACCES, path, want);
	(void)snprintf(want, sizeof want, "; create its directory: 'install -d -o nobody -m 750 %s'", dir);
	check(remedy_write, ENOENT, path, want);
	assert_int_equal(chmod(dir, 0700), 0);
	(void)snprintf(want, sizeof want, "; user nobody may not enter %s: 'chmod o+x %s'", dir, dir);
	check(remedy_read, EACCES, path, want);
	check(remedy_write, EACCES, path, want);
	assert_int_equal(chmod(dir, 0755), 0);
}

static void test_systemd(void **state)
{
	char got[REMEDY_MAX];

	(void)state;
	assert_string_equal(remedy_write(EROFS, "/srv/wfs/hits.db", got), "");
	assert_int_equal(setenv("NOTIFY_SOCKET", "/run/systemd/notify", 1), 0);
	assert_string_equal(
		remedy_write(EROFS, "/srv/wfs/hits.db", got),
		"; systemd lets the service write only to permitted directories: 'systemctl edit watchforspammers', write "
		"the lines \"[Service]\" and \"ReadWritePaths=/srv/wfs\", 'systemctl restart watchforspammers'");
	assert_string_equal(remedy_read(ENOENT, "/srv/wfs/mail.log", got), "");
	assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
}

static void test_others(void **state)
{
	char got[REMEDY_MAX] = "x";

	(void)state;
	assert_string_equal(remedy_read(ENOENT, "/nowhere/mail.log", got), "");
	assert_string_equal(remedy_read(EIO, "/nowhere/mail.log", got), "");
	assert_string_equal(remedy_write(ENOSPC, "/nowhere/hits.db", got), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_systemd),
		cmocka_unit_test(test_others),
	};
	int failed;

	if (mkdtemp(dir) == NULL || chmod(dir, 0755) < 0)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)rmdir(dir);
	return failed;
}
