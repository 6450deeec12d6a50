/*
 * events: the log's records of clients blocked, released and spared, and of orders, each in one form.
 *
 * Private to the folder. Decides nothing. A block is logged when it was sent to the kernel.
 *
 *   blocked 198.51.100.4 for 10m (offence 1): postfix-auth, wrong password, 5 hits; ports 25,465,587
 *   released 198.51.100.4 (expired)
 *   vote black 198.51.100.4 by token mx2: sent spam
 *
 * Fields for the journal, where they are known: WFS_EVENT (blocked, extended, released, allowed, order, suspended),
 * WFS_ADDRESS (of a network with its length), WFS_RULE, WFS_REASON, WFS_DETAIL, WFS_HITS, WFS_OFFENCE (1 ...),
 * WFS_UNTIL (RFC 3339, UTC), WFS_WHO (who ordered it).
 * Limit: EVENTS_PER_SECOND; of more in one second only the sum is logged. The journal drops the rest of what a service
 * logs beyond 10000 in 30 seconds (RateLimitBurst= in journald.conf(5)); the database has all of them.
 */
#ifndef WFS_EVENTS_H
#define WFS_EVENTS_H

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
	const struct config *started; /* borrowed: the ports that are closed */
	bool observes;                /* no client is blocked */
	int64_t now_s;
	unsigned n;                        /* logged in this second */
	size_t blocked, released, ordered; /* not logged one by one, since events_sum */
};

/* started: with the ports that are closed; borrowed. */
void events_init(struct events *events, const struct config *started);

/* The second in which all that follows is logged. */
void events_at(struct events *events, int64_t now_s);

/* Why a block was begun. Texts but rule may be NULL. */
struct events_cause {
	const char *rule, *reason;
	const char *detail;
	const char *who; /* gave the order */
};
void events_blocked(struct events *events, const struct block *block, const struct events_cause *cause);

/* A block ended. why: "expired". who, reason: of the order that ended it, or NULL. */
void events_released(struct events *events, const struct net *released, const char *why, const char *who,
                     const char *reason);

/* n more were released, which are not logged one by one. */
void events_released_more(struct events *events, size_t n);

/* The address is exempt from blocking for so long. */
void events_allowed(struct events *events, const struct net *allowed, int64_t for_s, const char *reason);

/* An order was given. object: an address, a rule, or ""; reason: "" when none was given. */
void events_ordered(struct events *events, const char *verb, const char *object, const char *who, const char *reason,
                    bool done);

/* Logs the sums of what exceeded the limit, if anything did: after each batch. */
void events_sum(struct events *events);

#endif
