/*
 * firewall: the root process for the commands that need one: the config's [firewall] as root's plain struct.
 */
#ifndef WFS_COMMAND_FIREWALL_H
#define WFS_COMMAND_FIREWALL_H

#include <stdbool.h>

#include "base/why.h"
#include "config/config.h"
#include "root/root.h"

/*
 * Opens the kernel's lists as configured, with the allow list and this machine's addresses as what root
 * refuses to block. path: of the config, borrowed, for the engine's request to root; NULL: none.
 * Errors as of root_open.
 */
int command_open_root(const struct config *config, const char *path, struct root **ret, struct why *why);

/*
 * Opens root and serves it to a child, as root_serve. child: runs in another process that has no root yet, without
 * blocked signals, with its end of the pair; returns the exit status. Forks before anything is open that must not be in
 * two processes, so the caller has opened no database and started no thread; what the child reads the root process does
 * not have, standard input neither. keeps: what it put into the kernel stays when the child has ended well. Errors as
 * of root_open; 0: *ret_status is the child's exit status.
 */
int command_serve_root(const struct config *config, const char *path, bool keeps,
                       int (*child)(int fd, const void *argument), const void *argument, int *ret_status,
                       struct why *why);

/* Removes what is left of a daemon with this config. Errors as of root_clean. */
int command_clean_root(const struct config *config, bool *ret_removed, struct why *why);

#endif
