#include "control/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	BACKLOG = 16,
};

static int unix_address(const char *path, struct sockaddr_un *ret, struct why *why)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof ret->sun_path)
		return why_set(why, ENAMETOOLONG, "%s: the path of a socket has at most %zu bytes", path,
		               sizeof ret->sun_path - 1);
	memcpy(ret->sun_path, path, strlen(path));
	return 0;
}

/* Removes the socket of a killed daemon; nothing that is no socket, and none that is in use. */
static int remove_old(const struct sockaddr_un *address, struct why *why)
{
	struct stat st;
	int fd, rc;

	if (lstat(address->sun_path, &st) < 0)
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return why_set(why, EEXIST, "%s: there is something else already", address->sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return why_set(why, errno, "socket: %s", strerror(errno));
	rc = connect(fd, (const struct sockaddr *)address, sizeof *address);
	rc = rc < 0 && errno != EAGAIN ? -errno : 0;
	(void)close(fd);
	if (rc == 0)
		return why_set(why, EADDRINUSE, "%s: another daemon answers there", address->sun_path);
	(void)unlink(address->sun_path); /* if it could not, bind returns the error */
	return 0;
}

int listener_open_unix(const char *path, int *ret_fd, struct why *why)
{
	struct sockaddr_un address;
	mode_t before;
	int fd, rc;

	if ((rc = unix_address(path, &address, why)) < 0 || (rc = remove_old(&address, why)) < 0)
		return rc;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return why_set(why, errno, "socket: %s", strerror(errno));
	before = umask(0117); /* 0660 from its birth */
	rc = bind(fd, (const struct sockaddr *)&address, sizeof address);
	(void)umask(before);
	if (rc < 0 || listen(fd, BACKLOG) < 0) {
		rc = why_set(why, errno, "%s: %s; its directory must exist and be writable for the daemon's user", path,
		             strerror(errno));
		(void)close(fd);
		return rc;
	}
	*ret_fd = fd;
	return 0;
}

int listener_open_tcp(const struct addr *addr, uint16_t port, int *ret_fd, struct why *why)
{
	struct sockaddr_in in4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	const bool four = addr_is_ip4(addr);
	const struct sockaddr *const address = four ? (const struct sockaddr *)&in4 : (const struct sockaddr *)&in6;
	const int one = 1;
	char text[ADDR_TEXT_MAX];
	int fd, rc;

	memcpy(&in4.sin_addr, addr->bytes + 12, sizeof in4.sin_addr);
	memcpy(&in6.sin6_addr, addr->bytes, sizeof in6.sin6_addr);
	(void)addr_text(addr, text);
	fd = socket(four ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return why_set(why, errno, "socket: %s", strerror(errno));
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, address, four ? sizeof in4 : sizeof in6) < 0 || listen(fd, BACKLOG) < 0) {
		rc = why_set(why, errno, "[control] tcp %s port %u: %s", text, port, strerror(errno));
		(void)close(fd);
		return rc;
	}
	*ret_fd = fd;
	return 0;
}
