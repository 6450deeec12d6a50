#include "store/daily.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "store/batch.h"

struct daily_row *daily_row(struct daily *d, int64_t day, int64_t rule)
{
	size_t i = d->last;

	/* There are few rows, and it is usually one of the last. */
	if (i < d->n && d->rows[i].day == day && d->rows[i].rule == rule)
		return &d->rows[i];
	for (i = d->n; i > 0 && (d->rows[i - 1].day != day || d->rows[i - 1].rule != rule);)
		i--;
	if (i == 0) {
		if (d->n == d->cap) {
			d->cap = d->cap == 0 ? 64 : 2 * d->cap;
			d->rows = alloc_resize(d->rows, d->cap, sizeof *d->rows, "daily sums");
		}
		d->rows[d->n++] = (struct daily_row){.day = day, .rule = rule};
		i = d->n;
	}
	d->last = i - 1;
	return &d->rows[i - 1];
}

static void add_totals(struct daily *d)
{
	const size_t n = d->n;

	for (size_t i = 0; i < n; i++) {
		const struct daily_row of = d->rows[i];
		struct daily_row *all;

		if (of.rule == DAILY_ALL_RULES)
			continue;
		all = daily_row(d, of.day, DAILY_ALL_RULES);
		all->hits += of.hits;
		all->blocks += of.blocks;
		all->dropped += of.dropped;
		all->packets += of.packets;
		all->bytes += of.bytes;
		if (of.last_s > all->last_s)
			all->last_s = of.last_s;
	}
}

static void row_value(sqlite3_context *context, const void *row, int column)
{
	const struct daily_row *const r = row;
	const int64_t values[] = {r->day,     r->rule,   r->hits,    r->addresses, r->blocks,
	                          r->dropped, r->last_s, r->packets, r->bytes};

	sqlite3_result_int64(context, values[column]);
}

int daily_write(struct daily *d, struct store *store, struct why *why)
{
	sqlite3_stmt *const s = sql_statement(
		store, DAILY_ADD,
		"INSERT OR FAIL INTO daily (day, rule, hits, addresses, blocks, dropped, last, packets, bytes) "
		"SELECT a, b, c, d, e, f, g, h, i FROM batch WHERE true ON CONFLICT (day, rule) DO UPDATE "
		"SET hits = hits + excluded.hits, addresses = addresses + excluded.addresses, blocks = blocks + excluded.blocks, "
		"dropped = dropped + excluded.dropped, last = max(last, excluded.last), packets = packets + excluded.packets, "
		"bytes = bytes + excluded.bytes");
	int rc;

	add_totals(d);
	rc = batch_run(store, s, d->rows, sizeof *d->rows, d->n, row_value, why);
	d->n = 0;
	return rc;
}

void daily_clear(struct daily *d)
{
	d->n = 0;
}

void daily_done(struct daily *d)
{
	free(d->rows);
	*d = (struct daily){0};
}
