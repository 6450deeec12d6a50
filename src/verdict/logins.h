/*
 * logins: which subjects logged in, and to which accounts, within the last kept_s.
 *
 * Private to the folder. Initialise to zero except kept_s; release with logins_done. Of each login two things are kept: the subject with the
 * account, and the subject with ACCOUNT_NONE: that it logged in at all.
 * Limits: LOGINS_MAX of these, 2 MiB, in sets of eight; when a set is full, the login that is longest ago is forgotten: then a
 * failure counts as one of a client that never logged in. Whoever would push out those of others needs so many successful logins.
 * 45 bits represent subject and account; no seed, so that what is forgotten does not depend on it: the account's number is
 * keyed already (base/account.h). Aborts if memory cannot be allocated.
 */
#ifndef WFS_VERDICT_LOGINS_H
#define WFS_VERDICT_LOGINS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/arena.h"

enum { LOGINS_MAX = 1 << 18 };

struct login;

struct logins {
	int64_t kept_s;
	struct arena arena;
	struct login *list; /* LOGINS_MAX, a page of memory when it is needed; NULL before the first */
};

void logins_done(struct logins *logins);

/* The subject logged in to the account at time_s. account: not ACCOUNT_NONE. */
void logins_note(struct logins *logins, const struct net *subject, uint32_t account, uint32_t time_s);

/* True when it did within the last kept_s; ACCOUNT_NONE: to any. */
bool logins_has(const struct logins *logins, const struct net *subject, uint32_t account, uint32_t now_s);

#endif
