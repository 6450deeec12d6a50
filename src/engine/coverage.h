/*
 * coverage: whether DNAT leads clients past the hooks in which they are dropped, to a container or another host.
 *
 * Private to the folder. Knows the root process's client and the problems. Asked now and then: containers come and go.
 * Seen is what the kernel tracks, so a published port counts once a client has connected to it.
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
	int64_t at_ms;             /* when to ask next, by clock_steady_ms; INT64_MAX: never */
	uint16_t port;             /* logged as not covered; 0: none */
};

/* started: the configuration at start. */
void coverage_init(struct coverage *coverage, const struct config *started, struct client *client,
                   struct problems *problems);

/* When it is due. An error of the kernel counts as "all is covered": it may track no connections at all. */
void coverage_check(struct coverage *coverage, int64_t now_ms, int64_t now_s);

#endif
