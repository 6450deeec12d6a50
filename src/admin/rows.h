/*
 * rows: converts database rows to JSON. It is the one place that defines the members of a block, a hit, an allowance
 * and a problem, for the commands and the control socket. The members are stable; see JSON in watchforspammers(8).
 */
#ifndef WFS_ADMIN_ROWS_H
#define WFS_ADMIN_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin/problems.h"
#include "base/json.h"
#include "config/config.h"
#include "pipeline/blocklist.h"
#include "pipeline/pending.h"
#include "store/query.h"

json_t *rows_block(const struct query_block *block, const struct config *config);
json_t *rows_allowance(const struct query_allowance *allowance);
json_t *rows_event(const struct query_event *event);
json_t *rows_problem(const struct problem *problem);

/* Adds to an object about an address the allowance that keeps it from being blocked; NULL: none. */
void rows_put_allowed(json_t *object, const struct query_allowance *allowance);

/* Adds to an object about an address the network of a [block] file that contains it, and its place; NULL: none. */
void rows_put_listed(json_t *object, const struct blocklist_place *place);

/* Adds how much of the object is only in the daemon's memory, because it could not be written yet; null if nothing. */
void rows_put_waiting(json_t *object, const struct pending_waiting *waiting);

/* Appends row if it fits into *bytes_left, and subtracts its size. Takes over the reference. */
bool rows_append(json_t *array, json_t *row, size_t *bytes_left);

/* How much of what the database has about a network is shown. */
struct rows_bound {
	struct query_bound blocks, hits;
	size_t bytes; /* of both lists together */
};

/*
 * Adds the members "blocks" and "hits" to an object about a network, and "addresses" if it is more than one address.
 * Errors: see store.h.
 */
int rows_put_history(json_t *object, const struct config *config, struct store *store, const struct net *net,
                     int64_t now_s, const struct rows_bound *bound, struct why *why);

#endif
