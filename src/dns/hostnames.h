/*
 * hostnames: DNS names into addresses, kept fresh.
 *
 * A and AAAA of each name are queried all at once, again every HOSTNAMES_ROUND_MS. What a server returns for a name
 * replaces what was known of it, also "no such name"; no answer, or one with a server failure, replaces nothing, and
 * the next round comes after HOSTNAMES_RETRY_MS.
 * Knows resolver and base. Time: milliseconds of any clock that does not go back.
 */
#ifndef WFS_DNS_HOSTNAMES_H
#define WFS_DNS_HOSTNAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/nets.h"

enum {
	HOSTNAMES_RETRY_MS = 30 * 1000,
	HOSTNAMES_ROUND_MS = 300 * 1000,
};

struct hostnames;

/* list: n names, at least one, borrowed. servers: see resolver.h. */
struct hostnames *hostnames_new(char *const list[], size_t n, const char *servers);

/* Accepts NULL, as all of these: no names. */
void hostnames_free(struct hostnames *hostnames);

/* To be polled for reading; -1: nothing is awaited. */
int hostnames_fd(const struct hostnames *hostnames);

/* How long until hostnames_turn has something to do by itself. -1: never. */
int hostnames_timeout_ms(const struct hostnames *hostnames, int64_t now_ms);

/* Processes received answers, and queries when it is time. True when an answer differs from the one before. */
bool hostnames_turn(struct hostnames *hostnames, int64_t now_ms);

/* Adds all addresses that are known. */
void hostnames_add_to(const struct hostnames *hostnames, struct nets *nets);

/* The addresses of one of them. */
struct hostnames_name {
	const char *name; /* borrowed from the list */
	struct nets nets; /* sealed; nets_done */
	bool complete;    /* both A and AAAA were answered since the start: there are no others */
};

/* number: from 0 on. False: there is no such name. */
bool hostnames_name(const struct hostnames *hostnames, size_t number, struct hostnames_name *ret);

#endif
