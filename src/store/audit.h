/*
 * audit: what people did by hand and who they were; and what a request asks while logs are being read.
 *
 * Every question here is answered from an index or from a bounded number of rows (but what runs), so that no log line
 * waits long for it; report.h has the questions that may take their time. Writing: inside a transaction of store.h.
 * Walks, one at a time: begin, next until STORE_NONE. Strings are borrowed until the next call. Errors as of store.h.
 */
#ifndef WFS_STORE_AUDIT_H
#define WFS_STORE_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/why.h"
#include "store/blocks.h"

enum {
	AUDIT_HITS_LOOKED_AT = 20000, /* newest of all, by audit_hits */
	AUDIT_BLOCKS_LOOKED_AT = 20000,
	AUDIT_WHY_MAX = 256, /* bytes of an allowance's reason, with the NUL */
};

struct audit;

int audit_open(struct store *store, struct audit **ret, struct why *why);

/* Takes NULL. Before store_close. */
void audit_close(struct audit *audit);

/* One thing done. who: "uid 0 (root)"; what: "block", "unblock all" ...; net may be NULL; why: "" for none. */
int audit_add(struct audit *audit, int64_t time_s, const char *who, const char *what, const struct net *net,
             const char *why_text, struct why *why);

/* Removes at most n_max acts from before before_s. */
int audit_purge(struct audit *audit, int64_t before_s, size_t n_max, struct why *why);

/* When somebody last voted white for net after since_s; STORE_NONE when nobody did. */
int audit_white(struct audit *audit, const struct net *net, int64_t since_s, int64_t *ret_s, struct why *why);

/* What was unblocked after since_s, oldest first. *ret_s: what happened before counts no more; the second after it. */
void audit_unblocked(struct audit *audit, int64_t since_s);
int audit_next_unblocked(struct audit *audit, struct net *ret_net, int64_t *ret_s, struct why *why);

/* The allowance of exactly net that lasts longest, else of a network that it lies in. STORE_NONE: there is none at now_s. */
struct audit_allowance {
	char address[NET_TEXT_MAX], cause[32], why[AUDIT_WHY_MAX]; /* cut to fit; why "": none */
	int64_t since_s, until_s;
};
int audit_allowance(struct audit *audit, const struct net *net, int64_t now_s, struct audit_allowance *ret, struct why *why);

/* A block, with the words of its rule. */
struct audit_block {
	struct block block;
	const char *rule, *reason, *category, *ended_by; /* ended_by: NULL while it runs or ran its time */
	int64_t knocks;
};

/*
 * audit_running: all that run at now_s, those that last longest first.
 * audit_blocks: every block of exactly net, the newest n_max; among the last AUDIT_BLOCKS_LOOKED_AT of all.
 */
void audit_running(struct audit *audit, int64_t now_s);
void audit_blocks(struct audit *audit, const struct net *net, size_t n_max);
int audit_next_block(struct audit *audit, struct audit_block *ret, struct why *why);

/* How many run at now_s: an eighth of the time that a walk takes, 12 ms for 100,000 of them. */
int audit_count_running(struct audit *audit, int64_t now_s, int64_t *ret, struct why *why);

/* The newest n_max hits of addr among the last AUDIT_HITS_LOOKED_AT of all. */
struct audit_hit {
	const char *rule, *reason, *detail, *text; /* detail may be NULL */
	int64_t time_s, score;
};
void audit_hits(struct audit *audit, const struct addr *addr, size_t n_max);
int audit_next_hit(struct audit *audit, struct audit_hit *ret, struct why *why);

/* Everything the daemon last said of itself. */
void audit_said(struct audit *audit);
int audit_next_said(struct audit *audit, const char **ret_key, const char **ret_value, struct why *why);

/* Ends the walk that was left half way: it would hold a read lock. */
void audit_stop(struct audit *audit);

#endif
