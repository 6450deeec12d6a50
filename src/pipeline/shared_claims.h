/*
 * shared_claims: what peers said in one transaction, gathered, and written by one statement: a statement for each would
 * copy the pages that it changes before, because the table has a trigger (10 of 16 KiB for each message, measured).
 *
 * Private to the folder. Write before claims are removed from the database. Errors as of store.h.
 */
#ifndef WFS_PIPELINE_SHARED_CLAIMS_H
#define WFS_PIPELINE_SHARED_CLAIMS_H

#include "store/claims.h"

enum { SHARED_CLAIMS_MAX = 256 };

struct shared_claims {
	struct store *store;
	size_t n;
	struct store_claim *list;          /* SHARED_CLAIMS_MAX; NULL before the first */
	struct shared_claims_words *words; /* theirs */
};

/* A zeroed one, too. */
void shared_claims_done(struct shared_claims *claims);

/* They were not committed. */
void shared_claims_clear(struct shared_claims *claims);

/* One more; peer is borrowed until it is written, its other texts are copied. Writes all when there are
 * SHARED_CLAIMS_MAX. */
int shared_claims_put(struct shared_claims *claims, const struct store_claim *claim, struct why *why);

/* Those that were not written yet. */
int shared_claims_write(struct shared_claims *claims, struct why *why);

#endif
