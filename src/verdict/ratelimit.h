/*
 * ratelimit: no more than so many blocks in one minute of the clock.
 *
 * Private to the folder. Zeroed but for limit; a copy put back undoes what was counted since.
 */
#ifndef WFS_VERDICT_RATELIMIT_H
#define WFS_VERDICT_RATELIMIT_H

#include <stdbool.h>
#include <stdint.h>

struct ratelimit {
	unsigned limit;     /* blocks a minute; 0: no brake */
	uint32_t minute;    /* since 1970, that in_minute counts for */
	unsigned in_minute; /* blocks that began in it; counted by the caller, after ratelimit_holds */
	uint64_t held;      /* blocks held back since start; counted by the caller */
};

/* True when no other block may begin now. */
static inline bool ratelimit_holds(struct ratelimit *ratelimit, uint32_t now_s)
{
	if (ratelimit->minute != now_s / 60) {
		ratelimit->minute = now_s / 60;
		ratelimit->in_minute = 0;
	}
	return ratelimit->limit > 0 && ratelimit->in_minute >= ratelimit->limit;
}

#endif
