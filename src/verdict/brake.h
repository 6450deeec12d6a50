/*
 * brake: no more than so many blocks in one minute of the clock.
 *
 * Private to the folder. Zeroed but for limit; a copy put back undoes what was counted since.
 */
#ifndef WFS_BRAKE_H
#define WFS_BRAKE_H

#include <stdbool.h>
#include <stdint.h>

struct brake {
	unsigned limit;     /* blocks a minute; 0: no brake */
	uint32_t minute;    /* since 1970, that in_minute counts for */
	unsigned in_minute; /* blocks that began in it; counted by the caller, after brake_holds */
	uint64_t held;      /* blocks held back since start; counted by the caller */
};

/* True when no other block may begin now. */
static inline bool brake_holds(struct brake *brake, uint32_t now_s)
{
	if (brake->minute != now_s / 60) {
		brake->minute = now_s / 60;
		brake->in_minute = 0;
	}
	return brake->limit > 0 && brake->in_minute >= brake->limit;
}

#endif
