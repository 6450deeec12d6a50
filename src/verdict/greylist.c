#include "verdict/greylist.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/domain.h"
#include "base/hash.h"

enum {
	WAYS = 4, /* slots that an attempt may be in */
	NETWORK4 = 96 + 24,
	NETWORK6 = 64,
	TEXT_MAX_LEN = 320, /* bytes of a mail address, RFC 5321 4.5.3.1: 64 + "@" + 255 */
};

/* Two hashes stand for sender, recipient, organisation and network: 128 bits do not collide by chance. */
struct attempt {
	uint64_t key[2];
	int64_t time_s; /* 0: a free slot */
	struct addr addr;
};

struct greylist {
	uint64_t seed;
	struct attempt attempts[GREYLIST_MAX];
};

struct greylist *greylist_new(uint64_t seed)
{
	struct greylist *const g = alloc_zero(1, sizeof *g, "the greylist");

	g->seed = seed;
	return g;
}

void greylist_free(struct greylist *g)
{
	free(g);
}

/* Hashes a text, ignoring case. Ends with 0x100, which no byte equals, so that two texts differ from the joined one. */
static uint64_t add_text(uint64_t hash, struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		hash = hash_step(hash, (unsigned char)text_lower(text.p[i]));
	return hash_mix(hash_step(hash, 0x100));
}

static bool is_clean(const struct verdict *v, const struct addr *addr)
{
	const struct verdict_query view = verdict_query(v, addr);

	return view.score <= 0 && view.offence == 1 && view.until_s == 0;
}

static bool is_young(const struct attempt *a, int64_t now_s)
{
	return a->time_s > 0 && a->time_s + GREYLIST_AGE_S > now_s;
}

enum greylist_outcome greylist_attempt(struct greylist *g, const struct verdict *v, const struct addr *addr,
                                       struct span from, struct span to, struct span helo, int64_t now_s,
                                       struct net *ret)
{
	const struct net net = net_around(addr, addr_is_ip4(addr) ? NETWORK4 : NETWORK6);
	struct attempt *set, *oldest;
	struct span org;
	uint64_t key[2];

	if (to.p == NULL || to.len == 0 || from.len > TEXT_MAX_LEN || to.len > TEXT_MAX_LEN || !is_clean(v, addr))
		return GREYLIST_NOTHING;
	if ((org = domain_registered(helo)).p == NULL)
		return GREYLIST_NOTHING;
	for (unsigned i = 0; i < 2; i++) {
		uint64_t a, b;

		memcpy(&a, net.addr.bytes, 8);
		memcpy(&b, net.addr.bytes + 8, 8);
		key[i] = add_text(add_text(add_text(hash_mix(hash_mix(g->seed + i + a) ^ b), from), to), org);
	}
	set = &g->attempts[(key[0] >> 32) % (GREYLIST_MAX / WAYS) * WAYS];
	oldest = set;
	for (struct attempt *a = set; a < set + WAYS; a++) {
		if (a->key[0] == key[0] && a->key[1] == key[1] && is_young(a, now_s)) {
			if (addr_equal(&a->addr, addr))
				return GREYLIST_NOTHING; /* the same machine retried, as it should */
			if (!is_clean(v, &a->addr)) {
				*a = (struct attempt){{key[0], key[1]}, now_s, *addr};
				return GREYLIST_NOTED;
			}
			a->time_s = 0;
			*ret = net;
			return GREYLIST_EARNED;
		}
		if (a->time_s < oldest->time_s)
			oldest = a;
	}
	*oldest = (struct attempt){{key[0], key[1]}, now_s, *addr};
	return GREYLIST_NOTED;
}
