/*
 * shared_claims: gathers the claims of peers in one transaction and writes them with one statement. Because the table
 * has a trigger, each statement first copies the pages that it changes (10 of 16 KiB per message, measured).
 *
 * Private to the folder. Write before you remove claims from the database. Errors: see store.h.
 */
#ifndef WFS_PIPELINE_SHARED_CLAIMS_H
#define WFS_PIPELINE_SHARED_CLAIMS_H

#include "store/claims.h"

enum { SHARED_CLAIMS_MAX = 256 };

struct shared_claims {
	struct store *store;
	size_t n;
	struct store_claim *list;          /* SHARED_CLAIMS_MAX; NULL before the first */
	struct shared_claims_words *words; /* their copied texts */
};

/* Accepts a zeroed struct. */
void shared_claims_done(struct shared_claims *claims);

/* Forgets the claims: they were not committed. */
void shared_claims_clear(struct shared_claims *claims);

/*
 * Adds a claim. peer is borrowed until it is written; the other texts are copied. Writes all claims once there are
 * SHARED_CLAIMS_MAX.
 */
int shared_claims_put(struct shared_claims *claims, const struct store_claim *claim, struct why *why);

/* Writes the claims that are not written yet. */
int shared_claims_write(struct shared_claims *claims, struct why *why);

#endif
