/*
 * ledger: what the next transaction will say. Hits, decisions on them and positions, gathered and then
 * written at once, or kept and written later when the database cannot be written now.
 *
 * Where engine and replay meet the store; the only writer of hits, blocks and positions.
 * A ledger that could not be written holds everything: nothing is lost, and since the positions are not
 * advanced either, a crash in between makes the same lines be read again.
 * Order: ledger_new; ledger_file for each file of a log; ledger_hit, ledger_block, ledger_read; ledger_write.
 */
#ifndef WFS_LEDGER_H
#define WFS_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"
#include "rules/rules.h"
#include "store/logs.h"
#include "verdict/verdict.h"

enum {
	LEDGER_HITS_MAX = 1024, /* in one transaction; then it is full and must be written */
	LEDGER_GOOD_MAX = 1 << 15, /* addresses with evidence for the good, likewise, and ... */
	LEDGER_CREDIT_MAX = 1 << 16, /* ... seconds of it */
	LEDGER_LIFTED_MAX = 1000, /* nets, by one suspension */
	LEDGER_FILES_MAX = 256, /* held at once: 64 logs, the file before this one, and catching up */
};

/* A file of a log: which row of the database it is, and how far it was read. */
struct ledger_file;

struct ledger;

/* store is borrowed. */
struct ledger *ledger_new(struct store *store);

/* Takes NULL. What was not written is gone. */
void ledger_free(struct ledger *ledger);

/*
 * A file that will be read on: known is its row, or NULL for one never seen (a row is made for it by the next
 * ledger_write). path, first: copied. Valid until ledger_done; at most LEDGER_FILES_MAX at a time.
 */
struct ledger_file *ledger_file(struct ledger *ledger, const char *path, struct span first,
                                const struct store_log *known);

/* Nothing more comes from this file; what it holds is still written. */
void ledger_done(struct ledger_file *file);

/* What has been read since: counted up and moved on. */
struct ledger_read {
	int64_t lines, cut, unparsed; /* more of them */
	int64_t last_line_at;         /* the newest time; 0: no line with a time */
	int64_t position;             /* now */
	struct span last;             /* the line that ends there; its first STORE_LAST_MAX bytes are kept */
};
void ledger_read(struct ledger_file *file, const struct ledger_read *read);

/*
 * One hit, and what was decided on it. text: the whole line, copied (its beginning). offset: of the line in the
 * file. file: NULL for what stands in no log. The ledger must not have been full before the line.
 */
void ledger_hit(struct ledger *ledger, struct ledger_file *file, const struct rules_hit *hit, int64_t time_s,
                int64_t offset, struct span text, const struct verdict_decision *decision);

/* Evidence for the good: its day counts, and its score when it weighs. It is no hit. */
void ledger_good(struct ledger *ledger, const struct net *subject, int64_t time_s, int score, bool counted);

/* It will come soon: fetches what is noted already. Changes nothing. */
void ledger_expect_good(const struct ledger *ledger, const struct net *subject, int64_t time_s);

/* The rule of the hit noted last is suspended at at_s, and what it took of the good is lifted: n nets, copied. */
void ledger_suspend(struct ledger *ledger, const struct rule *rule, int64_t at_s, const struct net *nets, size_t n);

/* A greylisted attempt that was noted, or earned something: remembered over a restart. Copied. */
void ledger_attempt(struct ledger *ledger, const struct rules_hit *hit, int64_t time_s);

/* A network has earned an allowance. */
struct ledger_allowance {
	struct net net;
	int64_t since_s, until_s;
	const char *cause; /* as of store.h; lives for ever */
	const char *why;   /* copied */
	bool lifts;        /* the block of evidence of "lifted" is over with it, and why says by whom */
	struct net lifted;
};
void ledger_allow(struct ledger *ledger, const struct ledger_allowance *allowance);

/*
 * For a replay: evidence for the good is written by ledger_finish or when LEDGER_GOOD_MAX addresses are gathered, not by each
 * ledger_write, and nothing of it is kept by a database in memory (keep false). A crash may lose some of it.
 */
void ledger_defer_good(struct ledger *ledger, int64_t window_s, bool keep);
int ledger_finish(struct ledger *ledger, struct why *why);

/* True when it might not hold all the hits of one more line. */
bool ledger_is_full(const struct ledger *ledger);

/* True when there is a hit to be written; false when only positions moved or good was seen, or nothing did. */
bool ledger_has_hits(const struct ledger *ledger);

/* True when anything would be written. */
bool ledger_has_news(const struct ledger *ledger);

/* The blocks waiting to be written, for the firewall once they are. *ret: n of them, until the next write. */
size_t ledger_blocks(const struct ledger *ledger, const struct verdict_block **ret);

/*
 * Writes everything in one transaction and empties the ledger. Errors as of store.h: everything is
 * kept, to be written by the next call.
 */
int ledger_write(struct ledger *ledger, struct why *why);

/* After a reload: rules are others now. Only while the ledger is empty of hits. */
void ledger_forget_rules(struct ledger *ledger);

#endif
