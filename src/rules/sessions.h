/*
 * sessions: combines the matches of several lines. Finds the client of each session, for daemons that log its address
 * once and its errors with an id only; and detects events that several logs report (duplicates.h).
 *
 * Owns a table of session ids. rules_match_all is pure and runs in any thread; its results are resolved here by one
 * thread, in the order of the lines. So the number of threads does not affect the result.
 *
 * Sessions are kept separate by host and rule file: an id of one server means nothing on another, but the programs of
 * one server (one file) share ids.
 * Limits: SESSIONS_MAX ids, of which the one noted longest ago is forgotten first; an id is valid for SESSIONS_AGE_S.
 * Time: the log's.
 */
#ifndef WFS_RULES_SESSIONS_H
#define WFS_RULES_SESSIONS_H

#include <stdint.h>

#include "base/text.h"
#include "rules/rules.h"

enum {
	SESSIONS_MAX = 4096,
	SESSIONS_AGE_S = 3600,
};

struct sessions;

struct sessions *sessions_new(void);

/* Frees sessions; accepts NULL. */
void sessions_free(struct sessions *sessions);

/* Forgets everything: another log begins, or the rules changed. */
void sessions_clear(struct sessions *sessions);

/*
 * Completes a hit of rules_match_all; call it for each. host: the line's, p NULL if it has none; time_s: the line's, or
 * the last known one if the line has none. Returns RULES_HIT if the hit is complete, with address, count and score.
 * Returns RULES_NONE if nothing counts: the line noted or forgot something, its session is unknown, or its client has
 * logged in (matched by a rule of category good with <USER>): then only its failed logins count.
 */
int sessions_resolve(struct sessions *sessions, struct span host, int64_t time_s, struct rules_hit *hit);

/*
 * Returns how many events of a complete hit no other log has reported, see duplicates.h; all of them if its rule has no
 * "event". Call it once for each hit.
 */
unsigned sessions_unreported(struct sessions *sessions, struct span host, int64_t time_s, const struct rules_hit *hit);

#endif
