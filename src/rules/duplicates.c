#include "rules/duplicates.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hashtable.h"
#include "rules/session_key.h"

struct entry {
	struct session_key key;
	int64_t noted_s;
	uint32_t reports[RULES_LOGS_MAX];
	UT_hash_handle hh;
};

/* A client that chooses addresses with equal hashes can only create one chain of at most DUPLICATES_MAX entries. */
struct duplicates {
	struct entry *table; /* in the order of their last report, oldest first */
};

struct duplicates *duplicates_new(void)
{
	return alloc_zero(1, sizeof(struct duplicates), "the table of duplicates");
}

void duplicates_free(struct duplicates *d)
{
	if (d != NULL)
		duplicates_clear(d);
	free(d);
}

static void drop(struct duplicates *d, struct entry *e)
{
	HASH_DEL(d->table, e);
	free(e);
}

void duplicates_clear(struct duplicates *d)
{
	struct entry *e = d->table, *next;

	HASH_CLEAR(hh, d->table);
	for (; e != NULL; e = next) {
		next = e->hh.next;
		free(e);
	}
}

/* Returns the entry and makes it the newest. It has no reports if it is new or was too old. */
static struct entry *note(struct duplicates *d, uint64_t realm, struct span id, int64_t time_s)
{
	const struct session_key key = session_key_of(realm, id);
	struct entry *e;

	HASH_FIND(hh, d->table, &key, sizeof key, e);
	if (e != NULL) {
		HASH_DEL(d->table, e);
		if (time_s - e->noted_s > DUPLICATES_AGE_S || e->noted_s - time_s > DUPLICATES_AGE_S)
			memset(e->reports, 0, sizeof e->reports);
	} else {
		if (HASH_COUNT(d->table) == DUPLICATES_MAX)
			drop(d, d->table);
		e = alloc_zero(1, sizeof *e, "the reports of a client");
		e->key = key;
	}
	e->noted_s = time_s;
	HASH_ADD(hh, d->table, key, sizeof e->key, e);
	return e;
}

unsigned duplicates_left(struct duplicates *d, uint64_t realm, struct span id, unsigned log, int64_t time_s,
                         unsigned count)
{
	struct entry *const e = note(d, realm, id, time_s);
	uint32_t most = 0;

	for (unsigned i = 0; i < RULES_LOGS_MAX; i++)
		if (e->reports[i] > most)
			most = e->reports[i];
	e->reports[log] += count;
	if (e->reports[log] <= most)
		return 0;
	return e->reports[log] - most < count ? e->reports[log] - most : count;
}
