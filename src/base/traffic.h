/*
 * traffic: writes what a client sent, in packets and bytes.
 *
 * Not every packet counter also counts bytes: 0 bytes with more than 0 packets means that the bytes are unknown. Pure.
 */
#ifndef WFS_BASE_TRAFFIC_H
#define WFS_BASE_TRAFFIC_H

#include <stdbool.h>
#include <stdint.h>

enum { TRAFFIC_TEXT_MAX = 24, TRAFFIC_PHRASE_MAX = 64 };

static inline bool traffic_has_bytes(int64_t packets, int64_t bytes)
{
	return bytes > 0 || packets == 0;
}

/*
 * Writes the bytes in short form: "0", "1023", "1.5K", "27M" ... in units of 1024, rounded down; "-" if unknown. Both
 * numbers must be >= 0.
 */
void traffic_text(int64_t packets, int64_t bytes, char out[static TRAFFIC_TEXT_MAX]);

/* Writes "12 packets, 1.5K bytes", or only the packets if the bytes are unknown. */
void traffic_phrase(int64_t packets, int64_t bytes, char out[static TRAFFIC_PHRASE_MAX]);

#endif
