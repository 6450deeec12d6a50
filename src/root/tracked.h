/*
 * tracked: the connections that the kernel tracks: those that go through this machine are known nowhere else.
 *
 * Knows ctnetlink. Each call walks all entries (200,000 a second, measured). Only TCP connections that are open count.
 * Errors: 0 or -errno, as the kernel has it; -EINVAL: it has no ctnetlink.
 * Source: linux/netfilter/nfnetlink_conntrack.h; measured on 6.18.
 */
#ifndef WFS_ROOT_TRACKED_H
#define WFS_ROOT_TRACKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct tracked_query {
	const struct net *nets; /* of the clients, n of them */
	size_t n;
	const uint16_t *ports; /* that the clients connected to, before any DNAT */
	size_t n_ports;        /* 0: all */
};

/* Deletes the entries of these clients. *ended is counted up, also before an error. */
int tracked_delete(const struct tracked_query *query, uint32_t *ended);

/* A port among query's that leads to another host or a container by DNAT, for whatever client; 0: none. nets is not
 * looked at. */
int tracked_published(const struct tracked_query *query, uint16_t *ret_port);

#endif
