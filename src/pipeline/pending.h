/*
 * pending: the next transaction. Gathers hits, the decisions on them and log positions, and writes them together; while
 * the database cannot be written, keeps them for later.
 *
 * This is where engine and replay meet the store, and the only writer of evidence and positions (for everything else
 * see change.h). If a write fails, everything is kept and more can be gathered. Nothing is lost: positions do not
 * advance either, so after a crash the same lines are read again. The kernel is notified of a decision before it is
 * written. pending_files.h holds how far files were read, pending_good.h the good evidence. Call order: pending_new;
 * pending_file for each file of a log; pending_hit and pending_read; pending_write.
 */
#ifndef WFS_PIPELINE_PENDING_H
#define WFS_PIPELINE_PENDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"
#include "pipeline/pending_files.h"
#include "rules/rules.h"
#include "verdict/verdict.h"

/* The rule of a block that the scores of the client's network caused, whatever the rule of the last hit. */
#define PENDING_SPREAD_RULE     "network-score"
#define PENDING_SPREAD_CATEGORY "network"

enum {
	PENDING_HITS_MAX = 1024, /* when full, it must be written */
	/* full batches kept while the database cannot be written; all are then written in one transaction */
	PENDING_BATCHES_MAX = 100,
	PENDING_LIFTED_MAX = 1000, /* networks lifted by one suspension */
};

struct pending;

/* Borrows store. Never returns NULL. */
struct pending *pending_new(struct store *store);

/* Accepts NULL. Anything not written is lost. */
void pending_free(struct pending *pending);

/*
 * Registers a file that will be read further. known: its row; NULL for a file never seen, for which the next
 * pending_write creates a row. Copies path and first. Valid until pending_done; at most PENDING_FILES_MAX at a time.
 */
struct pending_file *pending_file(struct pending *pending, const char *path, struct span first,
                                  const struct store_log *known);

/* Returns true if no file can be added until pending is written. */
bool pending_files_are_full(const struct pending *pending);

/*
 * Iterates over the files that begin with first and were read since the last pending_write: the database only knows
 * their old positions. before: NULL first, then the previous result. Returns NULL after the last.
 */
struct pending_file *pending_unwritten(struct pending *pending, struct span first, const struct pending_file *before);

/* Registers a journal that will be read further, like a file. log and journal: its rows, or NULL. */
struct pending_file *pending_journal(struct pending *pending, const char *name, const struct store_log *log,
                                     const struct store_journal *journal);

/*
 * Adds one hit and the decision on it. text: the whole line, whose beginning is copied. offset: of the line in the
 * file. file: NULL if it is in no log. Must not be called if pending was full before the line.
 */
void pending_hit(struct pending *pending, struct pending_file *file, const struct rules_hit *hit, int64_t time_s,
                 int64_t offset, struct span text, const struct verdict_decision *decision);

/* Adds good evidence, which is not a hit: its day counts and, if counted, its score. account: for a login. */
void pending_good(struct pending *pending, const struct net *subject, uint32_t account, int64_t time_s, int score,
                  bool counted);

/* Adds the first login of a client to an account on a day; login: see verdict_decision. */
void pending_login(struct pending *pending, uint64_t login, int64_t time_s);

/* Prefetches what is noted about a client whose good evidence comes soon. Changes nothing. */
void pending_expect_good(const struct pending *pending, const struct net *subject, int64_t time_s,
                         enum verdict_expected when);

/* Suspends the rule of the last hit at at_s, and lifts its blocks of proven good clients: n nets, copied. */
void pending_suspend(struct pending *pending, const struct rule *rule, int64_t at_s, const struct net *nets, size_t n);

/* Adds a greylisted attempt that was noted or earned an allowance, so that a restart remembers it. Copies its texts. */
void pending_attempt(struct pending *pending, const struct rules_hit *hit, int64_t time_s);

/* An allowance that a network has earned. */
struct pending_allowance {
	struct net net;
	int64_t since_s, until_s;
	const char *cause; /* as in store.h; a string constant */
	const char *why;   /* copied */
	bool lifts;        /* it ends the evidence block of lifted; why names the source */
	struct net lifted;
};
void pending_allow(struct pending *pending, const struct pending_allowance *allowance);

/* What a replay stores. Without a database nobody asks for hits afterwards. */
enum pending_keeps {
	PENDING_POSITIONS, /* of files, so that no line counts twice */
	PENDING_BLOCKS,    /* also blocks, to be compared or put into the kernel */
	PENDING_ALL,
};

/*
 * Sets up a replay. Good evidence is then written by pending_finish, or when it is full, not by each pending_write. A
 * crash may lose some of it.
 */
void pending_replay(struct pending *pending, int64_t window_s, enum pending_keeps keeps);
int pending_finish(struct pending *pending, struct why *why);

/*
 * For a replay, which fills one pending while another is written. next, which must be empty, continues where filled
 * ends; filled will be written now. next learns how far the files were read, which must have been added to both in the
 * same order, and takes over the evidence that is not written now.
 */
void pending_continue(struct pending *next, struct pending *filled);

/* Returns true if the hits of one more line might not fit. */
bool pending_is_full(const struct pending *pending);

/*
 * Makes room for another PENDING_HITS_MAX hits while the full ones cannot be written. Returns false after
 * PENDING_BATCHES_MAX batches. The kernel must have been notified of all decisions (pending_notified).
 */
bool pending_go_on(struct pending *pending);

/* Counts the hits and the new blocks waiting to be written that concern net; {0}: all. Borrowed until pending_write. */
struct pending_waiting {
	size_t hits, blocks;
	const char *why; /* why the last pending_write failed; "" if it did not */
};
struct pending_waiting pending_waiting(const struct pending *pending, const struct net *net);

/*
 * Returns the file or journal that was last read under this path, if how far it was read waits to be written;
 * otherwise NULL.
 */
const struct pending_file *pending_waiting_file(const struct pending *pending, const char *path);

/* Returns true if there is a hit to write; false for positions or good evidence alone. */
bool pending_has_hits(const struct pending *pending);

/* Returns true if there is anything to write. */
bool pending_has_news(const struct pending *pending);

/*
 * Returns 0 if nothing is waiting and the database can be written: an admin request then sees everything that was read,
 * and the verdict knows no more than the database. Otherwise returns -EAGAIN, or the error that prevents writing.
 */
int pending_ready(const struct pending *pending, struct why *why);

/*
 * Returns the number of blocks that the kernel has not been notified of, and the blocks in *ret, valid until the next
 * pending_hit.
 */
size_t pending_blocks(const struct pending *pending, const struct block **ret);

/*
 * Returns why the block of that index in pending_blocks exists: the rule and the detail (escaped; p NULL if none) of
 * the hit that caused it, or the hit's text if it is in no log. Valid as long as the block.
 */
struct pending_cause {
	const struct rulefile_rule *rule;
	struct span detail;
};
struct pending_cause pending_cause(const struct pending *pending, size_t block);

/* Returns the networks lifted because a rule was suspended, in the same way. */
size_t pending_lifted(const struct pending *pending, const struct net **ret);

/* Records that the kernel has been notified, or will learn it in another way. */
void pending_notified(struct pending *pending);

/*
 * Returns the blocks of the last pending_write with their ids, valid until the next pending_hit. Returns false if there
 * were too many; the database has them.
 */
bool pending_stored(const struct pending *pending, const struct block **ret, size_t *ret_n);

/*
 * Writes everything in one transaction and then empties pending. Errors: see store.h; everything is kept for the next
 * call.
 */
int pending_write(struct pending *pending, struct why *why);

/* Must be called after a reload has changed the rules. Only while no hits are pending. */
void pending_forget_rules(struct pending *pending);

#endif
