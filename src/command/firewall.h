/*
 * firewall: starts the root process for the commands that need one, and converts [firewall] into root's plain struct.
 */
#ifndef WFS_COMMAND_FIREWALL_H
#define WFS_COMMAND_FIREWALL_H

#include <stdbool.h>

#include "base/why.h"
#include "config/config.h"
#include "root/root.h"

/*
 * Opens the kernel's lists as configured. Root refuses to block the allow list and this machine's addresses. path: of
 * the configuration, borrowed, for the engine's requests to root; NULL: none. Errors as root_open.
 */
int command_open_root(const struct config *config, const char *path, struct root **ret, struct why *why);

/*
 * Opens root, forks, and serves the child as root_serve does. child runs in the new process, which has no access to
 * root yet and no blocked signals; fd is its end of the pair. It returns the exit status. The fork happens before
 * anything is opened that two processes must not share, so the caller must not have opened a database or started a
 * thread. Root does not keep what the child reads, not even standard input. keeps: what was put into the kernel stays
 * after the child has succeeded. Errors as root_open; 0: *ret_status is the child's exit status.
 */
int command_serve_root(const struct config *config, const char *path, bool keeps,
                       int (*child)(int fd, const void *argument), const void *argument, int *ret_status,
                       struct why *why);

/* Removes what a daemon with this configuration left behind. Errors as root_clean. */
int command_clean_root(const struct config *config, bool *ret_removed, struct why *why);

#endif
