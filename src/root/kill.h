/*
 * kill: ends the open connections of clients that have just been blocked.
 *
 * Connections to this machine: the socket is destroyed; its program reads an error and the client receives a reset.
 * Connections forwarded to a container or another host: the connection tracking entry is deleted, so that no packet
 * gets through any more. Their socket is in another network namespace and lives on until its program times out.
 *
 * Knows the kernel's inet_diag. One process, one thread, as root. Each call opens and closes its own sockets and
 * walks all connections once per family, however many clients there are: it is meant for a few new blocks, not for a
 * whole list. Source: linux/sock_diag.h, linux/inet_diag.h, net/ipv4/tcp_diag.c; measured on 6.18.
 */
#ifndef WFS_ROOT_KILL_H
#define WFS_ROOT_KILL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/why.h"
#include "root/tracked.h"

/*
 * Ends the connections of these clients. clients: without nets, only tests whether the kernel supports it. forwarded:
 * includes connections through this machine. *ret_ended: the number of connections ended. Errors: -EOPNOTSUPP if the
 * kernel lacks a feature; -EPERM without CAP_NET_ADMIN; others from netlink. Some may have been ended before an
 * error.
 */
int kill_connections(const struct tracked_query *clients, bool forwarded, uint32_t *ret_ended, struct why *why);

#endif
