/*
 * hooks: decides whether forwarded packets are dropped as well as those to this machine: [firewall] hooks.
 *
 * Knows /proc/sys and /sys/class/net. Looks again at each call, since containers start and stop. Never fails: what
 * cannot be read counts as absent.
 */
#ifndef WFS_ROOT_HOOKS_H
#define WFS_ROOT_HOOKS_H

#include <stdbool.h>

#include "root/root.h"

/*
 * Returns whether forwarded packets are dropped. auto means yes if this machine forwards packets and has a bridge or an
 * interface of a container engine.
 */
bool hooks_forward(const struct root_config *config);

/* The same for the backend recent: if jump_from names chains, whether one of them is not INPUT. */
bool hooks_forward_recent(const struct root_config *config);

/* Returns whether packets to this machine are dropped. Not for recent with jump_from. */
bool hooks_input(const struct root_config *config);

/* Returns whether the kernel forwards packets of either family. */
bool hooks_is_router(void);

#endif
