/*
 * knock: which clients get in? Connects from many addresses at once, or from one again and again.
 *
 * knock listen PORT... (in the server's namespace): accepts connections of both families, until it is killed.
 *
 * knock from PORT ADDR4 ADDR6 (in the client's): reads addresses, one in a line, and prints those from which a
 * connection to ADDR4 or ADDR6, as their family is, was made. One that has not got in when for a second none has, is
 * shut out. Needs routes that make the addresses the client's own (ip route add local), and one back.
 *
 * knock until PORT ADDR4 ADDR6 ADDRESS (in the client's): connects from ADDRESS ten times a second until it gets in. A
 * shell that starts a program for each connection would be late on a busy machine.
 *
 * Exit status 1 on an error of the system.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	KNOCKERS_MAX = 4096,
	QUIET_MS = 1000, /* the first retransmission is not later */
	AGAIN_MS = 100,
};

static char addresses[KNOCKERS_MAX][INET6_ADDRSTRLEN];
static struct pollfd polled[KNOCKERS_MAX];

static void die(const char *what)
{
	(void)fprintf(stderr, "knock: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* False: no address. */
static bool parse(const char *text, uint16_t port, struct sockaddr_storage *ret, socklen_t *ret_len)
{
	struct sockaddr_in in4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	if (inet_pton(AF_INET, text, &in4.sin_addr) == 1) {
		memcpy(ret, &in4, sizeof in4);
		*ret_len = sizeof in4;
		return true;
	}
	if (inet_pton(AF_INET6, text, &in6.sin6_addr) == 1) {
		memcpy(ret, &in6, sizeof in6);
		*ret_len = sizeof in6;
		return true;
	}
	return false;
}

static uint16_t port_of(const char *text)
{
	const long port = strtol(text, NULL, 10);

	if (port < 1 || port > UINT16_MAX) {
		(void)fprintf(stderr, "knock: no port: %s\n", text);
		exit(2);
	}
	return (uint16_t)port;
}

/* The kernel makes the connections; no process has to accept them. */
static void serve(uint16_t port)
{
	const struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	const int fd = socket(AF_INET6, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&any, sizeof any) < 0 || listen(fd, KNOCKERS_MAX) < 0)
		die("listen");
}

static int knock(const char *from, const char *to, uint16_t port)
{
	struct sockaddr_storage source, target;
	socklen_t len;
	const int one = 1;
	int fd;

	if (!parse(from, 0, &source, &len) || !parse(to, port, &target, &len) || source.ss_family != target.ss_family) {
		(void)fprintf(stderr, "knock: %s cannot connect to %s\n", from, to);
		exit(2);
	}
	fd = socket(source.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (fd < 0 || setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &one, sizeof one) < 0 ||
	    bind(fd, (const struct sockaddr *)&source, len) < 0)
		die(from);
	if (connect(fd, (const struct sockaddr *)&target, len) < 0 && errno != EINPROGRESS)
		die(from);
	return fd;
}

/* True: this one got in. */
static bool is_in(int fd)
{
	int error = 0;
	socklen_t size = sizeof error;

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

static const char *target_of(const char *from, char **targets)
{
	return strchr(from, ':') != NULL ? targets[1] : targets[0];
}

static void knock_until(const char *from, const char *to, uint16_t port)
{
	for (bool in = false; !in;) {
		struct pollfd one = {.fd = knock(from, to, port), .events = POLLOUT};

		if (poll(&one, 1, AGAIN_MS) < 0)
			die("poll");
		if (one.revents != 0 && !(in = is_in(one.fd)))
			(void)poll(NULL, 0, AGAIN_MS); /* it was refused */
		(void)close(one.fd);
	}
}

static void wait_for(size_t n)
{
	int ready;

	while ((ready = poll(polled, n, QUIET_MS)) > 0)
		for (size_t i = 0; i < n; i++) {
			if (polled[i].fd < 0 || polled[i].revents == 0)
				continue;
			if (is_in(polled[i].fd))
				(void)puts(addresses[i]);
			(void)close(polled[i].fd);
			polled[i].fd = -1;
		}
	if (ready < 0)
		die("poll");
}

int main(int argc, char **argv)
{
	struct rlimit limit;
	size_t n = 0;

	if (argc >= 3 && strcmp(argv[1], "listen") == 0) {
		for (int i = 2; i < argc; i++)
			serve(port_of(argv[i]));
		(void)pause();
		return 0;
	}
	if (argc == 6 && strcmp(argv[1], "until") == 0) {
		knock_until(argv[5], target_of(argv[5], argv + 3), port_of(argv[2]));
		return 0;
	}
	if (argc != 5 || strcmp(argv[1], "from") != 0) {
		(void)fputs("usage: knock listen PORT... | from PORT ADDR4 ADDR6 | until PORT ADDR4 ADDR6 ADDRESS\n",
		            stderr);
		return 2;
	}
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		die("getrlimit");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		die("setrlimit");
	for (; n < KNOCKERS_MAX && scanf("%45s", addresses[n]) == 1; n++) {
		const int fd = knock(addresses[n], target_of(addresses[n], argv + 3), port_of(argv[2]));

		polled[n] = (struct pollfd){.fd = fd, .events = POLLOUT};
	}
	wait_for(n);
	return 0;
}
