/*
 * own: the addresses this machine has now, and its default gateways. They are never blocked.
 *
 * Source: getifaddrs(3); /proc/net/route and /proc/net/ipv6_route of proc_net(5), as Linux 6.18 writes them.
 */
#ifndef WFS_OWN_H
#define WFS_OWN_H

#include <stddef.h>

#include "base/addr.h"

enum { OWN_MAX = 256 };

/* Writes at most OWN_MAX of them; returns how many. 0 when the system does not tell. */
size_t own_addresses(struct net out[static OWN_MAX]);

#endif
