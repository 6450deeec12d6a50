/*
 * lookups: a table of the DNS queries that one computation needs, and their answers.
 *
 * Private to the folder. A computation calls lookups_find for each answer that it needs; a missing one is entered as
 * wanted, and the computation starts again when answers have arrived. So the computation is a pure function of this
 * table and knows nothing about sending queries. Each query is there once. Knows reply and base. Aborts if memory
 * cannot be allocated.
 */
#ifndef WFS_DNS_LOOKUPS_H
#define WFS_DNS_LOOKUPS_H

#include <stdbool.h>
#include <stddef.h>

#include "dns/reply.h"

enum { LOOKUPS_MAX = 256 };

struct lookups_entry {
	char name[REPLY_NAME_MAX];
	enum reply_type type;
	enum { LOOKUPS_WANTED, LOOKUPS_OPEN, LOOKUPS_KNOWN } state; /* OPEN: the caller has sent the query */
	struct reply reply;                                         /* of KNOWN */
};

/* Zeroed: empty. */
struct lookups {
	size_t n;
	struct lookups_entry entries[LOOKUPS_MAX];
};

/*
 * Returns the answer, or NULL if it is not there yet. If the table is full, the result stays NULL (spf.c says why that
 * does not matter). name: in lower case, shorter than REPLY_NAME_MAX.
 */
const struct reply *lookups_find(struct lookups *lookups, const char *name, enum reply_type type);

/* Returns true if a query is open. */
bool lookups_are_open(const struct lookups *lookups);

/* Stores the answer to entry i. Takes over *reply and resets it. */
void lookups_answer(struct lookups *lookups, size_t i, struct reply *reply);

/* Frees and empties the table. */
void lookups_done(struct lookups *lookups);

#endif
