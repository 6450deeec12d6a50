/*
 * logins: which subjects logged in to which accounts, and on what day last.
 *
 * Private to the folder. Initialise to zero except kept_days; release with logins_done. A subject and an account are
 * one number, the key, of LOGINS_KEY_BITS; no seed, so that it is the same in the database and what is forgotten does
 * not depend on it: the account's number is keyed already (base/account.h). Days are those since 1970: a login is noted
 * once a day. Limits: LOGINS_MAX of them, 2 MiB, in sets of eight; when a set is full, the login that is longest ago is
 * forgotten: then a failure counts as one of a client that never logged in. Whoever would push out those of others
 * needs so many successful logins. Aborts if memory cannot be allocated.
 */
#ifndef WFS_VERDICT_LOGINS_H
#define WFS_VERDICT_LOGINS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/arena.h"

enum {
	LOGINS_MAX = 1 << 18,
	LOGINS_KEY_BITS = 47, /* 15 for the set, 32 for what is in it */
};

struct login;

struct logins {
	uint32_t kept_days;
	struct arena arena;
	struct login *list; /* LOGINS_MAX, a page of memory when it is needed; NULL before the first */
};

void logins_done(struct logins *logins);

/* account: not ACCOUNT_NONE. Never 0. */
uint64_t logins_key(const struct net *subject, uint32_t account);

/* A login on that day. True when it was not known, or not as late. */
bool logins_note(struct logins *logins, uint64_t key, uint32_t day);

/* True when there was one on today or one of the kept_days before. */
bool logins_has(const struct logins *logins, uint64_t key, uint32_t today);

#endif
