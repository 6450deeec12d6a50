/*
 * hostnames: resolves DNS names to addresses and keeps them up to date.
 *
 * A and AAAA of all names are queried together, and again every HOSTNAMES_ROUND_MS. An answer replaces the previous
 * one, also if it is "no such name". No answer or a server failure replaces nothing; the next round then comes after
 * HOSTNAMES_RETRY_MS.
 * Knows resolver and base. Time: milliseconds of any monotonic clock.
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

/* Creates the resolver for n names, at least one; list is borrowed. servers: see resolver.h. */
struct hostnames *hostnames_new(char *const list[], size_t n, const char *servers);

/* Frees hostnames. This and all following functions accept NULL, which means no names. */
void hostnames_free(struct hostnames *hostnames);

/* Returns the descriptor to poll for reading; -1 if no answer is expected. */
int hostnames_fd(const struct hostnames *hostnames);

/* Returns the milliseconds until hostnames_turn must be called anyway; -1: never. */
int hostnames_timeout_ms(const struct hostnames *hostnames, int64_t now_ms);

/*
 * Processes received answers, and sends queries when they are due. Returns true if an answer differs from the previous
 * one.
 */
bool hostnames_turn(struct hostnames *hostnames, int64_t now_ms);

/* Adds all known addresses to nets. */
void hostnames_add_to(const struct hostnames *hostnames, struct nets *nets);

/* The addresses of one name. */
struct hostnames_name {
	const char *name; /* borrowed from the list */
	struct nets nets; /* sealed; the caller frees it with nets_done */
	bool complete;    /* A and AAAA were both answered since the start, so the list is complete */
};

/* Sets *ret for the name with this index, from 0. Returns false if there is no such name. */
bool hostnames_name(const struct hostnames *hostnames, size_t number, struct hostnames_name *ret);

#endif
