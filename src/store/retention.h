/*
 * retention: removes old rows, a slice at a time, and shrinks the file.
 *
 * Errors and transactions: see store.h.
 */
#ifndef WFS_STORE_RETENTION_H
#define WFS_STORE_RETENTION_H

#include "store/store.h"

/*
 * Removes hits, and blocks that have ended, from before before_s, at most n_max of each; *ret_n is the number removed.
 * Works from the head of the tables: except after replays of old logs, hits are stored in the order in which they
 * happened. Keeps the newest hit, so that ids are never reused.
 */
int store_purge(struct store *store, int64_t before_s, size_t n_max, size_t *ret_n, struct why *why);

/*
 * The same for good days, logins, ended allowances and suspensions, attempts and events; also for credit and claims
 * from before credit_s.
 */
int store_purge_good(struct store *store, int64_t before_s, int64_t credit_s, size_t n_max, size_t *ret_n,
                     struct why *why);

/*
 * Returns at most n_pages empty pages to the file system. Returns STORE_NONE if there are no more, and has then also
 * truncated the WAL, unless another process is reading. Must not be called within a transaction.
 */
int store_shrink(struct store *store, unsigned n_pages, struct why *why);

#endif
