/* unixsocket: what may exist at the path, with which mode the socket is created, and which process is reached there. */
#include "base/unixsocket.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64], path[96];

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof dir, "/tmp/unixsocket.XXXXXX");
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof path, "%s/socket", dir);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(dir);
}

static int bind_it(int type)
{
	struct why why;
	int fd = -1;

	if (unixsocket_bind(path, type, &fd, &why) != 0)
		fail_msg("unixsocket_bind: %s", why.text);
	return fd;
}

static void test_mode(void **state)
{
	const int fd = bind_it(SOCK_STREAM);
	struct stat st;

	(void)state;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	(void)close(fd);
}

static void test_replaced(void **state)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM};

	(void)state;
	for (size_t killed = 0; killed < 2; killed++)
		for (size_t i = 0; i < 2; i++) {
			(void)close(bind_it(types[killed]));
			(void)close(bind_it(types[i]));
		}
}

static void test_in_use(void **state)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM};
	struct why why;
	int other;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const int fd = bind_it(types[i]);

		assert_true(types[i] != SOCK_STREAM || listen(fd, 1) == 0);
		for (size_t k = 0; k < 2; k++)
			assert_int_equal(unixsocket_bind(path, types[k], &other, &why), -EADDRINUSE);
		assert_int_equal(access(path, F_OK), 0);
		(void)close(fd);
		assert_int_equal(unlink(path), 0);
	}
}

static void test_something_else(void **state)
{
	struct why why;
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	(void)state;
	(void)close(fd);
	assert_int_equal(unixsocket_bind(path, SOCK_STREAM, &fd, &why), -EEXIST);
	assert_int_equal(access(path, F_OK), 0);
}

static void test_paths(void **state)
{
	char longest[200];
	struct why why;
	int fd;

	(void)state;
	memset(longest, 'a', sizeof longest);
	longest[sizeof longest - 1] = '\0';
	assert_int_equal(unixsocket_bind(longest, SOCK_STREAM, &fd, &why), -ENAMETOOLONG);
	assert_int_equal(unixsocket_connect(longest, 1), -ENAMETOOLONG);
	assert_int_equal(unixsocket_bind("/nonexistent/socket", SOCK_STREAM, &fd, &why), -ENOENT);
	assert_non_null(strstr(why.text, "its directory must exist"));
}

static void test_connect(void **state)
{
	char got[3];
	int fd, in, out;

	(void)state;
	assert_int_equal(unixsocket_connect(path, 1), -ENOENT);
	fd = bind_it(SOCK_STREAM);
	assert_int_equal(unixsocket_connect(path, 1), -ECONNREFUSED); /* nobody listens yet */
	assert_int_equal(listen(fd, 1), 0);
	out = unixsocket_connect(path, 1);
	assert_true(out >= 0);
	in = accept(fd, NULL, NULL);
	assert_true(in >= 0);
	assert_int_equal(write(out, "abc", 3), 3);
	assert_int_equal(read(in, got, 3), 3);
	assert_memory_equal(got, "abc", 3);
	(void)close(in);
	(void)close(out);
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_mode, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_replaced, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_in_use, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_something_else, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_paths, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_connect, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
