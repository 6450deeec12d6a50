/*
 * daemon: is one running, and the control socket as its client.
 *
 * Knows config and what control's answers look like. Never what is asked.
 * Errors: 0 or -errno with a sentence that names the remedy.
 */
#ifndef WFS_DAEMON_H
#define WFS_DAEMON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/why.h"
#include "config.h"

enum daemon_state {
	DAEMON_STOPPED,
	DAEMON_RUNNING,
	DAEMON_UNKNOWN, /* we may not see its lock */
};

/* By the lock that the daemon holds beside its database while it runs. */
enum daemon_state daemon_state(const struct config *config);

/* When none is running: a warning on standard error, with what follows from it. */
void daemon_warn_stopped(const struct config *config);

/*
 * Connects to the control socket; reading: to the one of those who may only look, when need be. Returns a descriptor.
 * Errors: -ENOENT or -ECONNREFUSED no daemon, -EACCES not permitted, others as of connect(2).
 */
int daemon_connect(const struct config *config, bool reading, struct why *why);

/*
 * Sends a line, which ends in a newline, and waits for the one that answers it. *ret is freed by the caller, NUL-ended,
 * without newline. Errors: -EPIPE the daemon closed the connection, -ETIMEDOUT no answer.
 */
int daemon_ask(int fd, const char *line, size_t line_len, char **ret, struct why *why);

#endif
