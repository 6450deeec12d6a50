#include "names.h"

#include <ares.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
	EVENTS_MAX = 16, /* in one turn */
};

static const int families[] = {AF_INET, AF_INET6};

enum { N_FAMILIES = 2 };

/* One question, and what was answered last. */
struct question {
	struct names *names; /* for c-ares' callback */
	struct nets known;
};

struct names {
	char *const *list; /* borrowed */
	size_t n;
	const char *servers; /* borrowed; NULL: the system's */
	struct question (*questions)[N_FAMILIES];

	/* A channel for each round: new ports, resolv.conf as it is now, and nothing open in between. */
	ares_channel channel; /* NULL: between two rounds */
	int epoll_fd;         /* c-ares' sockets, for a poll loop that has one place; -1: none */
	size_t open;          /* questions */
	int64_t when_ms;      /* the next round */
	bool changed, failed; /* in this turn, in this round */
};

struct names *names_new(char *const list[], size_t n, const char *servers)
{
	struct names *const names = calloc(1, sizeof *names);

	if (names == NULL || (names->questions = calloc(n + 1, sizeof *names->questions)) == NULL)
		abort();
	names->list = list;
	names->n = n;
	names->servers = servers;
	names->epoll_fd = -1;
	for (size_t i = 0; i < n; i++)
		for (size_t family = 0; family < N_FAMILIES; family++)
			names->questions[i][family].names = names;
	return names;
}

/* --- what c-ares calls --- */

static void watch(void *arg, ares_socket_t fd, int readable, int writable)
{
	const struct names *const names = arg;
	struct epoll_event event = {.events = (readable ? EPOLLIN : 0U) | (writable ? EPOLLOUT : 0U), .data.fd = fd};

	if (event.events == 0)
		(void)epoll_ctl(names->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	else if (epoll_ctl(names->epoll_fd, EPOLL_CTL_MOD, fd, &event) < 0)
		(void)epoll_ctl(names->epoll_fd, EPOLL_CTL_ADD, fd, &event); /* without it the question times out */
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

static void hear(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
	struct question *const question = arg;
	struct nets fresh = {0};

	(void)timeouts;
	question->names->open--;
	if (status != ARES_SUCCESS && status != ARES_ENOTFOUND && status != ARES_ENODATA) {
		question->names->failed = true;
		return;
	}
	for (const struct ares_addrinfo_node *node = info == NULL ? NULL : info->nodes;
	     node != NULL && fresh.n < NAMES_ADDRESSES_MAX; node = node->ai_next) {
		const struct addr addr = addr_in(node);
		const struct net net = net_of(&addr);

		nets_add(&fresh, &net);
	}
	ares_freeaddrinfo(info);
	nets_seal(&fresh);
	question->names->changed |= !nets_equal(&fresh, &question->known);
	nets_done(&question->known);
	question->known = fresh;
}

/* --- the round --- */

static void begin(struct names *names)
{
	struct ares_options options = {
		.flags = ARES_FLAG_EDNS | ARES_FLAG_NOSEARCH,
		.timeout = NAMES_WAIT_MS,
		.tries = NAMES_TRIES,
		.ndomains = 0, /* the names are whole; 1.18 does not look at the flag */
		.sock_state_cb = watch,
		.sock_state_cb_data = names,
	};
	const int mask =
		ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_DOMAINS | ARES_OPT_SOCK_STATE_CB;

	names->failed = true; /* until it has begun */
	names->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (ares_init_options(&names->channel, &options, mask) != ARES_SUCCESS) {
		names->channel = NULL;
		return;
	}
	if (names->servers != NULL && ares_set_servers_ports_csv(names->channel, names->servers) != ARES_SUCCESS)
		return;
	names->failed = false;
	for (size_t i = 0; i < names->n; i++)
		for (size_t family = 0; family < N_FAMILIES; family++) {
			/* Sorting would open a socket for each answer. */
			const struct ares_addrinfo_hints hints = {.ai_flags = ARES_AI_NOSORT,
			                                          .ai_family = families[family]};

			names->open++;
			ares_getaddrinfo(names->channel, names->list[i], NULL, &hints, hear, &names->questions[i][family]);
		}
}

static void end(struct names *names)
{
	if (names->channel != NULL)
		ares_destroy(names->channel);
	names->channel = NULL;
	if (names->epoll_fd >= 0)
		(void)close(names->epoll_fd);
	names->epoll_fd = -1;
}

static void go_on(struct names *names)
{
	struct epoll_event events[EVENTS_MAX];
	const int n = epoll_wait(names->epoll_fd, events, EVENTS_MAX, 0);

	for (int i = 0; i < n; i++) {
		const bool writes = (events[i].events & EPOLLOUT) != 0, reads = events[i].events != EPOLLOUT; /* or fails */

		ares_process_fd(names->channel, reads ? events[i].data.fd : ARES_SOCKET_BAD,
		                writes ? events[i].data.fd : ARES_SOCKET_BAD);
	}
	ares_process_fd(names->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* what has timed out */
}

bool names_turn(struct names *names, int64_t now_ms)
{
	if (names == NULL || names->n == 0)
		return false;
	names->changed = false;
	if (names->channel != NULL)
		go_on(names);
	else if (now_ms >= names->when_ms)
		begin(names);
	else
		return false;
	if (names->open == 0) {
		end(names);
		names->when_ms = now_ms + (names->failed ? NAMES_RETRY_MS : NAMES_ROUND_MS);
	}
	return names->changed;
}

void names_free(struct names *names)
{
	if (names == NULL)
		return;
	end(names); /* which answers what is still open */
	for (size_t i = 0; i < names->n; i++)
		for (size_t family = 0; family < N_FAMILIES; family++)
			nets_done(&names->questions[i][family].known);
	free(names->questions);
	free(names);
}

int names_fd(const struct names *names)
{
	return names == NULL ? -1 : names->epoll_fd;
}

int names_timeout_ms(const struct names *names, int64_t now_ms)
{
	struct timeval tv;

	if (names == NULL || names->n == 0)
		return -1;
	if (names->channel != NULL)
		return ares_timeout(names->channel, NULL, &tv) == NULL ? -1 : (int)(tv.tv_sec * 1000 + (tv.tv_usec + 999) / 1000);
	return names->when_ms <= now_ms ? 0 : (int)(names->when_ms - now_ms); /* at most a round */
}

void names_add_to(const struct names *names, struct nets *nets)
{
	for (size_t i = 0; names != NULL && i < names->n; i++)
		for (size_t family = 0; family < N_FAMILIES; family++)
			for (size_t j = 0; j < names->questions[i][family].known.n; j++)
				nets_add(nets, &names->questions[i][family].known.list[j]);
}
