/*
 * resolver: queries to name servers, without waiting; the answers are fetched when they are there.
 *
 * Private to the folder. Queries by c-ares, as resolv.conf(5) configures. It is opened by the first query and closed
 * with the last answer: new ports, resolv.conf as it is then, and nothing open in between. Its sockets are in an epoll
 * set, so that a poll loop needs one place for it. There are n places for queries, numbered from 0; the caller chooses
 * one that is not open. Knows c-ares and base. The library has a clock of its own for the time-outs. Source:
 * ares_getaddrinfo(3), ares_query(3), ares_process_fd(3), as they are in 1.18 and in 1.34.
 */
#ifndef WFS_DNS_RESOLVER_H
#define WFS_DNS_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/nets.h"
#include "dns/reply.h"

enum {
	RESOLVER_ADDRESSES_MAX = 64, /* of an answer; more are passed over */
	RESOLVER_WAIT_MS = 1000,     /* for a server the first time, then twice as long, and so on */
	RESOLVER_TRIES = 3,
};

struct resolver;

/* servers: "ADDRESS:PORT,...", borrowed; NULL: those of resolv.conf. */
struct resolver *resolver_new(size_t n, const char *servers);

/* Accepts NULL. What is open is forgotten. */
void resolver_free(struct resolver *resolver);

/* family: AF_INET for A, AF_INET6 for AAAA. name: whole, no domain is searched; not kept. */
void resolver_ask(struct resolver *resolver, size_t place, const char *name, int family);

/* Records of a type, from name servers alone: /etc/hosts has no part in it. */
void resolver_query(struct resolver *resolver, size_t place, const char *name, enum reply_type type);

/* An answer: its place is not open any more. */
struct resolver_answer {
	size_t place;
	/* Of resolver_ask: */
	bool failed;      /* no server answered, or it is in trouble: nothing is known */
	struct nets nets; /* sealed; empty: no such name, or no such address. The caller's: nets_done */
	/* Of resolver_query: */
	struct reply reply; /* the caller's: reply_done */
};

/* The next answer; false when there is none now. */
bool resolver_next(struct resolver *resolver, struct resolver_answer *ret);

/* To be polled for reading, then resolver_turn. -1: nothing is open. */
int resolver_fd(const struct resolver *resolver);

/* How long until resolver_turn has something to do by itself. -1: never. */
int resolver_timeout_ms(const struct resolver *resolver);

/* Processes received answers. */
void resolver_turn(struct resolver *resolver);

#endif
