#include "store/running.h"

#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "store/sql.h"

enum {
	CAPACITY_MIN = 4096, /* places; a power of two, like every capacity */
	PROLONGED_MAX = 1 << 13,
};

/* A block. Its net and cause are only known by a hash; the database decides whether they are the same. */
struct place {
	uint32_t hash, until_s; /* since 1970; good until 2106 */
	uint32_t id;            /* 0: the place is free */
};

struct prolonged {
	int64_t at_s, until_s;
	uint32_t id;
	struct net net;
	uint8_t cause;
};

struct running {
	struct store *store;
	size_t n, capacity;
	struct place *places; /* open addressing */
	size_t n_prolonged;
	struct prolonged *prolonged; /* PROLONGED_MAX */
};

static uint32_t hash_of(const struct net *net, enum block_cause cause)
{
	return (uint32_t)addr_hash(&net->addr, (uint64_t)net->len << 8 | cause);
}

static void set_capacity(struct running *r, size_t capacity)
{
	r->n = 0;
	r->capacity = capacity;
	r->places = alloc_zero(capacity, sizeof *r->places, "the active blocks");
}

struct running *running_new(struct store *store)
{
	struct running *const r = alloc_zero(1, sizeof *r, "the active blocks");

	r->store = store;
	r->prolonged = alloc_raw(PROLONGED_MAX, sizeof *r->prolonged, "the active blocks");
	set_capacity(r, CAPACITY_MIN);
	return r;
}

void running_free(struct running *r)
{
	if (r == NULL)
		return;
	free(r->places);
	free(r->prolonged);
	free(r);
}

static void put(struct running *r, const struct place *block)
{
	size_t i = block->hash & (r->capacity - 1);

	while (r->places[i].id != 0)
		i = (i + 1) & (r->capacity - 1);
	r->places[i] = *block;
	r->n++;
}

/* Drops blocks that have ended. Afterwards at least half the places are free. */
static void make_space(struct running *r, int64_t now_s)
{
	struct place *const old = r->places;
	const size_t n_old = r->capacity;
	size_t active = 0, capacity = CAPACITY_MIN;

	for (size_t i = 0; i < n_old; i++)
		active += old[i].id != 0 && old[i].until_s > now_s;
	while (capacity < 2 * active)
		capacity *= 2;
	set_capacity(r, capacity);
	for (size_t i = 0; i < n_old; i++)
		if (old[i].id != 0 && old[i].until_s > now_s)
			put(r, &old[i]);
	free(old);
}

static uint32_t stamp(int64_t time_s)
{
	return time_s > UINT32_MAX ? UINT32_MAX : (uint32_t)time_s;
}

void running_add(struct running *r, const struct block *block)
{
	if (4 * r->n >= 3 * r->capacity)
		make_space(r, block->since_s);
	put(r, &(struct place){.hash = hash_of(&block->net, block->cause),
	                       .until_s = stamp(block->until_s),
	                       .id = (uint32_t)block->id}); /* ids begin with 1 */
}

/* Returns the next place, in the order of the table; NULL after the last. */
static struct place *next(const struct running *r, size_t *at, uint32_t hash, int64_t at_s)
{
	struct place *p;

	while ((p = &r->places[(hash + *at) & (r->capacity - 1)])->id != 0) {
		++*at;
		if (p->hash == hash && p->until_s > at_s)
			return p;
	}
	return NULL;
}

int64_t running_next(const struct running *r, size_t *at, const struct net *net, enum block_cause cause, int64_t at_s)
{
	const struct place *const p = next(r, at, hash_of(net, cause), at_s);

	return p == NULL ? 0 : p->id;
}

int running_prolong(struct running *r, const struct net *net, enum block_cause cause, int64_t at_s, int64_t until_s,
                    struct why *why)
{
	const uint32_t hash = hash_of(net, cause);
	struct place *p;
	size_t at = 0;

	while ((p = next(r, &at, hash, at_s)) != NULL) {
		const int rc = r->n_prolonged == PROLONGED_MAX ? running_write(r, why) : 0;

		if (rc < 0)
			return rc;
		if (until_s > p->until_s)
			p->until_s = stamp(until_s);
		r->prolonged[r->n_prolonged++] = (struct prolonged){
			.at_s = at_s, .until_s = until_s, .id = p->id, .net = *net, .cause = (uint8_t)cause};
	}
	return 0;
}

static int by_block(const void *a, const void *b)
{
	const struct prolonged *const x = a, *const y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return (x->at_s > y->at_s) - (x->at_s < y->at_s);
}

int running_write(struct running *r, struct why *why)
{
	sqlite3_stmt *const s =
		sql_statement(r->store, BLOCK_PROLONG_ONE,
	                      "UPDATE block SET until = max(until, ?5) "
	                      "WHERE id = ?1 AND address = ?2 AND cause = ?3 AND until > ?4 AND ended IS NULL");
	int rc = 0;

	qsort(r->prolonged, r->n_prolonged, sizeof *r->prolonged, by_block);
	for (size_t i = 0; i < r->n_prolonged && rc == 0; i++) {
		const struct prolonged *const p = &r->prolonged[i];
		char text[NET_TEXT_MAX];

		sql_bind_number(s, 1, p->id);
		sql_bind_net(s, 2, &p->net, text);
		sql_bind_number(s, 3, p->cause);
		sql_bind_number(s, 4, p->at_s);
		sql_bind_number(s, 5, p->until_s);
		rc = sql_run(r->store, s, why);
	}
	running_forget(r);
	return rc;
}

void running_forget(struct running *r)
{
	r->n_prolonged = 0;
}
