/*
 * names: DNS names into addresses, without waiting.
 *
 * Asks by c-ares, as resolv.conf(5) says: A and AAAA of each name, all at once, every NAMES_ROUND_MS anew. What a server says
 * of a name replaces what was known of it, also "no such name"; no answer, or one that says the server is in
 * trouble, replaces nothing, and the next round comes after NAMES_RETRY_MS.
 * At most NAMES_ADDRESSES_MAX addresses of one name are taken.
 * Knows c-ares and base. Time: milliseconds of any clock that does not go back; c-ares has its own for the time-outs.
 * Source: ares_getaddrinfo(3), ares_process_fd(3), as they are in 1.18 and in 1.34.
 */
#ifndef WFS_NAMES_H
#define WFS_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/nets.h"

enum {
	NAMES_ADDRESSES_MAX = 64,
	NAMES_WAIT_MS = 1000, /* for a server the first time, then twice as long, and so on */
	NAMES_TRIES = 3,
	NAMES_RETRY_MS = 30 * 1000,
	NAMES_ROUND_MS = 300 * 1000,
};

struct names;

/* list: n names, borrowed. servers: "ADDRESS:PORT,...", borrowed; NULL: those of resolv.conf, which is read at each round. */
struct names *names_new(char *const list[], size_t n, const char *servers);

/* Takes NULL, as all of these: no names. */
void names_free(struct names *names);

/* To be polled for reading; -1: nothing is awaited. */
int names_fd(const struct names *names);

/* How long until names_turn has something to do by itself. -1: never. */
int names_timeout_ms(const struct names *names, int64_t now_ms);

/* Takes what came, and asks when it is time. True when an answer was other than the one before. */
bool names_turn(struct names *names, int64_t now_ms);

/* Adds all addresses that are known. */
void names_add_to(const struct names *names, struct nets *nets);

#endif
