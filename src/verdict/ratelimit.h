/*
 * ratelimit: at most a given number of blocks in one minute of the clock.
 *
 * Private to the folder. Initialise to zero except limit; restoring a copy undoes what was counted since.
 */
#ifndef WFS_VERDICT_RATELIMIT_H
#define WFS_VERDICT_RATELIMIT_H

#include <stdbool.h>
#include <stdint.h>

struct ratelimit {
	unsigned limit;     /* blocks a minute; 0: no limit */
	uint32_t minute;    /* since 1970, that in_minute counts for */
	unsigned in_minute; /* blocks that began in it; counted by the caller, after ratelimit_holds */
	uint64_t held;      /* blocks held back since start; counted by the caller */
};

/* True when no further block may begin now. */
static inline bool ratelimit_holds(struct ratelimit *ratelimit, uint32_t now_s)
{
	if (ratelimit->minute != now_s / 60) {
		ratelimit->minute = now_s / 60;
		ratelimit->in_minute = 0;
	}
	return ratelimit->limit > 0 && ratelimit->in_minute >= ratelimit->limit;
}

#endif
