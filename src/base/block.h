/*
 * block: one block of an address or a network: when it starts, when it ends, and why. Every folder uses this type.
 *
 * A value, copied. The module that creates it fills in what it knows; the rest is 0.
 */
#ifndef WFS_BASE_BLOCK_H
#define WFS_BASE_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

/* The numbers are stored in the database. A network has a separate block for each cause, and each ends on its own. */
enum block_cause {
	BLOCK_EVIDENCE = 0, /* the scores reached the threshold */
	BLOCK_NETWORK = 1,  /* enough clients of the network were blocked */
	BLOCK_MANUAL = 2,   /* an operator's order */
	BLOCK_LISTED = 3,   /* in a file of [block] file; only in memory, for as long as it is listed */
	BLOCK_SHARED = 4,   /* reported by other hosts */
};

/* The rule names of SHARED blocks begin with this; the host's name follows. No rule in a file can have such a name. */
#define BLOCK_PEER_BEGIN "peer/"

/* until_s of a block without end is at least this: the year 36812, and far from overflow. */
#define BLOCK_NO_END_S (INT64_C(1) << 40)

struct block {
	struct net net;
	int64_t since_s, until_s; /* Unix seconds; once the block has ended, until_s is when it ended */
	int64_t id, rule;         /* database ids of the block and of its rule */
	unsigned offence;         /* 1 ...; 0 for MANUAL */
	unsigned hits;            /* EVIDENCE: hits that led to it; NETWORK: blocked clients; MANUAL: 0 */
	enum block_cause cause;
	uint8_t list;   /* the kernel list, which says which ports are closed; 0: those of [firewall] ports */
	bool proven;    /* the client was proven good */
	bool spread;    /* EVIDENCE: the score of its network reached the threshold, not its own */
	bool ended;     /* before its time, at until_s */
	bool prolonged; /* not a new block: extends the active one of net and cause to until_s */
};

#endif
