/*
 * backends: the names of the firewall backends, one row each. The configuration accepts them as words, and the root
 * process has a backend_NAME for each (root/backend.h).
 */
#ifndef WFS_BASE_BACKENDS_H
#define WFS_BASE_BACKENDS_H

#define BACKENDS(ROW) ROW(recent) ROW(nftables) ROW(observe)

#endif
