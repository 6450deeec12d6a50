/*
 * lookups: the questions of one computation to name servers, and their answers.
 *
 * Private to the folder. A computation asks for what it needs by lookups_find; what is not there yet is noted as
 * wanted, and it begins again when answers have come. So it is a pure function of this table, and the code that queries
 * the name servers knows nothing of it. Each question is there once. Knows reply and base. Aborts if memory cannot be
 * allocated.
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
	enum { LOOKUPS_WANTED, LOOKUPS_OPEN, LOOKUPS_KNOWN } state; /* OPEN: the caller has asked */
	struct reply reply;                                         /* of KNOWN */
};

/* Zeroed: empty. */
struct lookups {
	size_t n;
	struct lookups_entry entries[LOOKUPS_MAX];
};

/* The answer, or NULL: not yet, or, when the table is full (spf.c says why that does not matter), never. name: below
 * REPLY_NAME_MAX, in lower case. */
const struct reply *lookups_find(struct lookups *lookups, const char *name, enum reply_type type);

/* True when something is open. */
bool lookups_are_open(const struct lookups *lookups);

/* The answer to the i-th entry; reply is owned here from now on, and zeroed. */
void lookups_answer(struct lookups *lookups, size_t i, struct reply *reply);

/* Frees and empties. */
void lookups_done(struct lookups *lookups);

#endif
