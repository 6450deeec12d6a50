/*
 * duplicates: counts an event once if several logs report it.
 *
 * Private to the folder: sessions.h uses it for hits of rules with "event = NAME LOG". It counts the reports of each
 * log about one client or session. A report counts only as far as its log is then ahead of all others. So it does not
 * matter which log is read first: if one log reports three failures and another log two of them again, three count.
 * Call the functions in the order of the lines, in one thread. Limits: DUPLICATES_MAX clients and sessions, 1.5 MB; the
 * one reported longest ago is forgotten first, and each DUPLICATES_AGE_S after its last report. Nothing is remembered
 * across a restart: reports of one event before and after it each count. Time: the log's. Aborts if memory cannot be
 * allocated.
 */
#ifndef WFS_RULES_DUPLICATES_H
#define WFS_RULES_DUPLICATES_H

#include <stdint.h>

#include "base/text.h"
#include "rules/rules.h"

enum {
	DUPLICATES_MAX = 8192,
	DUPLICATES_AGE_S = 600, /* logs may lag behind each other by this much */
};

struct duplicates;

struct duplicates *duplicates_new(void);

/* Frees duplicates; accepts NULL. */
void duplicates_free(struct duplicates *duplicates);

/* Forgets everything. */
void duplicates_clear(struct duplicates *duplicates);

/*
 * Records that a log reports count events (1 to RULES_COUNT_MAX) of the client id: the bytes of an address, or the id
 * of a session, at most RULES_SESSION_MAX bytes. realm: a number that distinguishes equal ids. log: below
 * RULES_LOGS_MAX. Returns how many of the events no other log has reported yet.
 */
unsigned duplicates_left(struct duplicates *duplicates, uint64_t realm, struct span id, unsigned log, int64_t time_s,
                         unsigned count);

#endif
