/*
 * sockets: the sockets and FIFOs of [socket] sections, what is read from them, and what was counted.
 *
 * Private to the folder. Their lines are live: written when they are received. Nothing of them is in the database but
 * their hits, and the counters that "status" shows. A flood of one socket starves neither the others nor the logs: they
 * take turns, line by line. Order: sockets_open; in each turn sockets_begin, then sockets_next until false;
 * sockets_close.
 */
#ifndef WFS_ENGINE_SOCKETS_H
#define WFS_ENGINE_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/why.h"
#include "config/config.h"
#include "input/record.h"
#include "pipeline/scan.h"
#include "store/store.h"

struct sockets;

/* config: borrowed. *ret NULL: there is no such section. Errors: of receive_open. */
int sockets_open(const struct config *config, struct sockets **ret, struct why *why);

/* Accepts NULL, as do all. */
void sockets_close(struct sockets *sockets);

/* Opens again what was replaced or removed, and logs it: now and then, a look at each path. */
void sockets_check(struct sockets *sockets);

/* Of the i-th section, for poll(2); -1: there is none. */
int sockets_fd(const struct sockets *sockets, size_t i);

/* Any of them may have lines again. */
void sockets_begin(struct sockets *sockets);

/* The next line of any, borrowed until the next call, and how it is scanned but for the rules. */
bool sockets_next(struct sockets *sockets, struct scan **ret_scan, struct record *ret);

/* Writes the counters, for "status", in a transaction of the caller. */
int sockets_store(const struct sockets *sockets, struct store *store, struct why *why);

#endif
