#include "command/tarpit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "command/command.h"
#include "engine/sandbox.h"
#include "tarpit/tarpit.h"

enum {
	LISTENER_FD = 3, /* the descriptors after exec */
	PARENT_FD = 4,
};

int command_hold_tarpit(void)
{
	struct why why;

	log_init("watchforspammers-tarpit", LOG_INFO);
	if (sandbox_tarpit(&why) < 0) {
		log_line(LOG_ERR, "%s", why.text);
		return COMMAND_SYSTEM;
	}
	tarpit_hold(LISTENER_FD, PARENT_FD);
	_exit(COMMAND_DONE); /* exit's handlers would do more than the sandbox permits */
}

/* Runs in the child. Returns only on failure. */
static void become_tarpit(const struct config *config, int listener, int parent)
{
	/* First move both out of the way of each other. */
	const int from = fcntl(listener, F_DUPFD_CLOEXEC, PARENT_FD + 1),
		  to = fcntl(parent, F_DUPFD_CLOEXEC, PARENT_FD + 1);
	struct why why;

	if (sandbox_become(config->run.user, &why) < 0)
		log_line(LOG_ERR, "%s", why.text);
	else if (dup2(from, LISTENER_FD) >= 0 && dup2(to, PARENT_FD) >= 0)
		(void)execl("/proc/self/exe", "watchforspammers-tarpit", "run", COMMAND_TARPIT_FLAG, (char *)NULL);
}

int command_start_tarpit(const struct config *config, int *ret_fd, uint16_t *ret_port, struct why *why)
{
	uint16_t port = 0;
	int pair[2], listener, rc;
	pid_t pid;

	*ret_port = 0;
	if (config->firewall.action != CONFIG_TARPIT || config_observes(config))
		return 0;
	if ((rc = tarpit_listen(&listener, &port, why)) < 0)
		return rc;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		rc = why_set(why, errno, "no socket for the tarpit: %s", strerror(errno));
		(void)close(listener);
		return rc;
	}
	pid = fork();
	if (pid == 0) {
		become_tarpit(config, listener, pair[1]);
		_exit(COMMAND_SYSTEM);
	}
	rc = pid < 0 ? why_set(why, errno, "cannot start the tarpit's process: %s", strerror(errno)) : 0;
	(void)close(listener);
	(void)close(pair[1]);
	if (rc < 0) {
		(void)close(pair[0]);
		return rc;
	}
	*ret_fd = pair[0];
	*ret_port = port;
	return 0;
}
