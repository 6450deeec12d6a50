#include "verdict/logins.h"

#include <assert.h>

enum {
	WAYS = 8, /* a cache line */
	SETS = LOGINS_MAX / WAYS,
	SET_BITS = 15,
};

static_assert(SETS == 1 << SET_BITS && LOGINS_KEY_BITS == SET_BITS + 32, "a key is a set and a tag");

struct login {
	uint32_t tag;
	uint32_t day; /* 0: a free slot */
};

static_assert(sizeof(struct login) * WAYS == 64, "a set is a cache line");

uint64_t logins_key(const struct net *subject, uint32_t account)
{
	const uint64_t seed = ((uint64_t)subject->len << 32 | account) * UINT64_C(0xD6E8FEB86659FD93);
	const uint64_t key = addr_hash(&subject->addr, seed) >> (64 - LOGINS_KEY_BITS);

	return key == 0 ? 1 : key;
}

static struct login *set_of(const struct logins *l, uint64_t key)
{
	return &l->list[(key & (SETS - 1)) * WAYS];
}

static uint32_t tag_of(uint64_t key)
{
	return (uint32_t)(key >> SET_BITS); /* fits: 32 bits remain */
}

void logins_done(struct logins *l)
{
	if (l->list != NULL)
		arena_done(&l->arena);
	l->list = NULL;
}

bool logins_note(struct logins *l, uint64_t key, uint32_t day)
{
	struct login *set, *oldest;

	if (l->list == NULL) {
		arena_init(&l->arena, LOGINS_MAX * sizeof *l->list);
		arena_reach(&l->arena, LOGINS_MAX * sizeof *l->list);
		l->list = l->arena.start;
	}
	set = oldest = set_of(l, key);
	for (struct login *p = set; p < set + WAYS; p++) {
		if (p->day > 0 && p->tag == tag_of(key)) {
			if (day <= p->day)
				return false;
			p->day = day;
			return true;
		}
		if (p->day < oldest->day)
			oldest = p;
	}
	if (day < oldest->day) /* it would be the first one to be forgotten */
		return false;
	*oldest = (struct login){tag_of(key), day};
	return true;
}

bool logins_has(const struct logins *l, uint64_t key, uint32_t today)
{
	const struct login *const set = l->list == NULL ? NULL : set_of(l, key);

	for (const struct login *p = set; p != NULL && p < set + WAYS; p++)
		if (p->day > 0 && p->tag == tag_of(key))
			return today <= p->day + l->kept_days;
	return false;
}
