/*
 * logs: which logs have been read, and how far.
 *
 * A log is identified by the beginning of its first complete line, and a position in it by the beginning of the line
 * that ends there; both unescaped. Positions are byte offsets. Errors and transactions: see store.h.
 */
#ifndef WFS_STORE_LOGS_H
#define WFS_STORE_LOGS_H

#include "base/position.h"
#include "store/store.h"

/* A log, and how far it was read. */
struct store_log {
	int64_t id;
	int64_t position;
	int64_t lines, cut, unparsed;
	int64_t last_line_at; /* 0: none yet */
	size_t last_len;
	char last[POSITION_LAST_MAX];
};

/*
 * Finds the newest log with that first line and an id below below_id (0: any); STORE_NONE if there is none. Several
 * logs may begin alike: if the position does not fit, the caller asks for the next older one.
 */
int store_log_find(struct store *store, struct span first, int64_t below_id, struct store_log *ret, struct why *why);

/* Adds a log that was never read before; *ret_id is its id. */
int store_log_add(struct store *store, const char *path, struct span first, int64_t *ret_id, struct why *why);

/* Stores how far a log has been read, and its current path. */
int store_log_put(struct store *store, const struct store_log *log, const char *path, struct why *why);

/* Finds the id of the log that was last read under this path, or STORE_NONE. */
int store_log_of_path(struct store *store, const char *path, int64_t *ret_id, struct why *why);

#endif
