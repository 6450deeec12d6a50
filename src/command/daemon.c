#include "command/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/plural.h"
#include "base/unixsocket.h"
#include "control/reply.h"

enum { WAIT_S = 10 };

/* Takes the lock that a running daemon holds, if it has ever run and does not now. *ret_fd: the lock, or -1. */
static enum daemon_state lock(const char *database, int *ret_fd)
{
	char path[4096];

	(void)snprintf(path, sizeof path, "%s.lock", database);
	*ret_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*ret_fd < 0)
		return errno == ENOENT ? DAEMON_STOPPED : DAEMON_UNKNOWN;
	if (flock(*ret_fd, LOCK_SH | LOCK_NB) == 0)
		return DAEMON_STOPPED;
	(void)close(*ret_fd);
	*ret_fd = -1;
	return DAEMON_RUNNING;
}

enum daemon_state daemon_state(const struct config *config)
{
	int fd;
	const enum daemon_state state = lock(config->database.path, &fd);

	if (fd >= 0)
		(void)close(fd);
	return state;
}

int daemon_keep_away(const char *database, int *ret_fd, struct why *why)
{
	if (lock(database, ret_fd) != DAEMON_RUNNING)
		return 0;
	return why_set(
		why, EBUSY,
		"%s: a running daemon uses this database, and would not see the blocks of others: stop it, or name another",
		database);
}

void daemon_warn_stopped(const struct config *config)
{
	if (daemon_state(config) != DAEMON_STOPPED)
		return;
	(void)fflush(stdout);
	(void)fprintf(stderr,
	              "watchforspammers: the daemon is not running%s; start it: systemctl start watchforspammers\n",
	              config->firewall.keep_on_stop ? "" : ", so nobody is blocked now");
}

bool daemon_waiting_text(const json_t *waiting, char out[static DAEMON_WAITING_MAX])
{
	const json_int_t hits = json_integer_value(json_object_get(waiting, "hits"));
	const json_int_t blocks = json_integer_value(json_object_get(waiting, "blocks"));
	const char *const why = json_string_value(json_object_get(waiting, "why"));

	if (!json_is_object(waiting))
		return false;
	(void)snprintf(out, DAEMON_WAITING_MAX,
	               "not in the database yet, and so not shown: %" JSON_INTEGER_FORMAT
	               " %s and %" JSON_INTEGER_FORMAT " %s%s%s%s",
	               hits, plural(hits, "hit", "hits"), blocks, plural(blocks, "block", "blocks"),
	               why != NULL && why[0] != '\0' ? " (" : "", why != NULL ? why : "",
	               why != NULL && why[0] != '\0' ? ")" : "");
	return true;
}

void daemon_warn_waiting(const struct config *config)
{
	static const char line[] = "list\n"; /* bounded; status counts every block */
	char text[DAEMON_WAITING_MAX];
	json_t *reply = NULL;
	struct why ignored;
	const int fd = daemon_connect(config, true, &ignored);

	if (fd < 0)
		return;
	(void)daemon_ask(fd, line, strlen(line), &reply, &ignored);
	(void)close(fd);
	if (daemon_waiting_text(json_object_get(reply, "waiting"), text)) {
		(void)fflush(stdout);
		(void)fprintf(stderr, "watchforspammers: %s\n", text);
	}
	json_decref(reply);
}

int daemon_connect(const struct config *config, bool reading, struct why *why)
{
	const char *const path = config->control.socket;
	int fd;

	if (path[0] == '\0')
		return why_set(why, ENOENT, "the daemon has no control socket: [control] socket is empty");
	fd = unixsocket_connect(path, WAIT_S);
	if (fd == -EACCES && reading && config->control.readers[0] != '\0') {
		char read_path[4096];

		(void)snprintf(read_path, sizeof read_path, "%s.read", path);
		fd = unixsocket_connect(read_path, WAIT_S);
	}
	if (fd >= 0)
		return fd;
	if (fd == -ENOENT || fd == -ECONNREFUSED)
		return why_set(why, -fd,
		               "the daemon is not running: no reply on %s; 'systemctl start watchforspammers'", path);
	if (fd == -EACCES)
		return why_set(why, -fd, "%s: no permission; root may do this, and members of group \"%s\"%s%s%s", path,
		               config->control.group, reading ? " or \"" : "", reading ? config->control.readers : "",
		               reading ? "\"" : "");
	return why_set(why, -fd, "%s: %s", path, strerror(-fd));
}

/* Receives one line; a NUL replaces its newline. */
static int receive_line(int fd, char text[static REPLY_MAX], struct why *why)
{
	size_t len = 0;

	while (len == 0 || text[len - 1] != '\n') {
		const ssize_t n = len == REPLY_MAX ? 0 : recv(fd, text + len, REPLY_MAX - len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return why_set(why, ETIMEDOUT, "the daemon does not answer");
		if (n <= 0)
			return why_set(why, EPIPE, "the daemon closed the connection");
		len += (size_t)n; /* > 0 */
	}
	text[len - 1] = '\0';
	return 0;
}

int daemon_ask(int fd, const char *line, size_t line_len, json_t **ret, struct why *why)
{
	char *text;
	int rc;

	if (send(fd, line, line_len, MSG_NOSIGNAL) != (ssize_t)line_len)
		return why_set(why, EPIPE, "the daemon closed the connection");
	text = alloc_raw(1, REPLY_MAX, "a reply");
	if ((rc = receive_line(fd, text, why)) == 0 && (*ret = json_loads(text, 0, NULL)) == NULL)
		rc = why_set(why, EPROTO, "the daemon's reply is not JSON; is it another version?");
	free(text);
	return rc;
}
