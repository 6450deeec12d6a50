#include "control/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/unixsocket.h"

enum {
	BACKLOG = 16,
};

int listener_open_unix(const char *path, int *ret_fd, struct why *why)
{
	int rc = unixsocket_bind(path, SOCK_STREAM, ret_fd, why);

	if (rc == 0 && listen(*ret_fd, BACKLOG) < 0) {
		rc = why_set(why, errno, "%s: %s", path, strerror(errno));
		(void)close(*ret_fd);
	}
	return rc;
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
