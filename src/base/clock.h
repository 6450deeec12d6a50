/*
 * clock: the time, for engine, replay, follow, root and the commands. Every other module gets it as an argument.
 */
#ifndef WFS_CLOCK_H
#define WFS_CLOCK_H

#include <stdint.h>

/* Unix seconds, UTC: what hits and blocks are dated by. An administrator or NTP may set it back. */
int64_t clock_unix_s(void);

/* Milliseconds that never go back, since some time before the start: what waiting is measured by. */
int64_t clock_steady_ms(void);

/* The same in microseconds: measures durations. */
int64_t clock_steady_us(void);

#endif
