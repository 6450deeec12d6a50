#include "store/hit_index.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "store/batch.h"
#include "store/daily.h"
#include "store/text_order.h"

enum {
	DAY_S = 86400,
	LINKS = 4000, /* hits per row of link: with 4 bytes each, a row just fits into a page (16 KiB less 35 bytes) */
	SPAN_MAX = 800 * 1000, /* span of ids gathered at once; a multiple of LINKS */
	ADDRESS_BITS = 17,
	ADDRESSES_MAX = 96 << 10, /* < 1 << ADDRESS_BITS; more would write fewer rows twice, but need more memory */
	PLACES = 1 << (ADDRESS_BITS + 1),
	RULES_MAX = 64, /* one bit each */
	AHEAD = 8,      /* how many hits ahead memory is prefetched; even */
	RULE_TEXT_MAX = 24,
	RULES_TEXT_MAX = 1024, /* rules of an address on a day; what does not fit is counted again */
};

/* An address and its new hits. Hits are numbered from the index's base. */
struct noted {
	struct addr addr;
	uint64_t oldest_rules, newest_rules; /* rules hit on these days, as bits */
	uint32_t oldest, newest, n;
	uint32_t first_s, last_s;        /* since 1970; good until 2106 */
	uint16_t oldest_day, newest_day; /* since 1970; good until 2149 */
};

/* The sums of one rule on one day so far. */
struct sum {
	int64_t hits, addresses, last_s;
};

struct hit_index {
	struct store *store;
	int64_t base;    /* the id of hit number 0; a multiple of LINKS */
	int64_t last_id; /* id of the last hit gathered; 0: none */
	int64_t n_hits;
	uint32_t *links;                     /* SPAN_MAX, little-endian */
	uint32_t newest_s[SPAN_MAX / LINKS]; /* since 1970; newest hit per row of link */
	size_t n;
	struct noted *noted;         /* ADDRESSES_MAX */
	uint32_t *places;            /* PLACES: index in noted + 1; 0: free */
	const uint64_t *sorted;      /* n addresses, see sort_addresses ... */
	size_t n_written;            /* ... of which SQLite reads this many so far ... */
	const struct noted *written; /* ... the last of them this one */
	size_t n_rules;
	int64_t rules[RULES_MAX]; /* rule ids by bit; 0: free */
	struct {
		char text[RULE_TEXT_MAX];
		size_t len;
	} rule_texts[RULES_MAX]; /* ",17," */
	int64_t day;             /* the day that sums is for */
	int64_t day_addresses;
	struct sum sums[RULES_MAX];
	struct daily daily; /* sums of finished days */
};

struct hit_index *hit_index_new(struct store *store)
{
	struct hit_index *const x = alloc_zero(1, sizeof *x, "the index of hits");

	x->store = store;
	x->links = alloc_zero(SPAN_MAX, sizeof *x->links, "the index of hits");
	x->noted = alloc_raw(ADDRESSES_MAX, sizeof *x->noted, "the index of hits");
	x->places = alloc_zero(PLACES, sizeof *x->places, "the index of hits");
	return x;
}

void hit_index_free(struct hit_index *x)
{
	if (x == NULL)
		return;
	free(x->links);
	free(x->noted);
	free(x->places);
	daily_done(&x->daily);
	free(x);
}

void hit_index_forget(struct hit_index *x)
{
	const size_t rows = x->last_id == 0 ? 0 : (size_t)(x->last_id - x->base) / LINKS + 1;

	memset(x->places, 0, PLACES * sizeof *x->places);
	memset(x->links, 0, rows * LINKS * sizeof *x->links); /* the rest was never touched, so it takes no memory */
	memset(x->newest_s, 0, sizeof x->newest_s);
	memset(x->rules, 0, sizeof x->rules);
	memset(x->sums, 0, sizeof x->sums);
	x->n = x->n_rules = 0;
	x->n_hits = x->last_id = x->day_addresses = 0;
	daily_clear(&x->daily);
}

/* --- gathering --- */

static size_t home_of(const struct addr *addr)
{
	return addr_hash(addr, 0) % PLACES;
}

/* Prefetches an address, which may lie in two cache lines. */
static void fetch(const struct noted *a)
{
	__builtin_prefetch(a, 1);
	__builtin_prefetch((const char *)(a + 1) - 1, 1);
}

static struct noted *find(struct hit_index *x, const struct addr *addr)
{
	size_t i = home_of(addr);

	while (x->places[i] != 0 && !addr_equal(&x->noted[x->places[i] - 1].addr, addr))
		i = (i + 1) % PLACES;
	if (x->places[i] == 0) {
		x->noted[x->n] = (struct noted){.addr = *addr};
		x->places[i] = (uint32_t)++x->n; /* <= ADDRESSES_MAX */
	}
	return &x->noted[x->places[i] - 1];
}

static unsigned bit_of(struct hit_index *x, int64_t rule)
{
	unsigned bit = (uint64_t)rule % RULES_MAX;

	while (x->rules[bit] != rule && x->rules[bit] != 0)
		bit = (bit + 1) % RULES_MAX;
	x->n_rules += x->rules[bit] == 0;
	x->rules[bit] = rule;
	return bit;
}

/* Ends the current day: another one begins, or there are no more hits. */
static void end_day(struct hit_index *x)
{
	for (size_t bit = 0; bit < RULES_MAX; bit++) {
		const struct sum *const sum = &x->sums[bit];
		struct daily_row *row;

		if (sum->hits == 0)
			continue;
		row = daily_row(&x->daily, x->day, x->rules[bit]);
		row->hits += sum->hits;
		row->addresses += sum->addresses;
		if (sum->last_s > row->last_s)
			row->last_s = sum->last_s;
	}
	if (x->day_addresses > 0)
		daily_row(&x->daily, x->day, DAILY_ALL_RULES)->addresses += x->day_addresses;
	memset(x->sums, 0, sizeof x->sums);
	x->day_addresses = 0;
}

static uint32_t stamp(int64_t time_s)
{
	return time_s < 0 ? 0 : time_s > UINT32_MAX ? UINT32_MAX : (uint32_t)time_s;
}

static void count(struct hit_index *x, struct noted *a, const struct store_hit *hit, uint32_t number)
{
	const unsigned bit = bit_of(x, hit->rule);
	const uint64_t mask = UINT64_C(1) << bit;
	const uint32_t time_s = stamp(hit->time_s);
	const uint16_t day = (uint16_t)(time_s / DAY_S); /* UINT32_MAX / DAY_S fits */
	struct sum *const sum = &x->sums[bit];

	if (day != x->day) {
		end_day(x);
		x->day = day;
	}
	if (a->n == 0) {
		a->oldest = number;
		a->first_s = a->last_s = time_s;
		a->oldest_day = a->newest_day = day;
		x->day_addresses++;
	} else if (a->newest_day != day) {
		a->newest_day = day;
		a->newest_rules = 0;
		x->day_addresses++;
	}
	sum->hits++;
	sum->addresses += (a->newest_rules & mask) == 0;
	if (time_s > sum->last_s)
		sum->last_s = time_s;
	a->newest_rules |= mask;
	if (a->newest_day == a->oldest_day)
		a->oldest_rules |= mask;
	if (time_s < a->first_s)
		a->first_s = time_s;
	if (time_s > a->last_s)
		a->last_s = time_s;
}

static bool is_full(const struct hit_index *x, int64_t id)
{
	return x->n == ADDRESSES_MAX || x->n_rules == RULES_MAX || id - x->base >= SPAN_MAX;
}

/* Begins with hit id. Reads its row of link, which may be partly filled. */
static int begin(struct hit_index *x, int64_t id, struct why *why)
{
	sqlite3_stmt *const s = sql_statement(x->store, LINK_FIND, "SELECT back FROM link WHERE id = ?1");
	int rc;

	sql_bind_number(s, 1, id / LINKS);
	if ((rc = sql_row(x->store, s, why)) < 0)
		return rc;
	if (rc == 0) {
		const struct span back = sql_bytes(s, 0);

		memcpy(x->links, back.p, back.len <= LINKS * sizeof *x->links ? back.len : 0);
		(void)sqlite3_reset(s);
	}
	x->base = id / LINKS * LINKS;
	return 0;
}

static int gather(struct hit_index *x, const struct store_hit *hit, int64_t id, struct why *why)
{
	struct noted *a;
	uint32_t number;
	int rc;

	if (x->last_id != 0 && is_full(x, id) && (rc = hit_index_write(x, why)) < 0)
		return rc;
	if (x->last_id == 0 && (rc = begin(x, id, why)) < 0)
		return rc;
	number = (uint32_t)(id - x->base); /* < SPAN_MAX */
	a = find(x, &hit->address);
	x->links[number] = a->n == 0 ? 0 : htole32(number - a->newest);
	count(x, a, hit, number);
	if (stamp(hit->time_s) > x->newest_s[number / LINKS])
		x->newest_s[number / LINKS] = stamp(hit->time_s);
	a->newest = number;
	a->n++;
	x->n_hits++;
	x->last_id = id;
	return 0;
}

/* Gathers hits from the table with ids between after and before, excluding both. */
static int read_hits(struct hit_index *x, int64_t after, int64_t before, size_t n_max, size_t *ret_n, struct why *why)
{
	sqlite3_stmt *const s = sql_statement(x->store, HITS_AFTER,
	                                      "SELECT id, address, time, rule FROM hit "
	                                      "WHERE id > ?1 AND id < ?2 ORDER BY id LIMIT ?3");
	size_t n = 0;
	int rc;

	sql_bind_number(s, 1, after);
	sql_bind_number(s, 2, before);
	sql_bind_number(s, 3, (int64_t)n_max);
	while ((rc = sql_row(x->store, s, why)) == 0) {
		struct store_hit hit = {.time_s = sqlite3_column_int64(s, 2), .rule = sqlite3_column_int64(s, 3)};

		if ((rc = sql_addr(x->store, s, 1, "hit", &hit.address, why)) < 0)
			return rc;
		if ((rc = gather(x, &hit, sqlite3_column_int64(s, 0), why)) < 0) {
			(void)sqlite3_reset(s);
			return rc;
		}
		n++;
	}
	*ret_n = n;
	return rc < 0 ? rc : 0;
}

static int indexed_to(struct hit_index *x, int64_t *ret, struct why *why)
{
	const int rc = sql_number(x->store, sql_statement(x->store, INDEXED_TO, "SELECT upto FROM indexed"), ret, why);

	return rc == STORE_NONE ? why_set(why, EUCLEAN, "table indexed is empty") : rc;
}

int hit_index_note(struct hit_index *x, const struct store_hit *hits, size_t n, int64_t last_id, struct why *why)
{
	const int64_t first_id = last_id - (int64_t)n + 1;
	int64_t after = x->last_id;
	size_t n_read;
	uint32_t place;
	int rc = 0;

	if (after == 0)
		rc = indexed_to(x, &after, why);
	/* Hits from before this process's first, or from another process. */
	if (rc == 0 && after < first_id - 1)
		rc = read_hits(x, after, first_id, SIZE_MAX / 2, &n_read, why);
	/* Prefetches the place, later the address. */
	for (size_t i = 0; i < n && rc == 0; i++) {
		if (i + AHEAD < n)
			__builtin_prefetch(&x->places[home_of(&hits[i + AHEAD].address)], 1);
		if (i + AHEAD / 2 < n && (place = x->places[home_of(&hits[i + AHEAD / 2].address)]) != 0)
			fetch(&x->noted[place - 1]);
		rc = gather(x, &hits[i], first_id + (int64_t)i, why);
	}
	return rc;
}

int hit_index_step(struct hit_index *x, size_t n_max, bool *ret_more, struct why *why)
{
	int64_t after = x->last_id;
	size_t n = 0;
	int rc = after != 0 ? 0 : indexed_to(x, &after, why);

	if (rc == 0)
		rc = read_hits(x, after, INT64_MAX, n_max, &n, why);
	*ret_more = n == n_max;
	return rc == 0 ? hit_index_write(x, why) : rc;
}

/* --- writing --- */

static void write_rule_texts(struct hit_index *x)
{
	for (size_t bit = 0; bit < RULES_MAX; bit++)
		x->rule_texts[bit].len =
			(size_t)snprintf(x->rule_texts[bit].text, RULE_TEXT_MAX, ",%" PRId64 ",", x->rules[bit]);
}

/* Returns the lowest set bit and clears it; there must be one. */
static unsigned next_bit(uint64_t *bits)
{
	const unsigned bit = (unsigned)__builtin_ctzll(*bits);

	*bits &= *bits - 1;
	return bit;
}

/* Returns those of rules that are in text, which is like ",3,17,". */
static uint64_t rules_in(const struct hit_index *x, uint64_t rules, const char *text)
{
	uint64_t found = 0;

	while (rules != 0) {
		const unsigned bit = next_bit(&rules);

		if (strstr(text, x->rule_texts[bit].text) != NULL)
			found |= UINT64_C(1) << bit;
	}
	return found;
}

/* Appends rules to text, which is like ",3,17," and has len bytes, as far as they fit. Returns the new length. */
static size_t add_rules(const struct hit_index *x, uint64_t rules, char text[static RULES_TEXT_MAX], size_t len)
{
	while (rules != 0 && len + RULE_TEXT_MAX <= RULES_TEXT_MAX) {
		const unsigned bit = next_bit(&rules);

		len -= len > 0; /* overwrite the last comma */
		memcpy(text + len, x->rule_texts[bit].text, x->rule_texts[bit].len);
		len += x->rule_texts[bit].len;
	}
	return len;
}

/* Corrects the sums of a day on which the address had already been counted, for each rule and for all. */
static void uncount(struct hit_index *x, const struct noted *a, const char *counted)
{
	uint64_t rules = rules_in(x, a->oldest_rules, counted);

	daily_row(&x->daily, a->oldest_day, DAILY_ALL_RULES)->addresses--;
	while (rules != 0)
		daily_row(&x->daily, a->oldest_day, x->rules[next_bit(&rules)])->addresses--;
}

/*
 * join_hits(HEAD, DAY, RULES): called with the stored columns of the address being written. Links the oldest of its new
 * hits to HEAD, the newest stored one. Returns its new RULES.
 */
static void join_hits(sqlite3_context *context, int n, sqlite3_value **values)
{
	struct hit_index *const x = ((struct store *)sqlite3_user_data(context))->indexing;
	const char *const rules = (const char *)sqlite3_value_text(values[2]);
	const int64_t head = sqlite3_value_int64(values[0]), day = sqlite3_value_int64(values[1]);
	const struct noted *const a = x == NULL ? NULL : x->written;
	char text[RULES_TEXT_MAX];
	uint64_t more;
	size_t len = 0;
	int64_t back;

	(void)n;
	if (a == NULL || rules == NULL) {
		sqlite3_result_error(context, "only the index itself is written with it", -1);
		return;
	}
	back = x->base + a->oldest - head;
	x->links[a->oldest] = back > 0 && back <= UINT32_MAX ? htole32((uint32_t)back) : 0;
	if (day == a->oldest_day)
		uncount(x, a, rules);
	more = a->newest_rules;
	if (day == a->newest_day && strlen(rules) < sizeof text) {
		len = strlen(rules);
		memcpy(text, rules, len);
		more &= ~rules_in(x, more, rules);
	}
	len = add_rules(x, more, text, len);
	sqlite3_result_text(context, text, (int)len, SQLITE_TRANSIENT); /* len <= RULES_TEXT_MAX */
}

static void rules_value(sqlite3_context *context, const struct hit_index *x, const struct noted *a)
{
	char text[RULES_TEXT_MAX];

	sqlite3_result_text(context, text, (int)add_rules(x, a->newest_rules, text, 0), SQLITE_TRANSIENT);
}

static const struct noted *sorted_at(const struct hit_index *x, size_t i)
{
	return &x->noted[x->sorted[i] % (1 << ADDRESS_BITS)];
}

static const struct noted *next_address(struct hit_index *x)
{
	const size_t i = x->n_written++;

	if (i + AHEAD < x->n)
		fetch(sorted_at(x, i + AHEAD));
	return x->written = sorted_at(x, i);
}

/* Every row is the index: SQLite reads its columns in their order, each once, so column 0 begins the next address. */
static void address_value(sqlite3_context *context, const void *row, int column)
{
	struct hit_index *const x = *(struct hit_index *const *)row;
	const struct noted *const a = column == 0 ? next_address(x) : x->written;
	const int64_t numbers[] = {0, x->base + a->newest, a->n, a->first_s, a->last_s, a->newest_day};

	if (column == 0)
		batch_addr(context, &a->addr);
	else if (column == 6)
		rules_value(context, x, a);
	else
		sqlite3_result_int64(context, numbers[column]);
}

static int by_number(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/*
 * Returns the addresses in nearly the order of the table, so that each of its pages is changed once: their index in
 * noted is in the lowest ADDRESS_BITS. Overwrites the places, which are not needed again before hit_index_forget.
 */
static const uint64_t *sort_addresses(struct hit_index *x)
{
	uint64_t *const sorted = (void *)x->places; /* at least as large as ADDRESSES_MAX numbers */

	for (size_t i = 0; i < x->n; i++)
		sorted[i] = text_order(&x->noted[i].addr) << ADDRESS_BITS | i;
	qsort(sorted, x->n, sizeof *sorted, by_number);
	return sorted;
}

static int write_addresses(struct hit_index *x, struct why *why)
{
	sqlite3_stmt *const s = sql_statement(
		x->store, ADDRESS_ADD,
		"INSERT OR FAIL INTO address (address, head, hits, first, last, day, rules) SELECT a, b, c, d, e, f, g FROM batch "
		"WHERE true ON CONFLICT (address) DO UPDATE SET hits = hits + excluded.hits, first = min(first, excluded.first), "
		"last = max(last, excluded.last), rules = join_hits(head, day, rules), day = excluded.day, head = excluded.head");
	int rc;

	x->sorted = sort_addresses(x);
	x->n_written = 0;
	x->store->indexing = x;
	/* All in one statement: each keeps a copy of the pages that it changes. */
	rc = batch_run(x->store, s, &x, 0, x->n, address_value, why);
	x->store->indexing = NULL;
	return rc;
}

/* Call after write_addresses, which completes the links. */
static int write_links(struct hit_index *x, struct why *why)
{
	sqlite3_stmt *const s =
		sql_statement(x->store, LINK_PUT, "INSERT OR REPLACE INTO link (id, back) VALUES (?1, ?2)");
	const size_t n = (size_t)(x->last_id - x->base + 1);
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i += LINKS) {
		const size_t len = (n - i < LINKS ? n - i : LINKS) * sizeof *x->links;

		sql_bind_number(s, 1, (x->base + (int64_t)i) / LINKS);
		sql_bind_bytes(s, 2, (struct span){(const char *)&x->links[i], len});
		rc = sql_run(x->store, s, why);
	}
	return rc;
}

static int write_latest(struct hit_index *x, struct why *why)
{
	sqlite3_stmt *const s = sql_statement(x->store, LATEST_PUT,
	                                      "INSERT INTO latest (id, time) VALUES (?1, ?2) "
	                                      "ON CONFLICT (id) DO UPDATE SET time = max(time, excluded.time)");
	int rc = 0;

	for (int64_t row = x->base / LINKS; row <= x->last_id / LINKS && rc == 0; row++) {
		sql_bind_number(s, 1, row);
		sql_bind_number(s, 2, x->newest_s[row - x->base / LINKS]);
		rc = sql_run(x->store, s, why);
	}
	return rc;
}

int hit_index_write(struct hit_index *x, struct why *why)
{
	sqlite3_stmt *const s = sql_statement(x->store, INDEXED_PUT, "UPDATE indexed SET upto = ?1, hits = hits + ?2");
	int rc;

	if (x->last_id == 0)
		return 0;
	end_day(x);
	write_rule_texts(x);
	if ((rc = write_addresses(x, why)) < 0 || (rc = write_links(x, why)) < 0 || (rc = write_latest(x, why)) < 0 ||
	    (rc = daily_write(&x->daily, x->store, why)) < 0)
		return rc;
	sql_bind_number(s, 1, x->last_id);
	sql_bind_number(s, 2, x->n_hits);
	if ((rc = sql_run(x->store, s, why)) == 0)
		hit_index_forget(x);
	return rc;
}

/* --- reading and purging --- */

/* hit_before(ID, BACK): returns the previous hit of the same address, or null. BACK is the row of link for ID. */
static void hit_before(sqlite3_context *context, int n, sqlite3_value **values)
{
	const int64_t id = sqlite3_value_int64(values[0]);
	const unsigned char *const back = sqlite3_value_blob(values[1]);
	const size_t at = (size_t)((uint64_t)id % LINKS) * sizeof(uint32_t),
		     len = (size_t)sqlite3_value_bytes(values[1]);
	uint32_t far = 0;

	(void)n;
	if (back != NULL && at + sizeof far <= len)
		memcpy(&far, back + at, sizeof far);
	if (far != 0)
		sqlite3_result_int64(context, id - le32toh(far));
}

int hit_index_functions(struct store *store, struct why *why)
{
	int rc = sqlite3_create_function(store->db, "join_hits", 3, SQLITE_UTF8 | SQLITE_DIRECTONLY, store, join_hits,
	                                 NULL, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_create_function(store->db, "hit_before", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
		                             hit_before, NULL, NULL);
	return rc == SQLITE_OK ? 0 : sql_fail(store, "cannot use it", why);
}

/* ?1, ?2: as in store_purge. The newest hit is never deleted, so that ids only grow. */
#define TOO_OLD                                                                                                        \
	"FROM (SELECT id, time, address FROM hit ORDER BY id LIMIT ?2) WHERE time < ?1 AND id < (SELECT max(id) FROM " \
	"hit)"

int hit_index_purge(struct store *store, int64_t before_s, size_t n_max, size_t *ret_n, struct why *why)
{
	static const struct {
		enum statement which;
		const char *words;
	} steps[] = {
		{PURGE_ADDRESS,
	         "UPDATE address SET hits = hits - old.n FROM (SELECT address AS gone, count(*) AS n " TOO_OLD
	         " AND id <= (SELECT upto FROM indexed) GROUP BY address) old WHERE address = old.gone"},
		{PURGE_EMPTY, "DELETE FROM address WHERE hits <= 0 AND address IN (SELECT address " TOO_OLD ")"},
		{PURGE_INDEXED, "UPDATE indexed SET hits = hits - (SELECT count(*) " TOO_OLD " AND id <= upto)"},
		{PURGE_HITS, "DELETE FROM hit WHERE id IN (SELECT id " TOO_OLD ")"},
		{PURGE_LINKS, "DELETE FROM link WHERE id < (SELECT min(id) / 4000 FROM hit) AND ?1 AND ?2"},
		{PURGE_LATEST, "DELETE FROM latest WHERE id < (SELECT min(id) / 4000 FROM hit) AND ?1 AND ?2"},
	};
	int rc = 0;

	for (size_t i = 0; i < sizeof steps / sizeof *steps && rc == 0; i++) {
		sqlite3_stmt *const s = sql_statement(store, steps[i].which, steps[i].words);

		sql_bind_number(s, 1, before_s);
		sql_bind_number(s, 2, (int64_t)n_max);
		rc = sql_run(store, s, why);
		if (steps[i].which == PURGE_HITS)
			*ret_n = (size_t)sqlite3_changes(store->db);
	}
	return rc;
}
