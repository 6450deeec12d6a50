/*
 * ratelimit: allows at most a given number of blocks per minute of the clock.
 *
 * Private to the folder. Initialise to zero except limit; restoring a copy undoes what was counted since.
 */
#ifndef WFS_VERDICT_RATELIMIT_H
#define WFS_VERDICT_RATELIMIT_H

#include <stdbool.h>
#include <stdint.h>

struct ratelimit {
	unsigned limit;     /* blocks per minute; 0: no limit */
	uint32_t minute;    /* the minute, since 1970, that in_minute is for */
	unsigned in_minute; /* blocks that began in it; the caller counts them after ratelimit_holds */
	uint64_t held;      /* blocks held back since the start; the caller counts them */
};

/* Returns true if no further block may begin now. */
static inline bool ratelimit_holds(struct ratelimit *ratelimit, uint32_t now_s)
{
	if (ratelimit->minute != now_s / 60) {
		ratelimit->minute = now_s / 60;
		ratelimit->in_minute = 0;
	}
	return ratelimit->limit > 0 && ratelimit->in_minute >= ratelimit->limit;
}

#endif
