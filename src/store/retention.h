/*
 * retention: removes old rows, a slice at a time, and shrinks the file.
 *
 * Errors and transactions as of store.h.
 */
#ifndef WFS_STORE_RETENTION_H
#define WFS_STORE_RETENTION_H

#include "store/store.h"

/*
 * Removes at most n_max of each: hits, and blocks that have ended, from before before_s, oldest first; *ret_n
 * is how many. From the head of the tables: hits are stored in the order they happened, but for replays of old logs.
 * The newest hit stays, so that ids never begin again.
 */
int store_purge(struct store *store, int64_t before_s, size_t n_max, size_t *ret_n, struct why *why);

/* The same for good days, logins, ended allowances and suspensions, attempts, events, and credit and claims from before
 * credit_s. */
int store_purge_good(struct store *store, int64_t before_s, int64_t credit_s, size_t n_max, size_t *ret_n,
                     struct why *why);

/*
 * Returns at most n_pages empty pages to the file system; STORE_NONE when there are no more. Then
 * the WAL beside the file is truncated too, unless another process reads. Not within a transaction.
 */
int store_shrink(struct store *store, unsigned n_pages, struct why *why);

#endif
