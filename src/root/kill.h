/*
 * kill: ends connections that are open, of clients that were just blocked.
 *
 * To this machine: the socket is destroyed, its program reads an error and the client gets a reset. Through this machine, to
 * a container or another host: the entry of connection tracking is deleted, so that no packet finds its way any more; the
 * socket is in another network namespace and lasts until its program loses patience.
 *
 * Knows libmnl, the kernel's inet_diag and ctnetlink. One process, one thread, as root; each call opens and closes its own
 * sockets and walks all connections once per family, whatever n is: for a few new blocks, not for a whole list.
 * Source: linux/sock_diag.h, linux/inet_diag.h, linux/netfilter/nfnetlink_conntrack.h, net/ipv4/tcp_diag.c; measured on 6.18.
 */
#ifndef WFS_ROOT_KILL_H
#define WFS_ROOT_KILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/why.h"

struct kill_query {
	const struct net *nets; /* of the clients, n of them; 0: only finds out whether the kernel can do it */
	size_t n;
	const uint16_t *ports; /* that the clients connected to, before any DNAT; TCP */
	size_t n_ports;        /* 0: all ports */
	bool forwarded;        /* connections through this machine, too */
};

/*
 * *ret_ended: connections that were ended. Errors: -EOPNOTSUPP: the kernel lacks what it takes; -EPERM: no CAP_NET_ADMIN;
 * others of netlink. Some may have been ended then.
 */
int kill_connections(const struct kill_query *query, uint32_t *ret_ended, struct why *why);

#endif
