/*
 * listener: opens a listening socket. Identity and rights of the peers are not its concern.
 *
 * Private to the folder. Knows base only. The descriptor is the caller's to close, and so is the path to remove; it
 * does not block. Errors: 0 or -errno with a sentence. Source: unix(7), ip(7).
 */
#ifndef WFS_LISTENER_H
#define WFS_LISTENER_H

#include <stdint.h>

#include "base/addr.h"
#include "base/why.h"

/*
 * A Unix socket of mode 0660. One that a killed daemon left at path is replaced. -EADDRINUSE: another process accepts
 * there; -EEXIST: the path exists and is no socket; -ENAMETOOLONG.
 */
int listener_open_unix(const char *path, int *ret_fd, struct why *why);

/* port: 1 ... 65535. */
int listener_open_tcp(const struct addr *addr, uint16_t port, int *ret_fd, struct why *why);

#endif
