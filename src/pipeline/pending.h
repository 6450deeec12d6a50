/*
 * pending: the next transaction. Hits, decisions on them and positions, gathered and then written at once, or kept and
 * written later when the database cannot be written now.
 *
 * Where engine and replay meet the store; the only writer of evidence and positions (what is not evidence: change.h).
 * What could not be written is kept complete, and more can be gathered: nothing is lost, and since the positions do not
 * advance either, the same lines are read again after a crash. The kernel is told of a decision before it is written.
 * How far files were read is in pending_files.h, evidence for the good in pending_good.h. Order: pending_new;
 * pending_file for each file of a log; pending_hit, pending_read; pending_write.
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

/* The rule of a block that the scores of its client's network led to, whatever the rule of the last hit. */
#define PENDING_SPREAD_RULE     "network-score"
#define PENDING_SPREAD_CATEGORY "network"

enum {
	PENDING_HITS_MAX = 1024,   /* then it is full and must be written */
	PENDING_BATCHES_MAX = 100, /* so often: kept while the database cannot be written, in one transaction then */
	PENDING_LIFTED_MAX = 1000, /* nets, by one suspension */
};

struct pending;

/* store is borrowed. */
struct pending *pending_new(struct store *store);

/* Accepts NULL. What was not written is lost. */
void pending_free(struct pending *pending);

/*
 * A file that will be read on: known is its row, or NULL for one never seen (a row is made for it by the next
 * pending_write). path, first: copied. Valid until pending_done; at most PENDING_FILES_MAX at a time.
 */
struct pending_file *pending_file(struct pending *pending, const char *path, struct span first,
                                  const struct store_log *known);

/* No file can be added until pending is written. */
bool pending_files_are_full(const struct pending *pending);

/*
 * The files that begin like that and were read on since the last pending_write, so that the database knows old
 * positions of them: before: NULL, then the one before. NULL: no more.
 */
struct pending_file *pending_unwritten(struct pending *pending, struct span first, const struct pending_file *before);

/*
 * A journal that will be read on, like a file: log and journal are what is known of it, or NULL.
 */
struct pending_file *pending_journal(struct pending *pending, const char *name, const struct store_log *log,
                                     const struct store_journal *journal);

/*
 * One hit, and the decision on it. text: the whole line, copied (its beginning). offset: of the line in the
 * file. file: NULL when it is in no log. Not when pending was full before the line.
 */
void pending_hit(struct pending *pending, struct pending_file *file, const struct rules_hit *hit, int64_t time_s,
                 int64_t offset, struct span text, const struct verdict_decision *decision);

/* Good evidence: its day counts, and its score if counted; of a login, the account. It is no hit. */
void pending_good(struct pending *pending, const struct net *subject, uint32_t account, int64_t time_s, int score,
                  bool counted);

/* The first login of a client to an account on a day, as verdict_decision has it. */
void pending_login(struct pending *pending, uint64_t login, int64_t time_s);

/* Good evidence will come soon: prefetches what is noted already. Changes nothing. */
void pending_expect_good(const struct pending *pending, const struct net *subject, int64_t time_s);

/* Suspends the rule of the last hit at at_s, and lifts its blocks of proven good clients: n nets, copied. */
void pending_suspend(struct pending *pending, const struct rule *rule, int64_t at_s, const struct net *nets, size_t n);

/* A greylisted attempt that was noted, or earned something: remembered over a restart. Copied. */
void pending_attempt(struct pending *pending, const struct rules_hit *hit, int64_t time_s);

/* A network has earned an allowance. */
struct pending_allowance {
	struct net net;
	int64_t since_s, until_s;
	const char *cause; /* as of store.h; lives for ever */
	const char *why;   /* copied */
	bool lifts;        /* it ends the block for evidence of "lifted"; why names the source */
	struct net lifted;
};
void pending_allow(struct pending *pending, const struct pending_allowance *allowance);

/* What a replay has stored. Without a database nobody asks for a hit afterwards. */
enum pending_keeps {
	PENDING_POSITIONS, /* of files: none is counted twice */
	PENDING_BLOCKS,    /* and blocks, to be compared, or put into the kernel */
	PENDING_ALL,
};

/*
 * For a replay: evidence for the good is written by pending_finish or when there is too much of it, not by each
 * pending_write. A crash may lose some of it.
 */
void pending_replay(struct pending *pending, int64_t window_s, enum pending_keeps keeps);
int pending_finish(struct pending *pending, struct why *why);

/*
 * For a replay, which fills one while another is written: next, which is empty, goes on where filled, which will be
 * written now, ends. It knows how far the files were read, which were made for both in the same order, and has the
 * evidence that is not written now.
 */
void pending_continue(struct pending *next, struct pending *filled);

/* True when it might not hold all the hits of one more line. */
bool pending_is_full(const struct pending *pending);

/*
 * Although it is full and cannot be written now: there is room again for as much. False: there is no more,
 * PENDING_BATCHES_MAX. All must have been told.
 */
bool pending_go_on(struct pending *pending);

/* How many hits wait to be written. */
size_t pending_hits(const struct pending *pending);

/* True when there is a hit to write; false for positions or good evidence alone, or nothing. */
bool pending_has_hits(const struct pending *pending);

/* True when anything would be written. */
bool pending_has_news(const struct pending *pending);

/*
 * 0: nothing waits and the database can be written: a request now sees everything that was read, and the verdict
 * knows no more than the database. Else -EAGAIN, or the reason why it cannot be written.
 */
int pending_ready(const struct pending *pending, struct why *why);

/* The blocks that the kernel has not been told yet. *ret: n of them, until the next pending_hit. */
size_t pending_blocks(const struct pending *pending, const struct block **ret);

/*
 * Why the block of that number exists: the rule and the detail (escaped; p NULL: none) of the hit that caused it, or
 * its text when it is in no log. Valid as long.
 */
struct pending_cause {
	const struct rulefile_rule *rule;
	struct span detail;
};
struct pending_cause pending_cause(const struct pending *pending, size_t block);

/* The nets that were lifted because a rule was suspended, likewise. */
size_t pending_lifted(const struct pending *pending, const struct net **ret);

/* The kernel has been told, or will learn it otherwise. */
void pending_told(struct pending *pending);

/* The blocks of the last pending_write, with their ids, until the next pending_hit. False: too many; the database has
 * them. */
bool pending_stored(const struct pending *pending, const struct block **ret, size_t *ret_n);

/*
 * Writes everything in one transaction and forgets it. Errors as of store.h: everything is
 * kept, to be written by the next call.
 */
int pending_write(struct pending *pending, struct why *why);

/* After a reload: the rules have changed. Only while no hits are pending. */
void pending_forget_rules(struct pending *pending);

#endif
