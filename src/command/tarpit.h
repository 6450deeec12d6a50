/*
 * tarpit: starts the process that holds the connections of blocked clients open: [firewall] action = tarpit.
 *
 * Like the engine it runs as another user, in a fresh address space. Unlike the engine it has no file of its own and
 * not the configuration. It ends when root does.
 */
#ifndef WFS_COMMAND_TARPIT_H
#define WFS_COMMAND_TARPIT_H

#include <stdint.h>

#include "base/why.h"
#include "config/config.h"

#define COMMAND_TARPIT_FLAG "--tarpit"

/*
 * Starts it; call it from root with root's signals blocked, which stay blocked in the new process. *ret_fd: root's
 * end of the pair (tarpit.h), which stays open as long as root lives. *ret_port: the port the tarpit listens on; 0 if
 * none is configured. Errors: those of tarpit_listen, and -errno if no process can be started.
 */
int command_start_tarpit(const struct config *config, int *ret_fd, uint16_t *ret_port, struct why *why);

/* Runs after exec, in the new process. Returns its exit status when root has ended. */
int command_hold_tarpit(void);

#endif
