/*
 * traffic: what a client sent, counted in packets and bytes.
 *
 * Not everything that counts packets counts their bytes: bytes 0 of packets above 0 means that they are not known.
 * Pure.
 */
#ifndef WFS_TRAFFIC_H
#define WFS_TRAFFIC_H

#include <stdbool.h>
#include <stdint.h>

enum { TRAFFIC_TEXT_MAX = 24, TRAFFIC_PHRASE_MAX = 64 };

static inline bool traffic_has_bytes(int64_t packets, int64_t bytes)
{
	return bytes > 0 || packets == 0;
}

/* The bytes, shortened: "0", "1023", "1.5K", "27M" ... in units of 1024, rounded down; "-": not known. Neither is below
 * 0. */
void traffic_text(int64_t packets, int64_t bytes, char out[static TRAFFIC_TEXT_MAX]);

/* "12 packets, 1.5K bytes"; without bytes that are not known. */
void traffic_phrase(int64_t packets, int64_t bytes, char out[static TRAFFIC_PHRASE_MAX]);

#endif
