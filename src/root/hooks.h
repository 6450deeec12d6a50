/*
 * hooks: whether packets that go through this machine are to be dropped as well as those to it: [firewall] hooks.
 *
 * Knows /proc/sys and /sys/class/net. Asks again at each call: containers start and stop. Cannot fail: what cannot be
 * read is not there.
 */
#ifndef WFS_ROOT_HOOKS_H
#define WFS_ROOT_HOOKS_H

#include <stdbool.h>

#include "root/root.h"

/*
 * Where jump_from names chains: when one is not INPUT. Else as hooks has it; auto: when this machine forwards packets
 * and has a bridge, or an interface of a container engine.
 */
bool hooks_forward(const struct root_config *config);

/* Packets to this machine are to be dropped. */
bool hooks_input(const struct root_config *config);

/* The kernel forwards packets, of whatever family. */
bool hooks_is_router(void);

#endif
