/*
 * hit_index: which hits an address has, and how many, without an index that each hit would have to be sorted into.
 *
 * Private to the folder. Hits are only appended. From time to time those that are new are indexed, in one go and in the
 * order of the addresses: table address has the newest hit of each, table link leads from each hit to the one before it
 * of the same address, table daily has the sums of the days, table latest says where the hits of the last hours begin,
 * and table indexed how far all of that goes. What is newer is read from the hits themselves, by every query: so a kill
 * at any time loses nothing, and a database of an older version, in which nothing is indexed, is one that is far
 * behind. A replay indexes hits as it stores them (hit_index_note), anybody else reads them again (hit_index_step).
 * This folder's own. Errors and transactions as of store.h. Sizes: 4 bytes a hit in link, some 40 an address.
 */
#ifndef WFS_STORE_HIT_INDEX_H
#define WFS_STORE_HIT_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"
#include "store/hits.h"

/* What is gathered for the next write; at most 13 MB. */
struct hit_index;

struct hit_index *hit_index_new(struct store *store);

/* Accepts NULL. */
void hit_index_free(struct hit_index *index);

/* n hits that were just stored, consecutively; the last got last_id. */
int hit_index_note(struct hit_index *index, const struct store_hit *hits, size_t n, int64_t last_id, struct why *why);

/* Reads at most n_max hits that are not indexed yet, and writes the index. *ret_more: there may be more. */
int hit_index_step(struct hit_index *index, size_t n_max, bool *ret_more, struct why *why);

/* Writes what was noted. */
int hit_index_write(struct hit_index *index, struct why *why);

/* Forgets what was noted: the transaction was rolled back. */
void hit_index_forget(struct hit_index *index);

/* Deletes hits from before before_s, of the first n_max of the table, but never the newest: see store_purge. */
int hit_index_purge(struct store *store, int64_t before_s, size_t n_max, size_t *ret_n, struct why *why);

/* The functions of SQL that this and the queries use; by store_open. */
int hit_index_functions(struct store *store, struct why *why);

#endif
