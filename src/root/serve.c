#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/signals.h"
#include "base/text.h"
#include "root/state.h"

enum {
	STATUS_SYSTEM = 3, /* exit status for a system error */
	LINGER_MS = 10000, /* how long the engine may take to end after closing its end of the pair */
};

/* SIGCHLD signals that the engine has ended. */
static const int forwarded[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGCHLD};

void root_block_signals(void)
{
	signals_block(forwarded, sizeof forwarded / sizeof *forwarded);
}

/* along: a descriptor to pass, or -1. */
static ssize_t send_answer(int fd, struct message *m, int along)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof along)];
	} control = {.header = {.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof along)}};
	struct iovec text = {m, message_size(m)};
	struct msghdr packet = {.msg_iov = &text, .msg_iovlen = 1};

	if (along >= 0) {
		memcpy(CMSG_DATA(&control.header), &along, sizeof along);
		packet.msg_control = &control;
		packet.msg_controllen = sizeof control;
	}
	return sendmsg(fd, &packet, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* --- changes made by others --- */

static void note_changed(struct root *root)
{
	struct backend_change change;

	if (!lists_changed(root->lists, &change))
		return;
	if (root->changed)
		lists_add_change(&change, &root->change);
	root->change = change;
	root->changed = true;
}

/*
 * Notifies the engine, once until its next request: it then compares anyway, and many changes must not fill its
 * socket. -EPIPE: the engine closed its end.
 */
static int report_changed(struct root *root, int fd)
{
	struct message m = {.verb = MESSAGE_CHANGED};
	const struct backend_change *const change = &root->change;
	char name[4 * BACKEND_WHO_MAX];

	if (!root->changed || root->reported)
		return 0;
	for (size_t i = 0; i < change->n && !change->all; i++)
		m.entries[m.n++] = root_entry(&change->touched[i].net, change->touched[i].list);
	(void)text_escape((struct span){change->name, strlen(change->name)}, name, sizeof name);
	if (change->pid != 0)
		(void)snprintf(m.why, sizeof m.why, "%.200s (process %" PRIu32 ")", name, change->pid);
	if (send(fd, &m, message_size(&m), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return errno == EAGAIN ? 0 : -EPIPE;
	root->changed = false;
	root->reported = true;
	return 0;
}

/* Serves one packet. Returns 0; -EPIPE if the engine closed its end; -EPROTO on a protocol violation. */
static int serve_one(struct root *root, int fd)
{
	struct message m;
	ssize_t len;
	int along, err;

	/*
	 * With MSG_TRUNC, recv returns the packet's real length, so that a longer one is not mistaken for one that
	 * fits.
	 */
	len = recv(fd, &m, sizeof m, MSG_TRUNC | MSG_DONTWAIT);
	if (len < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (len <= 0)
		return -EPIPE;
	if (!message_is_request(&m, (size_t)len))
		return -EPROTO;
	root->reported = false;
	along = root_answer(root, &m, clock_steady_ms() / 1000);
	len = send_answer(fd, &m, along);
	err = len < 0 ? errno : 0;
	if (along >= 0)
		(void)close(along);
	/* EAGAIN: the engine sends requests without reading the answers. */
	return len == (ssize_t)message_size(&m) ? 0 : err == EAGAIN ? -EPROTO : -EPIPE;
}

/* Forwards one signal. Returns true if the engine has ended; *ret_status is then from waitpid. */
static bool handle_signal(int signals, pid_t engine, int *ret_status)
{
	const int signo = signals_next(signals);

	if (signo == 0)
		return false;
	if (signo != SIGCHLD)
		(void)kill(engine, signo); /* it is not reaped yet, so the pid is still the engine's */
	return waitpid(engine, ret_status, WNOHANG) == engine;
}

static int exit_status(int status)
{
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	log_line(LOG_ERR, "the engine was killed by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
	return STATUS_SYSTEM;
}

/* Reads the tarpit's counters. Returns false if it has ended; the kernel then refuses the redirected connections. */
static bool read_tarpit(struct root *root, int fd)
{
	struct message_tarpit counts;
	const ssize_t len = recv(fd, &counts, sizeof counts, MSG_TRUNC | MSG_DONTWAIT);

	if (len == (ssize_t)sizeof counts && counts.reserved == 0)
		root->tarpit = counts;
	if (len > 0 || (len < 0 && (errno == EAGAIN || errno == EINTR)))
		return true;
	root->tarpit.held = 0;
	log_line(LOG_ERR, "the tarpit has ended: until a restart blocked clients are refused instead");
	return false;
}

static int watched_fd(const struct root *root)
{
	return lists_watched(root->lists);
}

int root_serve(struct root *root, int fd, pid_t engine)
{
	enum { SIGNALS, PACKETS, CHANGES, TARPIT, PLACES };
	struct pollfd polled[PLACES] = {
		[SIGNALS] = {.fd = -1, .events = POLLIN},
		[PACKETS] = {.fd = fd, .events = POLLIN},
		[CHANGES] = {.fd = watched_fd(root), .events = POLLIN},
		[TARPIT] = {.fd = root->config.tarpit_port == 0 ? -1 : root->config.tarpit_fd, .events = POLLIN}};
	int timeout_ms = -1, status = 0;
	bool ended = false;
	struct why why;

	if (signals_open(forwarded, sizeof forwarded / sizeof *forwarded, &polled[SIGNALS].fd, &why) < 0) {
		log_line(LOG_ERR, "%s; the engine is stopped", why.text);
		(void)kill(engine, SIGKILL);
	}
	/* The engine may have ended before SIGCHLD was blocked. */
	ended = waitpid(engine, &status, polled[SIGNALS].fd < 0 ? 0 : WNOHANG) == engine;
	while (!ended) {
		const int n = poll(polled, PLACES, timeout_ms);

		if (n < 0)
			continue; /* EINTR from a debugger; no other error is possible */
		if (n == 0) {
			log_line(LOG_ERR, "the engine closed its socket but does not end: killed");
			(void)kill(engine, SIGKILL);
			timeout_ms = -1;
		}
		if (polled[SIGNALS].revents != 0)
			ended = handle_signal(polled[SIGNALS].fd, engine, &status);
		if (polled[PACKETS].revents != 0 && !ended) {
			const int err = serve_one(root, polled[PACKETS].fd);

			if (err == -EPROTO) {
				log_line(LOG_ERR, "the engine sent a packet that is no request: killed");
				(void)kill(engine, SIGKILL);
			}
			if (err < 0) {
				polled[PACKETS] = polled[CHANGES] = polled[TARPIT] =
					(struct pollfd){.fd = -1}; /* poll skips it */
				timeout_ms = LINGER_MS;
			}
		}
		/* Changes made during a large transaction of ours become known without an event. */
		if (polled[CHANGES].revents != 0 || (polled[PACKETS].revents != 0 && polled[CHANGES].fd >= 0))
			note_changed(root);
		if (polled[TARPIT].revents != 0 && !read_tarpit(root, polled[TARPIT].fd))
			polled[TARPIT].fd = -1;
		if (polled[PACKETS].fd >= 0 && !ended)
			/* if the engine is gone, that is detected above */
			(void)report_changed(root, polled[PACKETS].fd);
	}
	if (polled[SIGNALS].fd >= 0)
		(void)close(polled[SIGNALS].fd);
	return exit_status(status);
}
