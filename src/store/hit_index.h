/*
 * hit_index: knows which hits an address has, and how many, without an index that every hit must be sorted into.
 *
 * Private to the folder. Hits are only appended. From time to time the new ones are indexed together, in the order of
 * their addresses. Table address then has each address's newest hit; table link leads from each hit to the previous one
 * of the same address; table daily has the sums of the days; table latest says where the hits of the last hours begin;
 * and table indexed says how far all this goes. Every query reads newer hits directly. So a kill at any time loses
 * nothing, and a database of an older version, where nothing is indexed, is merely far behind. A replay indexes hits as
 * it stores them (hit_index_note); other writers read them again (hit_index_step). Errors and transactions: see
 * store.h. Size: 4 bytes per hit in link, about 40 per address.
 */
#ifndef WFS_STORE_HIT_INDEX_H
#define WFS_STORE_HIT_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"
#include "store/hits.h"

/* What is gathered for the next write; at most 8 MB. */
struct hit_index;

struct hit_index *hit_index_new(struct store *store);

/* Accepts NULL. */
void hit_index_free(struct hit_index *index);

/* Adds n hits that were just stored one after the other; last_id is the id of the last. */
int hit_index_note(struct hit_index *index, const struct store_hit *hits, size_t n, int64_t last_id, struct why *why);

/* Reads at most n_max hits that are not indexed yet, and writes the index. *ret_more: there may be more. */
int hit_index_step(struct hit_index *index, size_t n_max, bool *ret_more, struct why *why);

/* Writes what was noted. */
int hit_index_write(struct hit_index *index, struct why *why);

/* Discards what was noted, because the transaction was rolled back. */
void hit_index_forget(struct hit_index *index);

/*
 * Deletes the hits older than before_s among the first n_max of the table, but never the newest hit: see store_purge.
 */
int hit_index_purge(struct store *store, int64_t before_s, size_t n_max, size_t *ret_n, struct why *why);

/* SQL: one more row of the recursive table chain (id): the previous hit of the same address. */
#define HIT_INDEX_PREVIOUS "SELECT hit_before(chain.id, back) FROM chain JOIN link ON link.id = chain.id / 4000 "

/* Registers the SQL functions that this and the queries use; store_open calls it. */
int hit_index_functions(struct store *store, struct why *why);

#endif
