/*
 * store: the persistent state in one SQLite file. This header has the file itself and its transactions. Its contents
 * are in logs.h, hits.h, blocks.h, reputation.h and audit.h; queries for display in query.h; removal of old rows in
 * retention.h.
 *
 * Knows SQLite and base; never logs, rules, the firewall or the clock. A log's position, its hits and the decisions on
 * them go into one transaction, so after kill -9 every line has been counted exactly once. There is one writer per
 * daemon. Readers (sqlite3, the commands) never make it lose anything: it uses WAL and BEGIN IMMEDIATE, and after an
 * error the caller tries the transaction again. Times (_s) are Unix seconds UTC, from the caller.
 *
 * Call order: store_open; then store_begin, changes, store_commit (or store_rollback); store_close.
 *
 * A walk returns rows one by one: begin it, then call next until STORE_NONE. Only one walk can be open; beginning
 * another ends it. Data borrowed from a row is valid until the next call.
 *
 * Errors: 0, or -errno with a sentence in why: -EAGAIN locked by another writer, -ENOSPC disk full, -EROFS read-only,
 * -EIO I/O error, -EINVAL not our database or of another version, -EUCLEAN damaged (see mend.h). After an error nothing
 * was changed.
 *
 * Source: schema.sql; SQLite's "WAL" and "user_version" pages; sizes and speeds measured on SQLite 3.40.
 */
#ifndef WFS_STORE_STORE_H
#define WFS_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/text.h"
#include "base/why.h"

enum {
	STORE_VERSION = 10,      /* PRAGMA user_version */
	STORE_BUSY_MS = 200,     /* how long one attempt waits for another writer */
	STORE_HURRY_MS = 20,     /* the same after store_hurry */
	STORE_BULK_COMMITS = 64, /* store_commits combined into one in a database that other processes use */
};

/* Positive results. */
enum {
	STORE_NONE = 1, /* no such row, or no more rows */
};

enum store_mode {
	STORE_WRITE, /* creates the file if it does not exist, and converts one of an older version */
	STORE_READ,
};

struct store;

/*
 * Puts SQLite's temporary files (for large sorts) beside the database at path instead of into a directory for temporary
 * files; for a process that may not write elsewhere. Call before the process's first store_open.
 */
void store_temp_beside(const char *path);

/* path NULL: a database in memory, which store_close discards. */
int store_open(const char *path, enum store_mode mode, struct store **ret, struct why *why);

/* Waits only STORE_HURRY_MS for another writer from now on; for callers that have other work and try again soon. */
void store_hurry(struct store *store);

/* Returns true for a database in memory. */
bool store_is_memory(const struct store *store);

/* Accepts NULL. Rolls back an open transaction. */
void store_close(struct store *store);

int store_begin(struct store *store, struct why *why);
int store_commit(struct store *store, struct why *why);
void store_rollback(struct store *store);

/* Ends a transaction: commits if rc is 0; otherwise rolls back and returns rc, with why unchanged. */
int store_finish(struct store *store, int rc, struct why *why);

/*
 * For a replay, which stores rows by the hundred thousand. From now on only every STORE_BULK_COMMITS-th store_commit
 * really commits, and an error undoes everything since the last real commit. In a database that this process has just
 * created and no other process uses, only the store_commit after store_bulk_due commits, nothing is synced to disk, and
 * other processes are locked out. A kill leaves the file intact; a power loss may not, which the next store_open
 * detects and reports.
 */
int store_bulk_begin(struct store *store, struct why *why);
void store_bulk_due(struct store *store);

/* Returns true if the next store_commit really commits: deferred data must be stored now, or a kill loses it. */
bool store_commits_next(const struct store *store);

/* Commits the rest, syncs it to disk and lets other processes in. store_close does not do this. */
int store_bulk_end(struct store *store, struct why *why);

/*
 * Returns a counter that grows with each row that this handle changes, even if the change is rolled back. While it is
 * the same, nothing has changed.
 */
int64_t store_changes(const struct store *store);

/* Stores a key and value of the daemon's own status, for "status". */
int store_state_set(struct store *store, const char *key, const char *value, struct why *why);

#endif
