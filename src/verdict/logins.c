#include "verdict/logins.h"

#include <assert.h>

#include "base/account.h"

enum {
	WAYS = 8, /* a cache line */
	SETS = LOGINS_MAX / WAYS,
};

struct login {
	uint32_t tag;
	uint32_t last_s; /* 0: free */
};

static_assert(sizeof(struct login) * WAYS == 64, "a set is a cache line");

/* The upper half is the tag, the lower one leads to the set. */
static uint64_t hash_of(const struct net *subject, uint32_t account)
{
	return addr_hash(&subject->addr, ((uint64_t)subject->len << 32 | account) * UINT64_C(0xD6E8FEB86659FD93));
}

void logins_done(struct logins *l)
{
	if (l->list != NULL)
		arena_done(&l->arena);
	l->list = NULL;
}

static void note(struct login *list, uint64_t hash, uint32_t time_s)
{
	struct login *const set = &list[(uint32_t)hash % SETS * WAYS], *oldest = set;
	const uint32_t tag = (uint32_t)(hash >> 32);

	for (struct login *l = set; l < set + WAYS; l++) {
		if (l->tag == tag && l->last_s > 0) {
			if (time_s > l->last_s)
				l->last_s = time_s;
			return;
		}
		if (l->last_s < oldest->last_s)
			oldest = l;
	}
	if (time_s > oldest->last_s) /* else it would be forgotten first itself */
		*oldest = (struct login){tag, time_s};
}

void logins_note(struct logins *l, const struct net *subject, uint32_t account, uint32_t time_s)
{
	assert(account != ACCOUNT_NONE);
	if (l->list == NULL) {
		arena_init(&l->arena, LOGINS_MAX * sizeof *l->list);
		arena_reach(&l->arena, LOGINS_MAX * sizeof *l->list);
		l->list = l->arena.start;
	}
	note(l->list, hash_of(subject, account), time_s);
	note(l->list, hash_of(subject, ACCOUNT_NONE), time_s);
}

bool logins_has(const struct logins *l, const struct net *subject, uint32_t account, uint32_t now_s)
{
	const uint64_t hash = hash_of(subject, account);
	const struct login *const set = l->list == NULL ? NULL : &l->list[(uint32_t)hash % SETS * WAYS];
	const uint32_t tag = (uint32_t)(hash >> 32);

	for (const struct login *p = set; p != NULL && p < set + WAYS; p++)
		if (p->tag == tag && p->last_s > 0 && (int64_t)p->last_s + l->kept_s > now_s)
			return true;
	return false;
}
