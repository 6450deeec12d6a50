/*
 * resolver: sends queries to name servers without blocking; the answers are fetched when they have arrived.
 *
 * Private to the folder. Uses c-ares, configured by resolv.conf(5). The first query opens the channel and the last
 * answer closes it: so each time it uses new ports and the current resolv.conf, and nothing is open in between. The
 * sockets are in an epoll set, so that a poll loop needs only one descriptor. There are n slots for queries, numbered
 * from 0; the caller chooses one that is not in use. Knows c-ares and base. The library uses its own clock for
 * timeouts. Source: ares_getaddrinfo(3), ares_query(3), ares_process_fd(3), as of 1.18 and 1.34.
 */
#ifndef WFS_DNS_RESOLVER_H
#define WFS_DNS_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/nets.h"
#include "dns/reply.h"

enum {
	RESOLVER_ADDRESSES_MAX = 64, /* of one answer; more are ignored */
	RESOLVER_WAIT_MS = 1000,     /* for a server at the first try, then twice as long, and so on */
	RESOLVER_TRIES = 3,
};

struct resolver;

/* Creates a resolver with n slots. servers: "ADDRESS:PORT,...", borrowed; NULL: those of resolv.conf. */
struct resolver *resolver_new(size_t n, const char *servers);

/* Frees resolver and drops open queries; accepts NULL. */
void resolver_free(struct resolver *resolver);

/*
 * Queries addresses. family: AF_INET for A, AF_INET6 for AAAA. name: a complete name, without a search list; not kept.
 */
void resolver_ask(struct resolver *resolver, size_t place, const char *name, int family);

/* Queries records of a type, only from name servers; /etc/hosts is not used. */
void resolver_query(struct resolver *resolver, size_t place, const char *name, enum reply_type type);

/* An answer. Its slot is free again. */
struct resolver_answer {
	size_t place;
	/* For resolver_ask: */
	bool failed;      /* no server answered, or it failed: nothing is known */
	struct nets nets; /* sealed; empty: no such name or address. The caller frees it with nets_done */
	/* For resolver_query: */
	struct reply reply; /* the caller frees it with reply_done */
};

/* Returns the next answer; false if there is none now. */
bool resolver_next(struct resolver *resolver, struct resolver_answer *ret);

/* Returns the descriptor to poll for reading before resolver_turn; -1: nothing is open. */
int resolver_fd(const struct resolver *resolver);

/* Returns the milliseconds until resolver_turn must be called anyway; -1: never. */
int resolver_timeout_ms(const struct resolver *resolver);

/* Processes received answers and timeouts. */
void resolver_turn(struct resolver *resolver);

#endif
