/*
 * backends: the names of the firewall's backends, one row each: the configuration accepts them as words, and the root
 * process finds backend_NAME behind each (root/backend.h).
 */
#ifndef WFS_BASE_BACKENDS_H
#define WFS_BASE_BACKENDS_H

#define BACKENDS(ROW) ROW(recent) ROW(nftables) ROW(observe)

#endif
