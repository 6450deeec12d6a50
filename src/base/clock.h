/*
 * clock: returns the current time. Only engine, replay, follow, root and the commands call it; other modules get the
 * time as an argument.
 */
#ifndef WFS_BASE_CLOCK_H
#define WFS_BASE_CLOCK_H

#include <stdint.h>

/*
 * Returns Unix seconds, UTC; hits and blocks are dated with it. It may go back if an administrator or NTP sets the
 * clock.
 */
int64_t clock_unix_s(void);

/* Returns monotonic milliseconds since an arbitrary time; for timeouts. */
int64_t clock_steady_ms(void);

/* Returns monotonic microseconds; for measuring durations. */
int64_t clock_steady_us(void);

#endif
