/*
 * state: the struct that the files of the verdict share.
 *
 * Private to verdict.c, which decides, evidence.c and evidence.h, which note evidence, and known.c, which takes in what
 * is known from before.
 */
#ifndef WFS_VERDICT_STATE_H
#define WFS_VERDICT_STATE_H

#include "verdict/allowed.h"
#include "verdict/clients.h"
#include "verdict/network.h"
#include "verdict/ratelimit.h"
#include "verdict/scores.h"
#include "verdict/suspension.h"
#include "verdict/verdict.h"
#include "verdict/weight.h"

struct verdict {
	struct verdict_policy policy;
	uint32_t now_s;
	struct allowed allowed;
	struct clients clients;
	struct suspension suspension;
	struct ratelimit ratelimit;
	struct weight weight;
	struct block blocks[VERDICT_BLOCKS_MAX]; /* of the last decision */
	uint8_t lists[VERDICT_RULES_MAX];        /* port lists, by rule */
	const struct elsewhere *elsewhere;       /* may be NULL */
};

/* Returns Unix seconds in the form that the tables use. */
static inline uint32_t verdict_seconds(int64_t time_s)
{
	return time_s < 0 ? 0 : time_s > UINT32_MAX ? UINT32_MAX : (uint32_t)time_s; /* clamped to fit */
}

/* Returns true if blocks of the entry close the ports of that list. */
static inline bool verdict_is_closed(const struct verdict *v, const struct tracked *t, uint8_t list)
{
	return t->until_s > v->now_s && (t->lists >> list & 1) != 0;
}

#endif
