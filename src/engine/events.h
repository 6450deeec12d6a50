/*
 * events: writes the log records of clients blocked, released and allowed, and of requests, each in a fixed form.
 *
 * Private to the folder. Decides nothing. A block is logged when it is sent to the kernel.
 *
 *   blocked 198.51.100.4 for 10m (offence 1): postfix-auth, wrong password, 5 hits; ports 25,465,587
 *   released 198.51.100.4 (expired)
 *   vote black 198.51.100.4 by token mx2: sent spam
 *
 * Journal fields, where known: WFS_EVENT (blocked, extended, released, allowed, order, suspended), WFS_ADDRESS (with a
 * prefix length for a network), WFS_RULE, WFS_REASON, WFS_DETAIL, WFS_HITS, WFS_OFFENCE (1 ...), WFS_UNTIL (RFC 3339,
 * UTC), WFS_WHO (the requester). Limit: EVENTS_PER_SECOND. Of further events in the same second only the sum is logged.
 * The journal itself drops what a service logs beyond 10000 messages in 30 seconds (RateLimitBurst= in
 * journald.conf(5)); the database has all events.
 */
#ifndef WFS_ENGINE_EVENTS_H
#define WFS_ENGINE_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "config/config.h"
#include "verdict/verdict.h"

enum {
	EVENTS_PER_SECOND = 200,
};

struct events {
	const struct config *started; /* borrowed; has the ports that are closed */
	bool observes;                /* no client is really blocked */
	int64_t now_s;
	unsigned n;                        /* logged in this second */
	size_t blocked, released, ordered; /* exceeded the limit since events_sum */
};

/* started: the configuration at start, with the ports that are closed; borrowed. */
void events_init(struct events *events, const struct config *started);

/* Sets the time of the events that follow. */
void events_at(struct events *events, int64_t now_s);

/* Why a block began. All texts but rule may be NULL. */
struct events_cause {
	const char *rule, *reason;
	const char *detail;
	const char *who; /* the requester */
};
void events_blocked(struct events *events, const struct block *block, const struct events_cause *cause);

/* Logs that a block ended. why: "expired". who, reason: of the request that ended it, or NULL. */
void events_released(struct events *events, const struct net *released, const char *why, const char *who,
                     const char *reason);

/* Counts n more releases, which are not logged one by one. */
void events_released_more(struct events *events, size_t n);

/* Logs that the address is exempt from blocking for for_s seconds. */
void events_allowed(struct events *events, const struct net *allowed, int64_t for_s, const char *reason);

/* Logs a request. object: an address, a rule, or ""; reason: "" if none was given. */
void events_ordered(struct events *events, const char *verb, const char *object, const char *who, const char *reason,
                    bool done);

/* Logs the sums of events beyond the limit, if there are any. Call after each batch. */
void events_sum(struct events *events);

#endif
