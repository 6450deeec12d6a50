/*
 * batch: writes many C structs with one SQL statement.
 *
 * Private to the folder. SQLite reads the structs as a table called "batch" with columns a, b, c ... k, as many as a
 * row has: "INSERT INTO hit (...) SELECT a, b, c FROM batch". Binding and stepping a statement per row takes two thirds
 * longer (measured with half a million hits). Statements say "OR FAIL": otherwise SQLite keeps a journal for each of
 * them, to undo its first rows when a later one fails, while here the caller rolls back the whole transaction. A table
 * with a trigger has such a journal anyway: each statement copies the pages that it changes, so rows are best written
 * together. Source: SQLite's page "The Virtual Table Mechanism Of SQLite", eponymous-only tables.
 */
#ifndef WFS_STORE_BATCH_H
#define WFS_STORE_BATCH_H

#include <stddef.h>

#include "store/sql.h"

/*
 * Returns the value of a column (0: a) of a row by calling one of sqlite3_result_...; borrowed data must stay valid
 * until the next row.
 */
typedef void batch_value(sqlite3_context *context, const void *row, int column);

/* Registers the table with a database that was just opened. */
int batch_register(struct store *store, struct why *why);

/* Runs the statement with n rows of size bytes each, which are borrowed during the call. Does nothing if n is 0. */
int batch_run(struct store *store, sqlite3_stmt *s, const void *rows, size_t size, size_t n, batch_value *value,
              struct why *why);

/* Return values. batch_text borrows the text, and returns null for NULL; batch_addr and batch_net copy. */
static inline void batch_text(sqlite3_context *context, struct span text)
{
	sqlite3_result_text(context, text.p, (int)text.len, SQLITE_STATIC); /* every row limits its lengths */
}

static inline void batch_addr(sqlite3_context *context, const struct addr *addr)
{
	char text[ADDR_TEXT_MAX];

	sqlite3_result_text(context, text, (int)addr_text(addr, text), SQLITE_TRANSIENT);
}

static inline void batch_net(sqlite3_context *context, const struct net *net)
{
	char text[NET_TEXT_MAX];

	sqlite3_result_text(context, text, (int)net_text(net, text), SQLITE_TRANSIENT);
}

#endif
