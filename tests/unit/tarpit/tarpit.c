/*
 * tarpit: real connections over loopback are held and fed, counted, and let go with the parent. The tarpit is a process
 * of its own, as it is in the daemon.
 */
#undef NDEBUG
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testlib.h"

#include "firewall/message.h"
#include "tarpit/tarpit.h"

enum { PATIENCE_MS = 30000 };

static int parent = -1;
static uint16_t port;
static pid_t tarpit;

static int setup(void **state)
{
	int pair[2], listener;
	struct why why;

	(void)state;
	assert_int_equal(tarpit_listen(&listener, &port, &why), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	tarpit = fork();
	assert_true(tarpit >= 0);
	if (tarpit == 0) {
		(void)close(pair[0]);
		tarpit_hold(listener, pair[1]);
		_exit(0);
	}
	(void)close(listener);
	(void)close(pair[1]);
	parent = pair[0];
	return 0;
}

/* It ends with its parent, and only then. */
static int teardown(void **state)
{
	int status = -1;

	(void)state;
	assert_int_equal(waitpid(tarpit, &status, WNOHANG), 0);
	(void)close(parent);
	assert_int_equal(waitpid(tarpit, &status, 0), tarpit);
	assert_int_equal(status, 0);
	return 0;
}

static int connect_to_it(void)
{
	const struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_true(connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 || errno == EINPROGRESS);
	return fd;
}

static void wait_for(int fd)
{
	struct pollfd p = {fd, POLLIN, 0};

	assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
}

/* The next that it counted. */
static struct message_tarpit counted(void)
{
	struct message_tarpit counts;

	wait_for(parent);
	assert_int_equal(recv(parent, &counts, sizeof counts, 0), sizeof counts);
	return counts;
}

static void a_greeting_comes_byte_by_byte(void **state)
{
	const int fd = connect_to_it();
	char text[8];
	struct message_tarpit counts;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		wait_for(fd);
		assert_int_equal(recv(fd, text + i, sizeof text - i, 0), 1);
	}
	assert_memory_equal(text, "220", 3);
	counts = counted();
	assert_int_equal(counts.held, 1);
	assert_int_equal(counts.began, 1);
	(void)close(fd);
	counts = counted();
	assert_int_equal(counts.held, 0);
	assert_int_equal(counts.began, 1);
}

/* What a client sends is not read: soon it can send no more. */
static void the_window_closes(void **state)
{
	static const char text[1400];
	const int fd = connect_to_it();
	size_t sent = 0;
	ssize_t n;

	(void)state;
	wait_for(fd); /* for the first byte: it is held */
	do {
		struct pollfd p = {fd, POLLOUT, 0};

		n = poll(&p, 1, 300) == 1 ? send(fd, text, sizeof text, MSG_NOSIGNAL) : -1;
		sent += n > 0 ? (size_t)n : 0;
	} while (n > 0 && sent < (size_t)64 << 20);
	assert_true(sent < (size_t)64 << 20);
	(void)close(fd);
}

/* As many as may be are held; one more waits until there is room, and gets nothing before that. */
static void as_many_as_may_be(void **state)
{
	static int fds[TARPIT_MAX + 1];
	struct message_tarpit counts;
	char byte;

	(void)state;
	for (size_t i = 0; i < TARPIT_MAX; i++) {
		struct pollfd p = {fds[i] = connect_to_it(), POLLOUT, 0};

		assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
	}
	do
		counts = counted();
	while (counts.held < TARPIT_MAX);
	for (size_t i = 0; i < TARPIT_MAX; i++)
		wait_for(fds[i]);
	fds[TARPIT_MAX] = connect_to_it();
	assert_int_equal(recv(fds[TARPIT_MAX], &byte, 1, 0), -1);
	(void)close(fds[0]);
	wait_for(fds[TARPIT_MAX]);
	assert_int_equal(recv(fds[TARPIT_MAX], &byte, 1, 0), 1);
	do
		counts = counted();
	while (counts.began < TARPIT_MAX + 1);
	assert_int_equal(counts.held, TARPIT_MAX);
	for (size_t i = 1; i <= TARPIT_MAX; i++)
		(void)close(fds[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_greeting_comes_byte_by_byte, setup, teardown),
		cmocka_unit_test_setup_teardown(the_window_closes, setup, teardown),
		cmocka_unit_test_setup_teardown(as_many_as_may_be, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
