/*
 * coverage: finds out whether DNAT leads clients past the hooks in which they are dropped, to a container or another
 * host.
 *
 * Private to the folder. Knows the root process's client and the problems. Checks now and then, because containers come
 * and go. It sees only what the kernel tracks, so a published port counts once a client has connected to it.
 */
#ifndef WFS_ENGINE_COVERAGE_H
#define WFS_ENGINE_COVERAGE_H

#include <stdint.h>

#include "admin/problems.h"
#include "config/config.h"
#include "firewall/client.h"

struct coverage {
	struct client *client;     /* borrowed */
	struct problems *problems; /* borrowed */
	int64_t at_ms;             /* when to check next, by clock_steady_ms; INT64_MAX: never */
	uint16_t port;             /* the uncovered port that was logged; 0: none */
};

/* started: the configuration at start. */
void coverage_init(struct coverage *coverage, const struct config *started, struct client *client,
                   struct problems *problems);

/*
 * Checks if it is due. If the kernel returns an error, everything counts as covered: it may track no connections at
 * all.
 */
void coverage_check(struct coverage *coverage, int64_t now_ms, int64_t now_s);

#endif
