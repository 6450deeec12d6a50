#include "dns/resolver.h"

#define CARES_NO_DEPRECATED /* the successor of ares_query is not in 1.18 */
#include <ares.h>
#include <arpa/nameser.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/alloc.h"

enum {
	EVENTS_MAX = 16, /* per turn */
};

struct question {
	struct resolver *resolver; /* for the callback of c-ares */
	struct question *next;     /* in the list of answered ones */
	bool failed;
	struct nets nets;
	char name[REPLY_NAME_MAX]; /* for resolver_query */
	enum reply_type type;
	struct reply reply;
};

struct resolver {
	const char *servers; /* borrowed; NULL: the system's */
	size_t n;
	struct question *questions;
	struct question *answered, **end; /* in the order in which the answers came */

	ares_channel channel; /* NULL: closed */
	int epoll_fd;         /* of the channel's sockets; -1: none */
	size_t open;          /* number of open queries */
};

struct resolver *resolver_new(size_t n, const char *servers)
{
	struct resolver *const r = alloc_zero(1, sizeof *r, "the resolver");

	r->questions = alloc_zero(n, sizeof *r->questions, "the resolver");
	r->servers = servers;
	r->n = n;
	r->end = &r->answered;
	r->epoll_fd = -1;
	for (size_t i = 0; i < n; i++)
		r->questions[i].resolver = r;
	return r;
}

/* --- callbacks of c-ares --- */

static void watch(void *arg, ares_socket_t fd, int readable, int writable)
{
	const struct resolver *const r = arg;
	struct epoll_event event = {.events = (readable ? EPOLLIN : 0U) | (writable ? EPOLLOUT : 0U), .data.fd = fd};

	if (event.events == 0)
		(void)epoll_ctl(r->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	else if (epoll_ctl(r->epoll_fd, EPOLL_CTL_MOD, fd, &event) < 0)
		(void)epoll_ctl(r->epoll_fd, EPOLL_CTL_ADD, fd, &event); /* if it fails, the query times out */
}

static struct addr addr_in(const struct ares_addrinfo_node *node)
{
	struct addr addr = {{[10] = 0xFF, [11] = 0xFF}};

	if (node->ai_family == AF_INET)
		memcpy(addr.bytes + 12, &((const struct sockaddr_in *)(const void *)node->ai_addr)->sin_addr, 4);
	else
		memcpy(addr.bytes, &((const struct sockaddr_in6 *)(const void *)node->ai_addr)->sin6_addr, 16);
	return addr;
}

/* Marks the query as answered; the answer waits for resolver_next. */
static void answer(struct question *q, bool failed)
{
	q->failed = failed;
	q->next = NULL;
	*q->resolver->end = q;
	q->resolver->end = &q->next;
	q->resolver->open--;
}

static void receive(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
	struct question *const q = arg;

	(void)timeouts;
	for (const struct ares_addrinfo_node *node = info == NULL ? NULL : info->nodes;
	     node != NULL && q->nets.n < RESOLVER_ADDRESSES_MAX; node = node->ai_next) {
		const struct addr addr = addr_in(node);
		const struct net net = net_of(&addr);

		nets_add(&q->nets, &net);
	}
	ares_freeaddrinfo(info);
	nets_seal(&q->nets);
	answer(q, status != ARES_SUCCESS && status != ARES_ENOTFOUND && status != ARES_ENODATA);
}

static void receive_packet(void *arg, int status, int timeouts, unsigned char *packet, int len)
{
	const bool is_empty = status == ARES_ENOTFOUND || status == ARES_ENODATA;
	struct question *const q = arg;

	(void)timeouts;
	if (status == ARES_SUCCESS && packet != NULL && len > 0)
		reply_read(packet, (size_t)len, q->name, q->type, &q->reply);
	else /* for a server's SERVFAIL, 1.18 reports "refused" */
		q->reply = (struct reply){.outcome = is_empty ? REPLY_NONE : REPLY_FAILED,
		                          .trouble = status == ARES_ESERVFAIL || status == ARES_ECONNREFUSED};
	answer(q, q->reply.outcome == REPLY_FAILED);
}

/* --- queries --- */

static void close_channel(struct resolver *r)
{
	if (r->channel != NULL)
		ares_destroy(r->channel);
	r->channel = NULL;
	if (r->epoll_fd >= 0)
		(void)close(r->epoll_fd);
	r->epoll_fd = -1;
}

static bool open_channel(struct resolver *r)
{
	struct ares_options options = {
		.flags = ARES_FLAG_EDNS | ARES_FLAG_NOSEARCH,
		.timeout = RESOLVER_WAIT_MS,
		.tries = RESOLVER_TRIES,
		.ndomains = 0, /* 1.18 searches in spite of the flag */
		.sock_state_cb = watch,
		.sock_state_cb_data = r,
	};
	const int mask =
		ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_DOMAINS | ARES_OPT_SOCK_STATE_CB;

	r->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (ares_init_options(&r->channel, &options, mask) != ARES_SUCCESS)
		r->channel = NULL;
	else if (r->servers == NULL || ares_set_servers_ports_csv(r->channel, r->servers) == ARES_SUCCESS)
		return true;
	close_channel(r);
	return false;
}

void resolver_ask(struct resolver *r, size_t place, const char *name, int family)
{
	/* Sorting would open a socket for each address. */
	const struct ares_addrinfo_hints hints = {.ai_flags = ARES_AI_NOSORT, .ai_family = family};

	r->open++;
	if (r->channel != NULL || open_channel(r))
		ares_getaddrinfo(r->channel, name, NULL, &hints, receive, &r->questions[place]);
	else
		answer(&r->questions[place], true);
}

void resolver_query(struct resolver *r, size_t place, const char *name, enum reply_type type)
{
	struct question *const q = &r->questions[place];

	r->open++;
	q->type = type;
	if (snprintf(q->name, sizeof q->name, "%s", name) < (int)sizeof q->name &&
	    (r->channel != NULL || open_channel(r)))
		ares_query(r->channel, q->name, ns_c_in, (int)type, receive_packet, q);
	else
		answer(q, true);
}

bool resolver_next(struct resolver *r, struct resolver_answer *ret)
{
	struct question *const q = r->answered;

	if (q == NULL)
		return false;
	*ret = (struct resolver_answer){
		.place = (size_t)(q - r->questions), .failed = q->failed, .nets = q->nets, .reply = q->reply};
	q->nets = (struct nets){0};
	q->reply = (struct reply){.outcome = REPLY_FAILED};
	r->answered = q->next;
	if (r->answered == NULL)
		r->end = &r->answered;
	return true;
}

void resolver_turn(struct resolver *r)
{
	struct epoll_event events[EVENTS_MAX];
	const int n = r->channel == NULL ? 0 : epoll_wait(r->epoll_fd, events, EVENTS_MAX, 0);

	for (int i = 0; i < n; i++) {
		const bool writes = (events[i].events & EPOLLOUT) != 0,
			   reads = events[i].events != EPOLLOUT; /* or an error */

		ares_process_fd(r->channel, reads ? events[i].data.fd : ARES_SOCKET_BAD,
		                writes ? events[i].data.fd : ARES_SOCKET_BAD);
	}
	if (r->channel != NULL)
		ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* handles timeouts */
	if (r->open == 0)
		close_channel(r);
}

void resolver_free(struct resolver *r)
{
	if (r == NULL)
		return;
	close_channel(r); /* this answers what is still open */
	for (size_t i = 0; i < r->n; i++) {
		nets_done(&r->questions[i].nets);
		reply_done(&r->questions[i].reply);
	}
	free(r->questions);
	free(r);
}

int resolver_fd(const struct resolver *r)
{
	return r->epoll_fd;
}

int resolver_timeout_ms(const struct resolver *r)
{
	struct timeval tv;

	if (r->answered != NULL || (r->channel != NULL && r->open == 0))
		return 0;
	if (r->channel == NULL || ares_timeout(r->channel, NULL, &tv) == NULL)
		return -1;
	return (int)(tv.tv_sec * 1000 + (tv.tv_usec + 999) / 1000); /* fits: a few seconds */
}
