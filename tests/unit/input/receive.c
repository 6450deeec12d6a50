/*
 * receive: lines from datagrams and from a FIFO, whole, truncated and in pieces; what may exist at the path; and what
 * is left behind.
 */
#include "input/receive.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64], path[96];
static struct receive *receive;

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof dir, "/tmp/receive.XXXXXX");
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof path, "%s/log", dir);
	receive = NULL;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	receive_close(receive);
	(void)unlink(path);
	return rmdir(dir);
}

static void open_it(void)
{
	struct why why;

	if (receive_open(path, &receive, &why) != 0)
		fail_msg("receive_open: %s", why.text);
	assert_true((fcntl(receive_fd(receive), F_GETFD) & FD_CLOEXEC) != 0);
}

static int sender(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	(void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	if (connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
		fail_msg("connect: %s", strerror(errno));
	return fd;
}

static void put(int fd, const char *bytes, size_t len)
{
	assert_int_equal(write(fd, bytes, len), len);
}

/* want NULL: nothing. */
static void next_is(const char *want, bool cut)
{
	struct record record;
	const int answer = receive_next(receive, &record);

	assert_int_equal(answer, want == NULL ? RECEIVE_NONE : RECEIVE_LINE);
	if (want == NULL)
		return;
	if (!span_is(record.text, want))
		fail_msg("got \"%.*s\", want \"%.100s\"", (int)record.text.len, record.text.p, want);
	assert_int_equal(record.cut, cut);
}

static void test_datagrams(void **state)
{
	static char exact[LINE_MAX_BYTES + 1], longer[LINE_MAX_BYTES + 2];
	struct stat st;
	int fd;

	(void)state;
	open_it();
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0660);
	next_is(NULL, false);
	fd = sender();
	put(fd, "<22>one", 7);
	put(fd, "two\n", 4);
	put(fd, "three\n\0", 7);
	put(fd, "a\nNov 20 forged\n", 16);
	put(fd, "\n", 1);
	memset(exact, 'x', LINE_MAX_BYTES);
	memset(longer, 'x', LINE_MAX_BYTES + 1);
	put(fd, exact, LINE_MAX_BYTES);
	put(fd, longer, LINE_MAX_BYTES + 1);
	next_is("<22>one", false);
	next_is("two", false);
	next_is("three", false);
	next_is("a Nov 20 forged", false);
	next_is("", false);
	next_is(exact, false);
	next_is(exact, true);
	next_is(NULL, false);
	(void)close(fd);
	receive_close(receive);
	receive = NULL;
	assert_int_equal(lstat(path, &st), -1);
}

static void test_fifo(void **state)
{
	static char exact[LINE_MAX_BYTES + 1];
	struct pollfd polled;
	struct stat st;
	int fd;

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	open_it();
	next_is(NULL, false);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	put(fd, "one\ntwo\nthr", 11);
	next_is("one", false);
	next_is("two", false);
	next_is(NULL, false);
	put(fd, "ee\n\nx\n", 6);
	next_is("three", false);
	next_is("", false);
	next_is("x", false);
	/* The longest, then one that is longer: its rest is no line. */
	memset(exact, 'x', LINE_MAX_BYTES);
	put(fd, exact, LINE_MAX_BYTES);
	next_is(exact, true);
	put(fd, "yyy", 3);
	next_is(NULL, false);
	put(fd, "\nNov 20\n", 8);
	next_is("Nov 20", false);
	/* Its last writer goes: that is not its end, and wakes nobody up. */
	(void)close(fd);
	next_is(NULL, false);
	polled = (struct pollfd){.fd = receive_fd(receive), .events = POLLIN};
	assert_int_equal(poll(&polled, 1, 0), 0);
	receive_close(receive);
	receive = NULL;
	assert_int_equal(lstat(path, &st), 0);
}

static void check_is(int want)
{
	struct why why;

	assert_int_equal(receive_check(&receive, &why), want);
}

/* A container that is made again makes its FIFO again; somebody cleans up where the socket is. */
static void test_replaced(void **state)
{
	int fd;

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	open_it();
	check_is(RECEIVE_SAME);
	assert_int_equal(unlink(path), 0);
	check_is(-ENOENT);
	check_is(RECEIVE_SAME); /* said once */
	assert_int_equal(mkfifo(path, 0600), 0);
	check_is(RECEIVE_REOPENED);
	check_is(RECEIVE_SAME);
	fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(fd >= 0);
	put(fd, "one\n", 4);
	next_is("one", false);
	(void)close(fd);
	assert_int_equal(unlink(path), 0);
	check_is(-ENOENT);
	receive_close(receive);
	receive = NULL;

	open_it();
	assert_int_equal(unlink(path), 0);
	check_is(RECEIVE_REOPENED);
	fd = sender();
	put(fd, "two", 3);
	next_is("two", false);
	(void)close(fd);
	assert_int_equal(unlink(path), 0);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	(void)close(fd);
	check_is(-EEXIST);
	receive_close(receive); /* the file is somebody else's */
	receive = NULL;
	assert_int_equal(access(path, F_OK), 0);
}

static void test_refusals(void **state)
{
	struct receive *other;
	struct why why;
	struct stat st;
	int fd;

	(void)state;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	(void)close(fd);
	assert_int_equal(receive_open(path, &other, &why), -EEXIST);
	assert_non_null(strstr(why.text, "neither a socket nor a FIFO"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_int_equal(receive_open(path, &other, &why), -EEXIST);
	assert_int_equal(unlink(path), 0);
	open_it();
	assert_int_equal(receive_open(path, &other, &why), -EADDRINUSE);
	next_is(NULL, false);             /* the question was no line */
	(void)close(receive_fd(receive)); /* as if killed: the socket stays */
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(receive_open(path, &other, &why), 0);
	receive_close(other);
	assert_int_equal(receive_open("/nowhere/at/all", &other, &why), -ENOENT);
	assert_non_null(strstr(why.text, "its directory must exist"));
	(void)dup2(STDERR_FILENO, receive_fd(receive)); /* something for receive_close to close */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_datagrams, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_fifo, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_replaced, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refusals, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
