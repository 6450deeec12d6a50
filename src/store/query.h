/*
 * query: reads from the database what the commands and the control socket show.
 *
 * What the pipeline reads to continue after a restart is in blocks.h, hits.h and reputation.h. A bound keeps a walk
 * short. The daemon always sets one, so that no log line waits for a reply; initialised to zero, the walk returns
 * everything. Walks, transactions and errors: see store.h. Strings are borrowed until the next call, and are never NULL
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
	size_t rows; /* returns only the first rows; 0: all */
	/* reads at most this many of the hits that are not indexed yet (hit_index.h), the newest; 0: all */
	size_t newest;
};

struct query_block {
	const char *address; /* "192.0.2.7", "192.0.2.0/24" */
	const char *rule, *reason, *category;
	const char *ended_by;              /* NULL while it is active; otherwise "expired" ... */
	int64_t since_s, until_s, offence; /* until_s: its actual or expected end */
	int64_t knocks, knocked_s;         /* how often dropped packets were seen, and when last; 0: never */
	/* dropped, lower bounds; bytes is 0 although packets is not if the backend does not count bytes */
	int64_t packets, bytes;
	int64_t hits; /* -1 for query_blocks */
};

/* Every block active at now_s, latest end first, with the hits of its address. */
void query_active(struct store *store, int64_t now_s, struct query_bound bound);

/* The same, filtered and in a chosen order. */
enum query_order {
	QUERY_BY_UNTIL,
	QUERY_BY_HITS,
	QUERY_BY_NETWORK
}; /* latest end first; most hits first; by address */
struct query_choice {
	const char *rule, *category; /* NULL: all */
	const struct net *net;       /* networks within net, and networks that contain it; NULL: all */
	enum query_order order;
};
void query_chosen(struct store *store, int64_t now_s, const struct query_choice *choice);

/* Every block of net, of networks that contain it, and of networks and addresses within it; newest first. */
void query_blocks(struct store *store, const struct net *net, int64_t now_s, struct query_bound bound);
int query_next_block(struct store *store, struct query_block *ret, struct why *why); /* for all three */

/*
 * Every hit of an address, or of all addresses in a network, newest first. With a bound on rows, the newest of the hits
 * stored last; these only differ after an older log was replayed.
 */
struct query_hit {
	const char *rule, *reason, *detail, *file, *text, *address; /* detail may be NULL */
	int64_t time_s, score, offset;
	int64_t weight; /* see schema.sql */
};
void query_hits(struct store *store, const struct net *net, struct query_bound bound);
int query_next_hit(struct store *store, struct query_hit *ret, struct why *why);

/* Every address of a network that has hits; most hits first. */
struct query_address {
	const char *address;
	int64_t hits, first_s, last_s; /* first_s: even if that hit is no longer stored */
};
void query_addresses(struct store *store, const struct net *net, struct query_bound bound);
int query_next_address(struct store *store, struct query_address *ret, struct why *why);

/* The last block of every address with a block that began from from_s to until_s; sorted by address text. */
struct query_blocked {
	const char *address, *rule, *reason;
	int64_t since_s, until_s, times; /* times: the number of such blocks */
};
void query_blocked_between(struct store *store, int64_t from_s, int64_t until_s);
int query_next_blocked_between(struct store *store, struct query_blocked *ret, struct why *why);

/* Every address with at least this many hits since since_s; sorted by address text. Reads every hit. */
struct query_frequent {
	const char *address;
	int64_t hits, first_s;
};
void query_frequent(struct store *store, int64_t since_s, int64_t hits);
int query_next_frequent(struct store *store, struct query_frequent *ret, struct why *why);

/* The networks that are blocked at now_s, as text. */
void query_prefixes(struct store *store, int64_t now_s, struct query_bound bound);
int query_next_prefix(struct store *store, const char **ret, struct why *why);

/* A temporary allowance. */
enum { QUERY_REASON_MAX = 256 }; /* bytes of an allowance's reason, including the NUL */
struct query_allowance {
	char address[NET_TEXT_MAX], cause[32], reason[QUERY_REASON_MAX]; /* copies, truncated to fit; reason "": none */
	int64_t since_s, until_s;
};

/* Every allowance at now_s, latest end first. */
void query_allowances(struct store *store, int64_t now_s);
int query_next_allowance(struct store *store, struct query_allowance *ret, struct why *why);

/*
 * Finds the allowance of exactly net with the latest end, or else that of a network that contains net. STORE_NONE if
 * there is none at now_s.
 */
int query_allowance(struct store *store, const struct net *net, int64_t now_s, struct query_allowance *ret,
                    struct why *why);

/* Returns the time of the last white vote for net after since_s; STORE_NONE if there is none. */
int query_white(struct store *store, const struct net *net, int64_t since_s, int64_t *ret_s, struct why *why);

/*
 * Everything that was unblocked after since_s, oldest first. *ret_s: the second after the unblock; earlier evidence
 * does not count.
 */
void query_unblocked(struct store *store, int64_t since_s);
int query_next_unblocked(struct store *store, struct net *ret_net, int64_t *ret_s, struct why *why);

/* The operator's notes, oldest first. */
struct query_note {
	int64_t time_s;
	const char *who, *text;
};
void query_notes(struct store *store);
int query_next_note(struct store *store, struct query_note *ret, struct why *why);

/*
 * Everything that happened after the event after_id, oldest first. Ids only grow. Hits have ids of their own; for a
 * hit, what is "hit" and text is the detail.
 */
enum query_stream {
	QUERY_STREAM_EVENTS,
	QUERY_STREAM_HITS,
	QUERY_STREAM_OWN, /* events, except those of other hosts' blocks */
};
struct query_event {
	int64_t id, time_s, until_s, offence;                         /* until_s, offence: 0 if not applicable */
	const char *what, *address, *rule, *category, *reason, *text; /* all but what may be NULL */
};
void query_events(struct store *store, enum query_stream stream, int64_t after_id);
int query_next_event(struct store *store, struct query_event *ret, struct why *why);

/* Returns the id of the newest event, even if it is no longer stored; 0 if there never was one. */
int query_last_event(struct store *store, enum query_stream stream, int64_t *ret, struct why *why);

/*
 * The same for a reader that has everything up to after. Returns -EINVAL if after is larger than the newest id, and so
 * from another database.
 */
int query_begins_after(struct store *store, enum query_stream stream, int64_t after, int64_t *ret_newest,
                       struct why *why);

/* The suspended rules. */
struct query_suspension {
	const char *rule, *why;
	int64_t since_s;
};
void query_suspensions(struct store *store);
int query_next_suspension(struct store *store, struct query_suspension *ret, struct why *why);

/* Every log under the path that it was last read as; only the newest log per path. */
struct query_log {
	const char *path;
	int64_t position, lines, cut, unparsed, last_line_at; /* last_line_at: 0 if none */
};
void query_logs(struct store *store);
int query_next_log(struct store *store, struct query_log *ret, struct why *why);

/* Totals. hits: -1 if more hits are not indexed than the bound's newest. */
struct query_totals {
	int64_t hits, blocks_active, blocks_total, allowances;
	int64_t packets, bytes; /* dropped since the beginning, as far as they were counted */
};
int query_totals(struct store *store, int64_t now_s, struct query_bound bound, struct query_totals *ret,
                 struct why *why);

/* Returns the daemon's last recorded status under key, or NULL in *ret if there is none. */
int query_state(struct store *store, const char *key, const char **ret, struct why *why);

/* Ends an unfinished walk, or the use of a result of query_state; otherwise it would hold a read lock. */
void query_stop(struct store *store);

#endif
