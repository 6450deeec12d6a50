#include "tarpit/tarpit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "firewall/message.h"

enum {
	STEP_MS = 1000,
	BACKLOG = 64, /* for bursts; so up to this many connections beyond TARPIT_MAX may be established */
	LINE = 512,   /* RFC 5321 4.5.3.1.5: the longest reply line, including CRLF */
};

/* A connection that is held. */
struct held {
	int fd;
	uint32_t steps; /* seconds since it was accepted */
};

struct tarpit {
	int listener, parent;
	struct held held[TARPIT_MAX];
	uint32_t n;
	uint64_t began;
	bool full;    /* the system had no descriptor or memory for another; until the next step */
	bool changed; /* since the last message to the parent */
};

/* --- the listener --- */

/* Opens a socket for both families, or for IPv4 only if there is no IPv6. */
static int open_socket(struct sockaddr_storage *address, socklen_t *len)
{
	struct sockaddr_in6 *const in6 = (struct sockaddr_in6 *)address;
	struct sockaddr_in *const in = (struct sockaddr_in *)address;
	const int type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, no = 0;
	int fd = socket(AF_INET6, type, 0);

	memset(address, 0, sizeof *address);
	if (fd >= 0) {
		*len = sizeof *in6;
		in6->sin6_family = AF_INET6;
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
		return fd;
	}
	*len = sizeof *in;
	in->sin_family = AF_INET;
	return socket(AF_INET, type, 0);
}

/*
 * Accepted connections inherit these options from the listener. With SO_LINGER 0, closing sends a reset and leaves no
 * state in the kernel.
 */
static void set_options(int fd)
{
	const int least = 1; /* the kernel raises it to its own minimum */
	const struct linger reset = {.l_onoff = 1};

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof least);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

int tarpit_listen(int *ret_fd, uint16_t *ret_port, struct why *why)
{
	struct sockaddr_storage address;
	socklen_t len = 0;
	const int fd = open_socket(&address, &len);
	int err;

	if (fd < 0)
		return why_set(why, errno, "no socket for the tarpit: %s", strerror(errno));
	set_options(fd);
	if (bind(fd, (const struct sockaddr *)&address, len) < 0 || listen(fd, BACKLOG) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &len) < 0) {
		err = why_set(why, errno, "no listener for the tarpit: %s", strerror(errno));
		(void)close(fd);
		return err;
	}
	*ret_fd = fd;
	*ret_port = ntohs(address.ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)&address)->sin6_port
	                                                : ((const struct sockaddr_in *)&address)->sin_port);
	return 0;
}

/* --- the connections --- */

static void accept_new(struct tarpit *t)
{
	int fd = 0;

	while (t->n < TARPIT_MAX && (fd = accept4(t->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		t->held[t->n++] = (struct held){.fd = fd};
		t->began++;
		t->changed = true;
	}
	t->full = fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM);
}

static void release(struct tarpit *t, uint32_t i)
{
	(void)close(t->held[i].fd);
	t->held[i] = t->held[--t->n];
	t->changed = true;
}

/* Returns the next byte of a greeting with the longest possible lines, each of which says that another follows. */
static char next_byte(uint32_t steps)
{
	const uint32_t column = steps % LINE;

	return column < 4 ? "220-"[column] : column == LINE - 2 ? '\r' : column == LINE - 1 ? '\n' : '.';
}

/* Sends a byte. Returns true unless the connection is known to be dead. */
static bool feed(struct held *held)
{
	const char byte = next_byte(held->steps++);

	return send(held->fd, &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1 || errno == EAGAIN;
}

static void step(struct tarpit *t)
{
	for (uint32_t i = 0; i < t->n;)
		if (t->held[i].steps < TARPIT_LONGEST_S && feed(&t->held[i]))
			i++;
		else
			release(t, i);
	t->full = false;
}

static void report(struct tarpit *t)
{
	const struct message_tarpit counts = {.began = t->began, .held = t->n};

	if (t->changed)
		(void)send(t->parent, &counts, sizeof counts, MSG_DONTWAIT | MSG_NOSIGNAL);
	t->changed = false;
}

void tarpit_hold(int listener, int parent)
{
	struct tarpit t = {.listener = listener, .parent = parent};
	int64_t next_ms = clock_steady_ms() + STEP_MS;

	for (;;) {
		const int64_t now_ms = clock_steady_ms();
		const bool idle = t.n == 0 && !t.changed && !t.full;
		struct pollfd polled[] = {{.fd = t.n < TARPIT_MAX && !t.full ? listener : -1, .events = POLLIN},
		                          {.fd = parent}};

		if (now_ms >= next_ms) {
			step(&t);
			report(&t);
			next_ms = now_ms + STEP_MS;
			continue;
		}
		if (poll(polled, sizeof polled / sizeof *polled, idle ? -1 : (int)(next_ms - now_ms)) < 0)
			continue; /* EINTR; no other error is possible */
		if ((polled[1].revents & (POLLHUP | POLLERR)) != 0)
			break;
		if (polled[0].revents != 0)
			accept_new(&t);
	}
	while (t.n > 0)
		release(&t, t.n - 1);
}
