#include "base/signals.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static sigset_t set_of(const int signals[], size_t n)
{
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < n; i++)
		(void)sigaddset(&set, signals[i]);
	return set;
}

void signals_block(const int signals[], size_t n)
{
	const sigset_t set = set_of(signals, n);

	(void)sigprocmask(SIG_BLOCK, &set, NULL);
}

int signals_open(const int signals[], size_t n, int *ret_fd, struct why *why)
{
	const sigset_t set = set_of(signals, n);
	int fd;

	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return why_set(why, errno, "signalfd: %s", strerror(errno));
	*ret_fd = fd;
	return 0;
}

int signals_next(int fd)
{
	struct signalfd_siginfo info;

	return read(fd, &info, sizeof info) == (ssize_t)sizeof info ? (int)info.ssi_signo : 0;
}
