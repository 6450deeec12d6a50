/*
 * hangup: ends the open connections of clients that were just blocked, if [firewall] sessions = kill.
 *
 * Private to the folder. Knows the root process's client and the problems. Handles blocks that begin, and networks that
 * others list. It does not handle blocks that a start puts back into the kernel: their connections were ended when they
 * were decided. Errors are logged once, and stay a problem in "status" until it works again.
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
	struct client *client;     /* borrowed; NULL: do nothing */
	struct problems *problems; /* borrowed */
	bool failed;
	/* networks that others list, added to the kernel; connections of those from at on are still to be ended */
	struct nets listed;
	size_t at;
};

/* Finds out at once whether the kernel can do it. started: the configuration at start. */
void hangup_init(struct hangup *hangup, const struct config *started, struct client *client, struct problems *problems,
                 int64_t now_s);

/*
 * Ends the connections of these blocks. Call after the kernel has them, so that no client opens another connection
 * meanwhile.
 */
void hangup_end(struct hangup *hangup, const struct block *blocks, size_t n, int64_t now_s);

/*
 * The same for networks of [block] file, of which there may be a million. Add them to hangup_listed, which is NULL if
 * nothing is to be ended. While hangup_waits returns true, and once the kernel has the networks, hangup_turn handles
 * one slice. list: the port list of the networks.
 */
struct nets *hangup_listed(struct hangup *hangup);
bool hangup_waits(const struct hangup *hangup);
void hangup_turn(struct hangup *hangup, uint8_t list, int64_t now_s);

/* Frees everything and leaves it empty. */
void hangup_done(struct hangup *hangup);

#endif
