/*
 * names: DNS names into addresses, kept fresh.
 *
 * A and AAAA of each name are asked all at once, every NAMES_ROUND_MS anew. What a server says of a name replaces what
 * was known of it, also "no such name"; no answer, or one that says the server is in trouble, replaces nothing, and
 * the next round comes after NAMES_RETRY_MS.
 * Knows resolver and base. Time: milliseconds of any clock that does not go back.
 */
#ifndef WFS_NAMES_H
#define WFS_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/nets.h"

enum {
	NAMES_RETRY_MS = 30 * 1000,
	NAMES_ROUND_MS = 300 * 1000,
};

struct names;

/* list: n names, at least one, borrowed. servers: see resolver.h. */
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
