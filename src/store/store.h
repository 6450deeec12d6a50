/*
 * store: the persistent state in one SQLite file: the file itself and its transactions. Its contents:
 * logs.h, hits.h, blocks.h, reputation.h, audit.h; queries for display: query.h; removal of old rows: retention.h.
 *
 * Knows SQLite and base. Never logs, rules, the firewall or the clock.
 * A log's position, its hits and the decisions on them go into one transaction: after kill -9 every line has been
 * counted exactly once. One writer per daemon; readers (sqlite3, the commands) never make it lose anything:
 * WAL, BEGIN IMMEDIATE, and an error leaves the transaction to be tried again by the caller.
 * Order: store_open; store_begin, changes, store_commit (or store_rollback); store_close.
 * Times (_s) are Unix seconds UTC, from the caller.
 * Walks: rows one by one: begin, next until STORE_NONE. One at a time; beginning another ends it. What is
 * borrowed from a row is valid until the next call.
 * Errors: 0 or -errno with a sentence: -EAGAIN locked by another writer, -ENOSPC disk full, -EROFS read-only,
 * -EIO, -EINVAL not our database, or of another version, -EUCLEAN damaged: see mend.h. After an error nothing was
 * changed. Source: schema.sql; SQLite's "WAL" and "user_version" pages; sizes and speeds measured on SQLite 3.40.
 */
#ifndef WFS_STORE_H
#define WFS_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/text.h"
#include "base/why.h"

enum {
	STORE_VERSION = 9,       /* PRAGMA user_version */
	STORE_BUSY_MS = 200,     /* how long one attempt waits for another writer */
	STORE_HURRY_MS = 20,     /* likewise, after store_hurry */
	STORE_BULK_COMMITS = 64, /* store_commits deferred in a database that others use */
};

/* Positive results. */
enum {
	STORE_NONE = 1, /* no (more) such row */
};

enum store_mode {
	STORE_WRITE, /* created when it does not exist, and converted when it is of an older version */
	STORE_READ,
};

struct store;

/*
 * What SQLite sorts and does not want to keep in memory goes into unnamed files beside the database at path, and not
 * into a directory for temporary files; for a process that may write nowhere else. Before the process's first
 * store_open.
 */
void store_temp_beside(const char *path);

/* path: NULL for a database in memory, gone with store_close. */
int store_open(const char *path, enum store_mode mode, struct store **ret, struct why *why);

/* For who has other things to do than to wait for another writer, and tries again soon. */
void store_hurry(struct store *store);

/* True for a database in memory. */
bool store_is_memory(const struct store *store);

/* Accepts NULL. Rolls an open transaction back. */
void store_close(struct store *store);

int store_begin(struct store *store, struct why *why);
int store_commit(struct store *store, struct why *why);
void store_rollback(struct store *store);

/* Ends a transaction: commits when rc is 0; else rolls back and returns rc, with why unchanged. */
int store_finish(struct store *store, int rc, struct why *why);

/*
 * For a replay, which stores rows by the hundred thousand: from now on only every STORE_BULK_COMMITS-th store_commit
 * really commits, and an error undoes everything since the last real commit. In a database that this process has just
 * created and no other process uses, only the store_commit after store_bulk_due commits, nothing waits for the disk,
 * and other processes are locked out. A kill leaves the file intact; a power loss may not: the next store_open detects
 * and reports it.
 */
int store_bulk_begin(struct store *store, struct why *why);
void store_bulk_due(struct store *store);

/* True when the next store_commit really commits: deferred data must be stored now, or a kill loses it. */
bool store_commits_next(const struct store *store);

/* Commits what is left, syncs it to the disk and lets other processes in. store_close does not do this. */
int store_bulk_end(struct store *store, struct why *why);

/* Grows with each row that this handle changes, even if that is undone: while it is the same, there is nothing new. */
int64_t store_changes(const struct store *store);

/* The daemon's own status, for "status": a key and its value. */
int store_state_set(struct store *store, const char *key, const char *value, struct why *why);

#endif
