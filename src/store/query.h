/*
 * query: what is read from the database to be shown: by the commands, and on the control socket.
 *
 * What the pipeline reads to go on after a stop is in blocks.h, hits.h and reputation.h.
 * A bound keeps a walk short: the daemon always sets one, so that no log line waits for a reply; zeroed, everything is
 * read and given. Walks, transactions and errors as of store.h. Strings are borrowed until the next call, never NULL
 * unless stated.
 */
#ifndef WFS_STORE_QUERY_H
#define WFS_STORE_QUERY_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/why.h"
#include "store/store.h"

struct query_bound {
	size_t rows;   /* gives the first of them only; 0: all */
	size_t newest; /* of hits that are not indexed yet (hit_index.h) reads the newest so many only; 0: all */
};

struct query_block {
	const char *address; /* "192.0.2.7", "192.0.2.0/24" */
	const char *rule, *reason, *category;
	const char *ended_by;              /* NULL while it is active; "expired" ... */
	int64_t since_s, until_s, offence; /* until_s: the end it had, or will have */
	int64_t knocks, knocked_s;         /* how often dropped packets were seen; when last, 0: never */
	int64_t packets, bytes;            /* dropped, at least; bytes 0 of packets above 0: nobody counted them */
	int64_t hits;                      /* not of query_blocks: -1 */
};

/* Every block that is active at now_s, the last to end first, with the hits of its address. */
void query_active(struct store *store, int64_t now_s, struct query_bound bound);

/* The same, but only some of them, and in another order. */
enum query_order {
	QUERY_BY_UNTIL,
	QUERY_BY_HITS,
	QUERY_BY_NETWORK
}; /* the last to end first; most hits first; by address */
struct query_choice {
	const char *rule, *category; /* NULL: all */
	const struct net *net;       /* what is in it, and networks it lies in; NULL: all */
	enum query_order order;
};
void query_chosen(struct store *store, int64_t now_s, const struct query_choice *choice);

/* Every block of an address or a network, of networks it lies in and of what lies in it, newest first. */
void query_blocks(struct store *store, const struct net *net, int64_t now_s, struct query_bound bound);
int query_next_block(struct store *store, struct query_block *ret, struct why *why); /* of these three */

/*
 * Every hit of an address, or of those in a network, newest first. With a bound on rows: the newest of those stored
 * last, which differ only after an older log was replayed.
 */
struct query_hit {
	const char *rule, *reason, *detail, *file, *text, *address; /* detail may be NULL */
	int64_t time_s, score, offset;
	int64_t weight; /* as of schema.sql */
};
void query_hits(struct store *store, const struct net *net, struct query_bound bound);
int query_next_hit(struct store *store, struct query_hit *ret, struct why *why);

/* Every address of a network that has hits, those with most first. */
struct query_address {
	const char *address;
	int64_t hits, first_s, last_s; /* first_s: also of a hit that is no longer stored */
};
void query_addresses(struct store *store, const struct net *net, struct query_bound bound);
int query_next_address(struct store *store, struct query_address *ret, struct why *why);

/* Of every address with a block that began from from_s to until_s: the last of those; by address, as text sorts. */
struct query_blocked {
	const char *address, *rule, *reason;
	int64_t since_s, until_s, times; /* times: blocks that began so */
};
void query_blocked_between(struct store *store, int64_t from_s, int64_t until_s);
int query_next_blocked_between(struct store *store, struct query_blocked *ret, struct why *why);

/* Every address with at least so many hits since since_s; by address, as text sorts. Reads every hit. */
struct query_frequent {
	const char *address;
	int64_t hits, first_s;
};
void query_frequent(struct store *store, int64_t since_s, int64_t hits);
int query_next_frequent(struct store *store, struct query_frequent *ret, struct why *why);

/* Networks that are blocked at now_s, as text. */
void query_prefixes(struct store *store, int64_t now_s, struct query_bound bound);
int query_next_prefix(struct store *store, const char **ret, struct why *why);

/* What is allowed for a while. */
enum { QUERY_REASON_MAX = 256 }; /* bytes of an allowance's reason, with the NUL */
struct query_allowance {
	char address[NET_TEXT_MAX], cause[32], reason[QUERY_REASON_MAX]; /* copies, cut to fit; reason "": none */
	int64_t since_s, until_s;
};

/* Every allowance at now_s, the last to end first. */
void query_allowances(struct store *store, int64_t now_s);
int query_next_allowance(struct store *store, struct query_allowance *ret, struct why *why);

/* The allowance of exactly net that lasts longest, else of a network that it lies in. STORE_NONE: there is none at
 * now_s. */
int query_allowance(struct store *store, const struct net *net, int64_t now_s, struct query_allowance *ret,
                    struct why *why);

/* The time of the last white vote for net after since_s; STORE_NONE when there is none. */
int query_white(struct store *store, const struct net *net, int64_t since_s, int64_t *ret_s, struct why *why);

/* What was unblocked after since_s, oldest first. *ret_s: what happened before counts no more; the second after it. */
void query_unblocked(struct store *store, int64_t since_s);
int query_next_unblocked(struct store *store, struct net *ret_net, int64_t *ret_s, struct why *why);

/* The notes of the operator, oldest first. */
struct query_note {
	int64_t time_s;
	const char *who, *text;
};
void query_notes(struct store *store);
int query_next_note(struct store *store, struct query_note *ret, struct why *why);

/*
 * What happened after the event of that id, oldest first. id only grows. Hits have numbers of their own; what: "hit",
 * text: the detail.
 */
enum query_stream {
	QUERY_STREAM_EVENTS,
	QUERY_STREAM_HITS,
	QUERY_STREAM_OWN, /* events, but not of blocks of other hosts */
};
struct query_event {
	int64_t id, time_s, until_s, offence;                         /* until_s, offence: 0 when it has none */
	const char *what, *address, *rule, *category, *reason, *text; /* but what: may be NULL */
};
void query_events(struct store *store, enum query_stream stream, int64_t after_id);
int query_next_event(struct store *store, struct query_event *ret, struct why *why);

/* The id of the newest, even if it is no longer stored; 0: there was none. */
int query_last_event(struct store *store, enum query_stream stream, int64_t *ret, struct why *why);

/* The same for a reader that has all up to after. -EINVAL: it is newer than all, so of another database. */
int query_begins_after(struct store *store, enum query_stream stream, int64_t after, int64_t *ret_newest,
                       struct why *why);

/* Rules that are suspended. */
struct query_suspension {
	const char *rule, *why;
	int64_t since_s;
};
void query_suspensions(struct store *store);
int query_next_suspension(struct store *store, struct query_suspension *ret, struct why *why);

/* Every log under the path it was last read as; only the newest of each path. */
struct query_log {
	const char *path;
	int64_t position, lines, cut, unparsed, last_line_at; /* last_line_at: 0 when none */
};
void query_logs(struct store *store);
int query_next_log(struct store *store, struct query_log *ret, struct why *why);

/* Counts. hits: -1 when more than the bound's newest are not indexed yet. */
struct query_totals {
	int64_t hits, blocks_active, blocks_total, allowances;
	int64_t packets, bytes; /* dropped, of all time, as far as they were counted */
};
int query_totals(struct store *store, int64_t now_s, struct query_bound bound, struct query_totals *ret,
                 struct why *why);

/* The daemon's last recorded status under key; *ret is NULL when there is none. */
int query_state(struct store *store, const char *key, const char **ret, struct why *why);

/* Ends an unfinished walk, or a result of query_state: it would hold a read lock. */
void query_stop(struct store *store);

#endif
