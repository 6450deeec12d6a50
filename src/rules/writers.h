/*
 * writers: which users the lines of a rule may come from, where a source knows who wrote a line.
 *
 * Anybody may write "postfix/smtpd" lines with logger(1), but not as another user. A rule names those who may
 * (journal_uid: names or numbers); root always may. Without it any system user may, but no ordinary one. The
 * users are those of this machine when the rules are loaded; a name that it does not have matches no user.
 * Not checked are the command's name, which a process chooses itself (prctl), and the unit, whose name every
 * distribution and every administrator chooses. Source: systemd.journal-fields(7), _UID.
 */
#ifndef WFS_RULES_WRITERS_H
#define WFS_RULES_WRITERS_H

#include <stdbool.h>
#include <stdint.h>

enum {
	WRITERS_MAX = 8,              /* users of one rule */
	WRITERS_SYSTEM_UID_MAX = 999, /* of system users: the same in Debian, Fedora and systemd */
};

struct writers {
	bool any_system_user; /* none are named */
	uint8_t n;
	uint32_t uids[WRITERS_MAX];
};

/* journal_uid: words separated by blanks; NULL: none are named. False: more than WRITERS_MAX. */
bool writers_find(const char *journal_uid, struct writers *ret);

/* True when a line of this user counts. uid < 0: unknown. */
bool writers_may(const struct writers *writers, int64_t uid);

#endif
