/*
 * daemon: is one running, and the control socket as its client.
 *
 * Knows config and how long control's replies may be. Never what is requested.
 * Errors: 0 or -errno with a sentence that names the remedy.
 */
#ifndef WFS_DAEMON_H
#define WFS_DAEMON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/json.h"
#include "base/why.h"
#include "config/config.h"

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
 * Connects to the control socket; reading: to the read-only one, when need be. Returns a descriptor.
 * Errors: -ENOENT or -ECONNREFUSED no daemon, -EACCES not permitted, others as of connect(2).
 */
int daemon_connect(const struct config *config, bool reading, struct why *why);

/*
 * Sends a line, which ends in a newline, and waits for the reply; the caller's to json_decref. Errors: -EPIPE the
 * daemon closed the connection, -ETIMEDOUT no reply, -EPROTO what came is no JSON.
 */
int daemon_ask(int fd, const char *line, size_t line_len, json_t **ret, struct why *why);

#endif
