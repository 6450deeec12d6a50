#include "command/refresh.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "command/command.h"
#include "command/exportfile.h"
#include "command/listed.h"
#include "engine/exporter.h"
#include "engine/sandbox.h"
#include "store/query.h"

enum {
	PAUSE_MS = 500, /* minimum pause between two files */
	PART = 10,      /* writing a file takes at most a tenth of the time */
	RETRY_MS = 10 * 1000,
};

struct refresh {
	const struct config *config;
	enum export_format format;
	int64_t written; /* newest event in the file; -1: none */
	uint64_t listed; /* listed_stamp of the files when it was written */
};

/* Writes the file if anything has happened since. */
static int refresh_file(struct refresh *r, struct store *store, struct why *why)
{
	struct export_list list = {0};
	const int64_t now_s = clock_unix_s();
	const uint64_t listed = listed_stamp(r->config);
	int64_t newest;
	int rc = query_last_event(store, QUERY_STREAM_EVENTS, &newest,
	                          /*
	                           * queried before the list, so that an event in between leads to another file
	                           * instead of being missed
	                           */
	                          why);

	if (rc < 0 || (newest == r->written && listed == r->listed))
		return rc;
	rc = exportfile_read(r->config, store, now_s, &list, why);
	export_seal(&list, r->format);
	if (rc == 0)
		rc = exportfile_write(&list, r->format, now_s, r->config->export.file, why);
	export_done(&list);
	if (rc == 0) {
		r->written = newest;
		r->listed = listed;
	}
	return rc;
}

/* Opens the database each time, since another file may have its name by now. */
static int refresh_once(struct refresh *r, struct why *why)
{
	struct store *store = NULL;
	int rc = command_open_database(r->config, &store, why);

	if (rc == 0)
		rc = refresh_file(r, store, why);
	store_close(store);
	return rc;
}

/* Waits for news. Returns false if the engine is gone. retries: also returns after a while. */
static bool wait_for_news(int fd, int64_t pause_ms, bool retries)
{
	struct pollfd engine = {.fd = fd, .events = POLLIN};
	const int64_t until_ms = clock_steady_ms() + pause_ms;
	char ignored;
	ssize_t n;

	for (int64_t left_ms; (left_ms = until_ms - clock_steady_ms()) > 0;) {
		struct pollfd gone = {.fd = fd}; /* poll reports a hang-up even without events */

		if (poll(&gone, 1, (int)left_ms) > 0) /* at most PART times per file */
			return false;
	}
	while (poll(&engine, 1, retries ? RETRY_MS : -1) < 0 && errno == EINTR)
		;
	while ((n = recv(fd, &ignored, sizeof ignored, MSG_DONTWAIT)) > 0)
		;
	return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

/* Runs from the first byte received on, when there is a database. Reports each error once, and its end. */
static void run(const struct config *config, int fd)
{
	struct refresh r = {.config = config, .format = export_format_of(config->export.file_format), .written = -1};
	bool failed = false;
	int64_t pause_ms = 0;

	while (wait_for_news(fd, pause_ms, failed)) {
		const int64_t began_ms = clock_steady_ms();
		struct why why = {EXPORTER_WORKS};
		const int rc = refresh_once(&r, &why);

		if (rc < 0 || failed)
			(void)send(fd, why.text, strlen(why.text), MSG_NOSIGNAL | MSG_DONTWAIT);
		failed = rc < 0;
		pause_ms = (clock_steady_ms() - began_ms) * PART;
		pause_ms = pause_ms > PAUSE_MS ? pause_ms : PAUSE_MS;
	}
}

static _Noreturn void become(const struct config *config, int root_fd, int fd)
{
	const char *const paths[] = {config->export.file, config->database.path};
	struct why why;

	(void)close(root_fd);
	(void)signal(SIGINT, SIG_IGN); /* from a terminal: this process must end with the engine, not earlier */
	if (sandbox_engine(paths, sizeof paths / sizeof *paths, &why) < 0) {
		(void)send(fd, why.text, strlen(why.text), MSG_NOSIGNAL);
		_exit(COMMAND_SYSTEM);
	}
	run(config, fd);
	_exit(COMMAND_DONE);
}

int refresh_start(const struct config *config, int root_fd, int *ret, struct why *why)
{
	int ends[2];
	pid_t child;

	*ret = -1;
	if (config->export.file[0] == '\0')
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0)
		return why_set(why, errno, "no socket for the process of [export]: %s", strerror(errno));
	child = fork();
	if (child < 0)
		return why_set(why, errno, "cannot start the process of [export]: %s", strerror(errno));
	if (child == 0) {
		(void)close(ends[0]);
		become(config, root_fd, ends[1]);
	}
	(void)close(ends[1]);
	*ret = ends[0];
	return 0;
}
