/*
 * writers: which users may write the lines of a rule, if a source knows who wrote a line.
 *
 * Anybody can write "postfix/smtpd" lines with logger(1), but not as another user. A rule names the users it believes
 * (journal_uid: names or numbers); root is always believed. Without the key, all system users are believed, but no
 * ordinary ones. Names are looked up on this machine when the rules are loaded; an unknown name matches no user. Not
 * checked are the command's name, which a process chooses itself (prctl), and the unit, whose name every distribution
 * and every administrator chooses. Source: systemd.journal-fields(7), _UID.
 */
#ifndef WFS_RULES_WRITERS_H
#define WFS_RULES_WRITERS_H

#include <stdbool.h>
#include <stdint.h>

enum {
	WRITERS_MAX = 8,              /* users of one rule */
	WRITERS_SYSTEM_UID_MAX = 999, /* the highest id of a system user in Debian, Fedora and systemd */
};

struct writers {
	bool any_system_user; /* no users are named */
	uint8_t n;
	uint32_t uids[WRITERS_MAX];
};

/*
 * Looks up the users. journal_uid: words separated by blanks; NULL: none are named. Returns false if there are more
 * than WRITERS_MAX.
 */
bool writers_find(const char *journal_uid, struct writers *ret);

/* Returns true if a line of this user counts. uid < 0: unknown. */
bool writers_may(const struct writers *writers, int64_t uid);

#endif
