#include "store/batch.h"

#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"

struct table {
	sqlite3_vtab base; /* must be first, for SQLite */
	const struct store *store;
};

struct cursor {
	sqlite3_vtab_cursor base;
	const struct batch *batch;
	size_t i;
};

static int connect_table(sqlite3 *db, void *store, int argc, const char *const *argv, sqlite3_vtab **ret,
                         char **ret_error)
{
	struct table *const table = alloc_zero(1, sizeof *table, "a batch");

	(void)argc;
	(void)argv;
	(void)ret_error;
	table->store = store;
	*ret = &table->base;
	return sqlite3_declare_vtab(db, "CREATE TABLE batch (a, b, c, d, e, f, g, h, i, j, k)");
}

static int disconnect_table(sqlite3_vtab *table)
{
	free(table);
	return SQLITE_OK;
}

/* There is only one way to read it: all rows in order. */
static int best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
	(void)table;
	(void)info;
	return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *table, sqlite3_vtab_cursor **ret)
{
	struct cursor *const cursor = alloc_zero(1, sizeof *cursor, "a batch");

	cursor->batch = &((const struct table *)table)->store->batch;
	*ret = &cursor->base;
	return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *cursor)
{
	free(cursor);
	return SQLITE_OK;
}

static int rewind_cursor(sqlite3_vtab_cursor *cursor, int plan, const char *name, int argc, sqlite3_value **argv)
{
	(void)plan;
	(void)name;
	(void)argc;
	(void)argv;
	((struct cursor *)cursor)->i = 0;
	return SQLITE_OK;
}

static int next_row(sqlite3_vtab_cursor *cursor)
{
	((struct cursor *)cursor)->i++;
	return SQLITE_OK;
}

static int is_at_end(sqlite3_vtab_cursor *cursor)
{
	const struct cursor *const c = (const struct cursor *)cursor;

	return c->i >= c->batch->n;
}

static int return_column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int column)
{
	const struct cursor *const c = (const struct cursor *)cursor;

	c->batch->value(context, (const char *)c->batch->rows + c->i * c->batch->size, column);
	return SQLITE_OK;
}

static int return_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *ret)
{
	*ret = (sqlite3_int64)((const struct cursor *)cursor)->i;
	return SQLITE_OK;
}

static const sqlite3_module module = {
	.xConnect = connect_table,
	.xDisconnect = disconnect_table,
	.xBestIndex = best_index,
	.xOpen = open_cursor,
	.xClose = close_cursor,
	.xFilter = rewind_cursor,
	.xNext = next_row,
	.xEof = is_at_end,
	.xColumn = return_column,
	.xRowid = return_rowid,
};

int batch_register(struct store *store, struct why *why)
{
	return sqlite3_create_module(store->db, "batch", &module, store) == SQLITE_OK
	               ? 0
	               : sql_fail(store, "cannot use it", why);
}

int batch_run(struct store *store, sqlite3_stmt *s, const void *rows, size_t size, size_t n, batch_value *value,
              struct why *why)
{
	int rc;

	if (n == 0)
		return 0;
	store->batch = (struct batch){rows, size, n, value};
	rc = sql_run(store, s, why);
	store->batch.n = 0;
	return rc;
}
