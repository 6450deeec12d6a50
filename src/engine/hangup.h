/*
 * hangup: ends the open connections of clients that were just blocked, where [firewall] sessions = kill.
 *
 * Knows the root process's client and the problems. Only for blocks that begin: what a start puts back into the kernel had
 * its connections ended when it was decided. Errors are logged once, and are a problem of "status" until it works.
 */
#ifndef WFS_ENGINE_HANGUP_H
#define WFS_ENGINE_HANGUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin/problems.h"
#include "base/block.h"
#include "config/config.h"
#include "firewall/client.h"

struct hangup {
	struct client *client;     /* borrowed; NULL: nothing is ended */
	struct problems *problems; /* borrowed */
	bool failed;
};

/* Finds out at once whether the kernel can do it. started: the configuration at start. */
void hangup_init(struct hangup *hangup, const struct config *started, struct client *client, struct problems *problems,
                 int64_t now_s);

/* After they are in the kernel, so that no client opens another one meanwhile. */
void hangup_end(struct hangup *hangup, const struct block *blocks, size_t n, int64_t now_s);

#endif
