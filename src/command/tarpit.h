/*
 * tarpit: starts the process that holds the connections of blocked clients open: [firewall] action = tarpit.
 *
 * As the engine it is another user, in a fresh address space; unlike the engine it has no file of its own, nor the
 * configuration. It ends when root does.
 */
#ifndef WFS_COMMAND_TARPIT_H
#define WFS_COMMAND_TARPIT_H

#include <stdint.h>

#include "base/why.h"
#include "config/config.h"

#define COMMAND_TARPIT_FLAG "--tarpit"

/*
 * For root, with its signals blocked, which stay so in the new process. *ret_fd: root's end of the pair (tarpit.h),
 * which stays open as long as root lives; *ret_port: where the tarpit listens, 0: the configuration has none. Errors:
 * as of tarpit_listen, and -errno when no process can be started.
 */
int command_start_tarpit(const struct config *config, int *ret_fd, uint16_t *ret_port, struct why *why);

/* After exec, in the new process: returns its exit status when root has ended. */
int command_hold_tarpit(void);

#endif
