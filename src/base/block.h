/*
 * block: one block of an address or a network: since when, until when and why. The same type in every folder.
 *
 * A value, copied. The module that creates it fills what it knows; the rest is 0.
 */
#ifndef WFS_BASE_BLOCK_H
#define WFS_BASE_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

/* The numbers are in the database. Each cause has its own block of a network, and ends by itself. */
enum block_cause {
	BLOCK_EVIDENCE = 0, /* the scores reached the threshold */
	BLOCK_NETWORK = 1,  /* enough clients of the network were blocked */
	BLOCK_MANUAL = 2,   /* by hand */
	BLOCK_LISTED = 3,   /* in a file of [block] file; in memory only, as long as it is listed */
	BLOCK_SHARED = 4,   /* other hosts say so */
};

/* How the rules of SHARED blocks begin; the host's name follows. No rule of a file can be named so. */
#define BLOCK_PEER_BEGIN "peer/"

/* until_s of what has no end is at least this: the year 36812, and far from overflow. */
#define BLOCK_NO_END_S (INT64_C(1) << 40)

struct block {
	struct net net;
	int64_t since_s, until_s; /* Unix seconds; until_s: when it ended, once it ended */
	int64_t id, rule;         /* of it and of its rule in the database */
	unsigned offence;         /* 1 ...; by hand: 0 */
	unsigned hits;            /* EVIDENCE: that led to it; NETWORK: clients that were blocked; by hand: 0 */
	enum block_cause cause;
	uint8_t list;   /* of the kernel: which ports are closed to it; 0: those of [firewall] ports */
	bool proven;    /* the client was proven good */
	bool spread;    /* EVIDENCE: the scores of its network reached their threshold, not its own */
	bool prolonged; /* no new block: the active one of net and cause now lasts until until_s */
};

#endif
