/*
 * names: DNS names into addresses, without waiting.
 *
 * A stub resolver of its own, because the C library's waits and threads are not for the engine: asks the servers of
 * resolv.conf(5) by UDP, one question at a time, A and AAAA of each name in turn, every NAMES_ROUND_MS anew. What a server
 * says of a name replaces what was known of it, also "no such name"; no answer, or one that says the server is in
 * trouble, replaces nothing.
 * What comes from the network is hostile: only an answer to the question that is open, with its random number, from
 * the server it was sent to, is read; at most NAMES_ADDRESSES_MAX addresses of one name are taken.
 * Knows base only. Time: milliseconds of any clock that does not go back.
 * Source: RFC 1035 4.1; RFC 3596 2.
 */
#ifndef WFS_NAMES_H
#define WFS_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/nets.h"

enum {
	NAMES_SERVERS_MAX = 3, /* as MAXNS of resolv.h */
	NAMES_ADDRESSES_MAX = 64,
	NAMES_TRIES = 4,
	NAMES_WAIT_MS = 2000,
	NAMES_ROUND_MS = 300 * 1000,
	NAMES_PACKET_MAX = 1500,
	NAMES_PORT = 53,
};

struct names_server {
	struct addr addr;
	uint16_t port;
};

/* The servers in a file like /etc/resolv.conf; 127.0.0.1 when there are none. Returns how many. */
size_t names_servers(const char *path, struct names_server out[static NAMES_SERVERS_MAX]);

struct names;

/* list: n names, borrowed. servers: copied, at least one. */
struct names *names_new(char *const list[], size_t n, const struct names_server servers[], size_t n_servers);

/* Takes NULL, as all of these: no names. */
void names_free(struct names *names);

/* To be polled for reading; -1: nothing is awaited. */
int names_fd(const struct names *names);

/* How long until names_turn has something to do by itself. -1: never. */
int names_timeout_ms(const struct names *names, int64_t now_ms);

/* Reads what came, asks on. True when an answer was other than the one before. */
bool names_turn(struct names *names, int64_t now_ms);

/* Adds all addresses that are known. */
void names_add_to(const struct names *names, struct nets *nets);

/* Writes a question of type A (1) or AAAA (28); returns its length, 0 when the name is none. Pure. */
size_t names_question(const char *name, uint16_t type, uint16_t number, uint8_t out[static NAMES_PACKET_MAX]);

/*
 * Reads an answer to a question, of the same type. Returns how many addresses were written to out; -1: it is none, or
 * of a server in trouble. Pure.
 */
int names_answer(const uint8_t *packet, size_t len, const uint8_t *question, size_t question_len,
                 struct addr out[static NAMES_ADDRESSES_MAX]);

#endif
