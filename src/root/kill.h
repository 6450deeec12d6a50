/*
 * kill: ends connections that are open, of clients that were just blocked.
 *
 * To this machine: the socket is destroyed, its program reads an error and the client gets a reset. Through this
 * machine, to a container or another host: the entry of connection tracking is deleted, so that no packet finds its way
 * any more; the socket is in another network namespace and lasts until its program loses patience.
 *
 * Knows the kernel's inet_diag. One process, one thread, as root; each call opens and closes its own
 * sockets and walks all connections once per family, whatever n is: for a few new blocks, not for a whole list.
 * Source: linux/sock_diag.h, linux/inet_diag.h, net/ipv4/tcp_diag.c; measured on 6.18.
 */
#ifndef WFS_ROOT_KILL_H
#define WFS_ROOT_KILL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/why.h"
#include "root/tracked.h"

/*
 * clients: without nets it only finds out whether the kernel can do it. forwarded: also connections through this
 * machine. *ret_ended: connections that were ended. Errors: -EOPNOTSUPP: the kernel lacks what it takes; -EPERM: no
 * CAP_NET_ADMIN; others of netlink. Some may have been ended then.
 */
int kill_connections(const struct tracked_query *clients, bool forwarded, uint32_t *ret_ended, struct why *why);

#endif
