#include "base/unixsocket.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static bool set_path(struct sockaddr_un *address, const char *path)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof address->sun_path)
		return false;
	memcpy(address->sun_path, path, strlen(path));
	return true;
}

/* Removes the socket of a process that was killed. Fails if path is no socket or is in use. */
static int remove_old(const struct sockaddr_un *address, int type, struct why *why)
{
	struct stat st;
	int fd, err;

	if (lstat(address->sun_path, &st) < 0)
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return why_set(why, EEXIST, "%s: exists and is no socket", address->sun_path);
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return why_set(why, errno, "socket: %s", strerror(errno));
	err = connect(fd, (const struct sockaddr *)address, sizeof *address) < 0 ? errno : 0;
	(void)close(fd);
	if (err != ECONNREFUSED)
		return why_set(why, EADDRINUSE, "%s: another process has this socket", address->sun_path);
	(void)unlink(address->sun_path); /* if this fails, bind returns the error */
	return 0;
}

int unixsocket_bind(const char *path, int type, int *ret_fd, struct why *why)
{
	struct sockaddr_un address;
	mode_t before;
	int fd, rc;

	if (!set_path(&address, path))
		return why_set(why, ENAMETOOLONG, "%s: the path of a socket has at most %zu bytes", path,
		               sizeof address.sun_path - 1);
	if ((rc = remove_old(&address, type, why)) < 0)
		return rc;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return why_set(why, errno, "socket: %s", strerror(errno));
	before = umask(0117);
	rc = bind(fd, (const struct sockaddr *)&address, sizeof address);
	(void)umask(before);
	if (rc < 0) {
		rc = why_set(why, errno, "%s: %s; its directory must exist and be writable for [run] user", path,
		             strerror(errno));
		(void)close(fd);
		return rc;
	}
	*ret_fd = fd;
	return 0;
}

int unixsocket_connect(const char *path, int wait_s)
{
	const struct timeval wait = {.tv_sec = wait_s};
	struct sockaddr_un address;
	int fd, err;

	if (!set_path(&address, path))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
	if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	err = errno;
	(void)close(fd);
	return -err;
}
