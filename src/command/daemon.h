/*
 * daemon: finds out whether a daemon is running, and talks to its control socket as a client.
 *
 * Knows config and the maximum length of control's replies, but not what is requested. Errors: 0 or -errno with a
 * sentence that names the remedy.
 */
#ifndef WFS_COMMAND_DAEMON_H
#define WFS_COMMAND_DAEMON_H

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

/* Looks for the lock that a running daemon holds beside its database. */
enum daemon_state daemon_state(const struct config *config);

/*
 * Keeps the daemon away from a database while others write it: it has in memory what the database holds, and would not
 * see the rest. Returns -EBUSY if it is running. *ret_fd keeps it away until it is closed; -1: it has never run.
 */
int daemon_keep_away(const char *database, int *ret_fd, struct why *why);

/* If no daemon is running, prints a warning on standard error that says what follows from it. */
void daemon_warn_stopped(const struct config *config);

/*
 * daemon_waiting_text writes a sentence about the member "waiting" of a reply: what is not in the database yet, and
 * why. Returns false if it is null: nothing waits. daemon_warn_waiting queries the daemon, and prints the sentence
 * about all on standard error.
 */
enum { DAEMON_WAITING_MAX = WHY_MAX + 128 };
bool daemon_waiting_text(const json_t *waiting, char out[static DAEMON_WAITING_MAX]);
void daemon_warn_waiting(const struct config *config);

/*
 * Connects to the control socket; with reading, to the read-only one if necessary. Returns a descriptor. Errors:
 * -ENOENT or -ECONNREFUSED if there is no daemon, -EACCES if not permitted, others as connect(2).
 */
int daemon_connect(const struct config *config, bool reading, struct why *why);

/*
 * Sends a line, which ends in a newline, and waits for the reply, which the caller releases with json_decref. Errors:
 * -EPIPE if the daemon closed the connection, -ETIMEDOUT without reply, -EPROTO if the reply is no JSON.
 */
int daemon_ask(int fd, const char *line, size_t line_len, json_t **ret, struct why *why);

#endif
