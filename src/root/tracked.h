/*
 * tracked: reads and deletes entries of the kernel's connection tracking, the only place that knows forwarded
 * connections.
 *
 * Knows ctnetlink. Each call walks all entries (200,000 per second, measured). Only open TCP connections count.
 * Errors: 0 or the kernel's -errno; -EINVAL if it has no ctnetlink. Source: linux/netfilter/nfnetlink_conntrack.h;
 * measured on 6.18.
 */
#ifndef WFS_ROOT_TRACKED_H
#define WFS_ROOT_TRACKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct tracked_query {
	const struct net *nets; /* n networks of clients */
	size_t n;
	const uint16_t *ports; /* ports that the clients connected to, before any DNAT */
	size_t n_ports;        /* 0: all ports */
};

/* Deletes the entries of these clients. Adds the number deleted to *ended, also before an error. */
int tracked_delete(const struct tracked_query *query, uint32_t *ended);

/*
 * Looks for a port among the query's that DNAT sends to another host or a container, for any client. *ret_port: 0 if
 * there is none. Ignores nets.
 */
int tracked_published(const struct tracked_query *query, uint16_t *ret_port);

#endif
