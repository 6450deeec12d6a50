/* signals: they stay pending until read, in a descriptor that no other program inherits. */
#include "base/signals.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

static const int signals[] = {SIGUSR1, SIGHUP};

static void test_read(void **state)
{
	struct why why;
	int fd = -1;

	(void)state;
	assert_int_equal(signals_open(signals, 2, &fd, &why), 0);
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	assert_int_equal(signals_next(fd), 0);
	assert_int_equal(raise(SIGHUP), 0);
	assert_int_equal(raise(SIGUSR1), 0);
	/* Which of two is first is the kernel's choice. */
	assert_int_equal(signals_next(fd) + signals_next(fd), SIGHUP + SIGUSR1);
	assert_int_equal(signals_next(fd), 0);
	(void)close(fd);
}

static void test_pipe(void **state)
{
	struct why why;
	int fd = -1, ends[2];

	(void)state;
	assert_int_equal(signals_open(signals, 2, &fd, &why), 0);
	assert_int_equal(pipe(ends), 0);
	(void)close(ends[0]);
	assert_int_equal(write(ends[1], "", 1), -1); /* and we live */
	(void)close(ends[1]);
	(void)close(fd);
}

/* One that came before there is a descriptor is not lost. */
static void test_block(void **state)
{
	struct why why;
	int fd = -1;

	(void)state;
	signals_block(signals, 2);
	assert_int_equal(raise(SIGUSR1), 0);
	assert_int_equal(signals_open(signals, 2, &fd, &why), 0);
	assert_int_equal(signals_next(fd), SIGUSR1);
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
