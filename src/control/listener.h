/*
 * listener: opens a listening socket. The identity and rights of peers are not its concern.
 *
 * Private to the folder. Knows base only. The descriptor is non-blocking; the caller closes it and removes the path.
 * Errors: 0, or -errno with a sentence in why. Source: unix(7), ip(7).
 */
#ifndef WFS_CONTROL_LISTENER_H
#define WFS_CONTROL_LISTENER_H

#include <stdint.h>

#include "base/addr.h"
#include "base/why.h"

/*
 * Opens a Unix socket of mode 0660. Replaces one that a killed daemon left at path. Errors: -EADDRINUSE if another
 * process accepts there; -EEXIST if the path exists and is not a socket; -ENAMETOOLONG.
 */
int listener_open_unix(const char *path, int *ret_fd, struct why *why);

/* Opens a TCP socket. port: 1 to 65535. */
int listener_open_tcp(const struct addr *addr, uint16_t port, int *ret_fd, struct why *why);

#endif
