/*
 * flood: misuses the control socket, as fast as it can, until it is killed.
 *
 * usage: flood KIND SOCKET|PORT CONNECTIONS
 *   good      requests that look, as many as are accepted; all answers are read
 *   changes   the same with votes: each is a transaction
 *   costly    the same with requests that read much
 *   garbage   random bytes; after each hang-up again
 *   halves    a line that never ends, byte by byte; after each hang-up again
 *   slow      long answers are asked for, and read a byte at a time
 *   connects  a connection is made and closed, again and again
 *   untrusted requests without the token that TCP wants
 * PORT, a number: TCP of 127.0.0.1. Exit status 1 when nothing listens there.
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
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	CONNECTIONS_MAX = 64,
	SEND_MAX = 4096,
};

enum kind {
	GOOD,
	CHANGES,
	COSTLY,
	GARBAGE,
	HALVES,
	SLOW,
	CONNECTS,
	STRANGERS,
	N_KINDS,
};

static const char *const names[N_KINDS] = {"good",   "changes", "costly",   "garbage",
                                           "halves", "slow",    "connects", "untrusted"};

/* What is sent over and over. */
static const char *const lines[N_KINDS] = {
	[GOOD] = "test 10.9.0.3\n",
	[CHANGES] = "vote black 192.0.2.250 score 1\nvote white 192.0.2.250 score 1\n",
	[COSTLY] = "list\nwhy 10.9.0.3\nstatus\n",
	[HALVES] = "x",
	[SLOW] = "list\n",
	[STRANGERS] = "list\n",
};

struct peer {
	struct sockaddr_un un;
	struct sockaddr_in in; /* sin_port 0: the other */
};

static struct peer peer_of(const char *where)
{
	const long port = strtol(where, NULL, 10);
	struct peer peer = {.un.sun_family = AF_UNIX, .in.sin_family = AF_INET};

	if (port > 0 && port <= UINT16_MAX) {
		peer.in.sin_port = htons((uint16_t)port);
		peer.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	} else {
		(void)snprintf(peer.un.sun_path, sizeof peer.un.sun_path, "%s", where);
	}
	return peer;
}

/* -1: not now, because too many want to. */
static int connect_to(const struct peer *peer)
{
	const bool tcp = peer->in.sin_port != 0;
	const int fd = socket(tcp ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const struct sockaddr *const address =
		tcp ? (const struct sockaddr *)&peer->in : (const struct sockaddr *)&peer->un;

	if (fd < 0) {
		perror("flood: socket");
		exit(1);
	}
	if (connect(fd, address, tcp ? sizeof peer->in : sizeof peer->un) == 0 || errno == EINPROGRESS)
		return fd;
	if (errno != EAGAIN) {
		perror("flood: connect");
		exit(1);
	}
	(void)close(fd);
	return -1;
}

/* What fills SEND_MAX; of garbage another one each time. */
static size_t fill(enum kind kind, char out[static SEND_MAX])
{
	size_t len = 0;

	if (kind == GARBAGE) {
		for (len = 0; len < SEND_MAX; len++)
			out[len] = (char)(random() & 0xFF);
		return len;
	}
	while (len + strlen(lines[kind]) <= SEND_MAX && (kind != HALVES || len == 0)) {
		memcpy(out + len, lines[kind], strlen(lines[kind]));
		len += strlen(lines[kind]);
	}
	return len;
}

/* False: the other end hung up. A short send cuts a line, and what follows makes one line with it: that is answered
 * too. */
static bool talk(enum kind kind, const struct pollfd *p)
{
	char text[65536];
	ssize_t n = 1;

	if (kind == CONNECTS)
		return false;
	if ((p->revents & (POLLIN | POLLHUP | POLLERR)) != 0)
		n = recv(p->fd, text, kind == SLOW ? 1 : sizeof text, MSG_DONTWAIT);
	if (n > 0 && (p->revents & POLLOUT) != 0)
		n = send(p->fd, text, fill(kind, text), MSG_DONTWAIT | MSG_NOSIGNAL);
	return n > 0 || (n < 0 && errno == EAGAIN);
}

int main(int argc, char **argv)
{
	struct pollfd polled[CONNECTIONS_MAX];
	const long n = argc == 4 ? strtol(argv[3], NULL, 10) : 0;
	enum kind kind = 0;
	struct peer peer;

	while (argc == 4 && kind < N_KINDS && strcmp(argv[1], names[kind]) != 0)
		kind++;
	if (n < 1 || n > CONNECTIONS_MAX || kind == N_KINDS) {
		(void)fputs("usage: flood KIND SOCKET|PORT CONNECTIONS, of which at most 64\n", stderr);
		return 2;
	}
	peer = peer_of(argv[2]);
	for (long i = 0; i < n; i++)
		polled[i] = (struct pollfd){.fd = -1, .events = POLLIN | POLLOUT};
	for (;;) {
		for (long i = 0; i < n; i++)
			if (polled[i].fd < 0)
				polled[i].fd = connect_to(&peer);
		if (poll(polled, (nfds_t)n, 1) < 0) {
			perror("flood: poll");
			return 1;
		}
		for (long i = 0; i < n; i++) {
			if (polled[i].fd < 0 || polled[i].revents == 0 || talk(kind, &polled[i]))
				continue;
			(void)close(polled[i].fd);
			polled[i].fd = -1;
		}
	}
}
