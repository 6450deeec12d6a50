#include "share/link.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/unixsocket.h"

enum { ANSWER_MS = 10000 };

static int connect_to(const char *socket_path, const char *ending, struct why *why)
{
	char path[PATH_MAX];
	int fd;

	(void)snprintf(path, sizeof path, "%s%s", socket_path, ending);
	fd = unixsocket_connect(path, 0);
	return fd < 0 ? why_set(why, -fd, "%s: %s; is the daemon running?", path, strerror(-fd)) : fd;
}

int link_open(struct link *l, const char *socket_path, struct why *why)
{
	int fd = connect_to(socket_path, ".share", why);

	if (fd < 0)
		fd = connect_to(socket_path, "", why);
	if (fd < 0)
		return fd;
	l->fd = fd;
	l->in_at = l->in_len = l->out_at = l->out_len = l->out_cap = 0;
	l->out = NULL;
	return 0;
}

void link_close(struct link *l)
{
	if (l->fd < 0)
		return;
	(void)close(l->fd);
	free(l->out);
	l->out = NULL;
	l->fd = -1;
}

void link_put(struct link *l, const char *line)
{
	const size_t len = strlen(line);

	if (l->out_len + len + 1 > l->out_cap) {
		l->out_cap = 2 * (l->out_len + len + 1);
		l->out = alloc_resize(l->out, l->out_cap, 1, "lines for the daemon");
	}
	memcpy(l->out + l->out_len, line, len);
	l->out[l->out_len + len] = '\n';
	l->out_len += len + 1;
}

size_t link_waits(const struct link *l)
{
	return l->out_len - l->out_at;
}

int link_flush(struct link *l, struct why *why)
{
	while (l->out_at < l->out_len) {
		const ssize_t n = send(l->fd, l->out + l->out_at, l->out_len - l->out_at, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		if (n < 0)
			return why_set(why, errno, "the daemon: %s", strerror(errno));
		l->out_at += (size_t)n; /* >= 0 */
	}
	l->out_at = l->out_len = 0;
	return 0;
}

int link_receive(struct link *l, struct why *why)
{
	ssize_t n;

	memmove(l->in, l->in + l->in_at, l->in_len - l->in_at);
	l->in_len -= l->in_at;
	l->in_at = 0;
	if (l->in_len == sizeof l->in)
		return why_set(why, EPROTO, "the daemon: a line that is too long");
	n = recv(l->fd, l->in + l->in_len, sizeof l->in - l->in_len, MSG_DONTWAIT);
	if (n == 0)
		return why_set(why, EPIPE, "the daemon has ended, or closed the connection");
	if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
		return why_set(why, errno, "the daemon: %s", strerror(errno));
	if (n > 0)
		l->in_len += (size_t)n;
	return 0;
}

bool link_next(struct link *l, struct span *ret)
{
	const char *const from = l->in + l->in_at, *const end = memchr(from, '\n', l->in_len - l->in_at);

	if (end == NULL)
		return false;
	*ret = (struct span){from, (size_t)(end - from)};
	l->in_at += ret->len + 1;
	return true;
}

int link_query(struct link *l, const char *line, struct span *ret, struct why *why)
{
	int rc;

	link_put(l, line);
	while ((rc = link_flush(l, why)) == 0 && !link_next(l, ret)) {
		struct pollfd p = {.fd = l->fd, .events = (short)(POLLIN | (link_waits(l) > 0 ? POLLOUT : 0))};

		if (poll(&p, 1, ANSWER_MS) <= 0)
			return why_set(why, ETIMEDOUT, "the daemon does not answer");
		if ((p.revents & ~POLLOUT) != 0 && (rc = link_receive(l, why)) < 0)
			return rc;
	}
	return rc;
}
