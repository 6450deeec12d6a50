/*
 * sockets: the sockets and FIFOs of [socket] sections; reads their lines and counts them.
 *
 * Private to the folder. Their lines are live: written when they are received. The database has only their hits, and
 * the counters that "status" shows. A flood on one socket does not starve the others or the logs, because they take
 * turns line by line. Call order: sockets_open; in each turn sockets_begin, then sockets_next until it returns false;
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

/* Borrows config. *ret is NULL if there is no such section. Errors: those of receive_open. */
int sockets_open(const struct config *config, struct sockets **ret, struct why *why);

/* Accepts NULL, like all of these functions. */
void sockets_close(struct sockets *sockets);

/* Opens sockets again that were replaced or removed, and logs that. Call now and then; it checks each path. */
void sockets_check(struct sockets *sockets);

/* Returns the descriptor of the i-th section for poll(2); -1 if there is none. */
int sockets_fd(const struct sockets *sockets, size_t i);

/* Begins a turn: any socket may have lines again. */
void sockets_begin(struct sockets *sockets);

/* Returns the next line of any socket, borrowed until the next call, and how to scan it (except for the rules). */
bool sockets_next(struct sockets *sockets, struct scan **ret_scan, struct record *ret);

/* Writes the counters for "status", within a transaction of the caller. */
int sockets_store(const struct sockets *sockets, struct store *store, struct why *why);

#endif
