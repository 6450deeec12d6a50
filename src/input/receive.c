#include "input/receive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/unixsocket.h"

struct receive {
	int fd;
	bool is_fifo;
	char *path;
	dev_t dev; /* of the file at the path when it was opened */
	ino_t ino;
	bool is_gone;     /* already reported: see receive_check */
	size_t used, len; /* FIFO: bytes of buffer that were returned, and that were read */
	bool skips;       /* FIFO: within a line whose beginning was returned as cut */
	char buffer[LINE_MAX_BYTES + 1];
};

static int open_fifo(const char *path, int *ret_fd, struct why *why)
{
	struct stat st;

	*ret_fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);
	if (*ret_fd < 0)
		return why_set(why, errno, "%s: %s; [run] user must be able to read and write the FIFO", path,
		               strerror(errno));
	if (fstat(*ret_fd, &st) == 0 && S_ISFIFO(st.st_mode))
		return 0;
	(void)close(*ret_fd);
	return why_set(why, EEXIST, "%s: was replaced while it was opened", path);
}

int receive_open(const char *path, struct receive **ret, struct why *why)
{
	struct receive *receive;
	struct stat st;
	const bool exists = lstat(path, &st) == 0;
	const bool is_fifo = exists && S_ISFIFO(st.st_mode);
	int fd = -1, rc;

	if (exists && !is_fifo && !S_ISSOCK(st.st_mode))
		return why_set(why, EEXIST, "%s: is neither a socket nor a FIFO; name a file in [log]", path);
	rc = is_fifo ? open_fifo(path, &fd, why) : unixsocket_bind(path, SOCK_DGRAM, &fd, why);
	if (rc < 0)
		return rc;
	receive = alloc_zero(1, sizeof *receive, "a socket");
	receive->fd = fd;
	receive->is_fifo = is_fifo;
	receive->path = alloc_text(path, "a socket");
	if (lstat(path, &st) == 0) {
		receive->dev = st.st_dev;
		receive->ino = st.st_ino;
	}
	*ret = receive;
	return 0;
}

/* Returns true if the path still is what was opened. *ret_any: something exists there. */
static bool is_there(const struct receive *r, bool *ret_any)
{
	struct stat st;

	*ret_any = lstat(r->path, &st) == 0;
	return *ret_any && st.st_dev == r->dev && st.st_ino == r->ino;
}

int receive_check(struct receive **receive, struct why *why)
{
	struct receive *const old = *receive, *new = NULL;
	bool any;
	int rc;

	if (is_there(old, &any)) {
		old->is_gone = false;
		return RECEIVE_SAME;
	}
	if (old->is_fifo && !any)
		rc = why_set(why, ENOENT, "%s: the FIFO was removed; create it again with mkfifo", old->path);
	else
		rc = receive_open(old->path, &new, why);
	if (rc < 0) {
		const bool reported = old->is_gone;

		old->is_gone = true;
		return reported ? RECEIVE_SAME : rc;
	}
	receive_close(old);
	*receive = new;
	return RECEIVE_REOPENED;
}

void receive_close(struct receive *receive)
{
	bool any;

	if (receive == NULL)
		return;
	(void)close(receive->fd);
	if (!receive->is_fifo && is_there(receive, &any))
		(void)unlink(receive->path);
	free(receive->path);
	free(receive);
}

const char *receive_path(const struct receive *receive)
{
	return receive->path;
}

int receive_fd(const struct receive *receive)
{
	return receive->fd;
}

static int next_datagram(struct receive *r, struct record *ret)
{
	ssize_t got = recv(r->fd, r->buffer, LINE_MAX_BYTES, MSG_DONTWAIT | MSG_TRUNC);
	size_t len;

	while (got < 0 && errno == EINTR)
		got = recv(r->fd, r->buffer, LINE_MAX_BYTES, MSG_DONTWAIT | MSG_TRUNC);
	if (got < 0)
		return RECEIVE_NONE;
	ret->cut = got > LINE_MAX_BYTES;
	len = ret->cut ? LINE_MAX_BYTES : (size_t)got;
	while (len > 0 && (r->buffer[len - 1] == '\n' || r->buffer[len - 1] == '\0'))
		len--;
	for (char *lf = memchr(r->buffer, '\n', len); lf != NULL; lf = memchr(lf, '\n', (size_t)(r->buffer + len - lf)))
		*lf = ' ';
	ret->text = (struct span){r->buffer, len};
	return RECEIVE_LINE;
}

/* Returns the line at the beginning of the buffer. Returns false if its end is not there yet. */
static bool buffered_line(struct receive *r, struct record *ret)
{
	char *const start = r->buffer + r->used, *const lf = memchr(start, '\n', r->len - r->used);
	const size_t len = lf != NULL ? (size_t)(lf - start) : r->len - r->used;

	if (lf == NULL && len < LINE_MAX_BYTES)
		return false;
	ret->cut = lf == NULL;
	ret->text = (struct span){start, len};
	r->used += len + (lf != NULL);
	r->skips = lf == NULL;
	return true;
}

/* Skips the rest of a line that was returned as cut. Returns false if the line goes on. */
static bool skip_rest(struct receive *r)
{
	char *const start = r->buffer + r->used, *const lf = memchr(start, '\n', r->len - r->used);

	r->used = lf != NULL ? (size_t)(lf + 1 - r->buffer) : r->len;
	r->skips = lf == NULL;
	return lf != NULL;
}

static int next_of_fifo(struct receive *r, struct record *ret)
{
	for (;;) {
		ssize_t got;

		if ((!r->skips || skip_rest(r)) && buffered_line(r, ret))
			return RECEIVE_LINE;
		memmove(r->buffer, r->buffer + r->used, r->len - r->used);
		r->len -= r->used;
		r->used = 0;
		got = read(r->fd, r->buffer + r->len, LINE_MAX_BYTES - r->len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return RECEIVE_NONE;
		r->len += (size_t)got;
	}
}

int receive_next(struct receive *r, struct record *ret)
{
	*ret = (struct record){.clean = false};
	return r->is_fifo ? next_of_fifo(r, ret) : next_datagram(r, ret);
}
