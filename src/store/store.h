/*
 * store: what is remembered. Hits, blocks and log positions in one SQLite file.
 *
 * Knows SQLite and base. Never logs, rules, the firewall or the clock.
 * A log's position, its hits and the decisions on them go into one transaction: after kill -9 every line has been
 * counted exactly once. One writer per daemon; readers (sqlite3, the commands) never make it lose anything:
 * WAL, BEGIN IMMEDIATE, and an error leaves the transaction to be tried again by the caller.
 * Order: store_open; store_begin, changes, store_commit (or store_rollback); store_close.
 * Errors: 0 or -errno with a sentence: -EAGAIN locked by another writer, -ENOSPC disk full, -EROFS read-only,
 * -EIO, -EINVAL not our database. After an error nothing was changed.
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
	STORE_VERSION = 1,      /* PRAGMA user_version */
	STORE_LINE_MAX = 1024,  /* bytes of a log line kept with a hit, escaped */
	STORE_DETAIL_MAX = 256,
	STORE_FIRST_MAX = 1024, /* bytes of a first line */
	STORE_LAST_MAX = 256,   /* bytes of a last line */
	STORE_BUSY_MS = 200,    /* how long one attempt waits for another writer */
	STORE_BULK_COMMITS = 64,
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

/* path: NULL for a database in memory, gone with store_close. */
int store_open(const char *path, enum store_mode mode, struct store **ret, struct why *why);

/* True for a database in memory. */
bool store_is_memory(const struct store *store);

/* Takes NULL. Rolls an open transaction back. */
void store_close(struct store *store);

int store_begin(struct store *store, struct why *why);
int store_commit(struct store *store, struct why *why);
void store_rollback(struct store *store);

/*
 * For a replay, which stores by the hundred thousand: from now on only every so many-th store_commit is one, and an
 * error undoes what was stored since the last that was. In a database this process has just made and nobody
 * else knows, nothing waits for the disk either and nobody else gets in; a kill still leaves it whole, a loss of
 * power may not, which the next store_open finds out and says.
 */
int store_bulk_begin(struct store *store, struct why *why);

/* True when the next store_commit is one: what has been put off must be said now, or a kill loses it. */
bool store_commits_next(const struct store *store);

/* Commits what is left, brings it safely to the disk and lets others in. store_close does it not. */
int store_bulk_end(struct store *store, struct why *why);

/* A log and how far it was read. */
struct store_log {
	int64_t id;
	int64_t position;
	int64_t lines, cut, unparsed;
	int64_t last_line_at; /* 0: none yet */
	size_t last_len;
	char last[STORE_LAST_MAX];
};

/*
 * The newest log with that first line and an id below below_id (0: any); STORE_NONE when there is none.
 * Several logs may begin alike: the caller asks for the next older one when the position does not fit.
 */
int store_log_find(struct store *store, struct span first, int64_t below_id, struct store_log *ret,
                   struct why *why);

/* A log never seen before; *ret_id is its id. */
int store_log_add(struct store *store, const char *path, struct span first, int64_t *ret_id, struct why *why);

/* How far it has been read by now, and under which path. */
int store_log_put(struct store *store, const struct store_log *log, const char *path, struct why *why);

/* The log that was last read under this path: its id, or STORE_NONE. */
int store_log_of_path(struct store *store, const char *path, int64_t *ret_id, struct why *why);

/* The id of a rule in these words, added when it is new. */
int store_rule(struct store *store, const char *name, const char *category, const char *reason,
               int64_t *ret_id, struct why *why);

struct store_hit {
	int64_t time_s;
	struct addr address;
	int64_t rule, log; /* ids; log 0: none, somebody's vote */
	int score;
	bool ignored;      /* it does not weigh */
	int64_t offset;
	struct span detail, text; /* escaped already: text_escape, at most STORE_DETAIL_MAX and STORE_LINE_MAX bytes */
};
int store_add_hit(struct store *store, const struct store_hit *hit, struct why *why);

/* Why a block is there; the numbers stand in the database. Several may run for one net; each ends by itself. */
enum store_cause {
	STORE_EVIDENCE = 0,
	STORE_NETWORK = 1,
	STORE_MANUAL = 2,
};

/* A block runs from since until until, unless it is lifted before: nothing is written when its time is over. */
struct store_block {
	int64_t id;
	struct net net;
	int64_t since_s, until_s; /* until_s: when it ended, once it ended */
	unsigned offence;         /* 0: by hand */
	int64_t rule;
	enum store_cause cause;
	bool proven;
	const char *rule_name;    /* out, of store_blocks_since: borrowed until the next call; else NULL */
};
int store_add_block(struct store *store, const struct store_block *block, struct why *why);

/* A block was seen knocking at at_s, and lasts until until_s now, if that is later. */
int store_knock(struct store *store, int64_t block_id, int64_t at_s, int64_t until_s, struct why *why);

/* The block of net with that cause that runs at at_s lasts until until_s now. */
int store_prolong(struct store *store, const struct net *net, enum store_cause cause, int64_t at_s, int64_t until_s,
                  struct why *why);

/* Lifts every block of exactly net that runs at at_s before its time. by: "allowed" ... */
int store_end(struct store *store, const struct net *net, int64_t at_s, const char *by, struct why *why);

/* Lifts one block, or those of one cause; the others go on. */
int store_end_one(struct store *store, int64_t block_id, int64_t at_s, const char *by, struct why *why);
int store_end_cause(struct store *store, const struct net *net, enum store_cause cause, int64_t at_s, const char *by,
                    struct why *why);

/*
 * Evidence for the good about net: "times" more on a day (time_s / 86400), the last at time_s. And what of it weighs: a
 * score at a second, added to what is there.
 */
int store_add_good(struct store *store, const struct net *net, int64_t time_s, int64_t times, struct why *why);
int store_add_credit(struct store *store, const struct net *net, int64_t time_s, int score, struct why *why);

/* A network is allowed for a while. cause: "cluster", "white" ...; text: why, or NULL. Another of net is replaced. */
int store_add_allowance(struct store *store, const struct net *net, int64_t since_s, int64_t until_s, const char *cause,
                        const char *text, struct why *why);
int store_end_allowance(struct store *store, const struct net *net, int64_t at_s, struct why *why);

/* A greylisted attempt; spans as they stand in the log. */
struct store_attempt {
	int64_t time_s;
	struct addr address;
	struct span from, to, helo; /* out: borrowed until the next call */
};
int store_add_attempt(struct store *store, const struct store_attempt *attempt, struct why *why);

/* A rule is suspended, and resumed by hand: STORE_NONE when it was not suspended. rule: its name. */
int store_suspend(struct store *store, const char *rule, int64_t at_s, const char *text, struct why *why);
int store_resume(struct store *store, const char *rule, int64_t at_s, struct why *why);

/* When the next running block ends by itself; STORE_NONE when none runs. */
int store_next_expiry(struct store *store, int64_t now_s, int64_t *ret_s, struct why *why);

/*
 * Removes at most n_max of each: hits, and blocks that have ended, from before before_s, oldest first; *ret_n says how
 * many.
 */
int store_purge(struct store *store, int64_t before_s, size_t n_max, size_t *ret_n, struct why *why);

/* The same for good days, allowances, attempts and suspensions that ended, and for credit from before credit_s. */
int store_purge_good(struct store *store, int64_t before_s, int64_t credit_s, size_t n_max, size_t *ret_n,
                     struct why *why);

/*
 * Gives at most n_pages that are empty back to the file system; STORE_NONE when there is no more. Then
 * also the log of changes beside the file is emptied, unless somebody reads. Not within a transaction.
 */
int store_shrink(struct store *store, unsigned n_pages, struct why *why);

/*
 * Rows, one by one: begin, next until STORE_NONE. One such walk at a time; beginning another ends it.
 *   store_running: blocks that run at now_s, any order.
 *   store_blocks_since: every block whose time was not over at since_s, oldest first; until_s is the end it had.
 *   store_hits_since: hits younger than since_s that weigh, in the order they were stored; rule, log, detail, text are not filled.
 *   store_good_since: good days from that day on, in order. store_credit_since: what weighs, younger than since_s.
 *   store_allowances: networks that are allowed at now_s. store_suspensions: rules that are suspended.
 */
int store_running(struct store *store, int64_t now_s, struct why *why);
int store_blocks_since(struct store *store, int64_t since_s, struct why *why);
int store_next_block(struct store *store, struct store_block *ret, struct why *why);
int store_hits_since(struct store *store, int64_t since_s, struct why *why);
int store_next_hit(struct store *store, struct store_hit *ret, struct why *why);
struct store_good {
	struct net net;
	int64_t day;    /* of store_good_since */
	int64_t time_s; /* of store_credit_since ... */
	int score;
	int64_t until_s; /* of store_allowances */
};
int store_good_since(struct store *store, int64_t day, struct why *why);
int store_credit_since(struct store *store, int64_t since_s, struct why *why);
int store_allowances(struct store *store, int64_t now_s, struct why *why);
int store_next_good(struct store *store, struct store_good *ret, struct why *why); /* of these three */
int store_attempts_since(struct store *store, int64_t since_s, struct why *why); /* in the order they were stored */
int store_next_attempt(struct store *store, struct store_attempt *ret, struct why *why);
int store_suspensions(struct store *store, struct why *why);
int store_next_suspension(struct store *store, const char **ret_rule, struct why *why); /* borrowed until the next */

/* What the daemon says of itself for "status": a word and its value. */
int store_say(struct store *store, const char *key, const char *value, struct why *why);

/* For report.c: the rest of this folder. */
struct sqlite3;
struct sqlite3 *store_handle(struct store *store);

#endif
