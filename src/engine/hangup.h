/*
 * hangup: ends the open connections of clients that were just blocked, where [firewall] sessions = kill.
 *
 * Private to the folder. Knows the root process's client and the problems. Only for blocks that begin, and for networks
 * that others list: of blocks that a start puts back into the kernel the connections were ended when they were decided.
 * Errors are logged once, and are a problem of "status" until it works.
 */
#ifndef WFS_ENGINE_HANGUP_H
#define WFS_ENGINE_HANGUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin/problems.h"
#include "base/block.h"
#include "base/nets.h"
#include "config/config.h"
#include "firewall/client.h"

struct hangup {
	struct client *client;     /* borrowed; NULL: nothing is ended */
	struct problems *problems; /* borrowed */
	bool failed;
	struct nets listed; /* networks that others list, added to the kernel; those from "at" on are still to be looked
	                       for */
	size_t at;
};

/* Finds out at once whether the kernel can do it. started: the configuration at start. */
void hangup_init(struct hangup *hangup, const struct config *started, struct client *client, struct problems *problems,
                 int64_t now_s);

/* After they are in the kernel, so that no client opens another one meanwhile. */
void hangup_end(struct hangup *hangup, const struct block *blocks, size_t n, int64_t now_s);

/*
 * Networks of [block] file, of which there may be a million: where they are to be added, or NULL when nothing is ended;
 * and, as long as hangup_waits and once the kernel has them, a slice of them. list: the ports that they close.
 */
struct nets *hangup_listed(struct hangup *hangup);
bool hangup_waits(const struct hangup *hangup);
void hangup_turn(struct hangup *hangup, uint8_t list, int64_t now_s);

/* Frees and empties. */
void hangup_done(struct hangup *hangup);

#endif
