/*
 * sessions: what matches of several lines make together. The client of each session, for daemons that log its address
 * once and its errors by an id only; and events that several logs report (duplicates.h).
 *
 * Owns a table of session ids. rules_match_all is pure and runs on any thread; what it returns is resolved here, in the
 * order of the lines, by one thread. So threads change nothing.
 *
 * Kept apart by host and rule file: an id of one server means nothing on another, but the programs of one
 * server (one file) share theirs.
 * Limits: SESSIONS_MAX ids, the oldest noted is forgotten first; an id is valid for SESSIONS_AGE_S.
 * Time: the log's.
 */
#ifndef WFS_SESSIONS_H
#define WFS_SESSIONS_H

#include <stdint.h>

#include "base/text.h"
#include "rules/rules.h"

enum {
	SESSIONS_MAX = 4096,
	SESSIONS_AGE_S = 3600,
};

struct sessions;

struct sessions *sessions_new(void);

/* Accepts NULL. */
void sessions_free(struct sessions *sessions);

/* Forgets all: another log begins, or other rules. */
void sessions_clear(struct sessions *sessions);

/*
 * Completes what rules_match_all found: each of its hits. host: the line's, p NULL when it has none; time_s:
 * the line's, or the last one known when the line has none. RULES_HIT: hit is complete, with address, count
 * and score. RULES_NONE: nothing to count; the line noted or forgot something, its session is not known, or
 * the client has logged in (a rule of category good with <USER>): then only its failed logins count.
 */
int sessions_resolve(struct sessions *sessions, struct span host, int64_t time_s, struct rules_hit *hit);

/*
 * Of a complete hit: how many of its count no other log has reported, see duplicates.h; all of them when its rule has
 * no "event". Once for each hit.
 */
unsigned sessions_unreported(struct sessions *sessions, struct span host, int64_t time_s, const struct rules_hit *hit);

#endif
