/*
 * batch: many rows of C, written by one statement.
 *
 * Private to the folder. SQLite reads them as a table called "batch" with the columns a, b, c ... k, as many as a row
 * has: "INSERT INTO hit
 * (...) SELECT a, b, c FROM batch". Binding and stepping a statement for each row is two thirds slower (measured with
 * half a million hits). "OR FAIL", because else SQLite keeps a journal for each such statement, to undo its first rows
 * when a later one fails: here the caller undoes the whole transaction. A table with a trigger has one all the same:
 * each statement copies the pages that it changes, so rows are best written together. Source: SQLite's page "The
 * Virtual Table Mechanism Of SQLite", eponymous-only tables.
 */
#ifndef WFS_BATCH_H
#define WFS_BATCH_H

#include <stddef.h>

#include "store/sql.h"

/* Returns the value of a column (0: a) of a row with one of sqlite3_result_...; borrowed data stays valid until the
 * next row. */
typedef void batch_value(sqlite3_context *context, const void *row, int column);

/* Makes the table known to a database that was just opened. */
int batch_register(struct store *store, struct why *why);

/* Runs the statement with n rows of size bytes each, borrowed meanwhile; n 0: does nothing. */
int batch_run(struct store *store, sqlite3_stmt *s, const void *rows, size_t size, size_t n, batch_value *value,
              struct why *why);

/* Values: text that stays where it is, NULL is null; an address, copied. */
static inline void batch_text(sqlite3_context *context, struct span text)
{
	sqlite3_result_text(context, text.p, (int)text.len, SQLITE_STATIC); /* lengths have limits in every row */
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
