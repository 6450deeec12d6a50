/*
 * logins: which subjects logged in to which accounts, and the day of the last login.
 *
 * Private to the folder. Initialise to zero except kept_days; release with logins_done. A subject and an account form
 * one number, the key, of LOGINS_KEY_BITS bits. The key has no seed, so that it is the same in the database and
 * forgetting does not depend on it; the account number is already keyed (base/account.h). Days are counted since 1970:
 * a login is recorded once a day. Limits: LOGINS_MAX logins, 2 MiB, in sets of eight. A full set forgets the login that
 * is longest ago: then a failure counts like that of a client that never logged in. To displace the logins of others,
 * an attacker would need as many successful logins. Aborts if memory cannot be allocated.
 */
#ifndef WFS_VERDICT_LOGINS_H
#define WFS_VERDICT_LOGINS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/arena.h"

enum {
	LOGINS_MAX = 1 << 18,
	LOGINS_KEY_BITS = 47, /* 15 for the set, 32 for the tag */
};

struct login;

struct logins {
	uint32_t kept_days;
	struct arena arena;
	struct login *list; /* LOGINS_MAX entries, whose pages are allocated on demand; NULL before the first login */
};

void logins_done(struct logins *logins);

/* Returns the key of a subject and an account; account must not be ACCOUNT_NONE. Never returns 0. */
uint64_t logins_key(const struct net *subject, uint32_t account);

/* Records a login on that day. Returns true if it is new, or later than the known one. */
bool logins_note(struct logins *logins, uint64_t key, uint32_t day);

/* Returns true if there was a login today or in the kept_days before. */
bool logins_has(const struct logins *logins, uint64_t key, uint32_t today);

#endif
