/*
 * store: what is remembered, in one SQLite file: the file itself and its transactions. What is in it:
 * logs.h, hits.h, blocks.h, reputation.h, audit.h; what is read to be shown: query.h; what is too old: retention.h.
 *
 * Knows SQLite and base. Never logs, rules, the firewall or the clock.
 * A log's position, its hits and the decisions on them go into one transaction: after kill -9 every line has been
 * counted exactly once. One writer per daemon; readers (sqlite3, the commands) never make it lose anything:
 * WAL, BEGIN IMMEDIATE, and an error leaves the transaction to be tried again by the caller.
 * Order: store_open; store_begin, changes, store_commit (or store_rollback); store_close.
 * Times (_s) are Unix seconds UTC, from the caller.
 * Walks: rows one by one: begin, next until STORE_NONE. One at a time; beginning another ends it. What is
 * borrowed from a row is so until the next call.
 * Errors: 0 or -errno with a sentence: -EAGAIN locked by another writer, -ENOSPC disk full, -EROFS read-only,
 * -EIO, -EINVAL not our database, -EUCLEAN damaged: see mend.h. After an error nothing was changed.
 * Source: schema.sql; SQLite's "WAL" and "user_version" pages; sizes and speeds measured on SQLite 3.40.
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
	STORE_VERSION = 1,   /* PRAGMA user_version */
	STORE_BUSY_MS = 200, /* how long one attempt waits for another writer */
	STORE_BULK_COMMITS = 64, /* store_commits put off in a database that others use */
};

/* Positive answers. */
enum {
	STORE_NONE = 1, /* no (more) such row */
};

enum store_mode {
	STORE_WRITE, /* created when it does not exist */
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

/* True for a database in memory. */
bool store_is_memory(const struct store *store);

/* Takes NULL. Rolls an open transaction back. */
void store_close(struct store *store);

int store_begin(struct store *store, struct why *why);
int store_commit(struct store *store, struct why *why);
void store_rollback(struct store *store);

/* What everybody does at the end: commits when rc is 0; else rolls back and returns rc, with why as it is. */
int store_finish(struct store *store, int rc, struct why *why);

/*
 * For a replay, which stores by the hundred thousand: from now on only every STORE_BULK_COMMITS-th store_commit is one,
 * and an error undoes what was stored since the last that was. In a database this process has just made and nobody
 * else knows, only the one after store_bulk_due is, nothing waits for the disk either and nobody else gets in; a kill
 * still leaves it whole, a loss of power may not, which the next store_open finds out and says.
 */
int store_bulk_begin(struct store *store, struct why *why);
void store_bulk_due(struct store *store);

/* True when the next store_commit is one: what has been put off must be said now, or a kill loses it. */
bool store_commits_next(const struct store *store);

/* Commits what is left, brings it safely to the disk and lets others in. store_close does it not. */
int store_bulk_end(struct store *store, struct why *why);

/* What the daemon says of itself for "status": a word and its value. */
int store_say(struct store *store, const char *key, const char *value, struct why *why);

/* The database itself: for this folder, and for tests, which break it. */
struct sqlite3;
struct sqlite3 *store_handle(struct store *store);

#endif
