/*
 * localaddrs: lists the current addresses of this machine and its default gateways. They are never blocked.
 *
 * Source: getifaddrs(3); /proc/net/route and /proc/net/ipv6_route of proc_net(5), as Linux 6.18 writes them.
 */
#ifndef WFS_BASE_LOCALADDRS_H
#define WFS_BASE_LOCALADDRS_H

#include <stddef.h>

#include "base/addr.h"

enum { LOCALADDRS_MAX = 256 };

/* Writes at most LOCALADDRS_MAX of them and returns how many; 0 if the system does not report them. */
size_t localaddrs_addresses(struct net out[static LOCALADDRS_MAX]);

#endif
