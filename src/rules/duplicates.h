/*
 * duplicates: an event that several logs report counts once.
 *
 * Private to the folder: sessions.h uses it for hits of rules with "event = NAME LOG". Of one client, or of one
 * session, the reports of each log are counted, and one counts as far as its log is now ahead of all others: so it does
 * not matter which log is read first, and three mistakes that one log reports and two of them again in another are
 * three. Order of the calls: that of the lines; one thread. Limits: DUPLICATES_MAX clients and sessions, 1.5 MB, the
 * one that is longest ago is forgotten first; each for DUPLICATES_AGE_S after its last report. What was counted before
 * a restart is not known any more: reports of one event that lie around it count each. Time: the log's. Aborts if
 * memory cannot be allocated.
 */
#ifndef WFS_RULES_DUPLICATES_H
#define WFS_RULES_DUPLICATES_H

#include <stdint.h>

#include "base/text.h"
#include "rules/rules.h"

enum {
	DUPLICATES_MAX = 8192,
	DUPLICATES_AGE_S = 600, /* logs that are read with so much delay between them are still one */
};

struct duplicates;

struct duplicates *duplicates_new(void);

/* Accepts NULL. */
void duplicates_free(struct duplicates *duplicates);

/* Forgets all. */
void duplicates_clear(struct duplicates *duplicates);

/*
 * A log reports count events (1 to RULES_COUNT_MAX) of the client that id denotes: the bytes of an address, or a
 * session's id, at most RULES_SESSION_MAX; realm: a number for what keeps the same id apart. log: below RULES_LOGS_MAX.
 * Returns how many of them no other log has reported yet.
 */
unsigned duplicates_left(struct duplicates *duplicates, uint64_t realm, struct span id, unsigned log, int64_t time_s,
                         unsigned count);

#endif
